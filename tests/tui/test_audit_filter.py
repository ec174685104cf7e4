"""The filter of the audit pane: asked of the store, followed live, and never in the way."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from store import searching
from store.errors import Busy
from store.locations import Locations
from store.manager import ConfigManager
from store.searching import Found, Search
from tests.support import foreign
from tests.support.deck import Driver, console, demo_state, empty_state, opened, outsider
from tests.support.hostile import each_hostile
from tui.panes import log_search


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


def spelled(text: str) -> list[str]:
    """The keys that type a text."""
    names = {":": "colon", ".": "full_stop", "*": "asterisk", " ": "space", "@": "at", "-": "minus"}
    return [names.get(character, character) for character in text]


async def typed(driver: Driver, text: str) -> None:
    """Type a text as fast as a person who does not look up."""
    await driver.press("5", "slash")
    await driver.pilot.press(*spelled(text))
    await driver.pilot.pause()


def paths_shown(driver: Driver) -> list[str]:
    return [cells[1] for cells in driver.cells("audit").values()]


async def found(driver: Driver, count: int) -> None:
    """Wait until the search is through, with so many changes."""
    await driver.until_shown(f" {count} found")


async def test_it_finds_by_words_path_actor_and_time(places: Locations) -> None:
    foreign.write(places.database, "UPDATE inference_nodes SET host='moved' WHERE id='dk03-c'")
    async with opened(console(places)) as driver:
        await typed(driver, "moved")
        await found(driver, 1)
        assert paths_shown(driver) == ["nodes.dk03-c"]
        await driver.press("escape")
        assert len(paths_shown(driver)) > 20
        await typed(driver, "path:nodes.*.host actor:external")
        await found(driver, 1)
        await driver.press("escape")
        await typed(driver, "actor:ops path:nodes")
        await found(driver, 3)
        await driver.press("escape")
        await typed(driver, "since:2h removed")
        await found(driver, 0)
        assert "No row matches." in driver.screen()
        await driver.press("escape")
        assert "No row matches." not in driver.screen()


async def test_a_row_that_was_found_is_opened_and_copied(places: Locations) -> None:
    foreign.write(places.database, "UPDATE inference_nodes SET host='moved' WHERE id='dk03-c'")
    async with opened(console(places)) as driver:
        await typed(driver, "moved")
        await found(driver, 1)
        await driver.press("enter", "right", "y")
        assert driver.app.clipboard == "nodes.dk03-c"
        await driver.press("enter")
        assert driver.app.screen.query("#differences")
        await driver.press("escape")
        assert driver.app.screen is driver.deck
        assert paths_shown(driver) == ["nodes.dk03-c"], "esc takes back one thing at a time"


async def test_a_mistake_is_a_sentence_under_the_line_and_the_rows_stay(places: Locations) -> None:
    async with opened(console(places), size=(80, 24)) as driver:
        await typed(driver, "actor:ops")
        await driver.until(lambda: "found" in driver.screen(), "an answer")
        before = paths_shown(driver)
        await driver.press(*spelled(" since:rubbish"))
        await driver.until_shown("'rubbish' is no time.", "Write it like")
        assert paths_shown(driver) == before
        await driver.press(*["backspace"] * 7)
        await driver.until(lambda: "is no time" not in driver.screen(), "an end of the sentence")
        await driver.press(*spelled(" path:a..b"))
        await driver.until_shown("is not a path")


async def test_what_arrives_does_not_take_the_sentence_away(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await typed(driver, "dk03-c")
        await found(driver, 1)
        await driver.press(*spelled(" since:rubbish"))
        await driver.until_shown("'rubbish' is no time.")
        foreign.write(places.database, "UPDATE inference_nodes SET host='two' WHERE id='dk03-c'")
        await driver.until(lambda: len(paths_shown(driver)) == 2, "the new row")
        assert "'rubbish' is no time." in driver.screen()


async def test_of_the_heights_only_the_newest_is_found_unless_asked_for(places: Locations) -> None:
    async with opened(console(places)) as driver:
        with outsider(places.database) as other:
            for height in (3_000_001, 3_000_002, 3_000_003):
                other.height(height)
            await typed(driver, "current_height")
            await found(driver, 1)
            await driver.press("escape")
            await typed(driver, "path:current_height")
            await found(driver, 4)
            assert driver.cells("audit") != {}
            other.height(3_000_004)
            await found(driver, 5)
            newest = next(iter(driver.cells("audit").values()))
            assert newest[2] == "3,000,003 → 3,000,004"


async def test_live_changes_arrive_under_the_filter_and_others_do_not(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await typed(driver, "dk03-c")
        await found(driver, 1)
        with outsider(places.database) as other:
            other.commit("UPDATE inference_nodes SET host='one' WHERE id='dk03-a'")
            other.commit("UPDATE inference_nodes SET host='two' WHERE id='dk03-c'")
            await found(driver, 2)
            assert set(paths_shown(driver)) == {"nodes.dk03-c"}
            other.commit("DELETE FROM inference_nodes WHERE id='dk03-c'")
            await found(driver, 3)
            other.commit(foreign.node("dk03-c", host="back"))
            await driver.until_shown("back")
        await driver.press("escape")
        log = [change.id for change in driver.deck.pane("audit").picture.changes]  # type: ignore[union-attr]
        assert len(driver.rows("audit")) == len(log)


async def test_what_a_trigger_took_back_goes_from_what_was_found(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await typed(driver, "dk03-b removed")
        await found(driver, 0)
        with outsider(places.database) as other:
            other.commit(
                "CREATE TEMP TABLE kept AS SELECT * FROM inference_nodes WHERE id LIKE 'dk03-b%'",
                "DELETE FROM inference_nodes WHERE id LIKE 'dk03-b%'",
            )
            await found(driver, 1)
            other.commit("INSERT INTO inference_nodes SELECT * FROM kept")
            await found(driver, 0)


def crowd(path: Path, rows: int) -> None:
    """Put a long past into the log; its first change is the needle."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM audit_log")
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<?)"
            " INSERT INTO audit_log(id, at, path, action, old_json, new_json, reason)"
            " SELECT i, '2025-01-01T00:00:00.000Z', 'nodes.n'||(i%50), 'U', '1', '2',"
            " CASE WHEN i%500=1 THEN 'thousand' END FROM n",
            (rows,),
        )
        db.execute("UPDATE audit_log SET reason='needle' WHERE id=1")
        db.commit()


