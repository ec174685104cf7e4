"""The detached processes that watch over unconfirmed edits: finding, waiting for, killing them."""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 30.0


@contextmanager
def nobody(_: Path) -> Iterator[Callable[[int], None]]:
    """In the place of ``store.detached.started``: no process watches over the edit."""
    yield lambda _: None


def of(database: Path) -> list[int]:
    """Ids of the processes that watch over a database."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has just ended
            continue
        if b"store.reverter" in words and str(database).encode() in words:
            found.append(int(place.name))
    return found


def until(met: Callable[[], object], what: str) -> None:
    """Look again and again until something is so; raises TimeoutError where it never is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not met():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come")
        time.sleep(0.01)


def kill(database: Path) -> list[int]:
    """Kill them, as ``kill -9`` does, and wait until they are gone; their ids."""
    killed = of(database)
    for number in killed:
        _end(number)
    return killed


def _end(number: int) -> None:
    try:
        process = os.pidfd_open(number)
    except ProcessLookupError:  # it has just ended
        return
    try:
        signal.pidfd_send_signal(process, signal.SIGKILL)
        # ready to read once the process is no more
        if not select.select([process], [], [], PATIENCE_SECONDS)[0]:
            raise TimeoutError(f"the process {number} did not end")
    finally:
        os.close(process)
