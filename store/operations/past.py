"""The past: the document as it was, undoing, forgetting."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from store import history, latest, retention, timeline, undoing
from store.door import Door
from store.errors import UsageError
from store.history import Followed, Position
from store.models import Change
from store.retention import Pruned, Retention
from store.sealing.vault import Vault
from store.timeline import PastDocument, Point


class PastOperations(Door):
    """What the audit log makes possible."""

    def document_as_of(self, point: Point | None) -> PastDocument:
        """The database's part of the document at a change id or a moment; None is now.

        Raises BeforeHorizon where the log does not reach back so far, and UsageError for a change
        that is yet to come.
        """
        with self.database.reading():
            return timeline.document_as_of(self.database, self.config, point)

    def position(self, change_id: int | None = None) -> Position:
        """The log's newest change, or another one, as a place to ``follow`` from."""
        with self.database.reading():
            newest = latest.newest_id(self.database) if change_id is None else change_id
            return Position(latest.config_epoch(self.database), newest)

    def follow(self, since: Position) -> Followed:
        """The next changes after a position, oldest first; some hundreds at once, so ask again.

        Where the database was restored or remade meanwhile, it starts over at the newest change.
        """
        with self.database.reading():
            return history.follow(self.database, since)

    def change(self, change_id: int) -> Change | None:
        """One change by its id, None where the log does not hold it."""
        with self.database.reading():
            return history.find(self.database, change_id)

    def undo(self, change_id: int, *, reason: str | None = None) -> int:
        """Write a change's old value back as a new change, which can be undone in its turn.

        A node that comes back stands last, and without a security key. Raises VersionConflict
        where the value has moved on since, and what ``undoing.undo`` raises.
        """
        return self.undo_many((change_id,), reason=reason)

    def undo_many(self, change_ids: Collection[int], *, reason: str | None = None) -> int:
        """Undo several changes, newest first, all or none of them; raises like ``undo``."""
        if not change_ids:
            raise UsageError("There is no change named to undo; nothing was changed.")
        with self._writing(reason or undoing.reason_for(change_ids)) as newest:
            undoing.undo_all(Vault(self.database, self.master_key), change_ids)
        return newest[0]

    def retention(self) -> Retention:
        """For how long the log keeps what; raises InvalidValue where a setting is no day count."""
        with self.database.reading():
            return retention.wanted(self.database)

    def prunable(self, keep: Retention | None = None) -> Pruned:
        """What ``prune`` would forget now, without forgetting it."""
        with self.database.reading():
            return retention.count(
                self.database, keep or retention.wanted(self.database), self.clock()
            )

    def prune(
        self,
        keep: Retention | None = None,
        *,
        limit: int | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> Pruned:
        """Forget what the log need not keep any longer, at most ``limit`` rows of it.

        ``keep`` is the settings' retention unless given. Other writers are never kept waiting
        long: rows go in small batches, with a pause (in seconds) after each. Raises InvalidValue
        for a retention of less than a day.
        """
        return retention.prune(
            self.database, keep or self.retention(), self.clock(), limit=limit, pause=pause
        )
