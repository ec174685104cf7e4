"""A look at a secret on the deck: why first, on record before it is seen, and gone soon."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest
from textual import events
from textual.app import App
from textual.widgets import Button, Input

from store.codec import MASK
from store.locations import Locations
from store.manager import ConfigManager
from store.sealing import keyfile
from store.sealing.access import Access
from tests.support import foreign
from tests.support.deck import ACTOR, Driver, console, demo_state, opened, outsider
from tests.support.secrets import NODE_KEY, PROVIDER, SETTING, VALUES, with_secrets
from tui import reveal
from tui.screens.access import AccessScreen
from tui.screens.change import ChangeScreen
from tui.screens.detail import DetailScreen
from tui.screens.secret import ReasonScreen, RevealScreen
from tui.widgets.table import Table

CLEAR = VALUES[NODE_KEY]


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return with_secrets(demo_state(tmp_path))


def accesses(places: Locations) -> list[Access]:
    with ConfigManager.open(places, actor="x") as manager:
        return manager.accesses()


async def to_the_key(driver: Driver) -> None:
    """Open the node's detail, with the cursor on its key."""
    await driver.press("3", "enter")
    await driver.until_shown("inference_port")
    driver.app.screen.query_one("#fields Table", Table).move_to(NODE_KEY)
    await driver.until_shown("security_key")


async def ask(driver: Driver) -> None:
    await driver.press("x")
    await driver.until(lambda: isinstance(driver.app.screen, ReasonScreen), "the question")


async def revealed(driver: Driver, reason: str = "rotation") -> RevealScreen:
    """Look at the node's key."""
    await to_the_key(driver)
    await ask(driver)
    await driver.press("tab", *reason, "enter")
    await driver.until_shown(CLEAR)
    screen = driver.app.screen
    assert isinstance(screen, RevealScreen)
    return screen


async def masked(driver: Driver) -> None:
    await driver.until(lambda: isinstance(driver.app.screen, DetailScreen), "the mask")
    assert CLEAR not in driver.screen()
    assert MASK in driver.screen()


def drawn(svg: str) -> str:
    """The text of a picture, whose characters stand one by one."""
    return "".join(re.findall(r">([^<]*)</text>", svg))


def notices(driver: Driver) -> list[str]:
    return [notice.message for notice in driver.app._notifications]


