"""The help screen tells all that there is, and nothing that there is not."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from store.locations import Locations
from tests.support.deck import Driver, console, empty_state, opened
from tui.commands import COMMANDS
from tui.glyphs import UNICODE
from tui.screens.help import LEGEND, HelpScreen
from tui.widgets.table import Table


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return empty_state(tmp_path)


def told(driver: Driver) -> list[tuple[str, str]]:
    rows = driver.app.screen.query_one(Table).rows
    return [(row.cell(0).text, row.cell(1).text) for row in rows]


async def test_every_command_is_told_once_with_all_its_keys(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("question_mark")
        assert told(driver) == [(command.shown, command.help) for command in COMMANDS]


@pytest.mark.parametrize("width", [120, 80])
async def test_nothing_is_cut_off(places: Locations, width: int) -> None:
    async with opened(console(places), size=(width, 24)) as driver:
        await driver.press("question_mark")
        await driver.settle()
        seen = driver.screen()
        for _ in COMMANDS:
            await driver.press("down")
            seen += driver.screen()
        for shown, text in told(driver):
            assert shown in seen
            assert text in seen


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_every_sign_of_a_state_is_explained(places: Locations, size: tuple[int, int]) -> None:
    async with opened(console(places), size=size) as driver:
        await driver.press("question_mark")
        await driver.settle()
        for name in ("on", "off", "ok", "bad", "dot", "none", "warn", "critical"):
            assert getattr(UNICODE, name) in {sign for sign, _, _ in LEGEND}
        for sign, _, meaning in LEGEND:
            assert f"{sign} {meaning}" in driver.screen()


@pytest.mark.parametrize("key", ["escape", "q", "question_mark", "f1"])
async def test_the_key_that_opened_it_closes_it_and_focus_returns(
    places: Locations, key: str
) -> None:
    async with opened(console(places)) as driver:
        await driver.press("3", "f1")
        assert isinstance(driver.app.screen, HelpScreen)
        await driver.press(key)
        assert driver.app.screen_stack == [driver.deck]
        assert driver.deck.pane("nodes").table.has_focus


async def test_keys_of_the_deck_do_nothing_under_it_and_ctrl_c_still_leaves(
    places: Locations,
) -> None:
    async with opened(console(places)) as driver:
        await driver.press("question_mark", "3", "z", "7")
        assert isinstance(driver.app.screen, HelpScreen)
        assert driver.deck.active == "chain"
        assert not driver.deck.single
        await driver.press("ctrl+c")
    assert driver.app.return_code == 0


def test_no_two_commands_that_meet_share_a_key() -> None:
    counts = Counter(key for command in COMMANDS for key in command.keys.split(","))
    assert [key for key, count in counts.items() if count > 1] == []
    assert len({command.id for command in COMMANDS}) == len(COMMANDS)


def test_the_keys_shown_are_the_keys_bound() -> None:
    names = {
        "question_mark": "?",
        "escape": "esc",
        "slash": "/",
        "colon": ":",
        "pageup": "page up",
        "pagedown": "page down",
        "f1": "F1",
        "f2": "F2",
        "left_square_bracket": "[",
        "right_square_bracket": "]",
        "left_curly_bracket": "{",
        "right_curly_bracket": "}",
    }
    for command in COMMANDS:
        bound = "  ".join(names.get(key, key) for key in command.keys.split(","))
        assert command.shown.removesuffix("  ctrl+c") == bound


def test_keys_that_terminals_take_are_not_used() -> None:
    taken = {f"ctrl+{letter}" for letter in "abhijmqz"} | {"alt+enter", "ctrl+enter"}
    assert not taken & {key for command in COMMANDS for key in command.keys.split(",")}
