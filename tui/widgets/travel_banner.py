"""The band over everything that is not now: which moment it is, and where it lies in the log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from store.travel import Visit
from tui.panes.audit import coarse_age, summary
from tui.picture import Picture
from tui.text import clean, grouped

SIGN: Final = "◀ PAST"
"""What tells the past from now without any colour."""
_BAR: Final = 20
_HINT: Final = "[ ] change  { } hour  t to a time  d compare with now  esc back to now"


class TravelBanner(Static):
    """Lines in reverse: the moment, its place in the log with the last change, and the keys.

    Hidden where the picture is live. While it is not, a live picture only moves the mark of now.
    The keys are told where they work: on the deck.
    """

    DEFAULT_CSS = """
    TravelBanner {
        height: auto; padding: 0 1; background: $warning; color: $background;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    picture: reactive[Picture | None] = reactive(None, repaint=False)
    live: reactive[Picture | None] = reactive(None, repaint=False)

    def __init__(self, clock: Callable[[], datetime], *, keys: bool = True) -> None:
        super().__init__(markup=False)
        self._clock = clock
        self._keys = keys
        self._told = Content("")
        self.display = False

    def watch_picture(self) -> None:
        """Show another moment."""
        self.retell()

    def watch_live(self) -> None:
        """Move the mark of now."""
        self.retell()

    def retell(self) -> None:
        """Say anew how long ago it is."""
        visit = self.picture.visit if self.picture else None
        if self.display != (visit is not None):
            self.display = visit is not None
        if visit is None:
            return
        newest = self.live.snapshot.change_id if self.live else visit.newest_id
        told = told_of(visit, max(newest, visit.newest_id), self._clock(), keys=self._keys)
        if told != self._told:
            self._told = told
            self.update(told)


def told_of(visit: Visit, newest_id: int, now: datetime, *, keys: bool) -> Content:
    """The lines: when, where in the log, and, with ``keys``, how to move."""
    here, utc = visit.at.astimezone(), visit.at.astimezone(UTC)
    when = here.strftime("%a %Y-%m-%d %H:%M:%S")
    when += " UTC" if here.utcoffset() == utc.utcoffset() else utc.strftime(" (%H:%M:%S UTC)")
    ago = coarse_age((now - visit.at).total_seconds())
    if not ago.startswith("in "):  # a clock that was set back
        ago = "just now" if ago == "now" else f"{ago} ago"
    lost = "  heights of then are unknown" if visit.unknown else ""
    return Content.assemble(
        (f"{SIGN}  ", "bold"),
        (f"{when}, {ago}", "bold"),
        f"{lost}\n{_place(visit, newest_id)}  {_last(visit)}",
        f"\n{_HINT}" if keys else "",
    )


def _place(visit: Visit, newest_id: int) -> str:
    """A line from the log's beginning to now, with the moment on it."""
    span = max(1, newest_id - visit.first_id)
    at = round((_BAR - 1) * min(1.0, max(0.0, (visit.change.id - visit.first_id) / span)))
    after = newest_id - visit.newest_id
    news = f" +{grouped(after)}" if after else ""
    return f"#{visit.first_id} {'━' * at}●{'─' * (_BAR - 1 - at)} now #{newest_id}{news}"


def _last(visit: Visit) -> str:
    change = visit.change
    who = change.actor or "external"
    why = f' "{change.reason}"' if change.reason else ""
    return clean(f"#{change.id} {change.path} {summary(change)}, {who}{why}", limit=400)
