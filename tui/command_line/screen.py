"""The line that ``:`` opens at the bottom of the screen, and over it what the verb prints."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Final

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from store.errors import UsageError
from tui.command_line.completing import complete
from tui.command_line.output_view import OutputView
from tui.command_line.running import Call, Lines
from tui.command_line.transcript import Line
from tui.editing.lines import LineInput
from tui.output import aligned
from tui.session import Session
from tui.store_thread import in_thread
from tui.text import clean

_LOOK_SECONDS: Final = 1 / 15
"""How often the pane is brought up to date while a verb runs."""
_MOST_CHOICES: Final = 200
_HINT: Final = "a verb as in the shell; tab completes, enter runs, esc closes"
_PAST: Final = "Verbs answer as of now (--as-of asks for then); nothing is written here."

Start = Callable[[str], Call]
"""Runs a line; raises UsageError where it is none that can be run here."""


class CommandInput(LineInput):
    """The line; it hands the keys that are about the whole of it to its screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "run", show=False, id="line.run"),
        Binding("tab", "screen.complete", "complete", show=False, id="line.complete"),
        Binding("up", "screen.recall(-1)", "line before", show=False, id="line.before"),
        Binding("down", "screen.recall(1)", "line after", show=False, id="line.after"),
        Binding("pageup", "screen.page(-1)", "page up", show=False, id="line.page_up"),
        Binding("pagedown", "screen.page(1)", "page down", show=False, id="line.page_down"),
    ]


class CommandScreen(ModalScreen[None]):
    """One line over whatever screen it was opened on, which goes on in sight."""

    DEFAULT_CSS = """
    CommandScreen { align: left bottom; }
    CommandScreen #line { height: auto; background: $surface; border-top: solid $primary; }
    CommandScreen OutputView { padding: 0 1; }
    CommandScreen #refused { height: auto; padding: 0 1; color: $text-error; }
    CommandScreen #past { height: auto; padding: 0 1; color: $text-warning; }
    CommandScreen #prompt { height: 1; padding: 0 1; }
    CommandScreen #prompt Static { width: 2; color: $primary; text-style: bold; }
    CommandScreen #prompt Input { width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "close", id="line.close"),
    ]

    def __init__(
        self,
        session: Session,
        lines: Lines,
        start: Start,
        *,
        in_the_past: bool,
    ) -> None:
        super().__init__()
        self._session = session
        self._lines = lines
        self._start = start
        self._call = lines.running
        self._in_the_past = in_the_past
        self._place = len(lines.remembered)
        self._draft = ""
        self._titled = ""
        self._seen = -1

    def compose(self) -> ComposeResult:
        """The pane, a word about the past, and the line."""
        with Vertical(id="line"):
            yield OutputView()
            yield Static(id="refused", markup=False)
            if self._in_the_past:
                yield Static(_PAST, id="past", markup=False)
            with Horizontal(id="prompt"):
                yield Static(":", markup=False)
                yield CommandInput(placeholder=_HINT)

    def on_mount(self) -> None:
        """Take the keys, and go on with what runs."""
        self.query_one(OutputView).display = False
        self._refuse("")
        # at once: what is typed right behind the colon belongs here
        self.set_focus(self.query_one(CommandInput))
        self._timer = self.set_interval(_LOOK_SECONDS, self.look, name="verb", pause=True)
        if self._call is not None:
            self._follow(self._call)

    # a verb

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not event.value.strip():
            return
        try:
            call = self._start(event.value)
        except UsageError as refused:
            self._refuse(str(refused))
            return
        self._refuse("")
        self._put("", 0)
        self._follow(call)

    def _follow(self, call: Call) -> None:
        self._call, self._seen = call, -1
        self._timer.resume()
        self.look()

    def look(self) -> None:
        """Show what the verb has printed since; once it has ended there is no more to come."""
        call = self._call
        if call is None:
            return
        view = self.query_one(OutputView)
        if call.transcript.count != self._seen:
            at_end = self._seen > 0 and view.is_at_end
            self._seen = call.transcript.count
            view.show(call.transcript.lines(), at_end=at_end)
        if call.code is None:
            running = "ending" if call.gone else "running, ctrl+c ends it"
            self._title(f"{running} · {call.title}")
        else:
            self._title(f"exit {call.code} · {call.title}" if call.code else call.title)
            self._timer.pause()
            self._place = len(self._lines.remembered)

    def _refuse(self, sentence: str) -> None:
        """Say why a line was not run; it stays, so that it can be mended."""
        told = self.query_one("#refused", Static)
        told.display = bool(sentence)
        told.update(clean(sentence))

    def _tell(self, title: str, lines: list[Line]) -> None:
        self._title(title)
        self._seen = -1
        self.query_one(OutputView).show(lines, at_end=False)

    def _title(self, text: str) -> None:
        if text != self._titled:
            self._titled = text
            self.query_one("#line", Vertical).border_title = Content(text)

    # completion

    def action_complete(self) -> None:
        """Complete the word under the cursor, or show what it could become."""
        self._complete()

    @work(name="complete", group="complete", exclusive=True)
    async def _complete(self) -> None:
        line = self.query_one(CommandInput)
        text, cursor = line.value, line.cursor_position
        done = await in_thread(lambda: complete(text, cursor, self._session), name="complete")
        if (line.value, line.cursor_position) != (text, cursor):  # typed on meanwhile
            return
        if done.line != text:
            self._put(done.line, done.cursor)
        if done.choices:
            shown = done.choices[:_MOST_CHOICES]
            lines = [Line(row, "data") for row in aligned(shown)]
            if left := len(done.choices) - len(shown):
                lines.append(Line(f"and {left:,} more: type on.", "said"))
            self._tell("it goes on with", lines)

    # the line

    def _put(self, text: str, cursor: int) -> None:
        line = self.query_one(CommandInput)
        line.value = text
        line.cursor_position = cursor

    def action_recall(self, step: int) -> None:
        """Go to the line before or after, at the end back to what was being typed."""
        earlier, place = self._lines.remembered, self._place + step
        if not 0 <= place <= len(earlier):
            return
        if self._place == len(earlier):
            self._draft = self.query_one(CommandInput).value
        self._place = place
        text = [*earlier, self._draft][place]
        self._put(text, len(text))

    def action_page(self, way: int) -> None:
        """Scroll the pane by a page."""
        view = self.query_one(OutputView)
        (view.scroll_page_up if way < 0 else view.scroll_page_down)(animate=False)

    def interrupt(self) -> bool:
        """End the verb that runs, as ctrl+c does in a shell; whether there is one."""
        call = self._call
        if call is None or call.code is not None:
            return False
        call.leave()
        return True

    def action_close(self) -> None:
        """Leave the line; what reads ends, what writes goes on to its end."""
        if self._call is not None:
            self._call.leave()
        self.dismiss(None)
