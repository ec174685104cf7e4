"""Edits that stay staged on the deck: saved as one, merged, dropped, and never lost unasked."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Button

from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.deck import ACTOR, Driver, console, demo_state, opened
from tests.tui.test_editing_form import NODE, box, fill, form, newest, value
from tests.tui.test_editing_undo import asked, said
from tui.editing.form import FormScreen
from tui.editing.leaving import LeaveScreen
from tui.editing.threeway import ThreeWayScreen

MOST = f"{NODE}.max_concurrent"
BLOCKS = "validation_params.expiration_blocks"


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


async def at(driver: Driver, pane: str, path: str) -> None:
    """Open the form of a pane's row."""
    driver.deck.focus_on(pane)
    assert driver.deck.pane(pane).table.move_to(path)
    await driver.press("e")
    await driver.until(lambda: isinstance(driver.app.screen, FormScreen), "the form")


async def keep(driver: Driver) -> None:
    """Leave the form with its edits staged."""
    await driver.press("escape")
    screen = driver.app.screen
    assert isinstance(screen, LeaveScreen)
    assert isinstance(screen.focused, Button)
    assert screen.focused.id == "stay"
    await driver.press("tab", "enter")
    await driver.until(lambda: driver.app.screen is driver.deck, "leaving")


async def test_several_entities_are_saved_as_one_after_both_values_were_seen(
    places: Locations,
) -> None:
    async with opened(console(places)) as driver:
        await at(driver, "nodes", NODE)
        await fill(driver, "max_concurrent", "7")
        await keep(driver)
        await driver.until_shown("1 edit is staged: ctrl+s saves", MOST)
        # from another form the keys save all that is staged
        await at(driver, "params", BLOCKS)
        await fill(driver, BLOCKS, "77")
        await driver.press("ctrl+s")
        await asked(driver)
        await driver.until_shown("Save 2 staged edits of 2 entities", MOST, BLOCKS)
        await driver.press("enter")
        await driver.until_shown("2 edits are staged")
        foreign.write(
            places.database,
            "UPDATE inference_nodes SET max_concurrent=9, host='theirs' WHERE id='dk03-a'",
        )
        await driver.press(*["ctrl+s"] * 10)
        await driver.until(lambda: isinstance(driver.app.screen, ThreeWayScreen), "both values")
        await driver.until_shown("theirs 9", "yours 7")
        await driver.press("enter")
        assert len(driver.app.staged) == 2
        await driver.press("ctrl+s")
        await driver.until(lambda: isinstance(driver.app.screen, ThreeWayScreen), "both values")
        await driver.press("shift+tab", "space", "tab", "tab", "enter")
        await asked(driver)
        assert value(places, BLOCKS) != 77
        await driver.press("shift+tab", *"tuned", "tab", "tab", "enter")
        await driver.until(lambda: not driver.deck.staged_line.display, "the end of it")
    with ConfigManager.open(places, actor="tests") as manager:
        two, one = manager.history(limit=2)
    assert (two.id, two.path, one.path) == (one.id + 1, "validation_params", NODE)
    assert {(each.actor, each.reason) for each in (one, two)} == {(ACTOR, "tuned")}
    assert (one.new["max_concurrent"], one.new["host"]) == (7, "theirs")


async def test_what_is_staged_is_opened_again_and_dropped_only_when_asked(
    places: Locations,
) -> None:
    before = newest(places)
    async with opened(console(places)) as driver:
        await driver.press("ctrl+s")
        assert "Nothing is staged" in said(driver)
        await at(driver, "nodes", NODE)
        await fill(driver, "max_concurrent", "many")
        await driver.press("escape", "tab", "enter")  # what does not fit is not kept
        assert box(driver, "max_concurrent").control.has_focus
        await fill(driver, "max_concurrent", "7")
        await driver.press("ctrl+c")
        await driver.until_shown("Leave nodedeck?", "1 staged edit is not saved")
        await driver.press("enter")
        await keep(driver)
        # another part of the entity opens the whole of it, with what is staged
        await driver.press("3", "enter")
        await driver.until_shown("poc_port")
        await driver.press("down", "e")
        await driver.until(lambda: isinstance(driver.app.screen, FormScreen), "the form")
        assert form(driver).staged == {MOST: "7"}
        await fill(driver, "version", "v9")
        await driver.press("escape", "tab", "enter", "escape")
        await driver.until_shown("2 edits are staged")
        # and somebody else's write is seen when it is opened
        foreign.write(places.database, "UPDATE inference_nodes SET version='v8' WHERE id='dk03-a'")
        await driver.press("e")
        await driver.until(lambda: isinstance(driver.app.screen, ThreeWayScreen), "both values")
        await driver.until_shown("theirs v8", "yours v9", "while an edit of it was staged")
        await driver.press("tab", "enter")
        await driver.until(lambda: form(driver).staged == {MOST: "7"}, "theirs")
        await keep(driver)
        for key in ("q", "r"):
            await driver.press(*[key] * 10)
            assert isinstance(driver.app.screen, LeaveScreen)
            await driver.press("enter")
            assert len(driver.app.staged) == 1
        await driver.press("q", "tab", "enter")
        assert driver.app._exit
    assert newest(places).actor is None
    assert newest(places).new["max_concurrent"] == before.new["max_concurrent"]


async def test_a_new_node_stays_staged_once(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("3", "c")
        await fill(driver, "id", "twin")
        await fill(driver, "host", "10.1.1.2")
        await keep(driver)
        await driver.until_shown("2 edits are staged", "a new node")
        await driver.press("c")
        assert "staged already" in said(driver)
        await driver.press("a")
        assert box(driver, "id").text == "twin"
        await driver.press("escape", "tab", "enter", "ctrl+o")
        await asked(driver)
        await driver.until_shown("unless confirmed", "nodes.twin")
        await driver.press("escape", "o")
        await asked(driver)
