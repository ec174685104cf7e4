"""A terminal made small and large again: nobody loses the place where they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.locations import Locations
from tests.support import foreign
from tests.support.deck import Driver, console, demo_state, opened
from tui.screens.deck import LEAST
from tui.widgets.table import Table

LARGE, SMALL = (120, 40), (60, 20)


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    found = demo_state(tmp_path)
    models = "{" + ",".join(f'"m{number:02}":{{"args":[]}}' for number in range(40)) + "}"
    nodes = (foreign.node(f"n{number:02}", models=models) for number in range(60))
    foreign.write(found.database, *nodes)
    return found


def place(table: Table) -> tuple[object, ...]:
    return (table.cursor_key, table.cursor_column, table.has_focus)


def visible(driver: Driver, table: Table) -> bool:
    """Whether the row under the cursor is on the screen."""
    line = table.cursor_row - table.scroll_offset.y + 1
    return 0 < line < table.size.height + 1


async def there_and_back(driver: Driver) -> None:
    for size in (SMALL, (40, 10), LARGE):
        await driver.pilot.resize_terminal(*size)
        await driver.settle()


@pytest.mark.parametrize("zoomed", [False, True])
async def test_the_deck_keeps_cursor_focus_scroll_and_zoom(places: Locations, zoomed: bool) -> None:
    async with opened(console(places), size=LARGE) as driver:
        await driver.press("5", *["j"] * 20, "3", *["j"] * 45, "l", "l", *(["z"] if zoomed else []))
        await driver.settle()
        tables = {name: driver.deck.pane(name).table for name in ("nodes", "audit")}
        before = {name: place(table) for name, table in tables.items()}
        screen = driver.screen()
        assert before["nodes"][1:] == ("host", True)
        await driver.pilot.resize_terminal(*SMALL)
        await driver.settle()
        assert visible(driver, tables["nodes"])
        assert driver.deck.active == "nodes"
        await there_and_back(driver)
        assert {name: place(table) for name, table in tables.items()} == before
        assert all(visible(driver, table) for table in tables.values() if table.region.area)
        assert driver.screen().split("\n")[0][:30] == screen.split("\n")[0][:30]
        assert driver.deck.single is zoomed


async def test_a_detail_keeps_its_place(places: Locations) -> None:
    async with opened(console(places), size=LARGE) as driver:
        await driver.press("3", "G", "enter")
        await driver.until_shown("m00")
        await driver.press("tab", *["j"] * 30)
        table = driver.app.screen.query_one("#models Table", Table)
        before = place(table)
        assert before == ("m30", "model", True)
        await driver.pilot.resize_terminal(*SMALL)
        await driver.settle()
        assert visible(driver, table)
        assert "m30" in driver.screen()
        await there_and_back(driver)
        assert place(table) == before
        assert "m30" in driver.screen()
        await driver.press("escape")
        assert driver.deck.pane("nodes").table.cursor_key == "nodes.n59"


async def test_everything_of_a_node_is_reachable_in_a_small_terminal(places: Locations) -> None:
    async with opened(console(places), size=SMALL) as driver:
        await driver.press("3", "g", "enter")
        await driver.until_shown("nodes.dk03-a")
        seen = ""
        for _ in range(4):
            for _ in range(12):
                seen += driver.screen()
                await driver.press("j")
            await driver.press("tab")
        for text in ("host", "is_enabled", "Qwen3-235B", "NVIDIA", "added"):
            assert text in seen


async def test_a_terminal_too_small_for_a_pane_says_so_and_nothing_breaks(tmp_path: Path) -> None:
    async with opened(console(demo_state(tmp_path)), size=LARGE) as driver:
        await driver.press("3", "j")
        table = driver.deck.pane("nodes").table
        here = place(table)
        for size in ((39, 40), (120, 9), (1, 1), (20, 5)):
            await driver.pilot.resize_terminal(*size)
            await driver.until(
                lambda: driver.screen().startswith("nodedeck needs"[: driver.app.size.width]),
                "the sentence",
            )
        for keys in ("f", "H", "enter", "question_mark", "ctrl+p", "slash"):
            await driver.press(keys, "escape")
        await driver.pilot.resize_terminal(*LEAST)
        await driver.until_shown("dk03-b.rack7")
        assert place(table) == here
        await driver.press("slash", "d")
        await driver.until_shown("/ d", "3 of 3")
