"""One search of the access log as a screen holds it, in the steps of a search of the audit log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from store.access_search import FoundAccesses
from store.manager import ConfigManager
from store.models import Snapshot
from store.sealing.access import Access
from store.searching import ROWS, Search
from tui.panes.log_search import MOST_ROWS, progress


class AccessSearch:
    """The looks at secrets found for one question; they come in steps, and news on top of them."""

    def __init__(self, wanted: Search, snapshot: Snapshot, *, upto: datetime | None = None) -> None:
        """Begin to look for something; ``upto`` is the moment that is shown, None for now."""
        self.wanted = wanted
        self._epoch = snapshot.config_epoch
        self._moment = upto
        self._newest = -1
        self._news = True
        self._before: int | None = None
        self._room = ROWS
        self._found: tuple[Access, ...] = ()

    def belongs_to(self, snapshot: Snapshot) -> bool:
        """Whether the log is still the one that was searched; a restore makes it another."""
        return snapshot.config_epoch == self._epoch

    def follow(self, _: Snapshot) -> None:
        """Look for what came since, too."""
        self._news = True

    def widen(self) -> None:
        """Make room for another window of older accesses."""
        if len(self._found) >= self._room:
            self._room = min(self._room + ROWS, MOST_ROWS)

    @property
    def accesses(self) -> Sequence[Access]:
        """What was found so far, newest first."""
        return self._found

    def next(self) -> Callable[[ConfigManager], FoundAccesses] | None:
        """What to read next, None where there is nothing to be found or no room for it."""
        wanted, before, after = self.wanted, self._before, max(self._newest, 0)
        if self._news:
            return lambda manager: manager.search_accesses(wanted, after=after)
        if before is None or len(self._found) >= self._room:
            return None
        return lambda manager: manager.search_accesses(wanted, before=before)

    def take(self, found: FoundAccesses) -> bool:
        """Add what a step found; whether it was news on top of what was there."""
        shown = tuple(each for each in found.accesses if self._is_past(each))
        if not self._news:
            self._found += shown
            self._before = found.before
            return False
        first = self._newest < 0
        self._news = False
        self._newest = max(self._newest, found.newest, 0)
        if first or found.before is not None:
            # more came at once than a step holds: what is below is found again
            self._found, self._before = shown, found.before
        else:
            self._found = (*shown, *self._found)
        return not first and bool(shown)

    def told(self) -> str:
        """How far it came, in a few words."""
        searching, more = self.next() is not None, self._before is not None
        return progress(len(self._found), searching=searching, more=more, room=self._room)

    def _is_past(self, each: Access) -> bool:
        return self._moment is None or each.at is None or each.at <= self._moment
