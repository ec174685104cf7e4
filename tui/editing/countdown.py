"""The line that counts down to a reversal; what it says is read from the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from textual.reactive import reactive
from textual.widgets import Static

from store.errors import NodedeckError
from store.pending import Reversal
from store.uptime import uptime
from tui.editing import confirming
from tui.glyphs import UNICODE
from tui.picture import Picture
from tui.store_thread import StoreThread


class Countdown(Static):
    """Hidden unless an edit waits for its confirmation, whoever made it, in whatever console.

    Where the process that should take an edit back did not, the deck does, unless it only reads.
    """

    DEFAULT_CSS = """
    Countdown {
        height: 1; padding: 0 1; color: $text-warning; text-style: bold;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    live: reactive[Picture | None] = reactive(None, repaint=False)

    def __init__(
        self, clock: Callable[[], datetime], store: StoreThread, *, read_only: bool
    ) -> None:
        super().__init__(id="countdown", markup=False)
        self._clock = clock
        self._store = store
        self._read_only = read_only
        self._told = ""
        self.waiting: tuple[Reversal, ...] = ()
        self.display = False

    def on_mount(self) -> None:
        """Count by the second; nothing is painted where nothing waits."""
        self.set_interval(1.0, self.tick, name="countdown")

    async def watch_live(self) -> None:
        """Something was committed: it may have been an edit that waits, or its end."""
        if self.is_mounted and self.live is not None:
            await self._look()

    async def _look(self) -> None:
        try:
            self.waiting = await self._store.call(confirming.waiting)
        except NodedeckError:  # the line above says why; the next picture looks again
            return
        self._tell()

    async def tick(self) -> None:
        """Show the seconds that are left, and see to what nobody saw to."""
        if not self.waiting:
            return
        self._tell()
        if not self._read_only and confirming.late(self.waiting, self._clock(), uptime()):
            try:
                await self._store.call(lambda manager: manager.settle_overdue())
            except NodedeckError as fault:
                self._say(f"Not taken back yet: {fault.message}")
                return
            await self._look()

    def _tell(self) -> None:
        self._say(confirming.told(self.waiting, self._clock(), uptime()))

    def _say(self, told: str) -> None:
        if told != self._told:
            self._told = told
            self.display = bool(told)
            self.update(f"{UNICODE.warn} {told}", layout=False)
