"""Taking an import back: which state is wanted, what that changes, and a last look."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from textual import on
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.widgets import Button, Static

from store.errors import HalfDone, NodedeckError, VersionConflict
from store.importing.journal import names
from store.importing.returning import Return
from store.importing.rollback import Rollback, State
from store.models import FieldChange
from tui.editing.dialog import Dialog
from tui.editing.rehearsal import Preview
from tui.editing.review import Outcome, ReviewScreen
from tui.text import clean
from tui.wizard import wording
from tui.wizard.bench import Bench, TakenBack

_LOOKING: Final = "Looking what that would do."
_HINTS: Final = {State.NOW: wording.LOOKING_AT_NOW, State.BEFORE: wording.LOOKING_AT_BEFORE}
_TOLD = (
    "With the values of now: each file gets its legacy shape again, with today's heights and seeds,"
    " so that a daemon can go back to it. The database stays.",
    "All of before: the files' very bytes, and in the database what the import changed, as new"
    " changes in the log.",
)


class StateScreen(Dialog[Rollback]):
    """Asks what a rollback brings back, and plans it; nothing is changed here."""

    DEFAULT_CSS = """
    StateScreen > Vertical { width: 76; }
    StateScreen .told { height: auto; }
    StateScreen .would { height: auto; max-height: 4; margin-bottom: 1; color: $text-muted; }
    StateScreen #fault { height: auto; max-height: 5; color: $text-error; }
    """

    def __init__(self, bench: Bench, number: int) -> None:
        super().__init__()
        self._bench = bench
        self._number = number
        self._busy = False

    def compose(self) -> ComposeResult:
        """What the states are, what each would do here, a fault, the answers."""
        with Vertical() as box:
            box.border_title = f"Take import {self._number} back?"
            for state, line in zip(State, _TOLD, strict=True):
                yield Static(line, classes="told", markup=False)
                yield Static(_LOOKING, id=f"would-{state}", classes="would", markup=False)
            yield Static(id="fault", markup=False)
            yield from self.buttons(
                "All of before",
                id=str(State.BEFORE),
                back="Keep it",
                between=((str(State.NOW), "Values of now"),),
            )

    def on_mount(self) -> None:
        """Find no fault yet, and what each state would do."""
        self.query_one("#fault").display = False
        for state in State:
            self.query_one(f"#{state}").disabled = True
            # each by itself: proving the legacy shape of a large file takes long
            self.run_worker(self._look(state), name="look", group="import", exclusive=False)

    async def _look(self, state: State) -> None:
        try:
            planned = await self._bench.rollback(self._number, state)
        except NodedeckError as fault:
            told, possible = wording.told(fault, _HINTS[state]), False
        else:
            told, possible = would(planned), not planned.nothing_to_do
        if self.is_attached and self.display:
            self.query_one(f"#would-{state}", Static).update(clean(told))
            self.query_one(f"#{state}").disabled = not possible

    def action_cancel(self) -> None:
        """Leave the import as it is."""
        if not self._busy:
            super().action_cancel()

    @on(Button.Pressed, "#now")
    @on(Button.Pressed, "#before")
    def _chosen(self, event: Button.Pressed) -> None:
        if not self._busy:
            state = State(str(event.button.id))
            self.run_worker(self._plan(state), name="rollback", group="import", exclusive=False)

    async def _plan(self, state: State) -> None:
        self._busy = True
        try:
            planned = await self._bench.rollback(self._number, state)
        except NodedeckError as fault:
            self._stays(wording.told(fault, _HINTS[state]))
        else:
            if planned.nothing_to_do:
                self._stays(would(planned))
            else:
                self.dismiss(planned)
        finally:
            self._busy = False

    def _stays(self, why: str) -> None:
        said = self.query_one("#fault", Static)
        said.update(clean(why))
        said.display = True
        self.stand_back()


def would(planned: Rollback) -> str:
    """What a rollback would do to what was done since, in a sentence or two."""
    if planned.nothing_to_do:
        named = names([each.file.name for each in planned.files])
        has = "has" if len(planned.files) == 1 else "have"
        return f"{named} {has} the values of now already: there is nothing to change."
    return " ".join(preview(planned).notes) or "Nothing that was done since is lost."


def ask(app: App[int], bench: Bench, number: int, done: Callable[[TakenBack], object]) -> None:
    """Ask whether and how an import is taken back; ``done`` hears of it once it is."""

    def planned(rollback: Rollback | None) -> None:
        if rollback is not None:
            app.push_screen(*_review(bench, rollback, done))

    app.push_screen(StateScreen(bench, number), planned)


def _review(
    bench: Bench, planned: Rollback, done: Callable[[TakenBack], object]
) -> tuple[ReviewScreen, Callable[[Outcome | None], None]]:
    taken: list[TakenBack] = []

    async def commit(reason: str | None) -> object:
        try:
            taken.append(await bench.take_back(planned, reason))
        except (HalfDone, VersionConflict) as fault:
            raise type(fault)(wording.told(fault, wording.TAKING_BACK)) from fault
        return taken

    def ended(outcome: Outcome | None) -> None:
        if outcome is Outcome.DONE:
            done(taken[-1])

    screen = ReviewScreen(
        f"Take import {planned.receipt} back",
        preview(planned),
        commit,
        action="Take it back",
        typed=planned.typed if planned.needs_force else "",
    )
    return screen, ended


def preview(planned: Rollback) -> Preview:
    """What a rollback changes: each file as a whole, and what an operator changed since."""
    fields = [
        FieldChange(path=each.file.name, old=None, new=_file(each, planned.state))
        for each in planned.files
    ]
    fields += (*planned.moved, *planned.lost)
    notes = []
    if planned.moved:
        by = "goes back by this" if planned.state is State.BEFORE else "changed since the import"
        notes.append(f"What an operator did {by}; it is at stake.")
    for each in planned.files:
        if each.edited:
            notes.append(f"{each.file.name} was edited since the import; that edit would be lost.")
        if each.lost:
            many = len(each.lost)
            notes.append(
                f"{each.file.name} was edited since; of that {many:,} values would be lost."
            )
    if planned.entities:
        many = len(planned.entities)
        notes.append(f"{many:,} values of the database go back to what they were.")
    return Preview(tuple(fields), tuple(notes))


def _file(each: Return, state: State) -> str:
    if each.text is None:
        return "stays as it is"
    if state is State.BEFORE:
        return "its text of before the import"
    return "its legacy shape, with the values of now"
