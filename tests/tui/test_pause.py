"""A paused deck stands still, says so, and catches up; what is opened from it is of now."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.locations import Locations
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.deck import console, demo_state, empty_state, opened, outsider
from tui.widgets.masthead import paused


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


async def test_it_counts_what_waits_and_catches_up(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("p")
        assert " paused " in driver.screen()
        with outsider(places.database) as other:
            other.height(3_000_001)
            await driver.until_shown("paused, 1 change waiting")
            other.commit("UPDATE inference_nodes SET is_enabled=0")
            await driver.until_shown("paused, 4 changes waiting")
            assert "2,415,377" in driver.screen()
            assert "3 of 3 enabled" in driver.screen()
            assert "3,000,001" not in driver.screen()
            await driver.press("p")
            await driver.until_shown("3,000,001", "0 of 3 enabled", "● live")
            other.height(3_000_002)
            await driver.until_shown("3,000,002")


async def test_rewrites_of_the_daemon_are_no_changes(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("p")
        with outsider(places.database) as other:
            other.commit(
                "CREATE TEMP TABLE kept AS SELECT * FROM inference_nodes",
                "DELETE FROM inference_nodes",
                "INSERT INTO inference_nodes SELECT * FROM kept",
            )
            other.height(3_000_001)
            await driver.until_shown("paused, 1 change waiting")


async def test_ages_stand_still_and_run_on(places: Locations, clock: FixedClock) -> None:
    foreign.write(places.database, "UPDATE audit_log SET at='2025-03-01T11:59:50.000Z'")
    async with opened(console(places, clock=clock)) as driver:
        await driver.until_shown("written 10 s ago")
        await driver.press("p")
        before = driver.screen()
        assert "as of 12:00:00" in before
        clock.advance(3_600)
        for _ in range(3):
            driver.deck._retell()
            driver.deck.query_one("#masthead").tick()  # type: ignore[attr-defined]
            await driver.pilot.pause()
        assert driver.screen() == before
        await driver.press("p")
        await driver.until_shown("written 1 h 00 m ago", "1 h")


async def test_panes_zoom_filters_and_sizes_work_while_paused(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("p", "3", "z", "slash", *"dk03", "enter", "s", "escape", "escape")
        assert not driver.deck.single
        await driver.pilot.resize_terminal(60, 20)
        await driver.settle()
        assert " paused " in driver.screen()
        assert "as of" in driver.screen()


async def test_the_filter_of_the_log_finds_nothing_that_waits(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("p")
        with outsider(places.database) as other:
            other.commit("UPDATE inference_nodes SET host='moved' WHERE id='dk03-c'")
            await driver.until_shown("paused, 1 change waiting")
            await driver.press("5", "slash", *"moved")
            await driver.until_shown(" 0 found")
            await driver.press("enter", "p")
            await driver.until_shown(" 1 found")


async def test_what_is_opened_is_of_now(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("p")
        with outsider(places.database) as other:
            other.commit("UPDATE inference_nodes SET host='moved' WHERE id='dk03-a'")
            await driver.until_shown("paused, 1 change waiting")
            await driver.press("3", "enter")
            await driver.until_shown("History", "moved")
            await driver.press("escape")
            assert " paused, 1 change waiting " in driver.screen()
            other.commit("UPDATE seed_info SET is_active=0 WHERE type='current'")
            await driver.until_shown("paused, 2 changes waiting")
            await driver.press("f")
            await driver.until_shown("current seed")


async def test_a_database_that_goes_is_told_also_while_paused(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("p")
        away = places.database.with_name("away.db")
        places.database.rename(away)
        await driver.until(driver.notice, "the sentence")
        assert "not read" in driver.screen()
        away.rename(places.database)
        await driver.until(lambda: not driver.notice(), "following again")
        await driver.until_shown(" paused ")


async def test_before_the_first_picture_there_is_nothing_to_pause(tmp_path: Path) -> None:
    places = Locations(tmp_path / "config.yaml", tmp_path / "state.db")
    async with opened(console(places), read=False) as driver:
        await driver.until_shown("not read")
        await driver.press("p")
        assert " paused " not in driver.screen()
        empty_state(tmp_path)
        foreign.write(places.database, foreign.node("late"))
        await driver.until_shown("live", "late")


def test_the_mark_is_a_sentence() -> None:
    assert [paused(count) for count in (0, 1, 12_345)] == [
        "paused",
        "paused, 1 change waiting",
        "paused, 12,345 changes waiting",
    ]
