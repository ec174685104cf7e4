"""From another program's commit to the bytes on the terminal, beside the least that is possible.

Run it with ``python -m bench.latency``. A real deck runs in a pseudo-terminal of 120×40 over the
demo's state; a connection of another process's kind commits a new height every so often, and the
time is taken until the deck has written that height. The floor is a bare program in a
pseudo-terminal of its own that polls ``data_version`` and prints, measured in the same run.
"""

from __future__ import annotations

import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

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


def idle(screen: Terminal) -> float:
    """Bytes per second that nobody asked for."""
    written, end = 0, time.monotonic() + IDLE_SECONDS
    while (left := end - time.monotonic()) > 0:
        written += len(screen.read(left))
    return written / IDLE_SECONDS


def latencies(screen: Terminal, database: Path) -> tuple[list[float], float]:
    """Seconds from each commit to its height on the terminal, and bytes per height."""
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
        return found, (len(screen.output) - before) / COMMITS


def rest(screen: Terminal, seconds: float) -> None:
    """Take what comes for a while."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        screen.read(left)


def measured(name: str, command: Sequence[str], database: Path, first: str) -> float:
    """Measure one program, print its line, and return its median latency in seconds."""
    with terminal(command) as screen:
        screen.until_text(first)
        rest(screen, 2.0)
        quiet = idle(screen)
        found, each = latencies(screen, database)
    median, worst = statistics.median(found), sorted(found)[round(len(found) * 0.99) - 1]
    print(
        f"{name:<10} p50 {median * 1000:6.1f} ms   p99 {worst * 1000:6.1f} ms"
        f"   idle {quiet:6.0f} B/s   {each:6.0f} B per height"
    )
    return median


def main() -> None:
    """Measure the floor and the deck, one after the other."""
    with tempfile.TemporaryDirectory() as name:
        database = demo_state(Path(name)).database
        floor = measured(
            "floor", [sys.executable, "-c", _FLOOR, str(database)], database, "2,415,377"
        )
        with closing(sqlite3.connect(database, isolation_level=None)) as db:
            db.execute(_PUT, ("2415377",))
        deck = measured("nodedeck", nodedeck(database), database, "2,415,377")
    print(f"nodedeck is {deck / floor:.1f} times the floor, median to median")


if __name__ == "__main__":
    main()
