"""The backups screen by its keys: made, looked into, verified, restored, removed, refused."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button, Input

from store import backup, copying
from store.backup import Backup
from store.errors import NodedeckError
from store.locations import Locations
from store.manager import ConfigManager
from tests.store.test_backup import small_disk
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.deck import ACTOR, HOST, PATIENCE_SECONDS, Driver, console, demo_state, opened
from tests.support.hostile import EVERYTHING
from tests.tui.test_deck_hostile import links
from tui.app import NodedeckApp
from tui.backups.making import MakeScreen
from tui.editing.review import ReviewScreen
from tui.screens.backup import BackupScreen
from tui.screens.backups import BackupsScreen
from tui.screens.value import ValueScreen
from tui.session import Session
from tui.widgets.table import Table


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    found = demo_state(tmp_path / "host")
    shutil.rmtree(backup.folder_of(found))
    return found


def take(places: Locations, clock: FixedClock, name: str = "") -> Backup:
    return backup.create(places, actor=ACTOR, host=HOST, clock=clock, name=name)


def height(places: Locations) -> int:
    with ConfigManager.open(places, actor="tests", read_only=True) as manager:
        found = manager.height()
    assert found is not None
    return found


def set_height(places: Locations, to: int) -> None:
    with ConfigManager.open(places, actor="somebody") as manager:
        manager.set_height(to)


def table(driver: Driver, part: str = "") -> Table:
    return driver.app.screen.query_one(f"{part} Table".strip(), Table)


def names(driver: Driver) -> list[str]:
    return [row.cell(0).text for row in table(driver).rows]


def checked(driver: Driver, name: str) -> str:
    return next(row.cell(8).text for row in table(driver).rows if row.cell(0).text == name)


def said(driver: Driver, text: str) -> bool:
    return any(text in one.message for one in driver.app._notifications)


async def until_said(driver: Driver, text: str) -> None:
    await driver.until(lambda: said(driver, text), f"{text!r}")


@asynccontextmanager
async def listed(app: NodedeckApp, *, read: bool = True) -> AsyncIterator[Driver]:
    """The list of backups, open and read."""
    async with opened(app, read=read) as driver:
        await driver.press("8")
        await driver.until(lambda: "Reading the database" not in driver.screen(), "the list")
        yield driver


async def opens_backups(driver: Driver, key: str) -> None:
    """What the command does by its key: the list opens, once, and leads back."""
    await driver.press(key)
    assert isinstance(driver.app.screen, BackupsScreen)
    await driver.press(key, "escape")
    assert driver.app.screen_stack == [driver.deck]


async def asked(driver: Driver, key: str) -> ReviewScreen:
    """The review that a key opens; the key, pressed on, does nothing in it."""
    await driver.press(key)
    await driver.until(lambda: isinstance(driver.app.screen, ReviewScreen), "the question")
    screen: object = driver.app.screen
    assert isinstance(screen, ReviewScreen)
    await driver.press(key, key)
    assert screen.is_current
    assert screen.focused is not None
    assert screen.focused.id == "cancel"
    assert screen.query_one("#commit", Button).disabled
    return screen


async def typed(driver: Driver, name: str) -> None:
    """Type a name into the review, and press the button that does it."""
    screen = driver.app.screen
    screen.query_one("#typed", Input).value = name
    await driver.pilot.pause()
    screen.query_one("#commit").focus()
    await driver.press("enter")


async def test_one_is_made_looked_into_verified_and_restored(
    places: Locations, clock: FixedClock
) -> None:
    async with listed(console(places, clock=clock)) as driver:
        assert "There are no backups of state.db yet; a makes one." in driver.screen()
        await driver.press("question_mark")
        told = [row.cell(0).text for row in table(driver).rows if row.cell(2).text == "here"]
        assert told == ["a", "v", "R", "D"]
        await driver.press("escape", "R")
        await until_said(driver, "No backup is here")
        was = height(places)
        await driver.press("a", *"no/name", "enter")
        await driver.until_shown("cannot name a backup; none was made")
        driver.app.screen.query_one(Input).value = "good"
        await driver.press("enter")
        await until_said(driver, f"Made {backup.folder_of(places)}")
        (made,) = backup.listed(places)
        assert made.manifest["name"] == "good"
        assert (made.manifest["actor"], made.manifest["host"]) == (ACTOR, HOST)
        await driver.until(lambda: names(driver) == [made.name], "its row")
        assert checked(driver, made.name) == "· not yet"
        assert "1 backup, " in driver.screen()
        await driver.press("v")
        await until_said(driver, f"{made.name} is intact.")
        assert checked(driver, made.name) == "✓ intact"

        set_height(places, was + 5)
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, BackupScreen), "its screen")
        await driver.until(lambda: table(driver, "#differences").rows, "what differs")
        assert "Verified just now." in driver.screen()
        tallies = {one.cell(0).text: one.cell(3).text for one in table(driver, "#tallies").rows}
        assert (tallies["chain values"], tallies["nodes"]) == ("1", "0")
        (row,) = table(driver, "#differences").rows
        assert [row.cell(at).text for at in range(3)] == ["current_height", str(was + 5), str(was)]
        await driver.press("enter")
        assert isinstance(driver.app.screen, ValueScreen)
        await driver.press("escape")
        set_height(places, was + 7)
        await driver.until_shown(str(was + 7))

        review = await asked(driver, "R")
        assert "The state of now is kept first" in driver.screen()
        assert "a backup called before-restore" in driver.screen()
        assert "stop it first" in driver.screen()
        review.query_one("#typed", Input).value = made.name.upper()
        await driver.pilot.pause()
        assert review.query_one("#commit", Button).disabled
        assert height(places) == was + 7
        await typed(driver, made.name)
        await until_said(driver, f"Restored {made.name}")
        assert height(places) == was
        assert said(driver, "The state before it is kept as state-20250301T120000Z-before-restore.")
        await driver.until_shown("Nothing differs from now.")
        await driver.press("escape")
        await driver.until(lambda: len(names(driver)) == 2, "the safety backup")
        snapshot = driver.deck.live.snapshot if driver.deck.live else None
        assert snapshot is not None
        assert snapshot.chain.current_height == was  # the deck has followed


async def test_one_that_is_damaged_foreign_or_gone_is_told_and_left(
    places: Locations, clock: FixedClock
) -> None:
    made, gone = take(places, clock, "a"), take(places, clock, "b")
    place, stem = made.path.parent, "state-20250228T120000Z"
    cut, theirs = place / f"{stem}-cut.db", place / f"{stem}-theirs.db"
    cut.write_bytes(made.path.read_bytes()[:9_000])
    foreign.write(theirs, "CREATE TABLE kv_config(key TEXT)")
    text = "".join(one for one in EVERYTHING if one not in "/\0\n\r")
    hostile = f"{stem}-{text}.db"
    shutil.copy(made.path, place / hostile)
    shutil.copy(made.path, place / os.fsdecode(b"state-20250228T120000Z-\xff.db"))
    shutil.copy(made.path, place / ("state-20250228T120000Z-" + "W" * 200 + ".db"))
    manifest = backup.manifest_of(made.path)
    manifest.write_text(
        manifest.read_text().replace('"name": "a"', '"name": "[/][@click=app.quit]x"')
    )
    async with listed(console(places, clock=clock)) as driver:
        await driver.until_shown("– foreign", "✗ damaged", "Z-[red]x[red]", "\\udcff")
        table(driver).move_to(str(made.path))
        await driver.until_shown("called [/][@click=app.quit]x")
        assert not links(driver)
        assert "\x1b" not in driver.screen()
        table(driver).move_to(str(theirs))
        for key in ("v", "R", "D", "enter"):
            driver.app.clear_notifications()
            await driver.press(key)
            await until_said(driver, "another program")
            assert isinstance(driver.app.screen, BackupsScreen)
        table(driver).move_to(str(cut))
        await driver.press("v")
        await until_said(driver, "not an intact SQLite database")
        driver.app.clear_notifications()
        await driver.press("R")
        await until_said(driver, "cannot be trusted; nothing was changed")
        await driver.press("enter")
        await driver.until_shown("Not known: the line above says why.")
        await driver.press("escape")
        table(driver).move_to(str(place / hostile))
        await driver.press("y")
        assert hostile.removesuffix(".db")[:23] in driver.app.clipboard
        assert "\x1b" not in driver.app.clipboard
        # somebody removes one between two looks: the list says so, and so does its own screen
        table(driver).move_to(str(gone.path))
        await driver.press("enter")
        await driver.until(lambda: table(driver, "#tallies").rows, "what is in it")
        backup.remove(gone)
        await driver.press("R")
        await until_said(driver, f"{gone.name} is gone: somebody removed it; nothing was changed.")
        await driver.until_shown("What it held is below.")
        await driver.press("escape")
        await driver.until(lambda: gone.name not in names(driver), "the row to go")
        assert driver.app.failure is None


async def test_one_is_removed_once_its_name_is_typed(places: Locations, clock: FixedClock) -> None:
    made = take(places, clock, "a")
    async with listed(console(places, clock=clock)) as driver:
        await driver.until(lambda: names(driver) == [made.name], "the list")
        await asked(driver, "D")
        assert "It is the only backup" in driver.screen()
        await driver.press("escape")
        assert made.path.exists()
        await asked(driver, "D")
        foreign.write(made.path, "UPDATE chain_state SET value='1'")  # another file by now
        await typed(driver, made.name)
        await driver.until_shown("was written since it was shown; nothing was removed.")
        assert made.path.exists()
        await driver.press("escape")
        await driver.until(lambda: driver.app._backups.item(made.path), "the file as it is now")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, BackupScreen), "its screen")
        await asked(driver, "D")
        await typed(driver, made.name)
        await until_said(driver, f"Removed {made.name}.")
        await driver.until_shown("There are no backups of state.db yet")
        assert not list(backup.folder_of(places).iterdir())


async def test_where_nothing_is_written_it_is_refused(
    places: Locations, clock: FixedClock, tmp_path: Path
) -> None:
    made = take(places, clock, "a")
    async with listed(console(places, clock=clock, read_only=True)) as driver:
        await driver.until(lambda: names(driver) == [made.name], "the list")
        for key in ("a", "R", "D"):
            driver.app.clear_notifications()
            await driver.press(key)
            await until_said(driver, "This console is read-only; nothing was changed.")
            assert isinstance(driver.app.screen, BackupsScreen)
        await driver.press("v")
        await until_said(driver, "is intact")
        await driver.press("escape", "t", "8")
        await until_said(driver, "Nothing is written in the past")
        assert driver.app.screen is driver.deck
    alone = Session(places, ACTOR, read_only=True, file_mode=True)
    async with listed(NodedeckApp(alone, clock=clock, host=HOST), read=False) as driver:
        await driver.until_shown("reads api-config.yaml alone", made.name)
        await driver.press("R")
        await until_said(driver, "there is nothing to back up or to restore into")
    shutil.rmtree(backup.folder_of(places))
    backup.folder_of(places).write_text("in the way")
    async with listed(console(places, clock=clock)) as driver:
        await driver.until_shown("Cannot read", "not a directory", "Not known: the line above")


async def test_without_a_database_one_can_be_restored(places: Locations, clock: FixedClock) -> None:
    made = take(places, clock)
    was = height(places)
    for path in places.database.parent.glob("state.db*"):
        path.unlink()
    async with listed(console(places, clock=clock), read=False) as driver:
        await driver.until_shown("There is no database at")
        await driver.until(lambda: names(driver) == [made.name], "the list")
        await driver.press("a", "enter")
        await driver.until(lambda: driver.screen().count("There is no database at") == 2, "why not")
        await driver.press("escape", "enter")
        await driver.until(lambda: table(driver, "#tallies").rows, "what is in it")
        await asked(driver, "R")
        assert "it is made" in driver.screen()
        await typed(driver, made.name)
        await until_said(driver, f"Restored {made.name}")
        assert height(places) == was
        await driver.until(lambda: driver.deck.live is not None, "the deck to find it")


async def test_a_fault_leaves_the_old_state_and_says_so(
    places: Locations, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = take(places, clock)
    later = height(places) + 5
    set_height(places, later)
    app, original, loop = console(places, clock=clock), copying.copy, asyncio.get_running_loop()

    def failing(*args: Any, **more: Any) -> None:
        if more.get("between") is None:
            original(*args, **more)
            return
        # while it runs, neither a key of the dialog nor ctrl+c breaks it off at once
        for action in ("screen.cancel", "app.interrupt"):
            asyncio.run_coroutine_threadsafe(app.run_action(action, app.screen), loop).result(20)
        raise NodedeckError("The disk failed; nothing was changed.")

    monkeypatch.setattr(copying, "copy", failing)
    async with listed(app) as driver:
        await driver.until(lambda: names(driver) == [made.name], "the list")
        await asked(driver, "R")
        await typed(driver, made.name)
        await driver.until_shown("The disk failed; nothing was changed.")
        assert said(driver, "A restore is under way and ends in a moment")
        assert isinstance(driver.app.screen, ReviewScreen)
        assert height(places) == later
        assert len(backup.listed(places)) == 1


async def test_a_copy_that_is_under_way_is_cancelled(
    places: Locations, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    half, go, original = threading.Event(), threading.Event(), copying.copy

    def slow(*args: Any, told: copying.Told, **more: Any) -> None:
        def heard(done: int, total: int) -> None:
            told(done, total)
            if done * 2 > total and not half.is_set():
                half.set()
                assert go.wait(20)

        original(*args, told=heard, **more)

    monkeypatch.setattr(copying, "copy", slow)
    async with listed(console(places, clock=clock)) as driver:
        await driver.press("a", "enter", "enter")
        await driver.until(half.is_set, "half of it")
        await driver.until_shown(" %  copying")
        await driver.press("escape")
        go.set()
        await until_said(driver, "Cancelled; nothing was changed and nothing is left of it.")
        assert isinstance(driver.app.screen, BackupsScreen)
        assert not list(backup.folder_of(places).iterdir())


async def test_a_full_disk_is_said_and_nothing_is_left(tmp_path: Path, clock: FixedClock) -> None:
    disk = tmp_path / "disk"
    with small_disk(disk, "4m"):
        places = demo_state(disk)
        free = os.statvfs(disk)
        (disk / "full").write_bytes(bytes(free.f_bavail * free.f_frsize - 100_000))
        async with listed(console(places, clock=clock)) as driver:
            before = sorted(backup.folder_of(places).iterdir())
            await driver.press("a", "enter")
            await driver.until_shown("No space is left")
            assert isinstance(driver.app.screen, MakeScreen)
            assert sorted(backup.folder_of(places).iterdir()) == before
            await driver.press("escape")
            assert driver.app.failure is None
        driver.app._store.join(PATIENCE_SECONDS)  # it lets go of the disk
