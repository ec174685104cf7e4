"""Travelling: the state of another moment for the screen."""

from __future__ import annotations

from store import travel
from store.door import Door
from store.timeline import Point
from store.travel import Comparison, Visit


class TravelOperations(Door):
    """Moments of the log, one after the other."""

    def visit(self, point: Point, limit: int) -> Visit:
        """The state at a change id or a moment, with at most so many changes up to it.

        Raises BeforeHorizon where the log does not reach back so far, and UsageError for a change
        that is yet to come.
        """
        with self.database.reading():
            return travel.visit(self.database, point, limit)

    def step(self, change_id: int, *, back: bool) -> int | None:
        """The change before or after one, heights passed over; None where there is none known."""
        with self.database.reading():
            return travel.step(self.database, change_id, back=back)

    def compare(self, change_id: int) -> Comparison:
        """What differs between the document after a change and now, masked; raises like visit."""
        with self.database.reading():
            return travel.compare(self.database, self.config, change_id)