async def test_a_nodes_key_stands_masked_with_its_version(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await to_the_key(driver)
        assert f"{MASK}  version 1" in driver.screen()
        with ConfigManager.open(places, actor="y") as manager:
            manager.rotate_secret(NODE_KEY, "another-key", reason="leaked")
        await driver.until_shown(f"{MASK}  version 2")
        foreign.write(places.database, "UPDATE mlnode_security SET security_key='in-clear'")
        await driver.until_shown(f"{MASK}  in clear")
        assert "in-clear" not in driver.screen()


async def test_a_node_without_a_key_has_no_row_for_one(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("3", "down", "enter")
        await driver.until_shown("inference_port")
        assert "security_key" not in driver.screen()


async def test_the_key_that_opens_the_question_only_cancels(places: Locations) -> None:
    async with opened(console(places)) as driver:
        before = accesses(places)
        await to_the_key(driver)
        await ask(driver)
        focused = driver.app.screen.focused
        assert isinstance(focused, Button)
        assert focused.id == "cancel"
        await driver.press("x", "x")
        assert isinstance(driver.app.screen, ReasonScreen)
        await driver.press("enter")
        await masked(driver)
        await ask(driver)
        await driver.press("escape")
        await masked(driver)
        assert accesses(places) == before


@pytest.mark.parametrize("reason", ["", "   "])
async def test_without_a_reason_nothing_is_shown(places: Locations, reason: str) -> None:
    async with opened(console(places)) as driver:
        before = accesses(places)
        await to_the_key(driver)
        await ask(driver)
        for keys in (("tab", *(["space"] * len(reason)), "enter"), ("tab", "enter")):
            await driver.press(*keys)
            await driver.until_shown("needs a reason; nothing was shown")
        assert isinstance(driver.app.screen, ReasonScreen)
        assert accesses(places) == before


async def test_the_look_is_on_record_before_the_value_is_seen(places: Locations) -> None:
    async with opened(console(places)) as driver:
        screen = await revealed(driver)
        newest = accesses(places)[0]
        assert (newest.act, newest.path, newest.reason) == ("reveal", NODE_KEY, "rotation")
        assert (newest.actor, newest.result) == (ACTOR, "shown")
        assert "Masked again in" in driver.screen()
        await driver.press("escape")
        await masked(driver)
        assert screen.covered


@pytest.mark.parametrize("key", ["escape", "x", "q"])
async def test_a_key_masks_it_at_once(places: Locations, key: str) -> None:
    async with opened(console(places)) as driver:
        await revealed(driver)
        await driver.press(key)
        await masked(driver)


async def test_it_is_masked_after_its_seconds(
    places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reveal, "SECONDS", 1.5)
    async with opened(console(places)) as driver:
        began = asyncio.get_running_loop().time()
        await revealed(driver)
        await masked(driver)
        assert asyncio.get_running_loop().time() - began >= 1.5


async def test_turning_to_another_window_masks_it(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await revealed(driver)
        driver.app.post_message(events.AppBlur())
        await masked(driver)


async def test_a_resize_masks_it(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await revealed(driver)
        await driver.pilot.resize_terminal(90, 30)
        await masked(driver)


async def test_another_screen_over_it_masks_it(places: Locations) -> None:
    async with opened(console(places)) as driver:
        screen = await revealed(driver)
        driver.app.action_help()
        await driver.until(lambda: screen.covered, "the mask")
        await driver.press("escape")
        assert CLEAR not in driver.screen()


async def test_a_screenshot_shows_the_mask(places: Locations, tmp_path: Path) -> None:
    async with opened(console(places)) as driver:
        await revealed(driver)
        # the one that Textual itself would make, so that the other means something
        assert CLEAR in drawn(App.export_screenshot(driver.app))
        driver.app.save_screenshot("shot.svg", str(tmp_path))
        taken = drawn((tmp_path / "shot.svg").read_text())
        assert CLEAR not in taken
        assert MASK in taken
        await masked(driver)


async def test_only_the_second_key_copies_it(
    places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[str] = []
    app = console(places)
    copy = app.copy_to_clipboard

    def noted(text: str) -> None:
        copied.append(text)
        copy(text)

    monkeypatch.setattr(app, "copy_to_clipboard", noted)
    async with opened(app) as driver:
        await revealed(driver)
        assert "y copies it" in driver.screen()
        assert copied == []
        await driver.press("y")
        assert copied == [CLEAR]
        await driver.until_shown("Copied; the clipboard keeps it")
        assert driver.app.clipboard == ""
        assert notices(driver) == []


async def test_a_provider_and_a_setting_are_shown_from_the_log(places: Locations) -> None:
    async with opened(console(places)) as driver:
        for path in (PROVIDER, SETTING):
            row = next(key for key, row in driver.rows("audit").items() if row.cell(1).text == path)
            driver.deck.focus_on("audit")
            driver.deck.pane("audit").table.move_to(row)
            await ask(driver)
            await driver.press("tab", "w", "enter")
            await driver.until_shown(VALUES[path])
            await driver.press("escape")
            assert VALUES[path] not in driver.screen()
        await driver.press("enter")
        assert isinstance(driver.app.screen, ChangeScreen)
        await ask(driver)
        await driver.press("tab", "w", "enter")
        await driver.until_shown(VALUES[SETTING])


async def test_a_row_without_a_secret_is_answered_with_a_sentence(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("1", "x")
        await driver.press("3", "enter")
        await driver.until_shown("inference_port")
        await driver.press("x")
        await driver.until(lambda: len(notices(driver)) == 2, "two sentences")
        assert set(notices(driver)) == {
            "There is no secret in this row; x shows one that is masked."
        }


async def test_read_only_refuses(places: Locations) -> None:
    before = accesses(places)
    async with opened(console(places, read_only=True)) as driver:
        await to_the_key(driver)
        await driver.press("x")
        assert ["read-only here" in notice for notice in notices(driver)] == [True]
        assert isinstance(driver.app.screen, DetailScreen)
    assert accesses(places) == before


async def test_the_past_refuses(places: Locations) -> None:
    before = accesses(places)
    async with opened(console(places)) as driver:
        await driver.press("t", "5", "x")
        assert notices(driver) == ["Nothing is written in the past; esc goes back to now."]
    assert accesses(places) == before


async def test_a_lost_key_is_a_sentence_and_on_record(
    places: Locations, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keyfile.place(os.environ).rename(tmp_path / "elsewhere.key")
    async with opened(console(places)) as driver:
        await to_the_key(driver)
        await ask(driver)
        await driver.press("tab", "w", "enter")
        await driver.until(lambda: accesses(places)[0].act == "reveal", "the failed look")
        # a long path is broken at the dialog's edge
        await driver.until(
            lambda: "master.key" in re.sub(r"[^\w.]", "", driver.screen()), "the sentence"
        )
        assert isinstance(driver.app.screen, ReasonScreen)
        newest = accesses(places)[0]
        assert newest.result.startswith("failed: ")
        assert newest.reason == "w"


async def test_what_acts_on_a_terminal_is_named_and_lines_are_kept(places: Locations) -> None:
    value = "-----BEGIN\x1b]0;owned\x07\n" + "k" * 90 + "  end"
    with ConfigManager.open(places, actor=ACTOR) as manager:
        manager.set_secret(NODE_KEY, value)
    async with opened(console(places), size=(80, 24)) as driver:
        await to_the_key(driver)
        await ask(driver)
        await driver.press("tab", "w", "enter")
        await driver.until_shown(r"-----BEGIN\x1b]0;owned\x07", "k" * 70, "k" * 16 + "  end")


async def test_the_filter_shows_the_access_log_and_follows_it(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("5", "slash")
        await driver.until_shown("is:access")
        await driver.press(*"is", "colon", *"access")
        await driver.until_shown("3 found")
        cells = driver.cells("audit")
        assert [row[1] for row in cells.values()] == [SETTING, f"{PROVIDER}.api_key", NODE_KEY]
        assert all(row[2].startswith("set, version 1") for row in cells.values())
        assert {(row[3], row[4]) for row in cells.values()} == {(ACTOR, "first keys")}
        await driver.press("enter")
        # another process's, and this one's own
        with ConfigManager.open(places, actor="y@else") as manager:
            manager.reveal_secret(PROVIDER, reason="audit")
        await driver.until_shown("4 found", "y@else", "reveal, shown")
        await driver.press("enter")
        assert isinstance(driver.app.screen, AccessScreen)
        await driver.until_shown("reveal  provider_configs.openai", "y@else", "audit", "shown")
        await driver.press("escape", "g", "x")
        await driver.until(lambda: isinstance(driver.app.screen, ReasonScreen), "the question")
        await driver.press("tab", *"mine", "enter")
        await driver.until_shown(VALUES[PROVIDER])
        await driver.press("escape")
        await driver.until_shown("5 found")
        assert next(iter(driver.cells("audit").values()))[2:] == ["reveal, shown", ACTOR, "mine"]


@pytest.mark.parametrize(
    ("more", "count"),
    [
        ("path:nodes.*", 1),
        ("actor:nobody", 0),
        ("since:1h", 3),
        ("since:2099-01-01", 0),
        ("openai", 1),
        ("'first", 0),
        ('"first keys"', 3),
    ],
)
async def test_the_filter_narrows_the_access_log(places: Locations, more: str, count: int) -> None:
    async with opened(console(places)) as driver:
        await driver.press("5", "slash")
        driver.app.screen.query_one(Input).value = f"is:access {more}"
        await driver.until_shown(f"{count} found")
        assert len(driver.rows("audit")) == count


async def test_another_word_behind_is_is_a_fault(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("5", "slash")
        driver.app.screen.query_one(Input).value = "is:secret"
        await driver.until_shown("is:access finds the looks at secrets")


async def test_a_long_access_log_comes_in_windows(places: Locations) -> None:
    with ConfigManager.open(places, actor="many") as manager:
        for _ in range(3):
            manager.reveal_secret(SETTING, reason="odd")
    rows = (
        "INSERT INTO access_log(at,actor,act,path,terminal,address,reason,result)"
        " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<5000)"
        " SELECT '2026-01-01T00:00:00.000+00:00','bulk','reveal','svc.api_token','','','','shown'"
        " FROM n"
    )
    with outsider(places.database) as other:
        other.commit(rows)
        async with opened(console(places)) as driver:
            await driver.press("5", "slash")
            line = driver.app.screen.query_one(Input)
            line.value = "is:access odd"
            await driver.until_shown("3 found")
            line.value = "is:access"
            await driver.until_shown("200 found, more below")
            await driver.press("enter", "G")
            await driver.until_shown("400 found, more below")
