"""The console over a prepared database, driven by keys and read off its screen."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary, ref

from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Static

from store.daemon import Daemon
from store.history import stamp
from store.importing import apply as engine
from store.importing import plan as planning
from store.locations import Locations
from store.manager import ConfigManager, utc_now
from tests.support import once
from tui.app import NodedeckApp
from tui.demo import demo_files
from tui.screens.deck import DeckScreen
from tui.session import Session
from tui.widgets.table_model import Row

HOST = "gx-07"
ACTOR = "ops@gx-07"
PATIENCE_SECONDS = 20.0
_LOOK_SECONDS = 0.01


def demo_state(folder: Path) -> Locations:
    """The demo's files imported into a database, as of now."""
    tables = ("audit_log", "imports", "file_edits")
    return _copied(_demo_once(), folder, *(f"UPDATE {table} SET at=:now" for table in tables))


def _copied(made: Path, folder: Path, *statements: str) -> Locations:
    """A directory's copy, whose receipts name the place of the copy, after statements as of now."""
    shutil.copytree(made, folder, dirs_exist_ok=True)
    places = Locations(folder / "api-config.yaml", folder / "state.db")
    with closing(sqlite3.connect(places.database, isolation_level=None)) as db:
        db.execute(
            "UPDATE imports SET receipt_json=replace(receipt_json, ?, ?)", (str(made), str(folder))
        )
        for statement in statements:
            db.execute(statement, {"now": stamp(utc_now())})
    return places


@cache
def _demo_once() -> Path:
    """A directory with the import that others are copies of; it is made once in a process."""
    folder = once.folder()
    for file in demo_files().iterdir():
        shutil.copyfile(file, folder / file.name)
        (folder / file.name).chmod(0o600)
    places = Locations(folder / "api-config.yaml", folder / "state.db")
    for name in ("dev_config.toml", "api-config.yaml"):
        source = planning.load(folder / name)
        approved = engine.preview([source], places)
        rewrite = source.path == places.config
        engine.apply(approved, places, actor=ACTOR, clock=utc_now, rewrite=rewrite)
    return folder


def told_state(folder: Path, now: datetime) -> Locations:
    """The demo's state with two hours behind it, each change at a moment of its own.

    Blocks of 5.4 s up to three seconds ago, a node switched off with a reason, and an import: a
    picture of it is the same on every run.
    """
    return _copied(_told_once(now), folder)


@cache
def _told_once(now: datetime) -> Path:
    """A directory with the state that others are copies of; made once for each moment."""
    folder = once.folder()
    places = demo_state(folder)
    at = _Stamp(places.database)
    at(now - timedelta(hours=2))
    with ConfigManager.open(places, actor=ACTOR) as manager:
        manager.set_value("cache.capacity_mb", "512", reason="memory errors")
        at(now - timedelta(minutes=31))
        manager.set_value("nodes.dk03-c.is_enabled", "false", reason="reboot")
        at(now - timedelta(minutes=4))
    rng = random.Random(3)  # noqa: S311 - a picture has to be repeatable
    with closing(Daemon(places.database, rng=rng, clock=utc_now)) as daemon:
        for block in range(16):
            daemon.block()
            at(now - timedelta(seconds=3 + 5.4 * (15 - block) + rng.uniform(0, 2)))
    return folder


