"""One connection kept from one use of a database to the next, for a run that opens it many times.

SQLite parses the whole schema, every trigger of the audit log included, with a connection's first
statement: that takes as long as storing a hundred settings. What is kept is kept for one thread and
one run, and belongs to one user of it at a time.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

if TYPE_CHECKING:
    from store.locations import Locations

Identity = tuple[int, int]
Thing = TypeVar("Thing")
Result = TypeVar("Result")
More = ParamSpec("More")


class _Kept(threading.local):
    """The place whose connection this thread keeps, and that connection while nobody uses it."""

    path: Path | None = None
    idle: tuple[Identity, sqlite3.Connection] | None = None


_kept = _Kept()


@contextmanager
def held_open(path: Path) -> Iterator[None]:
    """Keep this thread's connection to a database meanwhile; for a run that is going to write.

    Inside another run of the kind it does nothing.
    """
    if _kept.path is not None:
        yield
        return
    _kept.path = path
    try:
        yield
    finally:
        _kept.path = None
        if (idle := _taken()) is not None:
            idle[1].close()


def on_one_connection(
    run: Callable[Concatenate[Thing, Locations, More], Result],
) -> Callable[Concatenate[Thing, Locations, More], Result]:
    """Have a function whose second argument are the locations run with ``held_open``."""

    @wraps(run)
    def held(
        thing: Thing, locations: Locations, /, *args: More.args, **more: More.kwargs
    ) -> Result:
        with held_open(locations.database):
            return run(thing, locations, *args, **more)

    return held


def is_kept(path: Path) -> bool:
    """Whether this thread keeps its connection to the database at a path."""
    return _kept.path == path


def take(path: Path) -> sqlite3.Connection | None:
    """The idle connection to the file that stands at a path now, None where there is none."""
    if not is_kept(path) or (idle := _taken()) is None:
        return None
    identity, connection = idle
    if identity == identity_of(path):
        return connection
    connection.close()
    return None


def give_back(path: Path, identity: Identity | None, connection: sqlite3.Connection) -> None:
    """Keep a connection, opened on the file of this identity, for the next user, or close it."""
    busy = connection.in_transaction or _kept.idle is not None
    if busy or identity is None or not is_kept(path):
        connection.close()
    else:
        _kept.idle = identity, connection


def identity_of(path: Path) -> Identity | None:
    """Device and inode of a file, None where there is none; they change when it is replaced."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return None
    return stat.st_dev, stat.st_ino


def _taken() -> tuple[Identity, sqlite3.Connection] | None:
    idle, _kept.idle = _kept.idle, None
    return idle
