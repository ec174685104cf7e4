"""Starting the process that watches over an unconfirmed edit.

It is a process of its own session without a terminal, so that it survives the console's death and
a dropped connection, and holds no descriptor of whoever started it. It is started before the
edit's transaction begins and writes nothing until the deadline:

1. the console starts it, and it forks, so that the console is not its parent;
2. it is ready, says so, and reads its standard input;
3. the console, inside the transaction, writes the reversal's number there, and commits;
4. the pipe closes, because the console closes it or because the console was killed;
5. it looks the number up. A transaction that was rolled back has left no row, and it ends.

So there is no moment at which the edit is committed and nobody watches over it.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from store.errors import NodedeckError

READY: Final = b"ready\n"
"""What the process writes once it waits for a number."""
_START_SECONDS: Final = 20.0


@contextmanager
def started(database: Path) -> Iterator[Callable[[int], None]]:
    """Start the process; yields what is called, before the commit, with a reversal's number.

    The number is told once the process is ready. Without a number it ends by itself. Raises
    NodedeckError where it cannot be started.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - this very program
            [sys.executable, "-m", "store.reverter", str(database.absolute())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=_environment(),
        )
    except OSError as error:
        raise _cannot_start(error.strerror or type(error).__name__) from error

    told = False

    def watch_over(number: int) -> None:
        nonlocal told
        if not _is_ready(process):
            raise _cannot_start("it did not answer")
        try:
            os.write(_descriptor(process.stdin), b"%d\n" % number)
        except OSError as error:
            raise _cannot_start(error.strerror or type(error).__name__) from error
        told = True

    try:
        yield watch_over
    finally:
        if not told:
            process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        process.wait()  # ready, it has forked; killed, it is gone


def _environment() -> dict[str, str]:
    """This process's environment, in which the child finds the same program."""
    here = str(Path(__file__).parents[1])
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, (here, os.environ.get("PYTHONPATH")))),
    }


def _is_ready(process: subprocess.Popen[bytes]) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(_descriptor(process.stdout), selectors.EVENT_READ)
        if not selector.select(_START_SECONDS):
            return False
    return os.read(_descriptor(process.stdout), len(READY)) == READY


def _descriptor(pipe: object) -> int:
    return int(pipe.fileno())  # type: ignore[attr-defined]


def _cannot_start(why: str) -> NodedeckError:
    return NodedeckError(
        f"The process that would take the change back cannot be started: {why.lower()};"
        " nothing was changed.",
        hint="Make the change without confirmation, or free memory and try again.",
    )
