"""How far an import has come, told while it runs, and the wish to stop it, heard until its commit.

An import runs in whatever thread its caller gives it. ``Progress`` is called in that thread, at
most some hundred times a phase; a screen hands each call over to its own thread, as Textual's
``call_from_thread`` or a posted message does. ``Cancel`` may be asked from any thread and from a
signal's handler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final, TypeVar

from store.errors import Cancelled

Thing = TypeVar("Thing")

_TOLD_TIMES: Final = 100


class Phase(StrEnum):
    """What an import is at; they come in this order, ``cut`` only where the file is rewritten."""

    REHEARSAL = "rehearsal"
    BACKUP = "backup"
    WRITE = "write"
    VERIFY = "verify"
    CUT = "cut"


Progress = Callable[[Phase, int, int], None]
"""Takes a phase, how many of its steps are done, and how many there are; what it raises stops the
import as a failure does."""


def unheard(_phase: Phase, _done: int, _total: int) -> None:
    """The progress that nobody listens to."""


class Cancel:
    """A wish to stop; whoever holds it asks, and the import stops before its next step."""

    # a bare attribute: an Event's lock could be held by the thread that a signal's handler stops
    __slots__ = ("asked",)

    def __init__(self) -> None:
        self.asked = False

    def ask(self) -> None:
        """Stop as soon as that leaves nothing half done; after the commit it is too late."""
        self.asked = True


class Course:
    """The course of one import: tells its steps, and breaks it off where that was asked for."""

    def __init__(self, progress: Progress = unheard, cancel: Cancel | None = None) -> None:
        """Tell ``progress``; without ``cancel`` nobody can break it off."""
        self._progress = progress
        self._cancel = cancel or Cancel()

    def at(self, phase: Phase, done: int = 0, total: int = 1) -> None:
        """Tell how far a phase has come; raises Cancelled where that was asked for."""
        self.check()
        self._progress(phase, done, total)

    def check(self) -> None:
        """Raise Cancelled where that was asked for."""
        if self._cancel.asked:
            raise Cancelled()

    def steps(self, phase: Phase, things: Sequence[Thing]) -> Iterator[Thing]:
        """Go through the things of a phase, told at every percent of them."""
        for some in self.batches(phase, things):
            yield from some

    def batches(self, phase: Phase, things: Sequence[Thing]) -> Iterator[Sequence[Thing]]:
        """Go through the things of a phase in the pieces that are told: percents of them."""
        total = len(things)
        every = max(1, total // _TOLD_TIMES)
        self.at(phase, 0, total)
        for first in range(0, total, every):
            some = things[first : first + every]
            yield some
            self.at(phase, first + len(some), total)

    def late(self, phase: Phase, done: int = 0, total: int = 1) -> None:
        """Tell of what comes after the commit, where nothing can be broken off any more."""
        self._progress(phase, done, total)


def cancelled(left: Sequence[Path]) -> Cancelled:
    """The sentence of a cancelled import, and what of it could not be removed."""
    named = ", ".join(map(str, left))
    return Cancelled(f"It left the backup {named}, which can be deleted." if left else "")
