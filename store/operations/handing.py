"""Handing over: what a period brought, composed from the log."""

from __future__ import annotations

from datetime import datetime

from store import handover
from store.door import Door
from store.handover import Handover


class HandoverOperations(Door):
    """What the next shift asks."""

    def handover(self, since: datetime) -> Handover:
        """What changed from a moment to now, by whom, and what needs action, secrets masked.

        Raises UsageError for a moment that is yet to come.
        """
        with self.database.reading():
            return handover.make(self.database, self.config, since, self.clock(), self.overrides)