async def test_older_changes_come_window_by_window(
    places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_search, "ROWS", 50)
    monkeypatch.setattr(searching, "ROWS", 50)
    crowd(places.database, 60_000)
    async with opened(console(places), size=(80, 24)) as driver:
        await typed(driver, "thousand")
        await driver.until_shown(" 80 found, more below")
        await driver.press("enter", "G")
        assert driver.deck.pane("audit").table.cursor_row == 79
        await driver.until_shown(" 119 found")
        assert driver.deck.pane("audit").table.cursor_row == 79
        await driver.press("G")
        assert driver.deck.pane("audit").table.cursor_key == "501"


async def test_no_more_is_held_than_there_is_room_for(
    places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_search, "ROWS", 50)
    monkeypatch.setattr(searching, "ROWS", 50)
    monkeypatch.setattr(log_search, "MOST_ROWS", 80)
    crowd(places.database, 60_000)
    async with opened(console(places), size=(80, 24)) as driver:
        await typed(driver, "thousand")
        await driver.until_shown(" 80 found, more below")
        await driver.press("enter", "G")
        await driver.until_shown("the newest 80 found")
        await driver.press("G", "g", "G")
        assert len(driver.rows("audit")) == 80


async def test_the_deck_lives_while_a_long_search_goes_on(
    places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    crowd(places.database, 60_000)
    free, stepping = threading.Semaphore(1), ConfigManager.search_on

    def slowly(manager: ConfigManager, wanted: Search, *, before: int) -> Found:
        free.acquire()
        return stepping(manager, wanted, before=before)

    monkeypatch.setattr(ConfigManager, "search_on", slowly)
    async with opened(console(places)) as driver:
        await typed(driver, "needle")
        await driver.until_shown("0 found, searching")
        await driver.press("enter", "1", "down", "5")
        assert driver.deck.active == "audit"
        free.release()
        with outsider(places.database) as other:
            other.height(4_000_000)
            for _ in range(6):
                free.release()
            await driver.until_shown("4,000,000")
        await found(driver, 1)
        assert driver.rows("audit").keys() == {"1"}


async def test_typing_on_ends_the_search_before(
    places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, ...]] = []
    stepping = ConfigManager.search_on

    def noting(manager: ConfigManager, wanted: Search, *, before: int) -> Found:
        asked.append(wanted.words)
        return stepping(manager, wanted, before=before)

    monkeypatch.setattr(ConfigManager, "search_on", noting)
    crowd(places.database, 200_000)
    async with opened(console(places)) as driver:
        await typed(driver, "zz")
        await driver.press("backspace", "backspace", *"needle")
        await found(driver, 1)
        assert asked[-1] == ("needle",)
        await driver.press("escape")
        last = len(asked)
        await driver.settle()
        assert len(asked) == last
        assert len(driver.rows("audit")) == 200


