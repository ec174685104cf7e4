"""Reading: the snapshot, what findings are judged from, the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from store import (
    blocks,
    continuity,
    evidence,
    history,
    inspecting,
    searching,
    state,
)
from store.blocks import BlockHour
from store.findings import Evidence, Inspection
from store.locations import Locations
from store.models import Change, EpochMark, Snapshot
from store.operations.reading import DocumentReader
from store.sealing import findings as sealing
from store.searching import Found, Search


class Looking(DocumentReader):
    """Reads; each is one read transaction, so that all of it is of one moment."""

    def snapshot(self) -> Snapshot:
        """Everything small, as of one moment."""
        with self.database.reading():
            return state.snapshot(self.database, self.clock())

    def newest(self, limit: int) -> tuple[Snapshot, tuple[Change, ...]]:
        """One read for the screen: the snapshot and the newest changes, heights only once."""
        with self.database.reading():
            snapshot = state.snapshot(self.database, self.clock())
            return snapshot, tuple(history.newest(self.database, limit))

    def evidence(
        self, inspection: Inspection | None = None, hour: BlockHour | None = None
    ) -> Evidence:
        """What findings are judged from, as of one moment, with an inspection made before.

        Of an ``hour`` of block times that is known, only the minutes since are read.
        """
        with self.database.reading():
            snapshot = state.snapshot(self.database, self.clock())
            found = evidence.gather(self.database, snapshot, self.overrides, inspection, hour)
            seals = sealing.gather(self.database, self.master_key)
        return replace(found, secrets=tuple(sealing.judged(seals)))

    def inspect(self, known: Inspection | None = None, *, scan: bool = False) -> Inspection:
        """What is wrong with the files, the schema and the log; ``known`` where all is as it was.

        Cheap enough for every wake-up. A ``scan`` also compares the log with the tables and
        follows its newest 20,000 changes, which takes about 0.1 s.
        """
        with self.database.reading():
            places = Locations(self.config, self.database.path)
            found = inspecting.look(self.database, places, known or Inspection())
            return inspecting.scan(self.database, found) if scan else found

    def active_seeds(self) -> dict[str, int]:
        """How many rows of each seed type are active, which the log does not always tell."""
        with self.database.reading():
            return evidence.active_seeds(self.database)

    def block_hour(self, known: BlockHour | None = None) -> BlockHour:
        """The heights of the last hour by the minute; of a known hour only the rest is read."""
        with self.database.reading():
            return blocks.read(self.database, self.clock(), known)

    def last_epochs(self, snapshot: Snapshot, count: int) -> tuple[EpochMark, ...]:
        """The epochs before a snapshot's current one, at most ``count``, oldest first."""
        with self.database.reading():
            return continuity.last_epochs(self.database, snapshot, count)

    def feed(self, after: int) -> list[Change]:
        """Changes after a change id, oldest first."""
        with self.database.reading():
            return history.feed(self.database, after)

    def history(
        self,
        pattern: str | None = None,
        *,
        since: datetime | None = None,
        actor: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Change]:
        """Changes of the leaves a path pattern names, newest first; "external" is no actor."""
        with self.database.reading():
            return history.history(
                self.database, pattern=pattern, since=since, actor=actor, before=before, limit=limit
            )

    def search(self, wanted: Search, *, upto: int, seen: int = 0) -> Found:
        """The newest changes up to an id that are looked for, or those a reader has not seen yet.

        One bounded step, however long the log is; ``search_on`` takes the next.
        """
        with self.database.reading():
            return searching.first(self.database, wanted, self.clock(), upto=upto, seen=seen)

    def search_on(self, wanted: Search, *, before: int) -> Found:
        """The next older changes that are looked for; one bounded step."""
        with self.database.reading():
            return searching.step(self.database, wanted, before=before)

    def count_after(self, change_id: int) -> int:
        """How many changes came after one."""
        with self.database.reading():
            return history.count_after(self.database, change_id)
