"""From a finding to what it is about, and back."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.findings import Finding, Severity
from store.locations import Locations
from store.manager import utc_now
from tests.support import foreign
from tests.support.deck import Driver, console, opened
from tests.support.healthy import healthy_state
from tui.screens.detail import DetailScreen
from tui.screens.findings import FindingsScreen
from tui.screens.past import PastEntityScreen
from tui.widgets.table import Table


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return healthy_state(tmp_path, utc_now())


async def open_findings(driver: Driver, text: str) -> None:
    await driver.until_shown(text)
    await driver.press("f")
    assert isinstance(driver.app.screen, FindingsScreen)


async def test_enter_opens_what_the_finding_is_about(places: Locations) -> None:
    foreign.write(places.database, "UPDATE seed_info SET signature='' WHERE type='current'")
    async with opened(console(places)) as driver:
        await open_findings(driver, "has no signature")
        await driver.press("enter")
        assert isinstance(driver.app.screen, DetailScreen)
        await driver.until_shown("epoch_index", "signature")
        assert driver.screen().lstrip().startswith("current_seed ")
        await driver.press("escape")
        assert isinstance(driver.app.screen, FindingsScreen)
        assert "has no signature" in driver.screen()


async def test_in_the_past_enter_opens_what_there_was(places: Locations) -> None:
    foreign.write(places.database, "UPDATE seed_info SET signature='' WHERE type='current'")
    async with opened(console(places)) as driver:
        await driver.press("t")
        await driver.until_shown("PAST")
        await open_findings(driver, "has no signature")
        await driver.press("enter")
        assert isinstance(driver.app.screen, PastEntityScreen)
        await driver.until_shown("current_seed")


@pytest.mark.parametrize("path", ["nodes.gone.host", "no such.. path", "api.port", "x\x1b[31m"])
async def test_a_path_that_is_nowhere_opens_without_a_crash(places: Locations, path: str) -> None:
    found = [Finding(Severity.WARNING, "something is odd", "look", "odd", path)]
    async with opened(console(places)) as driver:
        await driver.app.push_screen(FindingsScreen(found, None))
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, DetailScreen), "the detail")
        await driver.press("escape")
        assert isinstance(driver.app.screen, FindingsScreen)


async def test_a_finding_about_no_one_value_says_so(places: Locations) -> None:
    found = [Finding(Severity.WARNING, "the disk is full", "make room")]
    async with opened(console(places)) as driver:
        await driver.app.push_screen(FindingsScreen(found, None))
        await driver.press("enter")
        (said,) = driver.app._notifications
        assert "about no single value" in said.message
        assert isinstance(driver.app.screen, FindingsScreen)
        assert driver.app.screen.query_one(Table).has_focus
