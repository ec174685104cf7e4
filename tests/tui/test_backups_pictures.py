"""What the backups look like, at both sizes; time, host and data stand still."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from store import backup
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.deck import ACTOR, HOST, Driver, told_state
from tests.tui.test_looks_pictures import Compare, at_sizes, console
from tui.app import NodedeckApp
from tui.editing.review import ReviewScreen
from tui.widgets.table import Table

_AGES = (("before-import", 9), ("", 3), ("before-upgrade", 1))
_PAGES = 300


@pytest.fixture
def places(tmp_path: Path, clock: FixedClock) -> Locations:
    """Three backups, one of them damaged, a file that is none, and three changes since."""
    found = told_state(tmp_path, clock.now)
    _fill(found.database)
    folder = backup.folder_of(found)
    shutil.rmtree(folder)
    for name, days in _AGES:
        then = clock.now - timedelta(days=days, hours=2)
        made = backup.create(found, actor=ACTOR, host=HOST, clock=lambda at=then: at, name=name)  # type: ignore[misc]
    (folder / "state-20250110T080000Z-cut.db").write_bytes(made.path.read_bytes()[:9000])
    (folder / "notes.txt").write_text("by hand")
    with ConfigManager.open(found, actor=ACTOR, clock=clock) as manager:
        manager.set_value("nodes.dk03-a.max_concurrent", "7")
        manager.set_value("cache.capacity_mb", "1024")
        manager.remove_node("dk03-c")
    return found


def _fill(database: Path) -> None:
    """Give a database a size that hangs neither on the names of directories nor on a release."""
    with foreign.connect(database) as db:
        db.execute("CREATE TABLE filling(x)")
        while db.execute("PRAGMA page_count").fetchone()[0] < _PAGES:
            db.execute("INSERT INTO filling VALUES(zeroblob(600))")
        db.execute("DROP TABLE filling")
        assert db.execute("PRAGMA page_count").fetchone() == (_PAGES,)


def after(app: NodedeckApp, *keys: str) -> object:
    """Open the backups, and press keys, each once the one before has come to rest."""

    async def run(pilot: Pilot[int]) -> None:
        driver = Driver(app, pilot)
        await driver.settle()
        await driver.press("8")
        await driver.until_shown("not yet")
        app.screen.query_one(".subheading", Static).update("/srv/gx-07/backups")
        for key in keys:
            await driver.press(key)
            if key == "enter":
                await driver.until(
                    lambda: all(one.rows for one in app.screen.query(Table)), "what is in it"
                )
            elif key == "R":
                await driver.until(lambda: isinstance(app.screen, ReviewScreen), "the question")
            elif key == "v":
                await driver.until_shown("intact")
                app.clear_notifications()
        await driver.settle()

    return run


@at_sizes
@pytest.mark.parametrize(
    "keys",
    [
        pytest.param(("v",), id="list"),
        pytest.param(("enter",), id="inside"),
        pytest.param(("R",), id="restore"),
    ],
)
def test_backups(
    snap_compare: Compare,
    places: Locations,
    clock: FixedClock,
    size: tuple[int, int],
    keys: tuple[str, ...],
) -> None:
    app = console(places, clock)
    assert snap_compare(app, terminal_size=size, run_before=after(app, *keys))
