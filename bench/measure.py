"""Timing acts in turn, so that a busy machine slows all of them alike, and the printed table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Result:
    """One line of the table: a figure, what it is held against, and whether it holds."""

    what: str
    figure: str
    target: str
    met: bool


def medians(
    acts: Mapping[str, Callable[[], object]], *, rounds: int, repeats: int
) -> dict[str, float]:
    """Seconds that one call of each act takes: the median over rounds of many calls each."""
    times: dict[str, list[float]] = {name: [] for name in acts}
    for _ in range(rounds):
        for name, act in acts.items():
            start = time.perf_counter()
            for _ in range(repeats):
                act()
            times[name].append((time.perf_counter() - start) / repeats)
    return {name: statistics.median(taken) for name, taken in times.items()}


def report(title: str, seconds: Mapping[str, float], results: Sequence[Result]) -> bool:
    """Print what was measured and what it means; whether every target was met."""
    print(title)
    for name, taken in seconds.items():
        print(f"  {name:<58}{_shown(taken):>12}")
    for result in results:
        mark = "ok" if result.met else "MISSED"
        print(f"  {result.what:<58}{result.figure:>12}  {result.target:<14}{mark}")
    print()
    return all(result.met for result in results)


def _shown(seconds: float) -> str:
    return f"{seconds * 1e6:,.1f} µs" if seconds < 1e-3 else f"{seconds * 1e3:,.2f} ms"
