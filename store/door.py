"""What every operation on the document stands on: the two homes, the clock, and one transaction.

A method that writes is one transaction: the write lock, the value, the attribution, the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from store import checks, history
from store import database as sqlite
from store.database import Database
from store.documents import Overrides
from store.locations import Locations


def utc_now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


_SIGN: Final = "UPDATE audit_log SET actor=?, reason=? WHERE id>?"


class Door:
    """An open document: its database, its config file, and who signs what is written."""

    def __init__(
        self,
        database: Database,
        config: Path,
        *,
        actor: str,
        clock: Callable[[], datetime] = utc_now,
        overrides: Overrides | None = None,
    ) -> None:
        self.database = database
        self.config = config
        self.actor = actor
        self.clock = clock
        self.overrides = overrides or Overrides()

    @classmethod
    def open(
        cls,
        locations: Locations,
        *,
        actor: str,
        read_only: bool = False,
        busy_ms: int = sqlite.BUSY_MS,
        clock: Callable[[], datetime] = utc_now,
        overrides: Overrides | None = None,
    ) -> Self:
        """Open an existing database; raises what ``Database`` raises."""
        database = Database(locations.database, read_only=read_only, busy_ms=busy_ms)
        return cls(database, locations.config, actor=actor, clock=clock, overrides=overrides)

    def close(self) -> None:
        """Close this thread's connection."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _writing(self, reason: str | None, *, actor: str | None = None) -> Iterator[list[int]]:
        """A write transaction signed by us; yields a list that will hold its last change id.

        The id is 0 where nothing differed from what was there. Another ``actor`` signs what was
        asked for by somebody else before.
        """
        newest = [0]
        db = self.database
        with checks.utf8(), db.writing():
            before = history.newest_id(db)
            yield newest
            db.execute_sql(_SIGN, (actor or self.actor, reason, before))
            after = history.newest_id(db)  # cheaper than RETURNING
            newest[0] = after if after > before else 0

    @contextmanager
    def transaction(self, reason: str | None = None) -> Iterator[Database]:
        """A signed write transaction for the store's own modules, such as an import."""
        with self._writing(reason):
            yield self.database