async def test_a_read_that_fails_is_told_and_the_next_change_tries_again(
    places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    search: Callable[..., Found] = ConfigManager.search

    def busy(*_: object, **__: object) -> Found:
        raise Busy("The database is locked by [another].", hint="Try again.")

    monkeypatch.setattr(ConfigManager, "search", busy)
    async with opened(console(places)) as driver:
        await typed(driver, "dk03-c")
        await driver.until_shown("The database is locked by [another]. Try again.")
        monkeypatch.setattr(ConfigManager, "search", search)
        with outsider(places.database) as other:
            other.commit("UPDATE inference_nodes SET host='two' WHERE id='dk03-c'")
            await found(driver, 2)


async def test_a_file_put_in_its_place_is_searched_anew(places: Locations, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    new = demo_state(tmp_path / "new").database
    foreign.write(new, "UPDATE inference_nodes SET host='elsewhere' WHERE id='dk03-c'")
    async with opened(console(places)) as driver:
        await typed(driver, "dk03-c")
        await found(driver, 1)
        with closing(sqlite3.connect(new)) as source, closing(sqlite3.connect(":memory:")) as copy:
            source.backup(copy)
            with closing(sqlite3.connect(places.database)) as target:
                copy.backup(target)
        await found(driver, 2)


@each_hostile
async def test_hostile_text_in_the_log_is_found_and_shown_as_it_is(
    tmp_path: Path, text: str
) -> None:
    places = empty_state(tmp_path)
    foreign.write(places.database, foreign.node("n1", host=text))
    foreign.write(places.database, ("UPDATE audit_log SET actor=?, reason=?", (text, text)))
    async with opened(console(places)) as driver:
        await typed(driver, "n1")
        await found(driver, 1)
        assert all(part.isprintable() for part in driver.screen().split("\n"))
        await driver.press("enter", "Y")
        assert driver.app.clipboard.replace("\t", "").isprintable()


async def test_sorting_the_log_is_answered_with_a_sentence(places: Locations) -> None:
    async with opened(console(places)) as driver:
        before = list(driver.rows("audit"))
        await driver.press("5", "s")
        assert [notice.message for notice in driver.app._notifications] == [
            "The log is in the order of time; / finds what you look for."
        ]
        assert list(driver.rows("audit")) == before


async def test_an_empty_log_is_searched(tmp_path: Path) -> None:
    async with opened(console(empty_state(tmp_path))) as driver:
        await typed(driver, "x")
        await found(driver, 0)
        await driver.press("enter", "n", "N", "y", "Y", "s", "enter", "escape")
        assert "No changes yet." in driver.screen()


async def test_it_waits_for_the_first_picture(tmp_path: Path) -> None:
    places = Locations(tmp_path / "config.yaml", tmp_path / "state.db")
    async with opened(console(places), read=False) as driver:
        await driver.until_shown("not read")
        await typed(driver, "late")
        empty_state(tmp_path)
        foreign.write(places.database, foreign.node("late"), foreign.node("other"))
        await driver.until_shown("1 found")
        assert paths_shown(driver) == ["nodes.late"]
