"""Where a call prints and whom it asks: the process's own streams, or a line of the deck.

The deck runs verbs in a thread of its own while it draws on the process's terminal, so a call is
told where it is by a context variable, and no stream of the process is ever redirected.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from store.errors import UsageError


class Console(Protocol):
    """What stands in for a terminal where a verb is run from within the deck."""

    @property
    def gone(self) -> bool:
        """Whether nobody reads any more."""

    def put(self, text: str) -> None:
        """Take data; raises ``output.ReaderGone`` where nobody reads any more."""

    def say(self, sentence: str) -> None:
        """Take one line of narration."""

    def agree(self, question: str) -> bool:
        """Ask, and wait for the answer; False where nobody answers."""

    def type_name(self, name: str, warning: str) -> bool:
        """Whether a name was typed after a warning; waits for it."""


_CONSOLE: ContextVar[Console | None] = ContextVar("console", default=None)


def console() -> Console | None:
    """What stands in for the terminal of this call, None where it has the process's streams."""
    return _CONSOLE.get()


@contextmanager
def held_by(stand_in: Console) -> Iterator[None]:
    """Let the calls of this thread print to ``stand_in`` and ask there."""
    before = _CONSOLE.set(stand_in)
    try:
        yield
    finally:
        _CONSOLE.reset(before)


def has_keyboard() -> bool:
    """Whether stdin is a terminal of this call's own."""
    return console() is None and sys.stdin.isatty()


def has_somebody() -> bool:
    """Whether there is a person to ask."""
    return console() is not None or has_keyboard()


def piped(most: int = -1) -> bytes:
    """What stdin brings, at most so many bytes; raises UsageError where there is none to read."""
    _check_stdin()
    return sys.stdin.buffer.read(most)


def piped_text() -> str:
    """What stdin brings as text; raises UsageError where there is none to read."""
    _check_stdin()
    return sys.stdin.read()


def _check_stdin() -> None:
    if console() is not None:
        raise UsageError(
            "A line in the deck has no stdin; nothing was changed.",
            hint="Name a file where the verb takes one, or run it in a shell.",
        )
