"""Being told to end or to stop: a console leaves by its own door, and leaves nothing to be read."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_SHELL_BASE: Final = 128
"""What a shell adds to the number of the signal that ended a program."""


@contextmanager
def leaving(leave: Callable[[int], Any]) -> Iterator[None]:
    """Call ``leave`` in the running loop with the exit code of a signal that tells us to end.

    An exception out of a signal's handler would break off whatever the loop is doing, the
    terminal's restoring included. Where no loop runs, the signal does what it did before.
    """
    before: dict[int, Any] = {number: signal.getsignal(number) for number in ENDING}

    def end(number: int, _: FrameType | None) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            signal.signal(number, before[number])
            signal.raise_signal(number)
        else:
            loop.call_soon_threadsafe(leave, _SHELL_BASE + number)

    for number in ENDING:
        signal.signal(number, end)
    try:
        yield
    finally:
        for known, handler in before.items():
            signal.signal(known, handler)


def before_stopping(act: Callable[[], Any]) -> Callable[[], Any]:
    """Do something in the running loop before a stop (SIGTSTP); what is returned ends that.

    The handler that was there is called right after: it gives the terminal back. It cannot be done
    for SIGSTOP, which no program hears of.
    """
    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGTSTP)

    def stop() -> None:
        act()
        if callable(before):
            before(signal.SIGTSTP, None)
        else:
            os.kill(os.getpid(), signal.SIGSTOP)

    # not in the handler itself: it may have broken into the very write that it would wait for
    signal.signal(signal.SIGTSTP, lambda *_: loop.call_soon_threadsafe(stop))
    return lambda: signal.signal(signal.SIGTSTP, before)
