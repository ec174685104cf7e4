"""What the looks at secrets look like; a picture has the mask where the value stood."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot

from store.locations import Locations
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.deck import Driver, console, told_state
from tests.support.secrets import NODE_KEY, VALUES, with_secrets
from tests.tui.test_deck_pictures import Compare
from tui.app import NodedeckApp
from tui.widgets.table import Table

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=lambda s: f"{s[0]}x{s[1]}")


@pytest.fixture
def places(tmp_path: Path, clock: FixedClock) -> Locations:
    told = with_secrets(told_state(tmp_path, clock.now), NODE_KEY)
    at = (clock.now - timedelta(minutes=3)).isoformat(timespec="milliseconds")
    foreign.write(told.database, ("UPDATE audit_log SET at=? WHERE path=?", (at, NODE_KEY)))
    return told


async def asked(pilot: Pilot[int]) -> Driver:
    """Go to the node's key and ask for it, a sentence under the field."""
    assert isinstance(pilot.app, NodedeckApp)
    driver = Driver(pilot.app, pilot)
    await driver.settle()
    await driver.press("3", "enter")
    await driver.until_shown("inference_port")
    driver.app.screen.query_one("#fields Table", Table).move_to(NODE_KEY)
    await driver.press("x", "tab", "enter")
    await driver.until_shown("needs a reason")
    return driver


@SIZES
def test_the_question(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int]
) -> None:
    async def ask(pilot: Pilot[int]) -> None:
        driver = await asked(pilot)
        await driver.settle()

    assert snap_compare(console(places, clock=clock), terminal_size=size, run_before=ask)


@SIZES
def test_the_value_is_in_no_picture(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int]
) -> None:
    async def look(pilot: Pilot[int]) -> None:
        driver = await asked(pilot)
        await driver.press(*"leak", "enter")
        await driver.until_shown(VALUES[NODE_KEY])

    assert snap_compare(console(places, clock=clock), terminal_size=size, run_before=look)
