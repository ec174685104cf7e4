"""What the chain pane and the lines above it say, at every size."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.locations import Locations
from store.manager import ConfigManager
from store.models import EpochSeed, UpgradePlan
from tests.store.test_blocks import log_heights, steady
from tests.support.clock import FixedClock
from tests.support.deck import console, empty_state, opened
from tui.widgets import block_plot

HOUR = timedelta(hours=1)


@pytest.fixture
def places(tmp_path: Path, clock: FixedClock) -> Locations:
    """An hour of blocks every five seconds, and an upgrade in ten hours."""
    places = empty_state(tmp_path)
    log_heights(places.database, steady(5.0, since=clock.now - HOUR, until=clock.now))
    with ConfigManager.open(places, actor="tests", clock=clock) as manager:
        manager.set_upgrade_plan(UpgradePlan(name="v2", height=1720 + 7200))
        for epoch, kind in enumerate(("previous", "current", "upcoming"), 8):
            manager.set_seed(kind, EpochSeed(seed=epoch, epoch_index=epoch, signature="ab"))
    return places


@pytest.mark.parametrize(
    ("size", "keys", "plotted"),
    [
        ((120, 40), (), False),
        ((120, 40), ("1", "z"), True),
        ((100, 30), ("1",), True),
        ((80, 24), ("1",), True),
        ((60, 20), ("1",), False),
    ],
)
async def test_the_plot_stands_where_there_is_room_and_the_sparkline_everywhere(
    places: Locations,
    clock: FixedClock,
    size: tuple[int, int],
    keys: tuple[str, ...],
    plotted: bool,
) -> None:
    async with opened(console(places, clock=clock), size=size) as driver:
        await driver.press(*keys)
        await driver.settle()
        assert ("seconds per block, minute by minute" in driver.screen()) is plotted
        assert ("12:00" in driver.screen()) is plotted
        assert "█" * 20 + "  1 h" in driver.cells("chain")["block time"][2]
        for answer in ("1,720", "5.0 s", "v2"):
            assert answer in driver.screen()


async def test_the_plot_comes_and_goes_with_its_room(places: Locations, clock: FixedClock) -> None:
    async with opened(console(places, clock=clock)) as driver:
        await driver.press("1", "z")
        await driver.until_shown("minute by minute")
        await driver.pilot.resize_terminal(60, 20)
        await driver.until(lambda: "minute by minute" not in driver.screen(), "a small pane")
        await driver.until_shown("processed")
        await driver.pilot.resize_terminal(120, 40)
        await driver.until_shown("minute by minute", "processed")
        await driver.press("escape")
        await driver.until_shown("5 Audit")
        assert "minute by minute" not in driver.screen()


async def test_the_plot_is_drawn_once_a_minute_and_not_once_a_block(
    places: Locations, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(console(places, clock=clock)) as driver:
        await driver.press("1", "z")
        await driver.until_shown("minute by minute")
        plot = driver.deck.query_one(block_plot.BlockPlot)
        drawn: list[float] = []
        draw = plot._draw

        def counting(since: datetime, top: float) -> None:
            drawn.append(top)
            draw(since, top)

        monkeypatch.setattr(plot, "_draw", counting)
        log_heights(places.database, [(clock.now + timedelta(seconds=5), 1721)])
        await driver.until_shown("1,721")
        assert drawn == []
        clock.advance(60)
        log_heights(places.database, [(clock.now, 1732)])
        await driver.until_shown("1,732")
        await driver.until(lambda: drawn, "another minute in the plot")


async def test_a_database_without_blocks_says_what_a_plot_needs(
    tmp_path: Path, clock: FixedClock
) -> None:
    places = empty_state(tmp_path)
    log_heights(places.database, [(clock.now - timedelta(seconds=5), 7)])
    async with opened(console(places, clock=clock)) as driver:
        await driver.press("1", "z")
        await driver.until_shown("No block times yet", "learned from two blocks")


async def test_a_young_log_shows_its_last_blocks(tmp_path: Path, clock: FixedClock) -> None:
    places = empty_state(tmp_path)
    since = clock.now - timedelta(seconds=25)
    log_heights(places.database, steady(5.0, since=since, until=clock.now))
    async with opened(console(places, clock=clock)) as driver:
        assert driver.cells("chain")["block time"][2] == "█████  last 5"


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "TZ", "Europe/Berlin")
    time.tzset()


async def test_the_arrival_of_an_upgrade_is_told_in_utc(
    places: Locations, clock: FixedClock
) -> None:
    async with opened(console(places, clock=clock)) as driver:
        assert driver.cells("chain")["upgrade_plan.expected"][2] == "≈ Sat 22:00 UTC ± 1 m"
        assert "upgrade_plan.expected_utc" not in driver.cells("chain")


@pytest.mark.usefixtures("berlin")
async def test_the_arrival_of_an_upgrade_is_told_on_the_readers_clock_too(
    places: Locations, clock: FixedClock
) -> None:
    async with opened(console(places, clock=clock)) as driver:
        assert driver.cells("chain")["upgrade_plan.expected"][2] == "≈ Sat 23:00 ± 1 m"
        assert driver.cells("chain")["upgrade_plan.expected_utc"][2] == "  Sat 22:00 UTC"


async def test_an_epoch_whose_turn_was_not_seen_has_no_progress(
    places: Locations, clock: FixedClock
) -> None:
    async with opened(console(places, clock=clock)) as driver:
        assert driver.cells("chain")["current_seed.epoch_index"][2] == "it began before the log"


async def test_an_epoch_tells_its_part_the_time_left_and_where_its_length_is_from(
    places: Locations, clock: FixedClock
) -> None:
    with ConfigManager.open(places, actor="tests", clock=clock) as manager:
        manager.set_seed("current", EpochSeed(seed=5, epoch_index=10, signature="ab"))
    log_heights(places.database, [(clock.now, 1720 + 1539)])
    async with opened(console(places, clock=clock)) as driver:
        note = driver.cells("chain")["current_seed.epoch_index"][2]
        assert note.startswith("█░░░░░░ 10 % ≈ 19 h")
        assert "settings" not in note
        await driver.press("1", "z")
        await driver.until_shown("of 15,391 blocks, from the settings")


@pytest.mark.parametrize("width", [60, 80, 100])
async def test_the_short_lines_carry_the_chain_and_the_three_seeds_uncut(
    places: Locations, clock: FixedClock, width: int
) -> None:
    async with opened(console(places, clock=clock), size=(width, 24)) as driver:
        seeds, chain = driver.screen().splitlines()[1:3]
        for part in ("1,720", "epoch 9", "·8 ·9 ·10", "0/0"):
            assert part in seeds
        for part in ("5.0 s/block", "v2", "in 7,200", "≈ Sat 22:00"):
            assert part in chain
        assert "…" not in seeds + chain


async def test_a_resize_there_and_back_loses_nothing(places: Locations, clock: FixedClock) -> None:
    async with opened(console(places, clock=clock)) as driver:
        await driver.settle()
        before = driver.screen()
        for size in ((60, 20), (120, 40)):
            await driver.pilot.resize_terminal(*size)
            await driver.settle()
        assert driver.screen() == before


def test_the_window_stays_for_five_minutes() -> None:
    noon = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
    starts = {block_plot.window(noon + timedelta(seconds=20 * n)) for n in range(15)}
    assert starts == {noon - HOUR}
    assert block_plot.window(noon + timedelta(minutes=5)) == noon - timedelta(minutes=55)


def test_the_axis_and_the_caption_of_a_plot() -> None:
    since = datetime(2025, 3, 1, 11, 5, tzinfo=UTC)
    assert block_plot.quarters(since) == [10, 25, 40, 55]
    assert block_plot.top_of(5.6) == 10
    assert block_plot.top_of(9999) == 9999
    assert block_plot.runs([1.0, None, 2.0, 3.0]) == [([0.5], [1.0]), ([2.5, 3.5], [2.0, 3.0])]
    assert block_plot.caption(since, [None]).strip() == "seconds per block, minute by minute"
    assert "longest 4 m at 11:06" in block_plot.caption(since, [5.0, 240.0])
