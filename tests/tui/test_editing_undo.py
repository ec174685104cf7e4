"""``u``: from the key on a change to the value that is back, and every way in which it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Button

from store.locations import Locations
from store.manager import ConfigManager
from store.models import Change
from tests.support import foreign
from tests.support.deck import ACTOR, Driver, console, demo_state, opened
from tests.support.hostile import each_hostile
from tests.tui.test_deck_hostile import links
from tui.editing.review import ReviewScreen

NODE = "nodes.dk03-c"


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    found = demo_state(tmp_path)
    with ConfigManager.open(found, actor=ACTOR) as manager:
        manager.set_value(f"{NODE}.max_concurrent", "111", reason="swaps")
        manager.set_value(f"{NODE}.host", "10.9.9.9", reason="moved")
    return found


def newest(places: Locations, path: str = NODE) -> Change:
    with ConfigManager.open(places, actor="tests") as manager:
        return manager.history(path, limit=1)[0]


def said(driver: Driver) -> str:
    """The last sentence that was notified."""
    notes = list(driver.app._notifications)
    return str(notes[-1].message) if notes else ""


async def asked(driver: Driver) -> ReviewScreen:
    await driver.until(lambda: isinstance(driver.app.screen, ReviewScreen), "the dialog")
    screen = driver.app.screen
    assert isinstance(screen, ReviewScreen)
    assert isinstance(screen.focused, Button)
    assert screen.focused.id == "cancel"
    return screen


async def test_a_change_is_undone_with_its_reason(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("5", "u")
        await asked(driver)
        await driver.until_shown(f"{NODE}.host", "10.9.9.9")
        await driver.press("shift+tab", *"oops", "enter", "tab", "enter")
        await driver.until(lambda: driver.app.screen is driver.deck, "the end of it")
        change = newest(places)
        assert change.old["host"] == "10.9.9.9"
        assert change.new["host"] != "10.9.9.9"
        assert (change.actor, change.reason) == (ACTOR, "oops")
        await driver.until(lambda: str(change.id) in driver.rows("audit"), "the feed")


async def test_without_a_reason_it_says_what_it_undid(places: Locations) -> None:
    undone = newest(places)
    async with opened(console(places)) as driver:
        await driver.press("5", "u")
        await asked(driver)
        await driver.press("tab", "enter")
        await driver.until(lambda: driver.app.screen is driver.deck, "the end of it")
    assert newest(places).reason == f"undo of #{undone.id}"


async def test_cancelled_it_leaves_nothing(places: Locations) -> None:
    before = newest(places)
    async with opened(console(places)) as driver:
        for keys in (("escape",), ("enter",), ("shift+tab", "x", "escape")):
            await driver.press("5", "u")
            await asked(driver)
            await driver.press(*keys)
            assert driver.app.screen is driver.deck
    assert newest(places) == before


async def test_what_moved_on_is_a_sentence_with_who_and_when(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("5", "down", "u")
        await driver.until(lambda: "has moved on since" in said(driver), "the sentence")
        assert driver.app.screen is driver.deck
        assert ACTOR in said(driver)
        assert newest(places).at.isoformat()[:19] in said(driver)


async def test_a_foreign_write_while_it_is_looked_at(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("5", "u")
        await asked(driver)
        foreign.write(places.database, "UPDATE inference_nodes SET host='theirs' WHERE id='dk03-c'")
        await driver.press("tab", "enter")
        await driver.until_shown("has moved on since", "external writer changed it")
        await driver.press("enter")
        assert driver.app.screen is driver.deck
    assert newest(places).new["host"] == "theirs"


async def test_marked_changes_are_undone_as_one(places: Locations) -> None:
    before = newest(places)
    async with opened(console(places)) as driver:
        await driver.press("5", "space", "down", "space")
        await driver.until_shown("2 marked")
        await driver.press("u")
        await asked(driver)
        await driver.until_shown("2 changes, all or none", f"{NODE}.max_concurrent")
        await driver.press("tab", "enter")
        await driver.until(lambda: driver.app.screen is driver.deck, "the end of it")
        await driver.until(lambda: "marked" not in driver.screen(), "the marks gone")
    change = newest(places)
    assert change.id > before.id
    assert change.new["max_concurrent"] != 111
    assert change.new["host"] != "10.9.9.9"


async def test_marked_with_one_in_the_way_none_is_undone(places: Locations) -> None:
    before = newest(places)
    async with opened(console(places)) as driver:
        await driver.press("5", "down", "space", "down", "space", "u")
        await driver.until(lambda: "has moved on since" in said(driver), "the sentence")
        assert newest(places) == before
        await driver.press("escape")  # the marks go first
        await driver.until(lambda: "marked" not in driver.screen(), "the marks gone")


async def test_in_a_history_and_on_a_change(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("5", "enter", "u")
        await asked(driver)
        await driver.press("escape", "escape", "3", "G", "enter")
        await driver.until_shown("History")
        while (spot := driver.app.focused) is None or getattr(spot.parent, "id", "") != "past":
            await driver.press("tab")
        # a mark that is taken back by the key that made it, and all of them by esc
        history = driver.app.screen
        await driver.press("space", "down", "space", "up", "space")
        await driver.until_shown("3 changes  1 marked")
        await driver.press("escape")
        await driver.until(lambda: "marked" not in driver.screen(), "the marks gone")
        assert driver.app.screen is history
        await driver.press("space", "down", "space", "u")
        await asked(driver)
        await driver.until_shown("2 changes, all or none", f"{NODE}.max_concurrent")
        await driver.press("tab", "enter")
        await driver.until(lambda: driver.app.screen is history, "the undo")
        await driver.until_shown("5 changes")
        assert "marked" not in driver.screen()
    assert newest(places).new["host"] != "10.9.9.9"
    assert newest(places).new["max_concurrent"] != 111


async def test_a_removed_node_comes_back(places: Locations) -> None:
    with ConfigManager.open(places, actor=ACTOR) as manager:
        manager.remove_node("dk03-c")
    async with opened(console(places)) as driver:
        assert NODE not in driver.rows("nodes")
        await driver.press("5", "u")
        await asked(driver)
        await driver.press("tab", "enter")
        await driver.until(lambda: NODE in driver.rows("nodes"), "the node")


async def test_without_a_change_it_says_where_they_are(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("3", "u")
        assert "audit pane" in said(driver)
        await driver.press("space")
        assert "5 goes to the audit pane" in said(driver)
        await driver.press("question_mark", "u", "space")
        assert "audit" in said(driver)


@each_hostile
async def test_hostile_text_is_shown_literally(places: Locations, text: str) -> None:
    foreign.write(places.database, foreign.node(text))
    foreign.write(places.database, ("UPDATE inference_nodes SET host=? WHERE id=?", (text, text)))
    async with opened(console(places), size=(160, 50)) as driver:
        await driver.press("5", "u")
        await driver.settle()
        assert "\x1b" not in driver.screen()
        assert not links(driver)
        assert driver.app.failure is None
