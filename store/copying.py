"""Copying database files through SQLite's own backup, and reading those of an older schema."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from store import database as sqlite
from store import files, schema
from store.database import Database
from store.errors import Busy
from store.sqlite_faults import sentences

# of SQLite's file format: where its header says how the file is written and read, and what it says
# there of one without a write-ahead log
_WRITE_VERSION: Final = 18
_ROLLBACK_JOURNAL: Final = b"\1\1"

Told = Callable[[int, int], None]
"""Takes how many pages are copied, and of how many; what it raises breaks the copy off."""
_STEPS: Final = 100


class Still(Database):
    """A file that nobody writes, only read, and so that nothing appears beside it."""

    immutable = True

    def __init__(self, path: Path) -> None:
        """Open it; raises what ``Database`` raises."""
        super().__init__(path, read_only=True)


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    """A database file to read from, in one transaction, with this program's schema.

    One of an older schema is read from a private copy that is brought up to date. Raises what
    ``Database`` raises.
    """
    with ExitStack() as stack:
        db = _reader(path, stack)
        with db.reading():
            older = schema.version_of(db) < schema.VERSION
        if older:
            private = Path(stack.enter_context(tempfile.TemporaryDirectory())) / path.name
            files.create(private)
            with connected(private) as target:
                copy_whole(db, target, private)
            Database(private).close()
            db = _reader(private, stack)
        with db.reading():
            yield db


def _reader(path: Path, stack: ExitStack) -> Database:
    db = Database(path, read_only=True)
    stack.callback(db.close)
    return db


@contextmanager
def connected(path: Path, *, busy_ms: int = sqlite.BUSY_MS) -> Iterator[sqlite3.Connection]:
    """A plain connection to a file that is there, in autocommit; failures become sentences."""
    with sentences(path):
        connection = sqlite3.connect(path, isolation_level=None, timeout=busy_ms / 1000)
        try:
            yield connection
        finally:
            connection.close()


def copy_whole(
    source: Database, target: sqlite3.Connection, path: Path, *, told: Told | None = None
) -> None:
    """Copy a database into an empty file that will stand alone, synced, and close it.

    ``told`` hears of every hundredth part. Raises what ``copy`` raises; what is in the file then
    is of no use.
    """
    # WAL would keep part of it in a second file; alone with it, SQLite needs no shared memory. A
    # part of it is of no use to anybody, so that it is synced once all is there
    for pragma in ("locking_mode=EXCLUSIVE", "synchronous=OFF", "journal_mode=MEMORY"):
        target.execute(f"PRAGMA {pragma}")
    if told is None:
        copy(source.connection, target, path)
    else:
        # between two steps SQLite lets go of the source, and a commit would have it begin anew
        with source.reading():
            (total,) = source.rows("PRAGMA page_count")[0]
            source.rows("SELECT 1 FROM sqlite_master LIMIT 1")
            pages = max(1, -(-int(total) // _STEPS))
            copy(source.connection, target, path, pages=pages, told=told)
    target.close()
    _leave_wal(path)


def _leave_wal(path: Path) -> None:
    """Have a file that nobody has open say that it needs no write-ahead log, and sync it.

    So does ``PRAGMA journal_mode=DELETE``, but only after it has parsed every trigger of the copy.
    """
    try:
        with path.open("r+b", buffering=0) as file:
            file.seek(_WRITE_VERSION)
            file.write(_ROLLBACK_JOURNAL)
            os.fsync(file.fileno())
    except OSError as error:
        raise files.cannot("write", path, error) from error


def copy(
    source: sqlite3.Connection,
    target: sqlite3.Connection,
    path: Path,
    *,
    pages: int = -1,
    between: Callable[[], None] | None = None,
    told: Told | None = None,
) -> None:
    """Copy a database into an open one through SQLite's backup, in one transaction of the target.

    After each step of ``pages`` pages ``told`` is called, and after each but the last ``between``;
    what they raise leaves the target as it was. Raises Busy, naming ``path``, where another writer
    keeps either locked.
    """

    def step(status: int, remaining: int, total: int) -> None:
        # Python would go on trying for ever; the connection's busy timeout has passed by now
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise Busy(
                f"{path} is locked by another writer; nothing was changed.", hint="Try again."
            )
        if status == sqlite3.SQLITE_OK and between is not None:
            between()
        if told is not None:
            told(total - remaining, total)

    with sentences(path):
        source.backup(target, pages=pages, progress=step)
