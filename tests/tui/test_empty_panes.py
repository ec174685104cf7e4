"""A pane without rows teaches; one that nobody could read does not claim to be empty."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from store import database
from store.locations import Locations
from tests.support.deck import Driver, console, empty_state, opened
from tui import cli
from tui.app import NodedeckApp
from tui.commands import PANES
from tui.panes.base import READING, UNREAD
from tui.session import Session

SIZES = [(120, 40), (80, 24)]


def texts(driver: Driver) -> list[str]:
    """What each pane shows, as one line; panes that are hidden are brought to the front."""
    shown = []
    for name in PANES:
        pane = driver.deck.pane(name)
        region = pane.region
        lines = [strip.crop(region.x, region.right).text for strip in driver.strips()]
        inside = " ".join(line.strip("│ ") for line in lines[region.y + 1 : region.bottom - 1])
        shown.append(" ".join(inside.split()))
    return shown


@pytest.mark.parametrize("size", SIZES)
async def test_an_empty_pane_says_what_would_be_there_and_how_it_comes(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async with opened(console(empty_state(tmp_path)), size=size) as driver:
        for number, name in enumerate(PANES, 1):
            await driver.press(str(number))
            await driver.settle()
            empty = driver.deck.pane(name).EMPTY
            assert empty in texts(driver)[number - 1]


@pytest.mark.parametrize("name", PANES)
async def test_the_commands_that_a_pane_names_exist(tmp_path: Path, name: str) -> None:
    async with opened(console(empty_state(tmp_path))) as driver:
        commands = re.findall(r"'nodedeck ([^']+)'", driver.deck.pane(name).EMPTY)
    assert commands
    for command in commands:
        words = shlex.split(command)
        verb = [word for word in words if re.fullmatch("[a-z]+", word)]
        told = CliRunner().invoke(cli.cli, [*verb, "--help"])
        assert told.exit_code == 0, told.output
        for option in (word for word in words if word.startswith("--")):
            assert option in told.output


@pytest.mark.parametrize("size", SIZES)
async def test_before_the_database_has_answered_nothing_is_called_empty(
    tmp_path: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    places = empty_state(tmp_path)
    app = console(places)
    monkeypatch.setattr(NodedeckApp, "on_deck_screen_opened", lambda _: None)
    async with opened(app, size=size, read=False) as driver:
        await driver.until(lambda: READING in texts(driver)[0], "the panes")
        for number in range(1, len(PANES) + 1):
            await driver.press(str(number))
            await driver.until(lambda at=number: READING in texts(driver)[at - 1], "the truth")  # type: ignore[misc]


def missing(_: Locations) -> None:
    """Leave it so that there is no database."""


def garbage(places: Locations) -> None:
    places.database.write_bytes(b"no database at all, but long enough for one" * 100)


def another_programs(places: Locations) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(places.database)) as db:
        db.execute("CREATE TABLE kv_config(a)")


@pytest.mark.parametrize("spoil", [missing, garbage, another_programs])
async def test_a_database_that_cannot_be_read_is_not_an_empty_one(
    tmp_path: Path, spoil: object
) -> None:
    places = Locations(tmp_path / "config.yaml", tmp_path / "state.db")
    assert callable(spoil)
    spoil(places)
    async with opened(NodedeckApp(Session(places, "x"), host="h"), read=False) as driver:
        await driver.until(driver.notice, "the sentence")
        await driver.until(lambda: all(UNREAD in text for text in texts(driver)), "the truth")
        assert not re.search(r"No (nodes|seeds|chain|param|changes)", driver.screen())
        places.database.unlink(missing_ok=True)
        database.create(places.database, created_by="tests")
        await driver.settle()
        await driver.until(lambda: "No nodes in the registry" in driver.screen(), "an empty one")
        assert UNREAD not in " ".join(texts(driver))


async def test_an_empty_database_that_goes_is_no_longer_called_empty(tmp_path: Path) -> None:
    places = empty_state(tmp_path)
    async with opened(console(places)) as driver:
        for path in tmp_path.glob("state.db*"):
            path.unlink()
        await driver.until(lambda: all(UNREAD in text for text in texts(driver)), "the truth")
