"""A secret on a terminal: on the alternate screen for some seconds, and never in the scrollback."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from store.errors import UsageError
from tui.text import clean

SECONDS: Final = 10.0
# the screen is wiped before it is left: some terminals keep what stood there
_ENTER: Final = "\x1b[?1049h\x1b[2J\x1b[H"
_LEAVE: Final = "\x1b[2J\x1b[H\x1b[?1049l"
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


def check() -> None:
    """Raise UsageError for a terminal without an alternate screen, before anything is opened."""
    if os.environ.get("TERM", "dumb") in ("", "dumb"):
        raise UsageError(
            "This terminal has no alternate screen, so a secret would stay on it; nothing was"
            " shown.",
            hint="Pipe it to the program that needs it.",
        )


def show(path: str, value: str, seconds: float = SECONDS) -> None:
    """Show a value until a key is pressed or the seconds are over; whatever ends it, it goes."""
    with _told_to_end():
        try:
            _write(_ENTER + "\r\n".join((f"{clean(path)}", "", *_lines(value), "", _hint(seconds))))
            _wait(seconds)
        finally:
            _write(_LEAVE)


def _lines(value: str) -> list[str]:
    return [clean(line) for line in value.split("\n")]


def _hint(seconds: float) -> str:
    return f"Any key hides it; it goes by itself after {seconds:.0f} s."


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _wait(seconds: float) -> None:
    if not sys.stdin.isatty():
        select.select([], [], [], seconds)
        return
    keyboard = sys.stdin.fileno()
    before = termios.tcgetattr(keyboard)
    until = time.monotonic() + seconds
    try:
        tty.setcbreak(keyboard, termios.TCSANOW)
        select.select([keyboard], [], [], max(0.0, until - time.monotonic()))
    finally:
        # what was typed to hide it must not reach the shell
        termios.tcsetattr(keyboard, termios.TCSAFLUSH, before)


@contextmanager
def _told_to_end() -> Iterator[None]:
    """Let the signals that end a process end this one by way of ``finally``."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in _ENDING}
    # a stopped program would leave the value standing
    before[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
