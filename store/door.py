"""What every operation on the document stands on: the two homes, the clock, and one transaction.

A method that writes is one transaction: the write lock, the value, the attribution, the commit.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from store import database as sqlite
from store import latest
from store.database import Database, Transaction
from store.documents import Overrides
from store.errors import NodedeckError
from store.locations import Locations
from store.sealing import keyfile
from store.sealing.keyfile import MasterKey


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
        master_key: Path | None = None,
    ) -> None:
        self.database = database
        self.config = config
        self.actor = actor
        self.clock = clock
        self.overrides = overrides or Overrides()
        self._sound_schema: int | None = None
        self._known_file: _Stamp | None = None
        self.master_key = master_key or keyfile.place(os.environ)
        self.spare_key: MasterKey | None = None

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
        return cls(
            database,
            locations.config,
            actor=actor,
            clock=clock,
            overrides=overrides,
            master_key=locations.master_key,
        )

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

    def _file_stamp(self) -> _Stamp | None:
        """What changes when the config file does."""
        return _look(self.config)

    def _look_at_file(self, reason: str | None = None, *, ours: bool = False) -> None:
        """Inside a write transaction; what is rolled back is looked at again."""
        from store import file_seen  # only where the file has changed

        stamp = _look(self.config)
        actor = self.actor if ours else None
        edit = file_seen.look(self.database, self.config, self.clock(), actor=actor, reason=reason)
        self._known_file = stamp if edit is None else None

    def own_file_edit(self, reason: str | None = None) -> None:
        """Record what we made of the config file as a whole, inside a write transaction."""
        self._look_at_file(reason, ours=True)

    def _writing(self, reason: str | None, *, actor: str | None = None) -> Signing:
        """A write transaction signed by us; yields a list that will hold its last change id.

        The id is 0 where nothing differed from what was there. Another ``actor`` signs what was
        asked for by somebody else before.
        """
        return Signing(self, actor or self.actor, reason)

    @contextmanager
    def transaction(self, reason: str | None = None) -> Iterator[Database]:
        """A signed write transaction for the store's own modules, such as an import."""
        with self._writing(reason):
            yield self.database

    @contextmanager
    def rehearsing(self) -> Iterator[None]:
        """What is written within is thrown away: no master key is made to seal it with."""
        self.spare_key = keyfile.throwaway()
        try:
            yield
        finally:
            self.spare_key = None

    @contextmanager
    def repairing(self, reason: str) -> Iterator[Database]:
        """A signed write transaction that makes the audit log's own parts anew."""
        db = self.database
        with db.writing():
            before = latest.newest_id(db)
            yield db
            db.execute_sql(_SIGN, (self.actor, reason, before))

    def before_writing(self) -> None:
        """Look at what others may have done; raises NodedeckError where the log would miss a write.

        An edit of the config file by another program is recorded before a change of ours.
        """
        if not self._file_is_known():
            self._look_at_file()
        number = self.database.value("PRAGMA schema_version")
        if number == self._sound_schema:  # it moves with every change of the schema
            return
        from store import schema, schema_checks

        if altered := schema.altered_triggers(self.database):
            raise NodedeckError(
                f"Triggers of the audit log are missing or altered ({schema_checks.some(altered)}),"
                " so that this change would not be in the history; nothing was changed.",
                hint=f"Find out who changed the schema, then make them anew: {schema_checks.FIX}",
            )
        self._sound_schema = number


class Signing(Transaction):
    """A write transaction whose changes are signed before the commit."""

    __slots__ = ("_actor", "_before", "_door", "_newest", "_reason")

    def __init__(self, door: Door, actor: str, reason: str | None) -> None:
        super().__init__(door.database, writing=True)
        self._door = door
        self._actor = actor
        self._reason = reason

    def __enter__(self) -> list[int]:
        super().__enter__()
        try:
            self._door.before_writing()
            self._before = latest.newest_id(self._database)
        except BaseException as failure:
            super().__exit__(type(failure), failure, None)
            raise
        self._newest = [0]
        return self._newest

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            try:
                self._sign()
            except BaseException as failure:
                super().__exit__(type(failure), failure, None)
                raise
        super().__exit__(kind, error, trace)

    def _sign(self) -> None:
        db = self._database
        signed = db.execute_sql(_SIGN, (self._actor, self._reason, self._before))
        if signed.rowcount:
            self._newest[0] = latest.newest_id(db)  # cheaper than RETURNING


def _look(path: Path) -> _Stamp | None:
    """What changes when a file does, None where there is none to be seen."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a daemon's rate passes through here
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
