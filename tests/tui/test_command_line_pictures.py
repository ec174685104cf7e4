"""The command line as pictures: empty, what a verb said, what can follow, what it asks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from store.locations import Locations
from tests.support.clock import FixedClock
from tests.support.deck import Driver, console, told_state
from tests.tui.test_command_line import ended, typed
from tui.app import NodedeckApp
from tui.command_line.asking import QuestionScreen

Compare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
PICTURES = {
    "list": ("list nodes", "enter"),
    "refused": ("get curent_height", "enter"),
    "choices": ("node ", "tab"),
    "question": ("node remove dk03-c", "enter"),
}


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Locations:
    """One for all: nothing here is written."""
    return told_state(tmp_path_factory.mktemp("told"), FixedClock().now)


@SIZES
@pytest.mark.parametrize("name", PICTURES)
def test_command_line(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int], name: str
) -> None:
    text, key = PICTURES[name]

    async def run(pilot: Pilot[int]) -> None:
        assert isinstance(pilot.app, NodedeckApp)
        driver = Driver(pilot.app, pilot)
        await driver.settle()
        await driver.press("colon")
        await typed(driver, text)
        await driver.press(key)
        if name == "choices":
            await driver.until_shown("it goes on with")
        elif name == "question":
            await driver.until(lambda: isinstance(driver.app.screen, QuestionScreen), "a question")
        else:
            await driver.until(ended(driver), "the end of the verb")
        await driver.settle()

    app = console(places, clock=clock)
    assert snap_compare(app, terminal_size=size, run_before=run)
