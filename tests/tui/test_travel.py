"""Time travel: from the key to the picture of another moment, and back to now."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from store import database
from store.locations import Locations
from store.manager import ConfigManager
from store.retention import Retention
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.deck import Driver, console, empty_state, opened
from tests.support.hostile import each_hostile
from tests.support.shift import HOUR, lived
from tests.tui.test_deck_hostile import links
from tui.app import NodedeckApp
from tui.commands import COMMANDS, PANES
from tui.screens.findings import FindingsScreen
from tui.screens.jump import JumpScreen
from tui.screens.past import CompareScreen, PastEntityScreen
from tui.screens.wizard import WizardScreen
from tui.widgets.travel_banner import SIGN

EARLIER, LATER = "left_square_bracket", "right_square_bracket"
HOUR_BACK, HOUR_ON = "left_curly_bracket", "right_curly_bracket"


@pytest.fixture
def places(manager: ConfigManager, locations: Locations, clock: FixedClock) -> Locations:
    lived(manager, locations.database, clock.now)
    return locations


def said(driver: Driver) -> str:
    """The last sentence that was notified."""
    notes = list(driver.app._notifications)
    return str(notes[-1].message) if notes else ""


def height(driver: Driver) -> str:
    return driver.cells("chain")["current_height"][1].strip()


def change(driver: Driver) -> int:
    visit = driver.deck.visit
    assert visit is not None
    return visit.change.id


async def jump(driver: Driver, text: str) -> None:
    """Go to what a person types."""
    await driver.press("t")
    assert isinstance(driver.app.screen, JumpScreen)
    driver.app.screen.query_one(Input).value = text
    await driver.press("enter")


@asynccontextmanager
async def travelled(places: Locations, clock: FixedClock, to: str) -> AsyncIterator[Driver]:
    """A console that shows another moment."""
    async with opened(console(places, clock=clock)) as driver:
        await driver.press("t")
        await jump(driver, to)
        yield driver


async def test_it_shows_every_pane_as_it_was(places: Locations, clock: FixedClock) -> None:
    async with opened(console(places, clock=clock)) as driver:
        assert SIGN not in driver.screen()
        await driver.press("t")
        await driver.until_shown(SIGN, "now #18", "◀ past")
        assert height(driver) == "2,611"
        await jump(driver, "6h ago")
        await driver.until_shown("Sat 2025-03-01 06:00:00 UTC, 6 h ago")
        assert height(driver) == "1,000"
        assert driver.cells("seeds")["previous"][2] == "· no"
        assert driver.cells("nodes")["nodes.n1"][0] == "●"
        assert "svc.limit" in " ".join(map(str, driver.cells("audit").values()))
        assert "reboot" not in str(driver.cells("audit"))
        assert "the last block was written 2 h 00 m ago" in driver.screen()
        await driver.press("escape")
        assert driver.deck.visit is None
        assert SIGN not in driver.screen()
        assert height(driver) == "2,611"
        assert driver.cells("nodes")["nodes.n1"][0] == "○"


async def test_ages_are_counted_as_of_then(places: Locations, clock: FixedClock) -> None:
    async with travelled(places, clock, "3h ago") as driver:
        assert driver.cells("chain")["current_height"][2] == "just now"
        clock.advance(HOUR)
        driver.deck._retell()
        assert driver.cells("chain")["current_height"][2] == "just now"
        await driver.until_shown("09:00:00 UTC, 4 h ago")


async def test_steps_go_over_changes_and_not_over_blocks(
    places: Locations, clock: FixedClock
) -> None:
    async with opened(console(places, clock=clock)) as driver:
        await driver.press("t")
        seen = [change(driver)]
        for _ in range(4):
            await driver.press(EARLIER)
            seen.append(change(driver))
        paths = [driver.deck.visit.change.path] if driver.deck.visit else []
        assert seen == [18, 16, 15, 14, 11]
        assert paths == ["nodes.n1"]
        assert driver.cells("nodes")["nodes.n1"][0] == "○"
        await driver.press(EARLIER)
        assert driver.cells("nodes")["nodes.n1"][0] == "●"
        await driver.press(*[LATER] * 3)
        assert change(driver) == 15
        await driver.press(*[LATER] * 3)
        assert change(driver) == 16
        assert "No later change but heights" in said(driver)


async def test_the_first_change_is_the_end_of_what_is_known(
    places: Locations, clock: FixedClock
) -> None:
    async with travelled(places, clock, "#1") as driver:
        assert change(driver) == 1
        await driver.press(EARLIER)
        assert change(driver) == 1
        assert "what was before it begins is unknown" in said(driver)


async def test_hours(places: Locations, clock: FixedClock) -> None:
    async with opened(console(places, clock=clock)) as driver:
        await driver.press("t", HOUR_BACK, HOUR_BACK)
        visit = driver.deck.visit
        assert visit is not None
        assert visit.at == clock.now - timedelta(hours=2, seconds=8)
        assert height(driver) == "2,000"
        await driver.press(HOUR_ON)
        assert height(driver) == "2,600"
        await driver.press(HOUR_ON, HOUR_ON)
        assert "yet to come" in said(driver)
        assert height(driver) == "2,611"


async def test_before_the_horizon_is_unknown_and_nothing_moves(
    places: Locations, clock: FixedClock
) -> None:
    async with travelled(places, clock, "9h ago") as driver:
        await driver.press(HOUR_BACK, HOUR_BACK)
        assert "is unknown: the log begins with change #1" in said(driver)
        visit = driver.deck.visit
        assert visit is not None
        assert visit.at == clock.now - timedelta(hours=10)
        await jump(driver, "2d ago")
        await driver.until_shown("unknown:", "the log")
        assert isinstance(driver.app.screen, JumpScreen)
        await driver.press("escape")
        assert driver.deck.visit is visit


@pytest.mark.parametrize(
    ("typed", "told"),
    [("soon", "is no time"), ("#99", "no change #99 yet"), ("2999-01-01", "in the future")],
)
async def test_what_is_no_moment_is_said_under_the_field(
    places: Locations, clock: FixedClock, typed: str, told: str
) -> None:
    async with opened(console(places, clock=clock)) as driver:
        await driver.press("t")
        await jump(driver, typed)
        await driver.until_shown(told)
        await driver.press("escape")
        assert change(driver) == 18


async def test_a_time_of_the_day(places: Locations, clock: FixedClock) -> None:
    async with travelled(places, clock, "09:30") as driver:
        await driver.until_shown("Sat 2025-03-01 09:30:00 UTC")
        assert height(driver) == "2,000"


async def test_an_empty_log_has_no_past(tmp_path: Path) -> None:
    async with opened(console(empty_state(tmp_path))) as driver:
        await driver.press("t")
        assert driver.deck.visit is None
        assert "no past to look at" in said(driver)


@pytest.mark.parametrize("key", [EARLIER, LATER, HOUR_BACK, HOUR_ON, "d"])
async def test_its_keys_do_nothing_now(places: Locations, clock: FixedClock, key: str) -> None:
    async with opened(console(places, clock=clock)) as driver:
        await driver.press(key)
        assert driver.deck.visit is None
        assert driver.app.screen is driver.deck
        assert "t goes there" in said(driver)


async def test_a_commit_meanwhile_only_moves_the_mark_of_now(
    places: Locations, clock: FixedClock
) -> None:
    async with opened(console(places, clock=clock)) as driver:
        await driver.press("t", EARLIER)
        before = {pane: driver.cells(pane) for pane in PANES}
        foreign.write(places.database, "UPDATE inference_nodes SET host='elsewhere'")
        await driver.until_shown("now #20 +2")
        assert {pane: driver.cells(pane) for pane in PANES} == before
        await driver.press("escape")
        assert driver.cells("nodes")["nodes.n1"][2] == "elsewhere"


async def test_retention_meanwhile(
    places: Locations, clock: FixedClock, manager: ConfigManager
) -> None:
    async with travelled(places, clock, "#2") as driver:
        clock.advance(24 * HOUR + 1800)
        manager.prune(Retention(heights_days=1, days=1), pause=lambda _: None)
        assert change(driver) == 2  # what was read was so
        await driver.press("d")
        assert "is unknown: the log begins with change #" in said(driver)
        assert driver.app.screen is driver.deck
        await driver.press(LATER)  # on to where the log begins now
        assert driver.deck.visit is not None
        assert change(driver) >= driver.deck.visit.first_id > 2


async def test_forgotten_heights_are_called_unknown(
    places: Locations, clock: FixedClock, manager: ConfigManager
) -> None:
    clock.advance(24 * HOUR)
    manager.prune(Retention(heights_days=1, days=400), pause=lambda _: None)
    async with travelled(places, clock, "#11") as driver:
        await driver.until_shown("heights of then are unknown")
        assert height(driver) == "unknown"
        await driver.press("d")
        await driver.until_shown("Forgotten by the log: current_height, last_processed_height")
        assert "current_height " not in driver.screen().replace("Forgotten by the log: ", "")


async def test_a_database_that_was_replaced_brings_one_back_to_now(
    places: Locations, clock: FixedClock
) -> None:
    async with opened(console(places, clock=clock)) as driver:
        await driver.press("t", EARLIER)
        other = places.database.with_name("other.db")
        database.create(other, created_by="tests")
        foreign.write(other, foreign.node("another"))
        with closing(sqlite3.connect(other)) as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for side in database.side_files(places.database):
            side.unlink(missing_ok=True)
        other.replace(places.database)
        await driver.until(lambda: driver.deck.visit is None, "coming back")
        await driver.until(lambda: "nodes.another" in driver.rows("nodes"), "the new database")
        await driver.until(lambda: "was replaced" in said(driver), "the sentence")


async def test_nothing_is_written_there(places: Locations, clock: FixedClock) -> None:
    writing = [command for command in COMMANDS if command.writes]
    assert writing
    async with opened(console(places, clock=clock)) as driver:
        await driver.press("t", EARLIER)
        for command in writing:
            for key in command.keys.split(","):
                await driver.press(key)
                assert driver.app.screen is driver.deck
                assert said(driver) == "Nothing is written in the past; esc goes back to now."
        # nor from the palette
        run = {one.title: one.callback for one in driver.app.get_system_commands(driver.app.screen)}
        run["Import"]()
        await driver.pilot.pause()
        assert driver.app.screen is driver.deck
        await driver.press("escape", "7")
        assert isinstance(driver.app.screen, WizardScreen)


async def test_then_and_now_masked(places: Locations, clock: FixedClock) -> None:
    async with travelled(places, clock, "6h ago") as driver:
        await driver.press("d")
        assert isinstance(driver.app.screen, CompareScreen)
        await driver.until_shown(SIGN, "svc.limit", "nodes.n1.is_enabled", "previous_seed.claimed")
        assert "seed rows that were not active" in driver.screen()
        assert "old!" not in driver.screen()
        assert "new!" not in driver.screen()
        await driver.press("escape")
        assert driver.app.screen_stack == [driver.deck]
        assert driver.deck.visit is not None  # esc goes one step


async def test_a_row_opens_as_it_was(places: Locations, clock: FixedClock) -> None:
    async with travelled(places, clock, "6h ago") as driver:
        await driver.press("3", "enter")
        assert isinstance(driver.app.screen, PastEntityScreen)
        await driver.until_shown(SIGN, "nodes.n1", "is_enabled         true", "until then", "added")
        assert "reboot" not in driver.screen()


async def test_findings_are_those_of_then(places: Locations, clock: FixedClock) -> None:
    async with travelled(places, clock, "6h ago") as driver:
        await driver.press("f")
        assert isinstance(driver.app.screen, FindingsScreen)
        await driver.until_shown(SIGN, "Epoch 124 is unclaimed")
        assert "is disabled" not in driver.screen()


async def test_escape_takes_the_travel_before_the_zoom(
    places: Locations, clock: FixedClock
) -> None:
    async with opened(console(places, clock=clock)) as driver:
        await driver.press("3", "z", "t", "escape")
        assert driver.deck.visit is None
        assert driver.deck.single
        await driver.press("escape")
        assert not driver.deck.single


@each_hostile
async def test_hostile_text_is_shown_literally(
    places: Locations, clock: FixedClock, text: str
) -> None:
    foreign.write(
        places.database,
        foreign.node(text),
        ("UPDATE audit_log SET actor=?, reason=?", (text, text)),
    )
    foreign.write(places.database, ("UPDATE inference_nodes SET host=?", (text,)))
    async with opened(console(places, clock=clock), size=(200, 60)) as driver:
        await driver.press("t", EARLIER, "d")
        assert isinstance(driver.app.screen, CompareScreen)
        await driver.until_shown("Then and now")
        assert not links(driver)
        await driver.press("escape", "3", "end", "enter")
        await driver.until_shown("Fields then")
        assert "\x1b" not in driver.screen()
        assert not links(driver)
        assert driver.app.failure is None


Compare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])


def pressed(*keys: str) -> Callable[[Pilot[int]], object]:
    async def run(pilot: Pilot[int]) -> None:
        assert isinstance(pilot.app, NodedeckApp)
        driver = Driver(pilot.app, pilot)
        await driver.settle()
        await driver.press(*keys)
        await driver.settle()

    return run


@SIZES
def test_past(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int]
) -> None:
    app = console(places, clock=clock)
    keys = ("t", EARLIER, EARLIER, EARLIER, EARLIER)
    assert snap_compare(app, terminal_size=size, run_before=pressed(*keys))


@SIZES
def test_compared(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int]
) -> None:
    app = console(places, clock=clock)
    keys = ("t", HOUR_BACK, HOUR_BACK, HOUR_BACK, HOUR_BACK, "d")
    assert snap_compare(app, terminal_size=size, run_before=pressed(*keys))


@SIZES
def test_jump(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int]
) -> None:
    app = console(places, clock=clock)
    keys = ("t", "t", *"soon", "enter")
    assert snap_compare(app, terminal_size=size, run_before=pressed(*keys))
