"""The deck, driven by its keys over real databases that real other processes write to."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from store.locations import Locations
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.deck import (
    PATIENCE_SECONDS,
    console,
    demo_state,
    empty_state,
    opened,
    outsider,
)
from tui.app import FOLLOW
from tui.commands import PANES

ROOT = Path(__file__).parents[2]


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


# following


async def test_commits_of_another_process_appear_without_a_key_press(places: Locations) -> None:
    async with opened(console(places)) as driver:
        with outsider(places.database) as other:
            other.height(2_500_000)
            await driver.until_shown("2,500,000")
            assert driver.cells("audit")["current_height"][1:4] == [
                "current_height",
                "2,415,377 → 2,500,000",
                "external",
            ]
            other.commit(("UPDATE inference_nodes SET is_enabled=0 WHERE id=?", ("dk03-c",)))
            await driver.until_shown("2 of 3 enabled", "is_enabled yes → no")
            assert driver.cells("nodes")["nodes.dk03-c"][0] == "○"
            other.commit(
                "UPDATE seed_info SET is_active=0",
                foreign.seed("previous", 11, 157, claimed=1),
                foreign.seed("current", -12, 158),
            )
            await driver.until(
                lambda: (
                    [row[1:4] for row in driver.cells("seeds").values()]
                    == [["157", "✓ yes", "11"], ["158", "· no", "-12"], ["", "▲ missing", ""]]
                ),
                "the turn of the epoch",
            )
            externals = {row[3] for row in driver.cells("audit").values()}
            assert externals == {"external", "ops@gx-07"}


async def test_what_is_shown_is_what_the_database_holds(places: Locations) -> None:
    async with opened(console(places)) as driver:
        with closing(sqlite3.connect(places.database)) as db:
            chain = dict(db.execute("SELECT key, value FROM chain_state"))
            nodes = db.execute(
                "SELECT id, host, inference_port, poc_port, max_concurrent, version"
                " FROM inference_nodes ORDER BY rowid"
            ).fetchall()
            seeds = db.execute(
                "SELECT type, epoch_index, claimed, seed FROM seed_info WHERE is_active"
            ).fetchall()
            (params,) = db.execute(
                "SELECT param_data FROM network_params WHERE param_type='validation'"
            ).fetchone()
        shown = driver.cells("chain")
        assert shown["current_height"][1].strip().replace(",", "") == chain["current_height"]
        assert shown["last_processed_height"][1].replace(",", "") == chain["last_processed_height"]
        assert shown["current_node_version"][1] == chain["current_node_version"]
        assert [
            (row[1], row[2], *map(int, row[3:6]), "" if row[8] == "–" else row[8])
            for row in driver.cells("nodes").values()
        ] == nodes
        assert {
            (kind, int(row[1]), row[2] == "✓ yes", int(row[3]))
            for kind, row in driver.cells("seeds").items()
        } == {(kind, epoch, bool(claimed), seed) for kind, epoch, claimed, seed in seeds}
        for name, value in driver.cells("params").values():
            if value and f'"{name.strip()}"' in params:
                assert f'"{name.strip()}":{value}' in params.replace(" ", "")


async def test_it_follows_a_daemon_to_its_last_block(places: Locations) -> None:
    command = [sys.executable, "-m", "tui.cli", "simulate", "--db", str(places.database)]
    simulator = subprocess.Popen(
        [*command, "--block-seconds", "0.1", "--blocks", "50", "--seed", "5"],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    seen: set[str] = set()

    def shown() -> str:
        height = driver.cells("chain")["current_height"][1]
        seen.add(height)
        return height

    try:
        async with opened(console(places)) as driver:
            await driver.until(lambda: simulator.poll() is not None or not shown(), "the end")
            await driver.until(lambda: shown() == "2,415,427", "the last block")
            assert len(seen) > 10, "it moved on the way, too"
    finally:
        simulator.kill()
        simulator.wait()


async def test_the_audit_pane_follows_at_the_top_and_else_stays_on_its_row(
    places: Locations,
) -> None:
    async with opened(console(places)) as driver:
        await driver.press("5")
        table = driver.deck.pane("audit").table
        with outsider(places.database) as other:
            for limit in (1, 2):
                other.commit(("UPDATE inference_nodes SET max_concurrent=?", (limit,)))
                await driver.until_shown(f"→ {limit} ")
                assert (table.cursor_row, table.scroll_offset.y) == (0, 0)
            await driver.press("down", "down", "down", "down")
            key = table.cursor_key
            other.commit("UPDATE inference_nodes SET max_concurrent=3")
            await driver.until(
                lambda: any(row[2].endswith("→ 3") for row in driver.cells("audit").values()),
                "the third change",
            )
            assert (table.cursor_key, table.cursor_row) == (key, 7)


async def test_a_cursor_stays_on_its_node_while_nodes_come_and_go(places: Locations) -> None:
    nodes = (foreign.node(f"n{number:02}") for number in range(60))
    foreign.write(places.database, "DELETE FROM inference_nodes", *nodes)
    async with opened(console(places)) as driver:
        await driver.press("3", *["down"] * 20)
        table = driver.deck.pane("nodes").table
        assert table.cursor_key == "nodes.n20"
        with outsider(places.database) as other:
            other.commit("DELETE FROM inference_nodes WHERE id < 'n05'")
            await driver.until_shown("55 of 55 enabled")
        assert (table.cursor_key, table.cursor_row) == ("nodes.n20", 15)


async def test_ages_are_shown_whole_and_tick(places: Locations, clock: FixedClock) -> None:
    foreign.write(places.database, "UPDATE audit_log SET at='2025-03-01T11:59:50.000Z'")
    async with opened(console(places, clock=clock)) as driver:
        for seconds, text in ((0, "10 s"), (5, "15 s"), (90, "1 m"), (36_000, "10 h 01 m")):
            clock.advance(seconds)
            await driver.until_shown(f"written {text} ago")


# databases that are not there, not ours, not whole, not free


async def test_a_database_that_comes_later_is_followed(tmp_path: Path) -> None:
    places = Locations(tmp_path / "config.yaml", tmp_path / "state.db")
    async with opened(console(places), size=(80, 24), read=False) as driver:
        # no line stands empty above the sentence
        await driver.until(lambda: "There is no" in driver.screen().split("\n")[1], "the sentence")
        assert "not read" in driver.screen()
        assert driver.notice().startswith(f"There is no database at {places.database}.")
        assert "nodedeck import apply" in driver.notice()
        empty_state(tmp_path)
        foreign.write(places.database, foreign.node("late"))
        await driver.until_shown("live", "nodes on")
        assert "late" in str(driver.cells("nodes"))
        assert driver.notice() == ""


async def test_a_deleted_database_is_told_and_what_was_shown_stays(places: Locations) -> None:
    async with opened(console(places)) as driver:
        away = places.database.with_name("away.db")
        places.database.rename(away)
        await driver.until(driver.notice, "the sentence")
        assert "There is no database at" in driver.notice()
        assert "2,415,377" in driver.screen()
        away.rename(places.database)
        await driver.until(lambda: not driver.notice(), "following again")


@pytest.mark.parametrize("keys", [("f",), ("H",), ("3", "enter")], ids="-".join)
async def test_screens_over_the_deck_tell_that_the_database_went_and_came(
    places: Locations, keys: tuple[str, ...]
) -> None:
    async with opened(console(places)) as driver:
        await driver.press(*keys)
        assert driver.app.screen is not driver.deck
        away = places.database.with_name("away.db")
        places.database.rename(away)
        await driver.until_shown("There is no database at")
        assert driver.screen().count("There is no database at") == 1
        away.rename(places.database)
        await driver.until(lambda: "There is no database" not in driver.screen(), "its return")


async def test_the_deck_is_there_before_the_database_answers(
    places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, free = console(places), threading.Event()
    opening = type(app.session).open

    def slowly(*args: object, **options: object) -> object:
        free.wait(30)
        return opening(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(type(app.session), "open", slowly)
    async with opened(app, read=False) as driver:
        await driver.until_shown("1 Chain", "5 Audit", "reading")
        await driver.press("3", "z")
        assert driver.deck.active == "nodes"
        free.set()
        await driver.until_shown("live", "dk03-a")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("CREATE TABLE kv_config(key TEXT, value TEXT)", "kv_config"),
        (b"this is no database, though it is long enough to be looked at" * 20, "not an intact"),
        (b"", "not been prepared"),
    ],
)
async def test_what_is_no_database_of_ours_is_told_and_recovered_from(
    tmp_path: Path, content: str | bytes, sentence: str
) -> None:
    path = tmp_path / "state.db"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        with closing(sqlite3.connect(path)) as db:
            db.execute(content)
    async with opened(console(Locations(tmp_path / "c.yaml", path)), read=False) as driver:
        await driver.until(driver.notice, "the sentence")
        assert sentence in driver.notice()
        (tmp_path / "good").mkdir()
        good = demo_state(tmp_path / "good").database
        alone(good).replace(path)
        await driver.until_shown("live", "2,415,377")
        assert driver.notice() == ""


async def test_a_corrupt_page_is_told_and_recovered_from(places: Locations) -> None:
    good = alone(places.database)
    bad = good.with_name("bad.db")
    whole = good.read_bytes()
    bad.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    async with opened(console(Locations(places.config, bad)), read=False) as driver:
        await driver.until(driver.notice, "the sentence")
        assert "not an intact SQLite database" in driver.notice()
        good.replace(bad)
        await driver.until_shown("live", "2,415,377")


async def test_a_locked_database_is_told_and_recovered_from(places: Locations) -> None:
    places = Locations(places.config, alone(places.database))
    with outsider(places.database) as other:
        other.run("BEGIN EXCLUSIVE")
        async with opened(console(places), read=False) as driver:
            await driver.until(driver.notice, "the sentence")
            assert "locked" in driver.notice()
            other.run("COMMIT")
            await driver.until_shown("live", "2,415,377")
            assert driver.notice() == ""


async def test_a_file_put_in_its_place_is_followed(places: Locations, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    new = demo_state(tmp_path / "new").database
    foreign.write(new, "UPDATE chain_state SET value='7' WHERE key='current_height'")
    async with opened(console(places)) as driver:
        with outsider(places.database) as other:
            other.run("PRAGMA wal_checkpoint(TRUNCATE)")
        alone(new).replace(places.database)
        await driver.until(
            lambda: driver.cells("chain")["current_height"][1].strip() == "7", "the other file"
        )
        with outsider(places.database) as other:
            other.height(8)
            await driver.until(
                lambda: driver.cells("chain")["current_height"][1].strip() == "8", "its commit"
            )


def alone(path: Path) -> Path:
    """A copy in one file, without a log beside it."""
    copy = path.with_name("alone.db")
    with closing(sqlite3.connect(path)) as db, closing(sqlite3.connect(copy)) as target:
        db.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    return copy


# leaving


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
@pytest.mark.parametrize("mode", ["IMMEDIATE", "EXCLUSIVE"])
async def test_it_leaves_at_once_while_another_process_holds_the_lock(
    places: Locations, key: str, mode: str
) -> None:
    places = Locations(places.config, alone(places.database))
    with outsider(places.database) as other:
        other.run(f"BEGIN {mode}", "UPDATE chain_state SET value='1'")
        loop = asyncio.get_running_loop()
        async with opened(console(places), read=False) as driver:
            began = loop.time()
            await driver.press(key)
        assert loop.time() - began < 2.0
        assert driver.app.return_code == 0


async def test_nothing_is_left_running(places: Locations) -> None:
    threads, tasks = set(threading.enumerate()), asyncio.all_tasks()
    app = console(places)
    async with opened(app) as driver:
        assert {worker.name for worker in app.workers} == {FOLLOW}
        await driver.press("question_mark", "escape", "7", "escape")
        assert {worker.name for worker in app.workers} == {FOLLOW}
    if left := asyncio.all_tasks() - tasks:
        assert not (await asyncio.wait(left, timeout=PATIENCE_SECONDS))[1]
    assert not list(app.workers)
    for thread in set(threading.enumerate()) - threads:
        if thread.name == "store":
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()


async def test_read_only_says_so_and_follows(places: Locations) -> None:
    async with opened(console(places, read_only=True)) as driver:
        assert "read-only" in driver.screen()
        with outsider(places.database) as other:
            other.height(2_500_001)
            await driver.until_shown("2,500,001")


async def test_every_pane_is_within_reach_on_a_small_terminal(places: Locations) -> None:
    async with opened(console(places), size=(60, 20)) as driver:
        for number, name in enumerate(PANES, 1):
            await driver.press(str(number))
            assert [one for one in PANES if driver.deck.pane(one).region.area] == [name]
            assert f"{number} {name.capitalize()}" in driver.screen()
            assert "2,415,377" in driver.screen(), "the height stays in sight"
        await driver.pilot.resize_terminal(120, 40)
        await driver.until(
            lambda: all(driver.deck.pane(name).region.area for name in PANES), "all panes"
        )
        assert driver.deck.active == "audit"


async def test_a_clock_that_runs_behind_is_no_error(places: Locations, clock: FixedClock) -> None:
    clock.now -= timedelta(days=3000)
    async with opened(console(places, clock=clock)) as driver:
        assert "written 0 s ago" in driver.screen()
