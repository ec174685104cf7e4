"""From another program's commit to the bytes on the terminal, beside the least that is possible.

Run it with ``python -m bench.latency``. A real deck runs in a pseudo-terminal of 120×40 over the
demo's state; a connection of another process's kind commits a new height every so often, and the
time is taken until the deck has written that height. The floor is a bare program in a
pseudo-terminal of its own that polls ``data_version`` and prints, measured in the same run.
"""

from __future__ import annotations

import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Result, report
from bench.parts import by_part, regions
from tests.support.deck import demo_state
from tests.support.terminal import Terminal, nodedeck, terminal

COMMITS = 120
IDLE_SECONDS = 10.0
PAUSE_SECONDS = (0.1, 0.2)
FIRST = 3_000_000
_PUT = "UPDATE chain_state SET value=? WHERE key='current_height'"

_FLOOR = """
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
seen = None
while True:
    version = db.execute("PRAGMA data_version").fetchone()[0]
    if version != seen:
        seen = version
        (text,) = db.execute("SELECT value FROM chain_state WHERE key='current_height'").fetchone()
        print(f"{int(text):,}", flush=True)
    time.sleep(0.005)
"""


def idle(screen: Terminal) -> tuple[float, float]:
    """Bytes per second that nobody asked for, and the part of one core that they cost."""
    used, written, end = cpu_seconds(screen), 0, time.monotonic() + IDLE_SECONDS
    while (left := end - time.monotonic()) > 0:
        written += len(screen.read(left))
    return written / IDLE_SECONDS, (cpu_seconds(screen) - used) / IDLE_SECONDS


def cpu_seconds(screen: Terminal) -> float:
    """Processor time that the program has used; Linux counts it in ticks."""
    fields = Path(f"/proc/{screen.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def latencies(screen: Terminal, database: Path) -> tuple[list[float], bytes]:
    """Seconds from each commit to its height on the terminal, and all that was written."""
    rng = random.Random(1)  # noqa: S311 - only so that commits do not fall into step with a timer
    found: list[float] = []
    with closing(sqlite3.connect(database, isolation_level=None)) as db:
        before = len(screen.output)
        for height in range(FIRST, FIRST + COMMITS):
            rest(screen, rng.uniform(*PAUSE_SECONDS))
            db.execute(_PUT, (str(height),))
            committed = time.perf_counter()
            screen.until_text(f"{height:,}")
            found.append(time.perf_counter() - committed)
        rest(screen, 1.5)  # what a height leaves to be put back, such as a flash that ends
        return found, bytes(screen.output[before:])


def rest(screen: Terminal, seconds: float) -> None:
    """Take what comes for a while."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        screen.read(left)


@dataclass(frozen=True)
class Figures:
    """What one program took: seconds, bytes a second, parts of a core, and its output."""

    median: float
    p99: float
    idle_bytes: float
    idle_cpu: float
    output: bytes

    @property
    def each(self) -> float:
        """Bytes per height."""
        return len(self.output) / COMMITS


def measured(name: str, command: Sequence[str], database: Path, first: str) -> Figures:
    """Measure one program and print its line."""
    with terminal(command) as screen:
        screen.until_text(first)
        rest(screen, 2.0)
        quiet, cpu = idle(screen)
        found, output = latencies(screen, database)
    worst = sorted(found)[round(len(found) * 0.99) - 1]
    figures = Figures(statistics.median(found), worst, quiet, cpu, output)
    print(
        f"{name:<10} p50 {figures.median * 1000:6.1f} ms   p99 {worst * 1000:6.1f} ms"
        f"   idle {quiet:6.0f} B/s {cpu:6.2%} of a core   {figures.each:6.0f} B per height"
    )
    return figures


def main() -> None:
    """Measure the floor and the deck, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        places = demo_state(Path(name))
        database = places.database
        floor = measured(
            "floor", [sys.executable, "-c", _FLOOR, str(database)], database, "2,415,377"
        )
        with closing(sqlite3.connect(database, isolation_level=None)) as db:
            db.execute(_PUT, ("2415377",))
        deck = measured("nodedeck", nodedeck(database), database, "2,415,377")
        where = regions(places, (120, 40))
    for part, count in by_part(deck.output, where).most_common():
        print(f"  {part:<20}{count / COMMITS:8.1f} B per height")
    print(f"nodedeck is {deck.median / floor.median:.1f} times the floor, median to median")
    results = [
        Result("a commit on screen, 99th percentile", _ms(deck.p99), "< 100 ms", deck.p99 < 0.1),
        Result("a new height", f"{deck.each:.0f} B", "< 600 B", deck.each < 600),
        Result("idle", f"{deck.idle_bytes:.0f} B/s", "< 150 B/s", deck.idle_bytes < 150),
        Result("idle, of a core", f"{deck.idle_cpu:.2%}", "< 1 %", deck.idle_cpu < 0.01),
    ]
    sys.exit(not report("", {}, results))


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


if __name__ == "__main__":
    main()
