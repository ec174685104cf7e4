"""Opening the SQLite file: modes, pragmas, transactions, and what failed as sentences."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from contextlib import AbstractContextManager, closing, suppress
from enum import StrEnum
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from store import connections, files, schema
from store.errors import InvalidValue, MissingDatabase, Refused, UsageError
from store.sqlite_faults import is_sqlites, sentences, translated

if TYPE_CHECKING:
    import peewee

BUSY_MS: Final = 5000
# a read for the screen gives up early and is tried again, since a waiting thread can't be stopped
INTERACTIVE_BUSY_MS: Final = 250
# an audited commit writes four pages where a bare one writes one, and a fifth of its time went into
# the copies of pages that hold many rows; reading is as fast, also from a million rows
_PAGE_BYTES: Final = 1024
# SQLite's default of 1,000 pages would fold the log back, with two syncs, four times as often
_CHECKPOINT_PAGES: Final = 4000
# text as stored; a byte that is not UTF-8, which a foreign writer may leave, is U+FFFD: an escape
# instead would make the text invalid wherever it stands inside JSON
_text: Final = partial(str, encoding="utf-8", errors="replace")
_PART: Final = ("SAVEPOINT part", "RELEASE part", "ROLLBACK TO part")


class Database:
    """One SQLite file; a connection per thread, closed by ``close`` in the thread that used it."""

    immutable = False

    def __init__(self, path: Path, *, read_only: bool = False, busy_ms: int = BUSY_MS) -> None:
        """Open an existing database.

        Raises MissingDatabase where there is none, ForeignDatabase where it is another program's,
        SchemaTooNew where writing to it would not be safe, Refused where it cannot be opened. An
        older schema is brought up to date unless the database is only read.
        """
        if not files.exists(path):
            raise MissingDatabase(
                f"There is no database at {path}.",
                hint="Make one with 'nodedeck init' or 'nodedeck import apply FILE'.",
            )
        _refuse_directory(path)
        self.path = path
        self.read_only = read_only
        self._busy_ms = busy_ms
        self._thread = threading.local()
        try:
            self._check()
        except BaseException:
            self.close()
            raise

    @property
    def connection(self) -> sqlite3.Connection:
        """This thread's connection, opened when it is first used."""
        try:
            found: sqlite3.Connection = self._thread.connection
        except AttributeError:
            found = self._thread.connection = self._connect()
        return found

    def _connect(self) -> sqlite3.Connection:
        pragmas = ["foreign_keys=1", f"query_only={int(self.read_only)}"]
        if not self.read_only:
            pragmas += ["synchronous=NORMAL", f"wal_autocheckpoint={_CHECKPOINT_PAGES}"]
        mode = "ro&immutable=1" if self.immutable else "ro" if self.read_only else "rw"
        self._thread.identity = None
        if not self.immutable and connections.is_kept(self.path):
            self._thread.identity = self.identity()
            if (kept := connections.take(self.path)) is not None:
                return _set(kept, [*pragmas, f"busy_timeout={self._busy_ms}"])
            mode = "rw"  # whoever reads with it is followed by a writer
        address = f"file:{quote(str(self.path.absolute()))}?mode={mode}"
        return _connected(address, self._busy_ms, pragmas)

    @cached_property
    def sqlite(self) -> peewee.SqliteDatabase:
        """Peewee's view of the same connections, for queries made of models."""
        # half of what a short verb would import, and most of them ask nothing of it
        from store.peewee_bridge import Bridge

        return Bridge(self)

    def _check(self) -> None:
        try:
            version = self._schema_version()
        except Refused:
            if not self.read_only:
                raise
            # WAL needs a place to write beside the database unless nobody else writes it
            self.close()
            self.immutable = True
            version = self._schema_version()
        if not self.read_only:
            schema.check_writable(version)
            if 0 < version < schema.VERSION:
                with self.writing():
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
        return self.connection.execute(sql, params)

    def execute_many(self, sql: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Run one statement for each row of parameters."""
        self.connection.executemany(sql, rows)

    def rows(self, sql: str, params: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query, which is run again where its text is not all UTF-8."""
        connection = self.connection
        # the interpreter's own decoding is several times as fast as a call for each text
        connection.text_factory = str
        try:
            return connection.execute(sql, params).fetchall()
        except sqlite3.OperationalError as error:
            if hasattr(error, "sqlite_errorcode"):  # SQLite's own, where decoding has none
                raise
        finally:
            connection.text_factory = _text
        return connection.execute(sql, params).fetchall()

    def value(self, sql: str, params: tuple[object, ...] = ()) -> Any:
        """The first column of the first row, or None."""
        row = self.execute_sql(sql, params).fetchone()
        return row[0] if row else None

    def writing(self) -> Transaction:
        """One write transaction that holds the write lock from its start.

        Raises Refused on a read-only database and Busy where another writer keeps the lock.
        """
        return Transaction(self, writing=True)

    def reading(self) -> Transaction:
        """One read transaction: everything inside sees the same moment."""
        return Transaction(self, writing=False)

    def plainly(self) -> AbstractContextManager[None]:
        """Statements outside any transaction, their failures as sentences."""
        return sentences(self.path)

    def data_version(self) -> int:
        """A number that moves when another connection has committed: a hint to read again."""
        with sentences(self.path):
            return int(self.value("PRAGMA data_version"))

    def identity(self) -> tuple[int, int] | None:
        """Device and inode of the file, None where it is gone; it changes when it is replaced."""
        return connections.identity_of(self.path)

    def fold_log(self) -> None:
        """Fold the write-ahead log back and empty it, where nobody reads or writes meanwhile.

        Closing the last connection does that too; whoever keeps one open needs twice the room.
        """
        _fold_log(self.connection)
        self.execute_sql(f"PRAGMA busy_timeout={self._busy_ms}")

    def close(self) -> None:
        """Close this thread's connection, or keep it for the next one where those are kept."""
        found: sqlite3.Connection | None = self._thread.__dict__.pop("connection", None)
        if found is not None:
            connections.give_back(self.path, self._thread.identity, found)


class Transaction:
    """A transaction, or inside another one a part of it that fails alone.

    Raises SQLite's failures as nodedeck's, see ``sentences``. No generator, since a daemon's rate
    passes through here.
    """

    __slots__ = ("_connection", "_database", "_end", "_undo", "_writing")

    def __init__(self, database: Database, *, writing: bool) -> None:
        """Prepare it; raises Refused for a write to a database that is only read."""
        if writing and database.read_only:
            raise Refused(
                "This console is read-only; nothing was changed.",
                hint="Start it without --read-only (and NODEDECK_READONLY) to write.",
            )
        self._database = database
        self._writing = writing

    def __enter__(self) -> Any:
        try:
            self._connection = connection = self._database.connection
            if connection.in_transaction:
                begin, self._end, self._undo = _PART
            else:
                begin = "BEGIN IMMEDIATE" if self._writing else "BEGIN"
                self._end, self._undo = "COMMIT", "ROLLBACK"
            connection.execute(begin)
        except sqlite3.Error as failure:
            raise translated(self._database.path, failure) from failure

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            try:
                self._connection.execute(self._end)
            except sqlite3.Error as failure:
                error = failure
            else:
                return
        # a full disk, for one, has rolled everything back already
        if self._connection.in_transaction:
            self._connection.execute(self._undo)
        if is_sqlites(error):
            raise translated(self._database.path, error) from error
        if isinstance(error, UnicodeEncodeError):
            raise InvalidValue(
                f"A text cannot be held in UTF-8: its character {error.start + 1} is half a"
                " surrogate pair or a raw byte; nothing was changed."
            ) from None


class Made(StrEnum):
    """What ``create`` came upon, and so did."""

    CREATED = "created"
    ADOPTED = "adopted"
    UPGRADED = "upgraded"
    UNCHANGED = "unchanged"


def create(path: Path, *, created_by: str) -> Made:
    """Make the database, or adopt one that a daemon made; what was done.

    One that an older nodedeck made is brought up to this one's schema. The file is 0600, and so
    are its -wal and -shm, which take the mode of the file. Raises ForeignDatabase where another
    program's tables are in it.
    """
    fresh = not files.exists(path)
    if fresh:
        check_place(path)
        files.create(path)
    _refuse_directory(path)
    identity = connections.identity_of(path)
    connection = _connected(f"file:{quote(str(path.absolute()))}", BUSY_MS, ())
    raw = _Raw(connection)
    try:
        with sentences(path):
            version = schema.version_of(raw)
            schema.check_writable(version)
            if not version:
                connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")  # of one that has none yet
                connection.execute("PRAGMA journal_mode=WAL")
            if version < schema.VERSION:
                with connection:
                    connection.execute("BEGIN IMMEDIATE")
                    if version:
                        schema.upgrade(raw)
                    else:
                        schema.install(raw, created_by=created_by)
    except BaseException:
        connection.close()
        if fresh:
            for leftover in (path, *side_files(path)):
                leftover.unlink(missing_ok=True)
        raise
    if connections.is_kept(path):
        _fold_log(connection)
    connections.give_back(path, identity, connection)
    if version:
        return Made.UNCHANGED if version >= schema.VERSION else Made.UPGRADED
    return Made.CREATED if fresh else Made.ADOPTED


def _refuse_directory(path: Path) -> None:
    if not path.is_file():
        what = "a directory" if path.is_dir() else "no regular file"
        raise UsageError(
            f"{path} is {what} and no database; nothing was changed.",
            hint="Name the database itself, such as state.db inside a directory.",
        )


def check_place(path: Path) -> None:
    """Raise MissingDatabase where there is no directory for a database."""
    if not path.parent.is_dir():
        raise MissingDatabase(
            f"Cannot make {path}: there is no directory {path.parent}.",
            hint="Make the directory, or name another place with --db.",
        )


def blank(path: Path) -> bool:
    """Whether a file is an SQLite database that never had a table, or empty."""
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as db:
            # counts changes of the schema, and is read without parsing it, triggers and all
            changes: int = db.execute("PRAGMA schema_version").fetchone()[0]
    except sqlite3.Error:  # whoever opens it says better what is wrong with it
        return False
    return changes == 0


def side_files(path: Path) -> tuple[Path, Path]:
    """The -wal and -shm files of a database."""
    return path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")


class _Raw:
    """A connection in the shape that schema work asks for."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute_sql(self, sql: str, params: tuple[object, ...] = ()) -> object:
        return self._connection.execute(sql, params)

    def rows(self, sql: str, params: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        return self._connection.execute(sql, params).fetchall()


def _connected(address: str, busy_ms: int, pragmas: Iterable[str]) -> sqlite3.Connection:
    """A connection that begins no transaction by itself and reads whatever text there is."""
    connection = sqlite3.connect(
        address, uri=True, timeout=busy_ms / 1000, isolation_level=None, check_same_thread=False
    )
    connection.text_factory = _text
    return _set(connection, pragmas)


def _fold_log(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA busy_timeout=0")
    # what cannot be folded, for want of room, stays in the log, which is as good a place for it
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _set(connection: sqlite3.Connection, pragmas: Iterable[str]) -> sqlite3.Connection:
    try:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection
