"""The handover on the screen: read, chosen, copied, and never taken for markup."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.deck import Driver, console, opened
from tests.support.hostile import each_hostile
from tests.support.shift import lived
from tests.tui.test_deck_hostile import links
from tui.app import NodedeckApp
from tui.screens.handover import HandoverScreen


@pytest.fixture
def places(
    manager: ConfigManager, locations: Locations, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> Locations:
    """A shift that ends now; its paths are short ones, since the paper names them."""
    lived(manager, locations.database, clock.now)
    monkeypatch.chdir(locations.database.parent)
    return Locations(Path("config.yaml"), Path("state.db"))


def paper(driver: Driver) -> HandoverScreen:
    screen = driver.app.screen
    assert isinstance(screen, HandoverScreen)
    return screen


async def test_it_is_read_and_another_period_can_be_chosen(
    places: Locations, clock: FixedClock
) -> None:
    async with opened(console(places, clock=clock)) as driver:
        await driver.press("H")
        await driver.until_shown("# Handover of gx-07", "1,000 → 2,611, 1,611 blocks", "[8 h]")
        await driver.press("left")
        await driver.until_shown("[1 h]", "2,600 → 2,611, 11 blocks")
        await driver.press("h")  # there is no shorter one
        await driver.until_shown("[1 h]")
        await driver.press("right", "l")
        await driver.until_shown("[24 h]", "is unknown: the log begins with change #1")
        await driver.press("escape")
        assert driver.app.screen is driver.deck


async def test_it_is_copied_as_it_is(places: Locations, clock: FixedClock) -> None:
    async with opened(console(places, clock=clock)) as driver:
        await driver.press("H")
        await driver.until(lambda: paper(driver).text, "the paper")
        await driver.press("Y")
        assert driver.app.clipboard == paper(driver).text
        assert driver.app.clipboard.startswith("# Handover of gx-07\n")
        assert "old!" not in driver.app.clipboard
        (said,) = driver.app._notifications
        assert "OSC 52" in said.message


async def test_it_scrolls_to_its_end_and_back(places: Locations, clock: FixedClock) -> None:
    async with opened(console(places, clock=clock), size=(80, 24)) as driver:
        await driver.press("H")
        await driver.until_shown("# Handover of gx-07")
        await driver.press("G")
        await driver.until_shown("An undo that was given a reason")
        await driver.press("g")
        await driver.until_shown("# Handover of gx-07")
        await driver.press("j", "j")
        await driver.until(lambda: "# Handover of" not in driver.screen(), "a line down")


async def test_a_database_that_does_not_answer_is_said(
    places: Locations, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(console(places, clock=clock)) as driver:
        foreign.write(places.database, "DROP TABLE imports")
        await driver.press("H")
        await driver.until_shown("no such table: imports")
        await driver.press("Y")
        assert driver.app.clipboard == ""


@each_hostile
async def test_hostile_text_is_shown_literally(
    places: Locations, clock: FixedClock, text: str
) -> None:
    foreign.write(
        places.database,
        foreign.node(text, models="{}"),
        ("UPDATE audit_log SET actor=?, reason=?", (text, text)),
    )
    async with opened(console(places, clock=clock), size=(200, 60)) as driver:
        await driver.press("H")
        await driver.until(lambda: paper(driver).text, "the paper")
        await driver.pilot.pause()
        assert "What changed" in driver.screen()
        assert "\x1b" not in driver.screen()
        assert not links(driver)
        assert driver.app.failure is None


Compare = Callable[..., bool]


@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_handover(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int]
) -> None:
    async def read(pilot: Pilot[int]) -> None:
        assert isinstance(pilot.app, NodedeckApp)
        driver = Driver(pilot.app, pilot)
        await driver.settle()
        await driver.press("H")
        await driver.until(lambda: paper(driver).text, "the paper")
        await driver.settle()

    assert snap_compare(console(places, clock=clock), terminal_size=size, run_before=read)
