"""One search of the audit log as a screen holds it: what was found, and what is to be read next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from store.manager import ConfigManager
from store.models import Change, Snapshot
from store.searching import ROWS, Found, Search

MOST_ROWS = 2_000
"""As many changes as are held at once: who wants to see more of them asks for less."""


class Seeking(Protocol):
    """A search that a pane takes step by step, whatever it finds."""

    wanted: Search

    def belongs_to(self, snapshot: Snapshot) -> bool:
        """Whether the log is still the one that was searched."""

    def follow(self, snapshot: Snapshot) -> None:
        """Look for what came up to a later moment, too."""

    def widen(self) -> None:
        """Make room for another window of what is older."""

    def next(self) -> Callable[[ConfigManager], Any] | None:
        """What to read next, None where there is nothing to be found or no room for it."""

    def take(self, found: Any) -> bool:
        """Add what that found; whether it was news on top of what was there."""

    def told(self) -> str:
        """How far it came, in a few words."""


def progress(count: int, *, searching: bool, more: bool, room: int) -> str:
    """How far a search came, in a few words; ``more`` says that it went no further than room."""
    found = f"{count:,} found"
    if searching:
        return f"{found}, searching"
    if not more:
        return found
    return f"{found}, more below" if room < MOST_ROWS else f"the newest {found}"


class LogSearch:
    """The changes found for one question; they come in steps, and news on top of them.

    A step is read with what ``next`` returns and told with ``take``; between the two nothing is
    kept waiting. Rows are held by their ids, never by how many stand before them.
    """

    def __init__(self, wanted: Search, snapshot: Snapshot) -> None:
        """Begin to look for something at the moment of a snapshot."""
        self.wanted = wanted
        self._epoch = snapshot.config_epoch
        self._upto = snapshot.change_id
        self._seen = -1
        self._before: int | None = None
        self._room = ROWS
        self._found: tuple[Change, ...] = ()
        self._heights: tuple[Change, ...] = ()

    def belongs_to(self, snapshot: Snapshot) -> bool:
        """Whether the log is still the one that was searched; a restore makes it another."""
        return snapshot.config_epoch == self._epoch and snapshot.change_id >= self._upto

    def follow(self, snapshot: Snapshot) -> None:
        """Look for what came up to a later moment, too."""
        self._upto = snapshot.change_id

    def widen(self) -> None:
        """Make room for another window of older changes."""
        if len(self._found) >= self._room:
            self._room = min(self._room + ROWS, MOST_ROWS)

    @property
    def changes(self) -> Sequence[Change]:
        """What was found so far, newest first."""
        both = (*self._found, *self._heights)
        return sorted(both, key=lambda change: change.id, reverse=True)

    def next(self) -> Callable[[ConfigManager], Found] | None:
        """What to read next, None where there is nothing to be found or no room for it."""
        wanted, upto, before = self.wanted, self._upto, self._before
        if self._seen < upto:
            seen = max(self._seen, 0)
            return lambda manager: manager.search(wanted, upto=upto, seen=seen)
        if before is None or len(self._found) >= self._room:
            return None
        return lambda manager: manager.search_on(wanted, before=before)

    def take(self, found: Found) -> bool:
        """Add what a step found; whether it was news on top of what was there."""
        if self._seen >= self._upto:
            self._found += found.changes
            self._before = found.before
            return False
        first = self._seen < 0
        self._seen, self._heights = self._upto, found.heights
        if found.before is not None:
            # more came at once than a step holds: what is below is found again
            self._found, self._before = found.changes, found.before
        else:
            settled = (change for change in self._found if change.id <= found.after)
            self._found = (*found.changes, *settled)
        return not first

    def told(self) -> str:
        """How far it came, in a few words."""
        searching, more = self.next() is not None, self._before is not None
        return progress(len(self.changes), searching=searching, more=more, room=self._room)
