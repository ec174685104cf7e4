"""Several threads that do one thing at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def at_once(count: int, act: Callable[[], T]) -> list[T]:
    """What so many threads have of an act, which none begins before all are there."""
    start = threading.Barrier(count)
    made: list[T] = []

    def run() -> None:
        start.wait()
        made.append(act())

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return made
