"""The audit pane without a filter, read on to the end of the log."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store.locations import Locations
from tests.support.deck import Driver, console, demo_state, opened
from tui.panes import log_search, log_tail
from tui.panes.audit import AuditPane


def rename(database: Path, count: int, name: str = "h") -> None:
    """Commit so many changes of one node's host, each to be told from the others."""
    with closing(sqlite3.connect(database)) as db, db:
        db.executemany(
            "UPDATE inference_nodes SET host=? WHERE id='dk03-c'",
            [(f"{name}{number}",) for number in range(count)],
        )


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    found = demo_state(tmp_path)
    rename(found.database, 450)
    return found


def title(driver: Driver) -> str:
    return str(driver.deck.audit.border_title)


def shown(driver: Driver) -> list[str]:
    return [cells[2] for cells in driver.cells("audit").values()]


async def test_older_changes_come_for_who_scrolls_to_the_end(places: Locations) -> None:
    async with opened(console(places)) as driver:
        assert title(driver) == "5 Audit  the newest 200"
        await driver.press("5", "G")
        await driver.until(lambda: "the newest 400" in title(driver), "another window")
        table = driver.deck.audit.table
        here = table.cursor_key
        assert table.cursor_row == 199, "the cursor stays where the end was"
        # what is written meanwhile comes on top, and nothing moves
        rename(places.database, 3, "new")
        await driver.until(lambda: "the newest 403" in title(driver), "the news")
        assert table.cursor_key == here
        while "all" not in title(driver):
            await driver.press("G")
            await driver.pilot.pause(0.01)
        told = shown(driver)
        assert told[0].endswith("→ new2")
        hosts = [one for one in told if re.search(r"→ h\d+$", one)]
        assert [int(one.rpartition("h")[2]) for one in hosts] == list(reversed(range(450)))
        assert title(driver) == f"5 Audit  all {len(told)}"
        assert "added" in told[-1] or "–" in told[-1]
        # back at the top the deck is as light as before
        await driver.press("space", "g")
        rename(places.database, 1, "last")
        await driver.until(lambda: title(driver) == "5 Audit  1 marked  the newest 200", "the top")
        assert len(shown(driver)) == 200


async def test_there_is_an_end_to_what_is_held(
    places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (log_search, log_tail):
        monkeypatch.setattr(module, "MOST_ROWS", 400)
    async with opened(console(places)) as driver:
        await driver.press("5", "G")
        told = "5 Audit  the newest 400; t goes back further"
        await driver.until(lambda: title(driver) == told, "another window")
        await driver.press("G", "G")
        assert len(shown(driver)) == 400


async def test_a_row_is_made_once_and_aged(
    places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    row = AuditPane._row

    def counting(self: AuditPane, key: str, *rest: object, **options: bool) -> object:
        made.append(key)
        return row(self, key, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(AuditPane, "_row", counting)
    async with opened(console(places)) as driver:
        made.clear()
        rename(places.database, 1, "one")
        await driver.until(lambda: any("→ one0" in text for text in shown(driver)), "the news")
        assert len(made) == 1
        pane = driver.deck.audit
        now = pane.clock()
        monkeypatch.setattr(pane, "clock", lambda: now.replace(year=now.year + 1))
        driver.deck.audit.retell()
        assert len(made) == 1
        assert all(text.endswith(" d") for text, *_ in driver.cells("audit").values())
