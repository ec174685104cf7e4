"""What every operation on the document stands on: the two homes, the clock, and one transaction.

A method that writes is one transaction: the write lock, the value, the attribution, the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Self

from store import checks, file_seen, history
from store import database as sqlite
from store.database import Database
from store.documents import Overrides
from store.errors import NodedeckError
from store.locations import Locations


def utc_now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


_Stamp = tuple[int, int, int, int]
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
        self._known_file: _Stamp | None = None

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

    def see_file(self) -> None:
        """Record an edit of the config file that another program made, where there is one.

        It costs one look at the file's size and time where nothing changed. It never fails, waits
        for nobody longer than the connection does, and writes nothing on a read-only database.
        """
        if self.database.read_only or self._file_is_known():
            return
        try:
            with self.database.writing():
                self._look_at_file()
        except NodedeckError:  # recorded the next time; whoever needs the file says what is wrong
            return

    def _file_is_known(self) -> bool:
        return _look(self.config) in (None, self._known_file)

    def _look_at_file(self, reason: str | None = None, *, ours: bool = False) -> None:
        """Inside a write transaction; what is rolled back is looked at again."""
        stamp = _look(self.config)
        actor = self.actor if ours else None
        edit = file_seen.look(self.database, self.config, self.clock(), actor=actor, reason=reason)
        self._known_file = stamp if edit is None else None

    def own_file_edit(self, reason: str | None = None) -> None:
        """Record what we made of the config file as a whole, inside a write transaction."""
        self._look_at_file(reason, ours=True)

    @contextmanager
    def _writing(self, reason: str | None) -> Iterator[list[int]]:
        """A write transaction signed by us; yields a list that will hold its last change id.

        The id is 0 where nothing differed from what was there.
        """
        newest = [0]
        db = self.database
        with checks.utf8(), db.writing():
            if not self._file_is_known():
                self._look_at_file()
            before = history.newest_id(db)
            yield newest
            db.execute_sql(_SIGN, (self.actor, reason, before))
            after = history.newest_id(db)  # cheaper than RETURNING
            newest[0] = after if after > before else 0

    @contextmanager
    def transaction(self, reason: str | None = None) -> Iterator[Database]:
        """A signed write transaction for the store's own modules, such as an import."""
        with self._writing(reason):
            yield self.database


def _look(path: Path) -> _Stamp | None:
    """What changes when a file does, None where there is none to be seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
