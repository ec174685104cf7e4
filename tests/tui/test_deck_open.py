"""What needs action on the first screen, and all there is behind a row."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.deck import ACTOR, HOST, Driver, console, demo_state, opened, told_state
from tui.app import NodedeckApp
from tui.preferences import Preferences
from tui.session import Session
from tui.widgets.findings_strip import FindingsStrip


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


async def settled_strip(driver: Driver) -> FindingsStrip:
    await driver.settle()
    return driver.deck.query_one(FindingsStrip)


async def test_a_healthy_node_takes_no_line_for_findings(tmp_path: Path) -> None:
    clock = FixedClock()
    async with opened(console(told_state(tmp_path, clock.now), clock=clock)) as driver:
        strip = await settled_strip(driver)
        assert not strip.display
        await driver.press("f")
        await driver.until_shown("Node dk03-c is disabled")


async def test_what_another_program_breaks_is_on_the_first_screen(places: Locations) -> None:
    async with opened(console(places), size=(80, 24)) as driver:
        await driver.settle()
        foreign.write(places.database, "UPDATE seed_info SET is_active=0 WHERE type='current'")
        await driver.until_shown("1 critical", "The current seed is missing.")
        await driver.press("9")
        await driver.until_shown("Restart: not now.", "nodedeck history")


async def test_a_height_that_stands_still_is_told_without_a_commit(tmp_path: Path) -> None:
    clock = FixedClock()
    async with opened(console(told_state(tmp_path, clock.now), clock=clock)) as driver:
        strip = await settled_strip(driver)
        clock.advance(90)
        strip.retell()
        await driver.until_shown("The height does not move")


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        (("1",), ("current_height", "History")),
        (("1", "down", "down"), ("current_height", "History")),
        (("2", "down"), ("current_seed", "signature", "claimed")),
        (("3",), ("nodes.dk03-a", "max_concurrent", "import of api-config.yaml")),
        (("4", "down"), ("bandwidth_params", "History")),
    ],
)
async def test_enter_opens_all_there_is_to_a_row(
    places: Locations, keys: tuple[str, ...], shown: tuple[str, ...]
) -> None:
    async with opened(console(places)) as driver:
        await driver.settle()
        await driver.press(*keys)
        table = driver.deck.pane(driver.deck.active).table
        place = table.cursor_key
        await driver.press("enter")
        await driver.until_shown(*shown)
        await driver.press("escape")
        assert driver.app.screen_stack == [driver.deck]
        assert (table.cursor_key, table.has_focus) == (place, True)


async def test_a_change_opens_as_before_and_after(places: Locations) -> None:
    with ConfigManager.open(places, actor=ACTOR) as manager:
        manager.set_value("nodes.dk03-a.max_concurrent", "77", reason="memory errors")
    async with opened(console(places)) as driver:
        await driver.settle()
        await driver.press("5", "G", "g", "enter")
        await driver.until_shown("nodes.dk03-a", "480", "77", "memory errors", ACTOR)


async def test_a_secret_is_masked_behind_its_row_too(places: Locations) -> None:
    foreign.write(
        places.database,
        "INSERT INTO chain_state(key,value) VALUES('apiToken','hunter2hunter2')",
    )
    async with opened(console(places)) as driver:
        await driver.settle()
        await driver.press("1", "G", "enter")
        await driver.until_shown("chain_state.apiToken", "********")
        assert "hunter2" not in driver.screen()


async def test_keys_and_colours_of_ones_own_count(places: Locations) -> None:
    chosen = Preferences("nodedeck-light", keys={"zoom": "x"}, faults=("deck.toml: no 'y'.",))
    app = NodedeckApp(Session(places, ACTOR), host=HOST, chosen=chosen)
    async with opened(app) as driver:
        await driver.until_shown("deck.toml: no 'y'.")
        assert app.theme == "nodedeck-light"
        await driver.press("x")
        assert driver.deck.single
