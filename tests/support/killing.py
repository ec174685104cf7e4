"""A process that is killed at the Nth thing it does to a disk, and which of those to choose."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from store import database, files
from store.peewee_bridge import Bridge

# of a statement of our own, and of one that a model makes
_STATEMENTS: Final = {"execute_sql", "execute_many", "cursor"}
# what makes, ends or gives its name to something: the journal, a file's text, a transaction
_NAMED: Final = {"replace", "unlink", "__exit__"}


class _Killer:
    """Kills its process at the Nth thing that is done to a disk.

    That is what Python does itself (opening to write, writing, syncing, renaming, removing) and
    each statement that SQLite is given.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.done: list[str] = []

    def act(self, name: str) -> None:
        self.done.append(name)
        if len(self.done) == self.count:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def call(*args: Any, **more: Any) -> Any:
            self.act(name)
            result = real(*args, **more)
            self.act(name)
            return result

        setattr(owner, name, call)

    def heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
            self.act(event)

    def attach(self) -> None:
        for owner, name in (
            (os, "fsync"),
            (os, "ftruncate"),
            (Path, "replace"),
            (Path, "unlink"),
            (files, "_dress"),
            (database.Database, "execute_sql"),
            (database.Database, "execute_many"),
            (database._Raw, "execute_sql"),
            (Bridge, "cursor"),
            (database.Transaction, "__exit__"),
        ):
            self.around(owner, name)
        sys.addaudithook(self.heard)


def killed_at(count: int, work: Callable[[], object]) -> list[str]:
    """Do it in a child that is killed at its Nth act; all acts' names, none if it was killed."""
    ours, theirs = os.pipe()
    process = os.fork()
    if not process:
        killer = _Killer(count)
        try:
            killer.attach()
            work()
            os.write(theirs, " ".join(killer.done).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as told:
        answer = told.read()
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return []
    return answer.decode().split()


def chosen(done: list[str], *, most: int | None = None) -> list[int]:
    """Which acts to be killed at: each of Python's, and of a transaction's statements some.

    Of more than ``most`` it is an evenly spread part, with every act that names or ends something.
    """
    every = [
        count
        for count, name in enumerate(done, 1)
        if name not in _STATEMENTS or count % 60 == 0 or done[count - 2] not in _STATEMENTS
    ]
    if most is None or len(every) <= most:
        return every
    named = {count for count in every if done[count - 1] in _NAMED}
    step = len(every) / most
    return sorted(named | {every[int(at * step)] for at in range(most)})
