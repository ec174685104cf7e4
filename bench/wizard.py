"""Whether the import wizard answers while it works: ``python -m bench.wizard``.

The real console, headless, is driven by keys through all six steps with a file of ten thousand
nodes. A ticker on its event loop wants to run every 5 ms: how much later it came is for how long no
key would have been answered. What the process itself computed in that time, in whatever thread, is
its own part of the wait; the rest is what other programs on the machine took.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.importing import NODES, large
from bench.measure import Result, report
from store.locations import Locations
from tests.support import deck
from tests.support.wizard import CHECK, DONE, REVIEW, SORT_OUT, Wizard, left_alone, wizard

TICK = 0.005
LIMIT = 0.1
PATIENCE_SECONDS = 120.0
_LEAVES = 5 * NODES
_GROUP = "group:0:inference_nodes"


@dataclass
class Wait:
    """One time in which the event loop did not run: seconds, and those that were its own."""

    at: str
    late: float
    own: float


@dataclass
class Log:
    """What was waited for, by what was being done; ``answers`` are seconds from key to deed."""

    now: str = "open"
    waits: list[Wait] = field(default_factory=list)
    answers: dict[str, float] = field(default_factory=dict)

    async def tick(self) -> None:
        """Note how much later than it should each tick comes."""
        while True:
            began, used = time.perf_counter(), time.process_time()
            await asyncio.sleep(TICK)
            late = time.perf_counter() - began - TICK
            self.waits.append(Wait(self.now, late, min(late, time.process_time() - used)))

    async def answered(self, name: str, done: Awaitable[object]) -> None:
        """Do something under a name, and note how long it took."""
        self.now, began = name, time.perf_counter()
        await done
        self.answers[name] = time.perf_counter() - began


@asynccontextmanager
async def _watched(log: Log) -> AsyncIterator[None]:
    ticker = asyncio.create_task(log.tick())
    try:
        yield
    finally:
        ticker.cancel()


async def walk(at: Locations, log: Log) -> None:
    """Go through the six steps, with much to and fro in the tree."""
    async with wizard(at) as driver, _watched(log):

        async def press(name: str, key: str, until: Callable[[], object]) -> None:
            driver.app.simulate_key(key)
            await log.answered(name, _until(until))

        async def to(name: str, step: int, key: str) -> None:
            await press(name, key, lambda: driver.step() == step)

        await to("choose, read and plan", SORT_OUT, "enter")
        await _tree(driver, press)
        await to("check", CHECK, "ctrl+s")
        await to("back to the tree", SORT_OUT, "escape")
        await to("check again", CHECK, "ctrl+s")
        await to("review", REVIEW, "ctrl+s")
        await driver.until(lambda: "Working out" not in driver.screen(), "the cut")
        driver.focus("#rewrite")
        await driver.press("space")
        driver.focus("#apply")
        await to("run", DONE, "enter")
        log.now = "done"
        nodes = driver.deck.pane("nodes").table
        await driver.until(lambda: len(nodes.rows) == NODES, "the nodes on the deck")
        await press("leave", "escape", lambda: driver.app.screen is driver.deck)


Press = Callable[[str, str, Callable[[], object]], Awaitable[None]]


async def _tree(driver: Wizard, press: Press) -> None:
    table = driver.table
    table.move_to(_GROUP)
    await press("unfold", "enter", lambda: len(table.rows) > _LEAVES)
    for key in ("G", "g", "ctrl+d", "pagedown", "down"):
        await press(f"key {key}", key, _changes(lambda: table.cursor_row))
    await press("open the filter", "slash", lambda: driver.focused != "plan")
    for number in range(1, 4):
        await press(f"letter {number} of a filter", "9", _changes(lambda: len(table.rows)))
    await press("keep the filter", "enter", lambda: driver.focused == "plan")
    await press("next match", "n", _changes(lambda: table.cursor_row))
    await press("clear the filter", "escape", lambda: len(table.rows) > _LEAVES)
    table.move_to("0:nodes.node500.host")
    leaf = "who wins at a leaf, planned again"
    await press(leaf, "w", _changes(lambda: id(driver.draft.plan)))


def _changes(figure: Callable[[], int]) -> Callable[[], bool]:
    """Whether a figure is another than it is now."""
    before = figure()
    return lambda: figure() != before


async def _until(condition: Callable[[], object]) -> None:
    """Wait until something is so, looking every few milliseconds."""
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the wizard did not answer")
        await asyncio.sleep(TICK)


def main() -> int:
    """Measure, print, and answer 1 where a key had to wait."""
    deck.PATIENCE_SECONDS = PATIENCE_SECONDS
    log = Log()
    with tempfile.TemporaryDirectory() as folder:
        file = large(Path(folder))
        left_alone(Path(folder))
        asyncio.run(walk(Locations(file, file.with_name("state.db")), log))
    late = max(log.waits, key=lambda wait: wait.late)
    lines = []
    for at in dict.fromkeys(wait.at for wait in log.waits):
        own = max(wait.own for wait in log.waits if wait.at == at)
        lines.append(Result(f"own part of a wait: {at}", _ms(own), "under 100 ms", own < LIMIT))
    whole = Result(
        f"the longest wait, with what other programs took: {late.at}",
        _ms(late.late),
        "under 100 ms",
        late.late < LIMIT,
    )
    title = f"{NODES:,} nodes in the wizard, from key to deed"
    return 0 if report(title, log.answers, [*lines, whole]) else 1


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms"


if __name__ == "__main__":
    sys.exit(main())