class _Stamp:
    """Gives the changes since the last call another time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = 0

    def __call__(self, at: datetime) -> None:
        text = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        with closing(sqlite3.connect(self._path, isolation_level=None)) as db:
            db.execute("UPDATE audit_log SET at=? WHERE id>?", (text, self._seen))
            self._seen = db.execute("SELECT max(id) FROM audit_log").fetchone()[0]


def empty_state(folder: Path) -> Locations:
    """A database in which nothing has happened yet."""
    places = Locations(folder / "config.yaml", folder / "state.db")
    once.new_database(places.database)
    return places


def console(
    places: Locations, *, clock: Callable[[], datetime] | None = None, read_only: bool = False
) -> NodedeckApp:
    """The console over a database; the host has a name of its own on every machine."""
    session = Session(places, ACTOR, read_only=read_only)
    return NodedeckApp(session, clock=clock or utc_now, host=HOST)


_PAINTS: WeakKeyDictionary[NodedeckApp, int] = WeakKeyDictionary()


def _count_paints(app: NodedeckApp) -> None:
    """Count from now on how often a console is painted; reading its screen is dear."""
    if app not in _PAINTS:
        _PAINTS[app] = 0
        weak = ref(app)

        def painted() -> None:
            console = weak()
            if console is not None:
                _PAINTS[console] += 1

        app.post_display_hook = painted  # type: ignore[method-assign]


class Driver:
    """A running console: presses keys, reads the screen, waits for what should appear."""

    def __init__(self, app: NodedeckApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot
        self._seen = -1
        self._last_look = ""
        _count_paints(app)

    def _look(self) -> str:
        """The text that the terminal shows, read anew only where something was painted since."""
        if self._seen != _PAINTS[self.app]:
            self._seen = _PAINTS[self.app]
            self._last_look = self.screen()
        return self._last_look

    @property
    def deck(self) -> DeckScreen:
        """The deck, also while another screen is over it."""
        deck = self.app.screen_stack[0]
        assert isinstance(deck, DeckScreen)
        return deck

    async def press(self, *keys: str) -> None:
        """Press keys, one after the other, each with all that follows from it."""
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()

    async def until(self, condition: Callable[[], object], what: str) -> None:
        """Wait until something is so; fails with what the screen shows instead."""
        if condition():
            return
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        await self.pilot.pause(_LOOK_SECONDS)
        while not condition():
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"{what} did not happen; the screen:\n{self.screen()}")
            await asyncio.sleep(_LOOK_SECONDS)
        await self.pilot.pause(0)

    async def settle(self) -> None:
        """Wait until the first picture is there and the screen has come to rest."""
        await self.until(lambda: self.deck.picture is not None, "the first picture")
        seen: list[str] = []

        def at_rest() -> bool:
            seen.append(self._look())
            return len(seen) > 3 and len(set(seen[-4:])) == 1

        await self.until(at_rest, "a screen at rest")

    async def until_shown(self, *texts: str) -> None:
        """Wait until texts are on the screen."""
        self._seen = -1  # what has changed just now may wait for its paint
        await self.until(lambda: all(text in self._look() for text in texts), f"{texts!r}")

    def strips(self) -> list[Strip]:
        """The lines that the terminal has."""
        return self.app.screen._compositor.render_strips()

    def screen(self) -> str:
        """The text that the terminal shows."""
        return "\n".join(strip.text for strip in self.strips())

    def rows(self, pane: str) -> dict[str, Row]:
        """A pane's rows by key."""
        return {row.key: row for row in self.deck.pane(pane).table.rows}

    def cells(self, pane: str) -> dict[str, list[str]]:
        """The texts of a pane's rows by key."""
        columns = range(len(self.deck.pane(pane).COLUMNS))
        return {key: [row.cell(at).text for at in columns] for key, row in self.rows(pane).items()}

    def notice(self) -> str:
        """The line that says why the database is not read; empty where it is."""
        line = self.deck.query_one("#notice", Static)
        return str(line.content) if line.display else ""


@asynccontextmanager
async def opened(
    app: NodedeckApp, *, size: tuple[int, int] = (120, 40), read: bool = True
) -> AsyncIterator[Driver]:
    """Run a console without a terminal, by default from its first picture on."""
    async with app.run_test(size=size) as pilot:
        driver = Driver(app, pilot)
        if read:
            await driver.settle()
        yield driver


_OUTSIDER = """
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=5)
print("ready", flush=True)
for line in sys.stdin:
    for sql, values in json.loads(line):
        db.execute(sql, values)
    print("done", flush=True)
"""


class Outsider:
    """Another program with a connection of its own, in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, *statements: str | tuple[str, tuple[Any, ...]]) -> None:
        """Run statements in autocommit and come back when the last is done."""
        pairs = [(one, ()) if isinstance(one, str) else one for one in statements]
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(pairs) + "\n")
        self._process.stdin.flush()
        self.answer()

    def commit(self, *statements: str | tuple[str, tuple[Any, ...]]) -> None:
        """Commit one transaction."""
        self.run("BEGIN IMMEDIATE", *statements, "COMMIT")

    def height(self, height: int | str) -> None:
        """Commit a block height, as a daemon does."""
        self.commit(
            (
                "INSERT INTO chain_state(key, value) VALUES('current_height', ?)"
                " ON CONFLICT(key) DO UPDATE SET value=excluded.value",
                (str(height),),
            )
        )

    def answer(self) -> None:
        """Wait until the process says that it is done."""
        assert self._process.stdout is not None
        assert self._process.stdout.readline(), "the other program failed"


@contextmanager
def outsider(path: Path) -> Iterator[Outsider]:
    """A second process on the database, ended with the block."""
    with subprocess.Popen(
        [sys.executable, "-c", _OUTSIDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        other = Outsider(process)
        other.answer()
        try:
            yield other
        finally:
            process.kill()
