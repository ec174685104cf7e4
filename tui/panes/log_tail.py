"""The log without a filter, read on below the newest changes that a picture has."""

from __future__ import annotations

from collections.abc import Sequence

from store.models import Change
from store.paths import HEIGHT_PATHS
from store.searching import ROWS, Found, Search
from tui.panes.log_search import MOST_ROWS, LogSearch
from tui.picture import AUDIT_ROWS, Picture


class LogTail(LogSearch):
    """Everything, window by window, begun with what the picture shows already."""

    def __init__(self, picture: Picture) -> None:
        """Begin below a picture's changes; its own stay, so that nothing on screen moves."""
        super().__init__(Search(), picture.snapshot)
        self._found = tuple(each for each in picture.changes if each.path not in HEIGHT_PATHS)
        self._heights = tuple(each for each in picture.changes if each.path in HEIGHT_PATHS)
        self._seen = picture.snapshot.change_id
        self._before = min(each.id for each in self._found) if self._found else None
        self._room = len(self._found) + ROWS

    @property
    def changes(self) -> Sequence[Change]:
        """What is here, newest first; a height that is older than all of it waits below."""
        below = 0 if self._before is None else self._before
        return [each for each in super().changes if each.id >= below]

    def take(self, found: Found) -> bool:
        """Add what a step found; news that reach down to what is here leave that in place."""
        if found.before is not None and self._seen < self._upto and self._meets(found):
            oldest = found.changes[-1].id
            here = tuple(each for each in self._found if each.id < oldest)
            self._found = (*found.changes, *here)
            self._seen, self._heights = self._upto, found.heights
            return True
        return super().take(found)

    def _meets(self, found: Found) -> bool:
        return bool(found.changes and self._found) and (found.changes[-1].id <= self._found[0].id)

    def told(self) -> str:
        """How much of the log there is here, in a few words."""
        count = f"{len(self.changes):,}"
        if self._before is None:
            return f"all {count}"
        room = len(self._found) < MOST_ROWS
        return f"the newest {count}" if room else f"the newest {count}; t goes back further"


def goes_on(picture: Picture) -> bool:
    """Whether the log may hold more than a picture shows of it."""
    return len(picture.changes) >= AUDIT_ROWS
