"""The fifth step: the import as it goes, phase by phase, and the wish to stop it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from time import monotonic
from typing import Final

from textual import on
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Static

from store.importing.progress import Phase
from tui.glyphs import UNICODE
from tui.text import clean, duration, grouped
from tui.widgets.table import Cell, Column, Row, Table
from tui.wizard.bench import Bench
from tui.wizard.step import Step, button, said

PHASES: Final = {
    Phase.REHEARSAL: "rehearsal on a copy",
    Phase.BACKUP: "backup of file and database",
    Phase.WRITE: "writing, one transaction",
    Phase.VERIFY: "reading back",
    Phase.CUT: "cutting the file",
}
_COLUMNS: Final = (
    Column("sign", "", width=1),
    Column("phase", "phase", min_width=27, max_width=28),
    Column("bar", "", width=16),
    Column("count", "done", min_width=9, max_width=18),
    Column("left", "time left", min_width=9, grow=1),
)
_BAR: Final = 16
_LATE: Final = frozenset((Phase.CUT,))
_GUESS_AFTER_SECONDS: Final = 0.5


class Progressed(Message):
    """An import came further."""

    def __init__(self, phase: Phase, done: int, total: int) -> None:
        super().__init__()
        self.phase = phase
        self.done = done
        self.total = total

    def can_replace(self, message: Message) -> bool:
        """Let a burst within one phase end in one message."""
        return isinstance(message, Progressed) and message.phase is self.phase


class Running(Step):
    """Shows how far the import is; it can be cancelled until its commit."""

    TITLE = "The import"

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self._began: dict[Phase, float] = {}
        self._told: dict[Phase, tuple[int, int]] = {}

    def parts(self) -> Iterable[Widget]:
        """The phases, and what can still be done."""
        yield Table(_COLUMNS, id="phases", cursor=False)
        told = "Until the database's commit it can be cancelled, and all is taken back."
        yield said(told, id="until")

    def buttons(self) -> Iterable[Button]:
        """The wish to stop."""
        return (button("Cancel the import", "cancel"),)

    def start(self) -> None:
        """Nothing: a key that is held down must neither import nor cancel."""

    def on_mount(self) -> None:
        """Begin."""
        self._show()
        self.run_worker(self._run(), name="apply", group="import", exclusive=False)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()

        def heard(phase: Phase, done: int, total: int) -> None:
            if not loop.is_closed():
                self.post_message(Progressed(phase, done, total))

        fault = await self.bench.run(heard)
        if self.is_there:
            self.post_message(self.Ended(fault))

    class Ended(Message):
        """The import is done, or it is not and everything is as it was: then there is a fault."""

        def __init__(self, fault: str) -> None:
            super().__init__()
            self.fault = fault

    def on_progressed(self, event: Progressed) -> None:
        """Show how far it is."""
        self._began.setdefault(event.phase, monotonic())
        self._told[event.phase] = (event.done, event.total)
        if event.phase in _LATE:
            self.query_one("#cancel").disabled = True
            self.query_one("#until", Static).update("The database has it; it can only go on now.")
        elif event.phase is Phase.VERIFY and event.done == event.total:
            self.query_one("#until", Static).update("All is written and read back; it commits.")
        self._show()

    @on(Button.Pressed, "#cancel")
    def ask_to_stop(self) -> None:
        """Wish that the import stops; after the commit it is too late."""
        self.bench.cancel.ask()
        self.say("It stops before its next step, unless the commit is done already.", working=True)

    def _show(self) -> None:
        now = list(self._told)[-1] if self._told else None
        phases = [phase for phase in Phase if phase is not Phase.CUT or self.draft.rewrite]
        rows = [self._row(phase, is_now=phase is now) for phase in phases]
        self.query_one("#phases", Table).set_rows(rows, flash=False)

    def _row(self, phase: Phase, *, is_now: bool) -> Row:
        told = self._told.get(phase)
        if told is None:
            return Row(str(phase), ("", Cell(PHASES[phase], "muted"), "", "", ""))
        done, total = told
        share = done / total if total else 1.0
        filled = int(share * _BAR)
        bar = UNICODE.bar_full * filled + UNICODE.bar_empty * (_BAR - filled)
        passed = monotonic() - self._began[phase]
        left = ""
        if 0 < done < total and passed >= _GUESS_AFTER_SECONDS:
            left = duration(passed / done * (total - done))
        sign = Cell(UNICODE.ok, "good") if share >= 1 else Cell(UNICODE.closed, "accent")
        count = f"{grouped(done)} of {grouped(total)}" if total > 1 else ""
        title = Cell(PHASES[phase], "strong" if is_now else "")
        return Row(str(phase), (sign, title, Cell(bar, "accent"), count, clean(left)))
