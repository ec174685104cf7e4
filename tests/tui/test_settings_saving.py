"""Edits of settings, from a key press to the values and their audit rows, and every way not to."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.deck import ACTOR, Driver
from tests.support.settings import (
    CAPACITY,
    asked,
    cache_state,
    cells,
    confirmed,
    field,
    fill,
    focused,
    here,
    newest,
    rival,
    said,
    screen,
    settings,
    staged,
    table,
    taken,
    typed,
    value,
)
from tui.editing.fields import Choice
from tui.editing.form import FormScreen
from tui.editing.threeway import ThreeWayScreen
from tui.settings_edit.field import SettingField

MASK_PATH = "cache.page_mask"


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return cache_state(tmp_path / "host")


async def both(driver: Driver) -> ThreeWayScreen:
    await driver.until(lambda: isinstance(driver.app.screen, ThreeWayScreen), "the three ways")
    found = driver.app.screen
    assert isinstance(found, ThreeWayScreen)
    assert focused(driver) == "cancel"
    return found


async def test_a_service_is_written_at_once_with_actor_and_reason(places: Locations) -> None:
    async with settings(places) as driver:
        before = taken(places)
        await staged(driver, CAPACITY, "1024")
        assert cells(driver, CAPACITY)[:3] == ["*", CAPACITY, "1024"]
        table(driver).move_to("cache.mode")
        await driver.press("enter", "space", "enter")
        await driver.until(lambda: cells(driver, "cache.mode")[2] == "lfu", "the other choice")
        await staged(driver, "gateway.frame_bytes", "512")
        # a setting's own value goes, however often it is asked for
        table(driver).move_to(MASK_PATH)
        await driver.press(*["D"] * 10)
        assert cells(driver, MASK_PATH)[2] == "(no value)"
        await driver.press(*["ctrl+s"] * 10)
        await asked(driver)
        await driver.until_shown("Save 3 edits of cache", "768", "1024", "it is gone then")
        await driver.press("enter")
        assert here(driver)
        assert screen(driver).staged == 4
        assert taken(places) == before
        await driver.press("ctrl+s")
        await confirmed(driver, "more memory")
        await driver.until(lambda: screen(driver).staged == 1, "saving")
        await driver.until(lambda: said(driver, "Still staged: gateway"), "what is left")
        assert cells(driver, CAPACITY)[:3] == ["", CAPACITY, "1024"]
        assert value(places, "gateway.frame_bytes") == 32768
    assert (value(places, CAPACITY), value(places, "cache.mode")) == (1024, "lfu")
    changes = [newest(places, path) for path in (CAPACITY, "cache.mode", MASK_PATH)]
    assert [(one.action, one.old, one.new) for one in changes] == [
        ("U", 768, 1024),
        ("I", None, "lfu"),
        ("D", 4095, None),
    ]
    assert {(one.actor, one.reason) for one in changes} == {(ACTOR, "more memory")}
    ids = sorted(one.id for one in changes)
    assert ids == list(range(ids[0], ids[0] + 3))


async def test_who_was_first_is_shown_three_ways_and_picked_by_setting(places: Locations) -> None:
    async with settings(places) as driver:
        await staged(driver, CAPACITY, "1024")
        await staged(driver, "cache.epsilon", "0.5")
        # what does not clash is taken in without a word
        with rival(places) as manager:
            manager.set_value("cache.warm_up", "false")
        table(driver).move_to(MASK_PATH)
        await driver.press("D", "ctrl+s")
        await asked(driver)
        with rival(places) as manager:
            manager.set_settings("cache", {"capacity_mb": 640, "page_mask": 7})
        theirs, before = newest(places), taken(places)
        await driver.press("tab", "enter")
        await both(driver)
        last = newest(places, MASK_PATH).id
        await driver.until_shown("rival@elsewhere was first", f"change #{last}")
        await driver.until_shown("was     768", "theirs 640", "yours 1024", "yours (no value)")
        await driver.press("enter")
        # nothing of what was typed is lost, and what moved on is marked
        assert (here(driver), screen(driver).staged) == (True, 3)
        assert [cells(driver, path)[0] for path in (CAPACITY, "cache.epsilon")] == ["!", "*"]
        await driver.press(*["ctrl+s"] * 10)
        found = await both(driver)
        assert taken(places) == before
        found.query(Choice).first().focus()
        await driver.press("space")
        found.query_one("#go-on").focus()
        await driver.press("enter")
        await confirmed(driver)
        await driver.until(lambda: screen(driver).staged == 0, "saving")
    assert [value(places, path) for path in (CAPACITY, MASK_PATH, "cache.epsilon")] == [
        1024,
        7,
        0.5,
    ]
    assert (newest(places).old, theirs.new, newest(places).reason) == (640, 640, None)


async def test_theirs_may_stand_and_nothing_is_written(places: Locations) -> None:
    async with settings(places) as driver:
        await staged(driver, CAPACITY, "1024")
        foreign.write(
            places.database, "UPDATE settings SET value_json='640' WHERE key='capacity_mb'"
        )
        await driver.until(lambda: cells(driver, CAPACITY)[0] == "!", "the mark")
        await driver.until_shown("moved on: it was 768 and is 640")
        before = taken(places)
        await driver.press("ctrl+s")
        found = await both(driver)
        found.query_one("#go-on").focus()
        await driver.press("enter")
        await driver.until(lambda: screen(driver).staged == 0, "the end of the edit")
        assert here(driver)
        assert cells(driver, CAPACITY)[:3] == ["", CAPACITY, "640"]
    assert taken(places) == before


async def test_one_that_is_refused_keeps_the_others_back(places: Locations) -> None:
    async with settings(places) as driver:
        await staged(driver, CAPACITY, "1024")
        await staged(driver, MASK_PATH, "15")
        with ConfigManager.open(places, actor="setup") as manager:
            limited = {"page_mask": {"type": "integer", "maximum": 10}}
            manager.load_schema({"type": "object", "properties": limited}, service="cache")
        before = taken(places)
        await driver.press("ctrl+s")
        await driver.until(lambda: said(driver, "must be at most 10"), "the sentence")
        assert (here(driver), screen(driver).staged) == (True, 2)
        assert taken(places) == before
        # taken back, and left as it was found
        await driver.press("r")
        table(driver).move_to(CAPACITY)
        await driver.press("r", "D", "r", "ctrl+s")
        await driver.until(lambda: said(driver, "Nothing is staged"), "the sentence")
        await driver.press("escape")
        assert driver.app.screen_stack == [driver.deck]
    assert taken(places) == before


async def test_a_secret_is_sealed_and_never_shown(
    places: Locations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = tmp_path / "keys" / "master.key"
    monkeypatch.setenv("NODEDECK_MASTER_KEY_FILE", str(key))
    async with settings(places) as driver:
        await typed(driver, "cache.token", "opensesame")
        await driver.press("enter")
        await driver.until(lambda: screen(driver).staged, "staging")
        await driver.press("ctrl+s")
        await asked(driver)
        await driver.until_shown("Save 1 edit", "********")
        assert "opensesame" not in driver.screen()
        await driver.press("escape")
        assert not key.exists()
        await driver.press("ctrl+s")
        await confirmed(driver, "new")
        await driver.until(lambda: screen(driver).staged == 0, "saving")
        assert cells(driver, "cache.token")[2] == "********"
    assert b"opensesame" not in places.database.read_bytes()
    with ConfigManager.open(places, actor="reader") as manager:
        found = manager.settings_board()
        looks = [(one.act, one.actor, one.reason) for one in manager.accesses("cache.token")]
    assert found is not None
    assert next(each for each in found.lines if each.path == "cache.token").sealed
    assert looks == [("set", ACTOR, "new")]


async def test_a_field_takes_what_fits_and_says_what_does_not(places: Locations) -> None:
    async with settings(places) as driver:
        table(driver).move_to(CAPACITY)
        await driver.press(*["e"] * 10)
        assert field(driver).text == "768eeeeeeeee"
        await fill(driver, field(driver), "63")
        await driver.until_shown("must be at least 64, not '63'")
        await driver.press("enter", "tab", "ctrl+s")
        assert driver.app.screen.query(SettingField)
        assert (here(driver), screen(driver).staged) == (True, 0)
        await driver.press("escape")
        assert not driver.app.screen.query(SettingField)
        assert table(driver).has_focus
        # of JSON enter begins a new line, and what is no JSON yet is told while it is typed
        await typed(driver, "cache.shards", '{"a": ')
        await driver.press("enter", "2")
        await driver.until_shown("no JSON yet")
        await fill(driver, field(driver), '{"a": 2}')
        await driver.press("ctrl+s")
        await asked(driver)
        await driver.until_shown("cache.shards.a")
        await confirmed(driver)
        await driver.until(lambda: screen(driver).staged == 0, "saving")
    assert value(places, "cache.shards") == {"a": 2}


async def test_what_the_file_holds_is_edited_in_the_file(places: Locations) -> None:
    async with settings(places) as driver:
        table(driver).move_to("api.port")
        await driver.press("D")
        await driver.until(lambda: said(driver, "stands in the config file"), "the sentence")
        await driver.press("e")
        await driver.until(lambda: isinstance(driver.app.screen, FormScreen), "the form")
        await fill(driver, field(driver), "9123")
        await driver.press("ctrl+s")
        await confirmed(driver)
        await driver.until(lambda: here(driver), "saving")
        await driver.until(lambda: cells(driver, "api.port")[2] == "9123", "the value")
    assert "9123" in places.config.read_text()
    with ConfigManager.open(places, actor="reader") as manager:
        assert manager.file_edits("api.port")[0].actor == ACTOR


async def test_read_only_refuses_each_key_with_a_sentence(places: Locations) -> None:
    with ConfigManager.open(places, actor="setup") as manager:
        manager.save_profile("cache", "calm")
        manager.set_value(CAPACITY, "512")
        manager.set_flag("router", True)
    before = taken(places)
    async with settings(places, read_only=True) as driver:
        table(driver).move_to(CAPACITY)

        async def refused(*keys: str) -> None:
            for key in keys:
                driver.app.clear_notifications()
                shown = driver.app.screen
                await driver.press(key)
                await driver.until(lambda: said(driver, "This console is read-only"), key)
                assert driver.app.screen is shown

        await refused("e", "enter", "D", "ctrl+s", "f2")
        assert not driver.app.screen.query(SettingField)
        await driver.press("P")
        await driver.until_shown("Would change 1  calm")
        await refused("enter", "a", "e", "D")
        await driver.press("tab", "tab")
        await refused("enter", "a", "e", "D")
    assert taken(places) == before
