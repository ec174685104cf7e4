"""The last step: the receipt, the copies, what to do next, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual import on
from textual.containers import VerticalScroll
from textual.widget import Widget
from textual.widgets import Button

from store.importing.apply import Result
from tui.wizard import endings, taking_back
from tui.wizard.bench import Bench, TakenBack
from tui.wizard.rows import totals
from tui.wizard.step import READ_ONLY, Step, button, said


class Finishing(Step):
    """What the import did; from here it can be taken back."""

    TITLE = "Done"
    DEFAULT_CSS = """
    Finishing .next { height: auto; color: $text-accent; }
    Finishing .heading { padding: 1 0 0 0; }
    """

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self._taken_back = ""

    def parts(self) -> Iterable[Widget]:
        """What was done and what is next, to scroll through."""
        result = self.bench.result
        if result is None:
            return
        with VerticalScroll(id="told"):
            for line in told(result):
                yield said(line)
            yield said("Next", classes="heading")
            for line in next_steps(result):
                yield said(line, classes="next")

    def buttons(self) -> Iterator[Button]:
        """Leave, or take it back."""
        yield button("Close", "close", "primary")
        if self.bench.result is not None and self.bench.result.receipt is not None:
            yield button("Roll back", "rollback")

    def start(self) -> Widget:
        """The text: a key that is held down must neither leave nor take back."""
        return self.query_one("#told")

    @on(Button.Pressed, "#close")
    def _close(self) -> None:
        self.post_message(self.Left())

    @on(Button.Pressed, "#rollback")
    def _rollback(self) -> None:
        result = self.bench.result
        if self.bench.session.read_only:
            self.say(READ_ONLY)
        elif result is not None and result.receipt is not None:
            taking_back.ask(self.app, self.bench, result.receipt, self._was_taken_back)

    def _was_taken_back(self, taken: TakenBack) -> None:
        self.query_one("#rollback").disabled = not taken.left
        # what was to do next was about what is gone, and what was still possible is another by now
        self.query(".heading, .next, .back").remove()
        box = self.query_one("#told", VerticalScroll)
        box.mount(*(said(line, classes="said back") for line in endings.told(taken)), before=0)
        box.scroll_home(animate=False)
        self.query_one("#close").focus()


def told(result: Result) -> Iterator[str]:
    """What an import did, a sentence each."""
    if result.nothing_to_do:
        yield "Nothing to do: the database and the file already are as this import leaves them."
        return
    if result.receipt is None:
        yield "The database already was so."
    else:
        yield f"Imported: {totals(result.plan)}. Receipt {result.receipt} is in the database."
    if result.rehearsed:
        verb = "holds" if result.empty == 1 else "hold"
        more = f"; {result.empty:,} more {verb} nothing" if result.empty else ""
        came = f"{result.rehearsed:,} values came back as in the file{more}"
        yield f"Rehearsed first: of a copy, {came}."
    for copy in filter(None, (result.backup, *result.copies)):
        yield f"Copy: {copy}"
    yield from (each.sentence for each in result.remains)
    if result.rewritten:
        yield from (
            f"Cut; it now holds only what stays in it: {file}"
            for file in result.cut
            if not any(each.file == file for each in result.remains)
        )
    if result.kept:
        yield from (f"Left as it was: {file}. {why}" for file, why in result.kept)
    elif not result.rewritten:
        yield "No file was rewritten."
    if result.plan.seals:
        many = len(result.plan.seals)
        yield f"{many} {'secrets are' if many > 1 else 'secret is'} sealed."
    yield from result.left


def next_steps(result: Result) -> Iterator[str]:
    """What an operator does now."""
    if result.nothing_to_do:
        yield "Nothing needs to be done."
        return
    if result.rewritten:
        yield "Start the daemon that reads the database; an older one needs 'Roll back' first."
    else:
        yield "The file still has what is in the database: ':doctor' names stale copies."
    if result.plan.seals:
        yield "The copy has the secrets in clear; ':doctor' says what to do about it."
    if result.receipt is not None:
        yield "'Roll back' takes this back; later, 7 and then i show it among all imports."
