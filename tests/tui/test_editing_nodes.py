"""Nodes from the deck: new, copied, switched, removed; and every way to leave all as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Button

from store.errors import UnknownPath
from store.locations import Locations
from store.manager import ConfigManager
from store.models import Node
from tests.support import foreign
from tests.support.deck import ACTOR, Driver, console, demo_state, opened
from tests.tui.test_editing_form import box, fill, form, newest, save
from tests.tui.test_editing_undo import asked, said

NODE = "dk03-a"
PATH = f"nodes.{NODE}"


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


def node(places: Locations, name: str = NODE) -> Node:
    with ConfigManager.open(places, actor="tests") as manager:
        return manager.node(name)


def ids(places: Locations) -> list[str]:
    with ConfigManager.open(places, actor="tests") as manager:
        return [one.id for one in manager.nodes()]


async def home(driver: Driver) -> None:
    await driver.until(lambda: driver.app.screen is driver.deck, "the end of it")


async def test_a_new_node(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("3", "a")
        for label, text in (
            ("id", "fresh"),
            ("host", "10.1.1.1"),
            ("inference_port", "5050"),
            ("poc_port", "8080"),
            ("models", '{"Qwen": {"args": []}}'),
            ("max_concurrent", "10"),
        ):
            await fill(driver, label, text)
        await save(driver, "shift+tab", *"grown", "tab")
        await home(driver)
        await driver.until(lambda: "nodes.fresh" in driver.rows("nodes"), "the node")
    change = newest(places, "nodes.fresh")
    assert (change.action, change.actor, change.reason) == ("I", ACTOR, "grown")
    assert node(places, "fresh").host == "10.1.1.1"


async def test_what_is_missing_is_said_and_nothing_added(places: Locations) -> None:
    before = ids(places)
    async with opened(console(places)) as driver:
        await driver.press("3", "a")
        await fill(driver, "id", "fresh")
        await driver.press("ctrl+s")
        await driver.until_shown("must not be empty")
        await fill(driver, "id", NODE)
        await driver.press("ctrl+s")
        await driver.until_shown("nodes.dk03-a")
        assert form(driver)
    assert ids(places) == before


async def test_a_copy_needs_an_id_and_a_place_of_its_own(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("3", "c")
        assert box(driver, "host").text == node(places).host
        await fill(driver, "id", "twin")
        await driver.press("ctrl+s")
        await driver.until_shown("already stands at")
        await fill(driver, "host", "10.1.1.2")
        await save(driver)
        await home(driver)
    twin = node(places, "twin")
    assert twin == node(places).model_copy(update={"id": "twin", "host": "10.1.1.2"})


async def test_off_and_on(places: Locations) -> None:
    async with opened(console(places)) as driver:
        for wanted in (False, True):
            await driver.press("3", "o")
            await asked(driver)
            await driver.until_shown("Enable" if wanted else "Disable", "is_enabled")
            await driver.press("shift+tab", *"reboot", "tab", "tab", "enter")
            await home(driver)
            assert node(places).is_enabled is wanted
    change = newest(places)
    assert (change.actor, change.reason) == (ACTOR, "reboot")


async def typed(driver: Driver, text: str) -> Button:
    """Open the removal, type a text, and hand over the button."""
    await driver.press("3", "D")
    screen = await asked(driver)
    await driver.press("shift+tab", "shift+tab", *text)
    return screen.query_one("#commit", Button)


async def test_a_removal_waits_for_the_id(places: Locations) -> None:
    async with opened(console(places)) as driver:
        button = await typed(driver, "dk03-")
        assert button.disabled
        await driver.press("a")
        assert not button.disabled
        await driver.press("enter", *"sold", "enter", "tab", "enter")
        await home(driver)
        await driver.until(lambda: PATH not in driver.rows("nodes"), "the row gone")
    change = newest(places)
    assert (change.action, change.actor, change.reason) == ("D", ACTOR, "sold")


async def test_a_removal_of_what_is_not_as_it_was(places: Locations) -> None:
    async with opened(console(places)) as driver:
        button = await typed(driver, NODE)
        foreign.write(places.database, "UPDATE inference_nodes SET host='theirs' WHERE id='dk03-a'")
        button.focus()
        await driver.press("enter")
        await driver.until_shown("external writer changed")
    assert node(places).host == "theirs"


async def test_a_switch_of_what_is_gone(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("3", "o")
        await asked(driver)
        foreign.write(places.database, "DELETE FROM inference_nodes WHERE id='dk03-a'")
        await driver.press("tab", "enter")
        await driver.until_shown("There is no node")
        await driver.press("escape")
    with pytest.raises(UnknownPath):
        node(places)


async def test_it_is_for_nodes(places: Locations) -> None:
    async with opened(console(places)) as driver:
        for key in "coD":
            driver.app.clear_notifications()
            await driver.press("1", key)
            assert "3 goes to the nodes pane" in said(driver)
            assert driver.app.screen is driver.deck
