"""What the console looks like; time, host and data stand still."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from store.locations import Locations
from tests.support.clock import FixedClock
from tests.support.deck import Driver, console, empty_state, told_state
from tui.app import NodedeckApp
from tui.commands import PANES

Compare = Callable[..., bool]


@pytest.fixture
def places(tmp_path: Path, clock: FixedClock) -> Locations:
    return told_state(tmp_path, clock.now)


async def read(pilot: Pilot[int]) -> None:
    """Wait for the first picture, and until nothing moves any more."""
    app = pilot.app
    assert isinstance(app, NodedeckApp)
    await Driver(app, pilot).settle()


def pressed(*keys: str) -> Callable[[Pilot[int]], object]:
    """Press keys once the first picture is there."""

    async def run(pilot: Pilot[int]) -> None:
        await read(pilot)
        await pilot.press(*keys)
        await read(pilot)

    return run


def test_deck_at_120x40(snap_compare: Compare, places: Locations, clock: FixedClock) -> None:
    app = console(places, clock=clock)
    assert snap_compare(app, terminal_size=(120, 40), run_before=read)


@pytest.mark.parametrize("pane", PANES)
def test_pane_at_80x24(
    snap_compare: Compare, places: Locations, clock: FixedClock, pane: str
) -> None:
    app, key = console(places, clock=clock), str(PANES.index(pane) + 1)
    assert snap_compare(app, terminal_size=(80, 24), run_before=pressed(key))


def test_zoomed_at_120x40(snap_compare: Compare, places: Locations, clock: FixedClock) -> None:
    app = console(places, clock=clock)
    assert snap_compare(app, terminal_size=(120, 40), run_before=pressed("3", "z"))


def test_help_at_80x24(snap_compare: Compare, places: Locations, clock: FixedClock) -> None:
    app = console(places, clock=clock)
    assert snap_compare(app, terminal_size=(80, 24), run_before=pressed("question_mark"))


def test_light_at_120x40(snap_compare: Compare, places: Locations, clock: FixedClock) -> None:
    app = console(places, clock=clock)
    app.theme = "nodedeck-light"
    assert snap_compare(app, terminal_size=(120, 40), run_before=read)


def test_empty_database(snap_compare: Compare, tmp_path: Path, clock: FixedClock) -> None:
    app = console(empty_state(tmp_path), clock=clock)
    assert snap_compare(app, terminal_size=(120, 40), run_before=read)


def test_missing_database(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, clock: FixedClock
) -> None:
    monkeypatch.chdir(tmp_path)  # the sentence names the path
    app = console(Locations(Path("config.yaml"), Path("state.db")), clock=clock)

    async def missed(pilot: Pilot[int]) -> None:
        driver = Driver(app, pilot)
        await driver.until(driver.notice, "the sentence")
        await pilot.pause()

    assert snap_compare(app, terminal_size=(80, 24), run_before=missed)


def test_read_only(snap_compare: Compare, places: Locations, clock: FixedClock) -> None:
    app = console(places, clock=clock, read_only=True)
    assert snap_compare(app, terminal_size=(80, 24), run_before=read)


def test_resized_there_and_back(
    snap_compare: Compare, places: Locations, clock: FixedClock
) -> None:
    async def there_and_back(pilot: Pilot[int]) -> None:
        await read(pilot)
        for size in ((60, 20), (120, 40)):
            await pilot.resize_terminal(*size)
            await read(pilot)

    app = console(places, clock=clock)
    assert snap_compare(app, terminal_size=(120, 40), run_before=there_and_back)


def test_small_at_60x20(snap_compare: Compare, places: Locations, clock: FixedClock) -> None:
    app = console(places, clock=clock)
    assert snap_compare(app, terminal_size=(60, 20), run_before=read)
