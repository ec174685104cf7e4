"""The time that a deck shows: the host's, or the moment at which it was paused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime


class HeldClock:
    """A clock that can be stopped, so that every age on the screen stands still with it."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._held: datetime | None = None

    def __call__(self) -> datetime:
        """The time to show."""
        return self._held or self._clock()

    def hold(self) -> None:
        """Stop."""
        self._held = self._clock()

    def release(self) -> None:
        """Show the time that it is."""
        self._held = None
