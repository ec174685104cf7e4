"""The line of keys: whole, the useful ones first, on every width."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.deck import console, demo_state, opened
from tui.widgets.key_line import FIRST, LAST, KeyLine, fit


@pytest.mark.parametrize(
    ("room", "shown"),
    [
        (30, [True, True, True, True]),
        (29, [True, True, False, True]),
        (15, [True, False, False, True]),
        (0, [False, False, False, True]),
    ],
)
def test_the_last_always_fit_and_the_others_in_order(room: int, shown: list[bool]) -> None:
    assert fit([10, 5, 10, 5], room, lasting=1) == shown


def test_without_keys_there_is_nothing_to_fit() -> None:
    assert fit([], 80, lasting=0) == []


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
async def test_no_key_is_cut_and_help_and_quit_stay(tmp_path: Path, width: int) -> None:
    async with opened(console(demo_state(tmp_path)), size=(width, 24)) as driver:
        for keys in ((), ("3", "enter"), ("escape", "f"), ("escape", "5", "enter")):
            await driver.press(*keys)
            line = driver.screen().rstrip("\n").split("\n")[-1]
            shown = driver.app.screen.query_one(KeyLine).shown
            told = " ".join(f"{key.shown} {key.does}" for key in shown)
            assert line.split() == told.split()
            assert "? help" in line
            assert "q quit" in line


async def test_at_80_columns_the_findings_are_in_sight(tmp_path: Path) -> None:
    async with opened(console(demo_state(tmp_path)), size=(80, 24)) as driver:
        line = driver.screen().split("\n")[-1]
        first = " enter open  / filter  f findings  e edit  z zoom  t time"
        assert line.rstrip() == f"{first}  ? help  q quit"
        await driver.pilot.resize_terminal(120, 24)
        await driver.until_shown("7 import")


async def test_what_is_refused_is_not_offered(tmp_path: Path) -> None:
    places = demo_state(tmp_path)
    async with opened(console(places), size=(80, 24)) as driver:
        assert " e edit " in driver.screen()
        await driver.press("t")
        await driver.until(lambda: " e edit " not in driver.screen(), "the keys of the past")
        await driver.press("escape")
        await driver.until_shown(" e edit ")
    async with opened(console(places, read_only=True), size=(80, 24)) as driver:
        assert " e edit " not in driver.screen()


async def test_a_click_presses_the_key_under_it(tmp_path: Path) -> None:
    async with opened(console(demo_state(tmp_path)), size=(90, 24)) as driver:
        line = driver.screen().split("\n")[-1]
        await driver.pilot.click(KeyLine, offset=(line.index("findings"), 0))
        await driver.until_shown("─ Findings ─")
        await driver.pilot.click(KeyLine, offset=(89, 0))
        await driver.press("escape")
        assert driver.app.screen is driver.deck


async def test_the_line_names_commands_that_there_are(tmp_path: Path) -> None:
    async with opened(console(demo_state(tmp_path)), size=(200, 24)) as driver:
        ids = {active.binding.id for active in driver.app.screen.active_bindings.values()}
        assert set(FIRST) | set(LAST) <= ids
        assert driver.app.screen.query_one(KeyLine).size.width == 200
