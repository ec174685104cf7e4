"""The console beside a program that commits two hundred times a second.

What a busy machine makes slow is not judged by the clock alone: reads are counted against the
time they had, keys against the same keys on the quiet console, and what piles up would show in
queues, objects and the distance to the writer.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sqlite3
import statistics
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from store.locations import Locations
from store.manager import ConfigManager
from tests.support.deck import PATIENCE_SECONDS, Driver, console, demo_state, opened
from tests.support.writer import FIRST_HEIGHT, writer
from tui.picture import Picture, Reader

RATE = 200
READS_PER_SECOND = 30
KEY_SECONDS = 0.1
SLOWER_THAN_QUIET = 8
OBJECTS = 10_000
PICTURES = 5
RESIDENT_BYTES = 12_000_000
_BETWEEN_KEYS = 0.02


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


@dataclass
class Half:
    """What was seen in one half of the load."""

    keys: list[float] = field(default_factory=list)
    behind: list[int] = field(default_factory=list)
    pictures: int = 0
    objects: int = 0
    resident: int = 0

    def end(self) -> None:
        """Count what is there at its end."""
        gc.collect()
        alive = gc.get_objects()
        self.objects = len(alive)
        self.pictures = sum(type(one) is Picture for one in alive)
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        self.resident = pages * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moments of the reads for the screen."""
    moments: list[float] = []
    read = Reader.__call__

    def counting(self: Reader, manager: ConfigManager) -> Picture | None:
        moments.append(time.monotonic())
        return read(self, manager)

    monkeypatch.setattr(Reader, "__call__", counting)
    return moments


@pytest.mark.parametrize(
    "seconds", [5, pytest.param(30, marks=[pytest.mark.soak])], ids=["short", "long"]
)
async def test_keys_are_answered_and_nothing_piles_up(
    places: Locations, reads: list[float], seconds: int
) -> None:
    async with opened(console(places)) as driver:
        await driver.press("2")
        quiet = statistics.median([await key_seconds(driver) for _ in range(20)])
        halves = (Half(), Half())
        with writer(places.database, rate=RATE, seconds=seconds + 1) as other:
            other.start()
            await driver.until(lambda: shown(driver) >= FIRST_HEIGHT, "the first of its heights")
            began, reads_before = time.monotonic(), len(reads)
            with closing(sqlite3.connect(places.database)) as db:
                for half, until in zip(halves, (seconds / 2, seconds), strict=True):
                    while time.monotonic() - began < until and other.writing:
                        half.keys.append(await key_seconds(driver))
                        half.behind.append(written(db) - shown(driver))
                    half.end()
            count = other.written()
            last = f"{FIRST_HEIGHT + count - 1:,}"
            await driver.until_shown(last)
            passed = time.monotonic() - began
        app = driver.app
        assert count > RATE * seconds / 2, "the writer was not fast enough to be a load"
        assert len(reads) - reads_before <= READS_PER_SECOND * passed + READS_PER_SECOND
        await driver.until(app._store._jobs.empty, "an empty queue")
        first, second = halves
        assert statistics.median(second.keys) < max(KEY_SECONDS, SLOWER_THAN_QUIET * quiet)
        # as far behind as at first: what lags by a growing amount would be seconds behind
        assert statistics.median(second.behind) <= statistics.median(first.behind) + RATE
        assert second.pictures <= PICTURES
        assert second.objects - first.objects < OBJECTS
        assert second.resident - first.resident < RESIDENT_BYTES
        assert driver.cells("audit")["current_height"][2].endswith(last)


async def key_seconds(driver: Driver) -> float:
    """Seconds from a key to the cursor on another row; the keys go down and up in turn."""
    table = driver.deck.pane("seeds").table
    before, began = table.cursor_row, time.perf_counter()
    driver.app.simulate_key("up" if before else "down")
    async with asyncio.timeout(PATIENCE_SECONDS):
        while table.cursor_row == before:
            await asyncio.sleep(0)
    taken = time.perf_counter() - began
    await driver.pilot.pause(_BETWEEN_KEYS)
    return taken


def written(db: sqlite3.Connection) -> int:
    """The height that the writer has come to."""
    (text,) = db.execute("SELECT value FROM chain_state WHERE key='current_height'").fetchone()
    return int(text)


def shown(driver: Driver) -> int:
    """The height that the deck has come to."""
    picture = driver.deck.picture
    assert picture is not None
    return picture.snapshot.chain.current_height or 0
