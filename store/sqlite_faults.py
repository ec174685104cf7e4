"""SQLite's failures as sentences, told apart by their codes and never by their messages."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.errors import Busy, NodedeckError, Refused


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn SQLite's failures into nodedeck's, by error code and never by message."""
    try:
        yield
    except Exception as error:
        if not is_sqlites(error):
            raise
        raise translated(path, error) from error


def is_sqlites(error: BaseException) -> bool:
    """Whether a failure is SQLite's own, as Python or as Peewee raises it."""
    # Peewee's own errors carry SQLite's, and it need not have been imported for them to be none
    return isinstance(error, sqlite3.Error) or type(error).__module__ == "peewee"


def translated(path: Path, error: BaseException) -> NodedeckError:
    """A failure of SQLite as nodedeck's, naming the file."""
    cause, code = _cause(error)
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
    if code == sqlite3.SQLITE_IOERR:
        return NodedeckError(
            f"The disk failed while {path} was read or written ({cause}); nothing was changed.",
            hint="Look whether it is full (df) or broken (dmesg), then try again.",
        )
    return NodedeckError(f"{path}: {cause}; nothing was changed.")


def _cause(error: BaseException) -> tuple[BaseException, int]:
    """The failure that tells most, and its primary code.

    A full disk ends the transaction, and then the rollback fails too, with a code that says
    nothing: what it failed after counts.
    """
    told: tuple[BaseException, int] = (error, 0)
    at: BaseException | None = error
    while at is not None:
        code = getattr(at, "sqlite_errorcode", 0) & 0xFF
        if code not in (0, sqlite3.SQLITE_ERROR):
            return at, code
        told = (at, code) if code and not told[1] else told
        at = at.__cause__ or at.__context__
    return told
