"""Opening the SQLite file: modes, pragmas, transactions, and errors as sentences."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import peewee

from store import files, schema
from store.errors import Busy, MissingDatabase, NodedeckError, Refused

BUSY_MS: Final = 5000
# a read for the screen gives up early and is tried again, since a waiting thread can't be stopped
INTERACTIVE_BUSY_MS: Final = 250
# an audited commit writes four pages where a bare one writes one; SQLite's default of 1,000 would
# fold the log back, with two syncs, four times as often. It is 16 MB at most.
_CHECKPOINT_PAGES: Final = 4000
# text as stored; a byte that is not UTF-8, which a foreign writer may leave, is U+FFFD: an escape
# instead would make the text invalid wherever it stands inside JSON
_text: Final = partial(str, encoding="utf-8", errors="replace")
_PART: Final = ("SAVEPOINT part", "RELEASE part", "ROLLBACK TO part")


class _Sqlite(peewee.SqliteDatabase):
    """Peewee's database whose connections read whatever text there is."""

    def _connect(self) -> sqlite3.Connection:
        connection: sqlite3.Connection = super()._connect()  # type: ignore[misc]
        connection.text_factory = _text
        return connection


class Database:
    """One SQLite file; a connection per thread, closed by ``close`` in the thread that used it."""

    def __init__(self, path: Path, *, read_only: bool = False, busy_ms: int = BUSY_MS) -> None:
        """Open an existing database.

        Raises MissingDatabase where there is none, ForeignDatabase where it is another program's,
        SchemaTooNew where writing to it would not be safe, Refused where it cannot be opened. An
        older schema is brought up to date unless the database is only read.
        """
        if not path.is_file():
            raise MissingDatabase(
                f"There is no database at {path}.",
                hint="Make one with 'nodedeck init' or 'nodedeck import apply FILE'.",
            )
        self.path = path
        self.read_only = read_only
        self.immutable = False
        self.sqlite = self._open("ro" if read_only else "rw", busy_ms)
        try:
            self._check()
        except BaseException:
            self.close()
            raise

    def _open(self, mode: str, busy_ms: int) -> _Sqlite:
        pragmas: list[tuple[str, Any]] = [
            ("foreign_keys", 1),
            ("busy_timeout", busy_ms),
        ]
        if self.read_only:
            pragmas.append(("query_only", 1))
        else:
            pragmas += [("synchronous", "NORMAL"), ("wal_autocheckpoint", _CHECKPOINT_PAGES)]
        suffix = "&immutable=1" if self.immutable else ""
        return _Sqlite(
            f"file:{quote(str(self.path.absolute()))}?mode={mode}{suffix}",
            pragmas=pragmas,
            timeout=busy_ms / 1000,
            lock_type="IMMEDIATE",
            uri=True,
        )

    def _check(self) -> None:
        try:
            version = self._schema_version()
        except Refused:
            if not self.read_only:
                raise
            # WAL needs a place to write beside the database unless nobody else writes it
            self.close()
            self.immutable = True
            self.sqlite = self._open("ro", BUSY_MS)
            version = self._schema_version()
        if not self.read_only:
            schema.check_writable(version)
            if 0 < version < schema.VERSION:
                with sentences(self.path), self.sqlite.atomic():
                    schema.upgrade(self)
        if version == 0:
            raise MissingDatabase(
                f"{self.path} has not been prepared for nodedeck yet.",
                hint="'nodedeck init' adopts it; its rows stay as they are.",
            )

    def _schema_version(self) -> int:
        with sentences(self.path):
            return schema.version_of(self)

    def execute_sql(self, sql: str, params: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return _execute(self.sqlite, sql, params)

    def rows(self, sql: str, params: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self.execute_sql(sql, params).fetchall()

    def value(self, sql: str, params: tuple[object, ...] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.execute_sql(sql, params).fetchone()
        return row[0] if row else None

    def writing(self) -> AbstractContextManager[None]:
        """One write transaction that holds the write lock from its start.

        Raises Refused on a read-only database and Busy where another writer keeps the lock.
        """
        if self.read_only:
            raise Refused(
                "This console is read-only; nothing was changed.",
                hint="Start it without --read-only (and NODEDECK_READONLY) to write.",
            )
        return self._transaction("BEGIN IMMEDIATE")

    def reading(self) -> AbstractContextManager[None]:
        """One read transaction: everything inside sees the same moment."""
        return self._transaction("BEGIN")

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        """A transaction, or inside another one a part of it that fails alone."""
        with sentences(self.path):
            connection = _connection(self.sqlite)
            whole = (begin, "COMMIT", "ROLLBACK")
            start, end, undo = _PART if connection.in_transaction else whole
            connection.execute(start)
            try:
                yield
                connection.execute(end)
            except BaseException:
                # a full disk, for one, has rolled everything back already
                if connection.in_transaction:
                    connection.execute(undo)
                raise

    def data_version(self) -> int:
        """A number that moves when another connection has committed: a hint to read again."""
        with sentences(self.path):
            return int(self.value("PRAGMA data_version"))

    def identity(self) -> tuple[int, int] | None:
        """Device and inode of the file, None where it is gone; it changes when it is replaced."""
        try:
            stat = self.path.stat()
        except FileNotFoundError:
            return None
        return stat.st_dev, stat.st_ino

    def close(self) -> None:
        """Close this thread's connection."""
        if not self.sqlite.is_closed():
            self.sqlite.close()


def create(path: Path, *, created_by: str) -> bool:
    """Make the database, or adopt one that a daemon made; whether it was not nodedeck's before.

    One that an older nodedeck made is brought up to this one's schema. The file is 0600, and so
    are its -wal and -shm, which take the mode of the file. Raises ForeignDatabase where another
    program's tables are in it.
    """
    fresh = not path.exists()
    if fresh:
        check_place(path)
        files.create(path)
    connection = _Sqlite(
        str(path),
        pragmas=[("busy_timeout", BUSY_MS)],
        lock_type="IMMEDIATE",
        timeout=BUSY_MS / 1000,
    )
    try:
        with sentences(path):
            version = schema.version_of(_Raw(connection))
            schema.check_writable(version)
            if version:
                if version < schema.VERSION:
                    with connection.atomic():
                        schema.upgrade(_Raw(connection))
                return False
            _execute(connection, "PRAGMA journal_mode=WAL")
            with connection.atomic():
                schema.install(_Raw(connection), created_by=created_by)
    except BaseException:
        connection.close()
        if fresh:
            for leftover in (path, *side_files(path)):
                leftover.unlink(missing_ok=True)
        raise
    connection.close()
    return True


def check_place(path: Path) -> None:
    """Raise MissingDatabase where there is no directory for a database."""
    if not path.parent.is_dir():
        raise MissingDatabase(
            f"Cannot make {path}: there is no directory {path.parent}.",
            hint="Make the directory, or name another place with --db.",
        )


def blank(path: Path) -> bool:
    """Whether a file is an SQLite database without a single table, or empty."""
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as db:
            names: list[object] = db.execute("SELECT name FROM sqlite_master LIMIT 1").fetchall()
    except sqlite3.Error:  # whoever opens it says better what is wrong with it
        return False
    return not names


def side_files(path: Path) -> tuple[Path, Path]:
    """The -wal and -shm files of a database."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


class _Raw:
    """A peewee database in the shape that schema work asks for."""

    def __init__(self, sqlite: peewee.SqliteDatabase) -> None:
        self._sqlite = sqlite

    def execute_sql(self, sql: str, params: tuple[object, ...] = ()) -> object:
        return _execute(self._sqlite, sql, params)

    def rows(self, sql: str, params: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        return _execute(self._sqlite, sql, params).fetchall()


def _execute(
    sqlite: peewee.SqliteDatabase, sql: str, params: tuple[object, ...] = ()
) -> sqlite3.Cursor:
    # Peewee's own way round costs as much again as a short statement does
    return _connection(sqlite).execute(sql, params)


def _connection(sqlite: peewee.SqliteDatabase) -> sqlite3.Connection:
    connection: sqlite3.Connection = sqlite.connection()
    return connection


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn SQLite's failures into nodedeck's, by error code and never by message."""
    try:
        yield
    except (peewee.DatabaseError, sqlite3.Error) as error:
        raise _translated(path, error) from error


def _translated(path: Path, error: Exception) -> NodedeckError:
    cause: BaseException | None = error
    # a general error may stand over the one that says why: after a full disk there is nothing left
    # to roll back, which is an error too
    while cause is not None and getattr(cause, "sqlite_errorcode", 1) == sqlite3.SQLITE_ERROR:
        cause = cause.__cause__ or cause.__context__
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Busy(f"{path} is locked by another writer; nothing was changed.", hint="Try again.")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY):
        return Refused(
            f"{path} cannot be opened or written by this user ({cause}); nothing was changed.",
            hint="Look at its owner and mode, and at those of its directory.",
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return NodedeckError(
            f"{path} is not an intact SQLite database ({cause}); nothing was changed.",
            hint="Restore it from a backup, or name another file with --db.",
        )
    if code == sqlite3.SQLITE_FULL:
        return NodedeckError(
            f"No space is left for {path}; nothing was changed.", hint="Make room and try again."
        )
    return NodedeckError(f"{path}: {cause or error}; nothing was changed.")
