"""Time travel while the ground moves: a restore, another size, a long log, times that are none."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from textual.widgets import Input

from store import backup, restoring
from store.locations import Locations
from store.manager import utc_now
from tests.support import foreign
from tests.support.deck import ACTOR, HOST, Driver, console, demo_state, opened
from tests.tui.test_travel import EARLIER, HOUR_BACK, HOUR_ON, change, jump, said
from tui.screens.jump import JumpScreen
from tui.screens.past import CompareScreen
from tui.widgets.travel_banner import SIGN

BLOCKS = 100_000
NO_TIMES = ("", "25:00", "-2h", "#0", "#1234567890123456789", "99999999999d ago", "#-1")


def with_many_blocks(folder: Path) -> Locations:
    """The demo with 100,000 more heights in its log, the newest just now."""
    places = demo_state(folder)
    start = utc_now() - timedelta(seconds=BLOCKS // 10)
    with closing(sqlite3.connect(places.database, isolation_level=None)) as db:
        newest, height = db.execute(
            "SELECT max(id), (SELECT value FROM chain_state WHERE key='current_height')"
            " FROM audit_log"
        ).fetchone()
        db.execute("BEGIN")
        db.execute("UPDATE audit_log SET at=?", (_text(start - timedelta(hours=1)),))
        db.executemany(
            "INSERT INTO audit_log(at, path, action, old_json, new_json)"
            " VALUES(?, 'current_height', 'U', ?, ?)",
            (
                (
                    _text(start + timedelta(seconds=n / 10)),
                    str(int(height) + n),
                    str(int(height) + n + 1),
                )
                for n in range(BLOCKS)
            ),
        )
        db.execute(
            "UPDATE audit_log SET old_json=(SELECT new_json FROM audit_log WHERE path="
            "'current_height' AND id<=?) WHERE id=?",
            (newest, newest + 1),
        )
        db.execute(
            "UPDATE chain_state SET value=? WHERE key='current_height'",
            (str(int(height) + BLOCKS),),
        )
        db.execute("COMMIT")
    return places


def _text(at: object) -> str:
    return str(at).replace(" ", "T")[:23] + "Z"


async def test_a_long_log_a_restore_and_small_terminals(tmp_path: Path) -> None:
    places = with_many_blocks(tmp_path)
    kept = backup.create(places, actor=ACTOR, host=HOST, clock=utc_now)
    async with opened(console(places)) as driver:
        await driver.press("t")
        newest = change(driver)
        assert newest >= BLOCKS
        for text in NO_TIMES:
            await jump(driver, text)
            assert isinstance(driver.app.screen, JumpScreen), text
            await driver.press("escape")
            assert change(driver) == newest
        await driver.press("t")
        driver.app.screen.query_one(Input).insert("\x1b[2J", 0)  # as a paste does
        await driver.press("enter")
        await driver.until_shown("is no time")
        assert "\x1b" not in driver.screen()
        await driver.press("escape")
        # the change before is the last one that is no height, however many of these there are
        await driver.press(EARLIER)
        assert change(driver) < newest - BLOCKS + 1
        await jump(driver, f"#{newest - BLOCKS // 2}")
        assert change(driver) == newest - BLOCKS // 2
        await driver.press(HOUR_BACK, HOUR_ON)
        assert SIGN in driver.screen()
        for size in ((80, 24), (60, 20), (40, 10), (120, 40)):
            await driver.pilot.resize_terminal(*size)
            await driver.settle()
            assert SIGN in driver.screen(), size
        await driver.press("d")
        assert isinstance(driver.app.screen, CompareScreen)
        await driver.until_shown("current_height")
        await driver.press("escape")
        await restored_meanwhile(driver, places, kept)


async def restored_meanwhile(driver: Driver, places: Locations, kept: backup.Backup) -> None:
    """Another log comes in under the moment that is shown: then this is now."""
    foreign.write(places.database, foreign.node("later"))
    await jump(driver, "#5")
    plan = restoring.plan(kept, places)
    restoring.apply(plan, actor="somebody", host=HOST, clock=utc_now)
    await driver.until(lambda: driver.deck.visit is None, "coming back")
    await driver.until(lambda: "was replaced" in said(driver), "the sentence")
    assert "nodes.later" not in driver.rows("nodes")
    await driver.press("t")
    assert driver.deck.visit is not None
    assert driver.app.failure is None
