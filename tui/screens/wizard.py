"""The import wizard: choose, sort out, check, review, run, done.

It runs the same engine as ``nodedeck import``; the screen shows a plan that was really made and a
result that was really committed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from tui.glyphs import UNICODE
from tui.session import Session
from tui.widgets.key_line import KeyLine
from tui.wizard.bench import Bench
from tui.wizard.checking import Checking
from tui.wizard.choosing import Choosing
from tui.wizard.draft import Draft
from tui.wizard.finishing import Finishing
from tui.wizard.reviewing import Reviewing
from tui.wizard.running import Running
from tui.wizard.sorting import Sorting
from tui.wizard.step import Step

STEPS: Final[tuple[tuple[str, type[Step]], ...]] = (
    ("choose", Choosing),
    ("sort out", Sorting),
    ("check", Checking),
    ("review", Reviewing),
    ("run", Running),
    ("done", Finishing),
)
_REVIEW: Final = 3
_RUN: Final = 4
_DONE: Final = 5


class WizardScreen(Screen[None]):
    """Six steps; esc goes one back and keeps what was chosen, in the draft also when it leaves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", id="import.back"),
        Binding("escape", "stay", show=False, id="import.stay"),
        Binding("ctrl+s,f2", "next", "next", key_display="ctrl+s", id="import.next"),
    ]

    def __init__(
        self, session: Session, clock: Callable[[], datetime], draft: Draft | None = None
    ) -> None:
        super().__init__()
        self._bench = Bench(session, clock, draft or Draft())
        self._at = 0
        self._moving = False
        self._ending = False

    def compose(self) -> ComposeResult:
        """The line of steps, the step, the keys."""
        yield Static(classes="step", markup=False)
        yield KeyLine()

    async def on_mount(self) -> None:
        """Begin with the files."""
        await self._go(0)

    def on_unmount(self) -> None:
        """Let go of what was done; see ``collecting.set_aside``."""
        self._bench.result = None

    @property
    def step(self) -> Step:
        """The step that is shown."""
        return self.query_one(Step)

    @property
    def moving(self) -> bool:
        """Whether it is on its way to another step."""
        return self._moving

    @property
    def running(self) -> bool:
        """Whether an import is under way."""
        return self._bench.running

    async def _go(self, to: int, fault: str = "") -> None:
        """Show a step."""
        self._at = to
        self._tell_steps()
        # a key pressed while the step changes must not land on whatever is focused meanwhile
        self.set_focus(None)
        await self.query(Step).remove()
        await self.mount(STEPS[to][1](self._bench), after=".step")
        if not self.query(Step):  # the console is being left
            return
        if (first := self.step.start()) is not None:
            first.focus()
        if fault:
            self.step.say(fault)
        self.refresh_bindings()

    def _tell_steps(self) -> None:
        parts: list[tuple[str, str]] = []
        for number, (title, _) in enumerate(STEPS):
            style = "bold reverse $primary" if number == self._at else "$text-muted"
            parts += [(f" {number + 1} {title} ", style), (UNICODE.arrow, "$text-muted")]
        self.query_one(".step", Static).update(Content.assemble(*parts[:-1]))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the next step by key where there is one that a key may take, and the way back."""
        if action == "next":
            return self._at < _REVIEW
        if action in ("back", "stay"):
            return (action == "stay") == (self._at == _RUN)
        return super().check_action(action, parameters)

    def action_back(self) -> None:
        """One step back; from the first and the last out of the wizard."""
        if not (self._moving or self.tell_it_runs()):
            self._move(-1)

    def action_stay(self) -> None:
        """Say how a running import is cancelled."""
        self.tell_it_runs()

    def action_next(self) -> None:
        """One step on; the import itself is only ever started by its button."""
        self._move(1)

    def on_step_moved(self, event: Step.Moved) -> None:
        """Go where the step asks to."""
        self._move(event.by)

    def on_step_left(self) -> None:
        """Leave."""
        self.app.pop_screen()

    def _move(self, by: int) -> None:
        if self._moving or self.running:
            return
        if by < 0 and self._at in (0, _DONE):
            self.app.pop_screen()
            return
        self._moving = True
        self.run_worker(self._moved(by), name="move", group="import", exclusive=False)

    async def _moved(self, by: int) -> None:
        try:
            if by < 0 or await self.step.onward():
                await self._go(self._at + by)
        finally:
            self._moving = False

    async def on_running_ended(self, event: Running.Ended) -> None:
        """Show the receipt, or why nothing was changed."""
        self._moving = self._ending = True
        try:
            if not event.fault:
                self._bench.draft.clear()
            await self._go(_REVIEW if event.fault else _DONE, event.fault)
        finally:
            self._moving = self._ending = False

    def tell_it_runs(self) -> bool:
        """Say how a running import is cancelled; whether one runs."""
        if self._at != _RUN:
            return self._ending
        for step in self.query(Running):  # none while the step is on its way
            step.say("It runs; its button and ctrl+c cancel it.", working=True)
        return True

    def ask_to_stop(self) -> bool:
        """Wish that a running import stops; whether to stay for what comes of it.

        One that has ended already is shown first. Who asks a second time leaves all the same.
        """
        if self._at != _RUN:
            return self._ending
        if self.running and self._bench.cancel.asked:
            return False
        for step in self.query(Running) if self.running else ():
            step.ask_to_stop()
        return True
