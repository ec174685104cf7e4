"""The small process that takes an unconfirmed edit back when nobody else is left to do it.

``detached`` starts it, before the edit is committed. Where it is killed as well, or a login manager
ends all of a user's processes, the next writing verb or deck does its work.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

from store.detached import READY
from store.errors import NodedeckError, UsageError
from store.locations import CONFIG_NAME, Locations
from store.manager import ConfigManager
from store.pending import State
from store.uptime import uptime

ACTOR: Final = "nodedeck"
_POLL_SECONDS: Final = 2.0
_SHORTEST_POLL: Final = 0.02
# a lock or a full disk may pass; after this the next writing verb has it
_PATIENCE_SECONDS: Final = 600.0
_RETRY_SECONDS: Final = 1.0


def main() -> None:
    """Fork, wait for the number of a reversal, and watch over it; ``argv`` is the database."""
    database = Path(sys.argv[1])
    if os.fork():
        os._exit(0)
    # a session of its own gets no hang-up, but whoever closes a terminal may send it all the same
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    os.chdir("/")  # no file system is kept from being unmounted
    with suppress(OSError):  # whoever started it may be gone; what is committed tells
        os.write(1, READY)
    told = _all_of(0)
    for descriptor in (0, 1):
        os.close(descriptor)
        os.open(os.devnull, os.O_RDWR)
    if told.strip().isdigit():
        watch(database, int(told))


def _all_of(descriptor: int) -> bytes:
    told = b""
    while piece := os.read(descriptor, 64):
        told += piece
    return told


def watch(database: Path, number: int, *, pause: Callable[[float], None] = time.sleep) -> None:
    """Wait for a reversal's deadline and carry it out; end early once it is settled.

    ``pause`` waits for so many seconds. It gives up where the database is gone at the deadline,
    and after ten minutes in which it could not be written.
    """
    with closing(_Watch(database, number)) as watching:
        while (wait := watching.step()) is not None:
            pause(wait)


class _Watch:
    """One reversal, looked at again and again through one connection.

    Connections that come and go would wake everybody who follows the database.
    """

    def __init__(self, database: Path, number: int) -> None:
        self._where = Locations(database.with_name(CONFIG_NAME), database)
        self._number = number
        self._manager: ConfigManager | None = None
        self._file: tuple[int, int] | None = None
        self._due = self._well = uptime().seconds

    def close(self) -> None:
        if self._manager is not None:
            self._manager.close()
            self._manager = None

    def step(self) -> float | None:
        """Seconds until the next look, None where there is nothing left to do."""
        try:
            wait = self._look()
        except UsageError:  # gone, or another program's
            self.close()
            return _RETRY_SECONDS if uptime().seconds < self._due else None
        except NodedeckError:
            self.close()
            return _RETRY_SECONDS if uptime().seconds < self._well + _PATIENCE_SECONDS else None
        self._well = uptime().seconds
        return wait

    def _look(self) -> float | None:
        manager = self._opened()
        found = manager.reversal(self._number)
        if found.state is not State.PENDING:
            return None
        left = found.left(manager.clock(), manager.uptime())
        self._due = uptime().seconds + left
        if left <= 0 or manager.reversal_moved_on(self._number):
            manager.settle_reversal(self._number)
            return None
        return min(left, max(_SHORTEST_POLL, min(_POLL_SECONDS, found.within / 20)))

    def _opened(self) -> ConfigManager:
        """The database as it stands at its place, which may be another file than before."""
        if self._manager is not None and self._manager.database.identity() != self._file:
            self.close()
        if self._manager is None:
            self._manager = ConfigManager.open(self._where, actor=ACTOR)
            self._file = self._manager.database.identity()
        return self._manager


if __name__ == "__main__":
    main()
