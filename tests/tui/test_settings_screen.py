"""The settings screen by its keys: what it shows, who changed it meanwhile, and leaving it."""

from __future__ import annotations

import gc
import time
import warnings
from pathlib import Path

import pytest

from store.documents import Overrides
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.deck import ACTOR, HOST, console, opened
from tests.support.settings import (
    CAPACITY,
    asked,
    cache_state,
    cells,
    focused,
    here,
    said,
    screen,
    settings,
    staged,
    table,
    value,
)
from tui.app import NodedeckApp
from tui.editing.leaving import LeaveScreen
from tui.session import Session
from tui.widgets.table import Table


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return cache_state(tmp_path / "host")


async def test_the_past_has_no_settings_to_edit(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("t", "6")
        await driver.until(lambda: said(driver, "Nothing is written in the past"), "the sentence")
        assert driver.app.screen is driver.deck


# leaving


async def test_leaving_with_staged_edits_asks(places: Locations) -> None:
    async with settings(places) as driver:
        await staged(driver, CAPACITY, "1024")
        await driver.press("escape")
        assert isinstance(driver.app.screen, LeaveScreen)
        assert focused(driver) == "stay"
        # the key that asked is the safe answer, however often it comes
        await driver.press(*["escape"] * 9)
        assert here(driver)
        assert screen(driver).staged == 1
        await driver.press("escape", "tab", "enter")
        assert driver.app.screen_stack == [driver.deck]
    assert value(places, CAPACITY) == 768


async def test_quitting_with_staged_edits_asks(places: Locations) -> None:
    async with settings(places) as driver:
        await staged(driver, CAPACITY, "1024")
        for key in ("q", "ctrl+c"):
            await driver.press(key, key)
            assert isinstance(driver.app.screen, LeaveScreen)
            assert focused(driver) == "stay"
            assert not driver.app._exit
            await driver.press("enter")
            assert here(driver)
        await driver.press("q", "tab", "enter")
        assert driver.app._exit


# looking


async def test_changes_of_others_come_by_themselves(places: Locations) -> None:
    async with settings(places) as driver:
        await staged(driver, CAPACITY, "1024")
        foreign.write(
            places.database,
            "UPDATE settings SET value_json='640' WHERE key='capacity_mb'",
            "INSERT INTO settings(service, key, type, value_json)"
            " VALUES('cache', 'new', 'string', '\"here\"')",
        )
        await driver.until(lambda: cells(driver, CAPACITY)[0] == "!", "the mark")
        assert cells(driver, "cache.new")[2] == "here"
        assert screen(driver).staged == 1
        table(driver).move_to(CAPACITY)
        await driver.until_shown("moved on: it was 768 and is 640")


async def test_a_reading_that_another_one_overtakes_is_let_go(places: Locations) -> None:
    """Two commits at once: the first reading is cancelled before it began."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        async with settings(places) as driver:
            screen(driver)._look_again()
            screen(driver)._look_again()
        del driver
        gc.collect()
    assert [str(one.message) for one in said] == []


async def test_services_narrow_and_the_toggle_widens(places: Locations) -> None:
    with ConfigManager.open(places, actor="setup") as manager:
        manager.load_schema(
            {
                "type": "object",
                "properties": {
                    "a": {"type": "integer", "default": 1},
                    "b": {"type": "integer", "default": 2, "complexity": "advanced"},
                },
            },
            service="tuning",
        )
    async with settings(places) as driver:
        services = screen(driver).query_one("#services Table", Table)
        await driver.press("shift+tab")
        assert services.has_focus
        services.move_to("service tuning")
        await driver.until(lambda: [row.key for row in table(driver).rows] == ["tuning.a"], "it")
        await driver.press("v")
        assert [row.key for row in table(driver).rows] == ["tuning.a", "tuning.b"]
        assert cells(driver, "tuning.b")[1] == "b"
        await driver.press("enter")
        assert table(driver).has_focus


async def test_the_filter_looks_at_descriptions_too(places: Locations) -> None:
    async with settings(places, size=(80, 24)) as driver:
        await driver.press("slash", *"memory")
        await driver.until(lambda: [row.key for row in table(driver).rows] == [CAPACITY], "one row")
        await driver.press("enter", "escape")
        assert len(table(driver).rows) > 50
        assert here(driver)


async def test_what_lies_over_a_value_is_told(places: Locations) -> None:
    over = Overrides(flags={("cache", "capacity_mb"): "99"})
    app = NodedeckApp(Session(places, ACTOR, overrides=over), host=HOST)
    async with opened(app) as driver:
        await driver.press("6")
        await driver.until(lambda: table(driver).rows, "the settings")
        assert cells(driver, CAPACITY)[2:4] == ["99", "flag"]
        table(driver).move_to(CAPACITY)
        await driver.until_shown("--override lays it over")


HOSTILE = "[bold]x[/] [@click=app.quit]go[/] \x1b[31m \u202e Q[/]Z"


async def test_hostile_data_is_no_markup(places: Locations) -> None:
    with ConfigManager.open(places, actor="setup") as manager:
        manager.load_schema(
            {
                "type": "object",
                "properties": {
                    "k": {
                        "type": "string",
                        "description": HOSTILE,
                        "help": HOSTILE,
                        "default": HOSTILE,
                    }
                },
            },
            service="hostile[/]",
        )
        manager.set_settings("hostile[/]", {"k": HOSTILE})
        manager.save_profile("hostile[/]", HOSTILE)
        manager.set_settings("hostile[/]", {"k": "other [/]"})
        manager.set_flag(HOSTILE, HOSTILE.split(), description=HOSTILE)
    path = '"hostile[/]".k'
    async with settings(places) as driver:
        services = screen(driver).query_one("#services Table", Table)
        services.move_to("service hostile[/]")
        await driver.until_shown("[@click=app.quit]go[/]", "Q[/]Z")
        await staged(driver, path, "y [/z")
        await driver.press("ctrl+s")
        await asked(driver)
        await driver.until_shown("y [/z", "other [/]")
        await driver.press("escape", "P")
        await driver.until_shown("Would change 1", "[bold]x[/]")
        await driver.press("enter")
        await asked(driver)
        await driver.until_shown("Apply profile [bold]x[/]")
        await driver.press("escape", "tab", "tab", "e")
        await driver.until_shown("Edit flags.", "Q[/]Z")
        assert "\x1b" not in driver.screen()
        assert "\u202e" not in driver.screen()


# size


async def test_two_thousand_settings_answer_at_once(places: Locations) -> None:
    with ConfigManager.open(places, actor="setup") as manager:
        many = {f"group{at % 20}.key_{at:04}": at for at in range(2_000)}
        manager.set_settings("large", many, create=True)
    async with settings(places) as driver:
        await driver.until(lambda: len(table(driver).rows) > 2_000, "all of them")
        took = []
        for key in ("down", "pagedown", "G", "v", "slash", "k", "e", "y"):
            began = time.perf_counter()
            await driver.pilot.press(key)
            took.append(time.perf_counter() - began)
        # a press waits for the screen to rest, and other tests run beside this one
        assert sorted(took)[len(took) // 2] < 0.5, took
