"""One line on stderr that tells how far something is, drawn over itself, and ctrl+c as a wish."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Final, Self

from store.importing.progress import Cancel, Phase

_SAYS: Final = {
    Phase.REHEARSAL: "Rehearsing on a copy",
    Phase.BACKUP: "Backing up",
    Phase.WRITE: "Writing",
    Phase.VERIFY: "Reading back",
    Phase.CUT: "Cutting the file",
}
_DRAW_SECONDS: Final = 0.1
_BAR: Final = 20
_LONGEST: Final = max(map(len, _SAYS.values()))


class ProgressLine:
    """Draws phase, count and time left on a terminal; says nothing anywhere else.

    Drawn at most ten times a second but for a phase's end, which may stand while something else is
    waited for, and wiped at the end, so that what is said next stands alone.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` is in seconds."""
        self._clock = clock
        self._on = sys.stderr is not None and sys.stderr.isatty()
        self._phase: Phase | None = None
        self._began = self._drawn = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._phase is not None:
            self._put("")

    def __call__(self, phase: Phase, done: int, total: int) -> None:
        """Take an import's progress."""
        if not self._on:
            return
        now = self._clock()
        if phase is not self._phase:
            self._phase, self._began = phase, now
        elif done < total and now - self._drawn < _DRAW_SECONDS:
            return
        self._drawn = now
        self._put(line(phase, done, total, now - self._began))

    def _put(self, text: str) -> None:
        width = shutil.get_terminal_size().columns
        # the last column stays free: a full line would wrap, and could not be drawn over
        sys.stderr.write(f"\r{text[: width - 1]}\x1b[K")
        sys.stderr.flush()


def line(phase: Phase, done: int, total: int, passed: float) -> str:
    """A phase with its bar, its count and the time left; ``passed`` seconds since it began."""
    share = done / total if total else 1.0
    filled = int(share * _BAR)
    text = f"{_SAYS[phase]:<{_LONGEST}} [{'#' * filled}{'.' * (_BAR - filled)}] {share:4.0%}"
    if total > 1:
        text += f"  {done:,} of {total:,}"
    if 0 < done < total and passed >= 1:
        text += f"  {passed / done * (total - done):.0f} s left"
    return text


@contextmanager
def cancelled_by_keys() -> Iterator[Cancel]:
    """Make the first ctrl+c a wish to stop, which is heard where it does no harm.

    The second one interrupts at once; elsewhere than in the main thread nothing is caught.
    """
    cancel = Cancel()

    def heard(_signal: int, _frame: FrameType | None) -> None:
        if cancel.asked:
            raise KeyboardInterrupt
        cancel.ask()

    if threading.current_thread() is not threading.main_thread():
        yield cancel
        return
    before = signal.signal(signal.SIGINT, heard)
    try:
        yield cancel
    finally:
        signal.signal(signal.SIGINT, before)
