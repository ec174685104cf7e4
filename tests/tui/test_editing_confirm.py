"""``ctrl+o``: an edit that reverts by itself, its countdown, and who keeps or settles it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from store.locations import Locations
from store.manager import ConfigManager, utc_now
from store.pending import State
from store.uptime import Uptime
from tests.support import reverters
from tests.support.deck import ACTOR, Driver, console, demo_state, opened
from tests.tui.test_editing_form import fill, form, newest, value
from tests.tui.test_editing_undo import asked, said
from tui.editing import confirming
from tui.screens.detail import DetailScreen

PATH = "nodes.dk03-a.max_concurrent"


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Locations]:
    found = demo_state(tmp_path)
    yield found
    reverters.kill(found.database)


async def tried(driver: Driver) -> None:
    """Make an edit that reverts by itself."""
    await driver.press("3", "e")
    await fill(driver, "max_concurrent", "7")
    await driver.press("ctrl+o")
    await asked(driver)
    await driver.until_shown("unless confirmed", "goes back by itself after 60 s")
    await driver.press("tab", "enter")
    await driver.until(lambda: driver.app.screen is driver.deck, "the end of it")


async def test_it_counts_down_and_is_kept(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await tried(driver)
        await driver.until_shown("nodes.dk03-a reverts in", "K")
        assert value(places, PATH) == 7
        assert newest(places).actor == ACTOR
        # of one that waits a second one is refused, and said in the form
        await driver.press("e")
        await fill(driver, "max_concurrent", "8")
        await driver.press("ctrl+o")
        await asked(driver)
        await driver.press("tab", "enter")
        await driver.until_shown("has an unconfirmed change already", "nodedeck confirm")
        await driver.press("escape", "shift+tab", "enter")
        assert driver.app.screen is driver.deck
        await driver.press(*["K"] * 10)
        await asked(driver)
        await driver.press("tab", "enter")
        await driver.until(lambda: not driver.deck.countdown.display, "the end of the countdown")
    with ConfigManager.open(places, actor="tests") as manager:
        assert manager.reversals(settled=1)[0].state is State.CONFIRMED
    assert value(places, PATH) == 7


async def test_another_console_counts_on(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await tried(driver)
    async with opened(console(places, read_only=True)) as driver:
        await driver.until_shown("nodes.dk03-a reverts in")
        await driver.press("K")
        assert "read-only" in said(driver)


async def test_the_deck_settles_what_is_overdue(
    places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    was, ahead = value(places, PATH), [timedelta()]
    async with opened(console(places, clock=lambda: utc_now() + ahead[0])) as driver:
        await tried(driver)
        reverters.kill(places.database)
        # another boot: then the wall clock counts, and it is an hour later
        monkeypatch.setattr("store.operations.pending.uptime", lambda: Uptime("later", 0.0))
        monkeypatch.setattr("tui.editing.countdown.uptime", lambda: Uptime("later", 0.0))
        ahead[0] = timedelta(hours=1)
        await driver.until(lambda: value(places, PATH) == was, "the old value")
        await driver.until(lambda: not driver.deck.countdown.display, "the end of the countdown")
    assert "not confirmed" in str(newest(places).reason)


async def test_a_key_of_the_file_cannot_revert(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.app.push_screen(DetailScreen("api.port", driver.app._store, driver.app.clock))
        await driver.until_shown("file")
        await driver.press("e", "ctrl+o")
        await driver.until_shown("cannot revert by itself")
        form(driver)


async def test_with_nothing_that_waits_it_says_so(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("K")
        assert "No edit waits" in said(driver)
        assert not driver.deck.countdown.display


def test_the_countdown_in_words(places: Locations) -> None:
    with ConfigManager.open(places, actor=ACTOR) as manager:
        assert confirming.waiting(manager) == ()
        with manager.unless_confirmed(100.0):
            manager.set_value(PATH, "7")
        waiting = confirming.waiting(manager)
        now, up = manager.clock(), manager.uptime()
    left = waiting[0].left(now, up)
    assert confirming.told(waiting, now, up) == (
        f"nodes.dk03-a reverts in {int(left) + 1} s unless it is kept: K"
    )
    over = Uptime(up.boot, up.seconds + 101)
    assert "is being taken back" in confirming.told(waiting, now, over)
    assert not confirming.late(waiting, now, over)
    assert confirming.late(waiting, now, Uptime(up.boot, up.seconds + 104))
    (field,) = confirming.preview_of_keeping(waiting[0]).fields
    assert (field.path, field.new) == (PATH, 7)
