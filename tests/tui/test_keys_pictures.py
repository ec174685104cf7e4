"""What filter, sort and pause look like; time, host and data stand still."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from store.locations import Locations
from tests.support.clock import FixedClock
from tests.support.deck import Driver, console, told_state
from tests.tui.test_audit_filter import spelled
from tests.tui.test_deck_pictures import Compare, pressed
from tui.app import NodedeckApp


@pytest.fixture
def places(tmp_path: Path, clock: FixedClock) -> Locations:
    return told_state(tmp_path, clock.now)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_filtered_sorted_and_paused(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int]
) -> None:
    app = console(places, clock=clock)
    keys = pressed("3", "p", "right", "s", "s", "slash", *"dk03", "enter")
    assert snap_compare(app, terminal_size=size, run_before=keys)


@pytest.mark.parametrize(
    ("text", "shown"), [("dk03-c reboot", "1 found"), ("since:rubbish", "is no time")]
)
def test_filtered_log(
    snap_compare: Compare, places: Locations, clock: FixedClock, text: str, shown: str
) -> None:
    async def typed(pilot: Pilot[int]) -> None:
        assert isinstance(pilot.app, NodedeckApp)
        driver = Driver(pilot.app, pilot)
        await driver.settle()
        await driver.press("5", "slash", *spelled(text))
        await driver.until_shown(shown)
        await driver.settle()

    app = console(places, clock=clock)
    assert snap_compare(app, terminal_size=(80, 24), run_before=typed)
