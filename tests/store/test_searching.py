"""Searching the log: what is found, by what grammar, and how far one step goes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import history, latest, searching
from store.errors import UsageError
from store.locations import Locations
from store.manager import ConfigManager
from store.models import Change
from store.searching import Search, told, words
from tests.conftest import ACTOR
from tests.support import foreign, once
from tests.support.clock import FixedClock

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


def seek(manager: ConfigManager, text: str, now: datetime = NOW) -> list[Change]:
    """Everything that a filter finds, step by step."""
    wanted = Search.parse(text, now)
    found = manager.search(wanted, upto=latest.newest_id(manager.database))
    changes = [*found.changes, *found.heights]
    while found.before is not None:
        found = manager.search_on(wanted, before=found.before)
        changes += found.changes
    return sorted(changes, key=lambda change: -change.id)


def ids(changes: list[Change]) -> list[int]:
    return [change.id for change in changes]


@pytest.fixture
def log(manager: ConfigManager) -> ConfigManager:
    """Nine changes, each at a minute of its own up to noon."""
    path = manager.database.path
    with foreign.connect(_log_once()) as made, foreign.connect(path) as db:
        made.backup(db)
    assert latest.newest_id(manager.database) == 9
    return manager


@cache
def _log_once() -> Path:
    """The database that the tests have copies of."""
    path = once.new_database(once.folder() / "state.db")
    places = Locations(path.with_name("config.yaml"), path)
    with ConfigManager.open(places, actor=ACTOR, clock=FixedClock()) as manager:
        manager.set_height(1_934_881)  # 1
        manager.set_height(1_934_882)  # 2
        foreign.write(path, foreign.node("n1", host="10.0.0.1"))  # 3
        foreign.write(path, foreign.node("b.c"))  # 4
        manager.set_value("nodes.n1.max_concurrent", "250", reason="memory errors")  # 5
        manager.set_value("nodes.n1.is_enabled", "false", reason="Réboot [now]")  # 6
    foreign.write(path, "INSERT INTO chain_state(key, value) VALUES('api_token', 'hunter2')")  # 7
    foreign.write(path, "UPDATE inference_nodes SET host='10.0.0.77' WHERE id='n1'")  # 8
    foreign.write(path, "DELETE FROM inference_nodes WHERE id='b.c'")  # 9
    minutes = ((history.stamp(NOW - timedelta(minutes=9 - at)), at) for at in range(1, 10))
    foreign.write(path, *(("UPDATE audit_log SET at=? WHERE id=?", pair) for pair in minutes))
    return path


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [9, 8, 7, 6, 5, 4, 3, 2]),
        ("max_concurrent", [9, 5, 4, 3]),
        ("250", [5]),
        ("inference_port", [9, 4, 3]),
        ("10.0.0.77", [8]),
        ("nodes.n1 external", [8, 3]),
        ("EXTERNAL", [9, 8, 7, 4, 3]),
        ("memory errors", [5]),
        ('"memory errors"', [5]),
        ('"errors memory"', []),
        ('"memory err', [5]),
        ("réboot", [6]),
        ("RÉBOOT", [6]),
        ("[now]", [6]),
        ("no", [9, 8, 6, 5, 4, 3]),
        ("removed", [9]),
        ("tester", [6, 5, 2]),
        ("hunter2", []),
        ("1,934,882", [2]),
        ("1934881", [2]),
        ("%", []),
        ("_", [9, 7, 6, 5, 4, 3, 2]),
        ("path:nodes", [9, 8, 6, 5, 4, 3]),
        ("path:nodes.n1", [8, 6, 5, 3]),
        ('path:nodes."b.c"', [9, 4]),
        ("path:nodes.*.host", [9, 8, 4, 3]),
        ("path:*.*.max_concurrent", [9, 5, 4, 3]),
        ("path:nodes.n*.host 10.0.0.1", [8, 3]),
        ("path:chain_state", [7]),
        ("path:current_height", [2, 1]),
        ("path:*", [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("path: 250", [5]),
        ("actor:tester@host", [6, 5, 2]),
        ("actor:TEST", [6, 5, 2]),
        ("actor:ext", [9, 8, 7, 4, 3]),
        ("actor:nobody", []),
        ("actor:", [9, 8, 7, 6, 5, 4, 3, 2]),
        ("since:90s", [9, 8]),
        ("since:4m", [9, 8, 7, 6, 5]),
        ("since:11:58", [9, 8, 7]),
        ("since:11:58:01", [9, 8]),
        ("since:2025-03-01", [9, 8, 7, 6, 5, 4, 3, 2]),
        ("since:2025-03-02", []),
        ("since:", [9, 8, 7, 6, 5, 4, 3, 2]),
        ("since:4m actor:tester path:nodes.* memory", [5]),
        ("since:9h since:90s", [9, 8]),
        ("unknown:kind", []),
    ],
)
def test_a_change_is_found_by_all_that_was_typed(
    log: ConfigManager, text: str, found: list[int]
) -> None:
    assert ids(seek(log, text)) == found


@pytest.mark.parametrize(
    "text", ["since:rubbish", "since:25:00", "path:a..b", "path:[red]", "since:999999999w"]
)
def test_a_mistake_is_a_sentence(text: str) -> None:
    with pytest.raises(UsageError) as raised:
        Search.parse(text, NOW)
    assert raised.value.hint


def test_a_secret_is_not_found_by_its_text(log: ConfigManager) -> None:
    assert "hunter2" not in told(seek(log, "path:chain_state.api_token")[0])


@given(st.text())
def test_any_text_is_read_or_refused_with_a_sentence(text: str) -> None:
    try:
        wanted = Search.parse(text, NOW)
    except UsageError as fault:
        assert str(fault)
    else:
        assert all(wanted.words)
        assert not any(
            character.isspace() and '"' not in text for word in wanted.words for character in word
        )


@given(
    st.lists(
        st.text(st.characters(exclude_characters='"', exclude_categories=["Z", "C"]), min_size=1)
    )
)
def test_words_are_what_stands_between_spaces(parts: list[str]) -> None:
    assert words("  ".join(parts)) == tuple(parts)


@given(st.data())
def test_what_sqlite_sorts_out_is_never_what_is_looked_for(data: st.DataObject) -> None:
    """Each change is found by any piece of what it tells of itself."""
    change, manager = data.draw(st.sampled_from(_CHANGES)), _MANAGER[0]
    line = data.draw(st.sampled_from([one for one in told(change).split("\n") if one.strip()]))
    start = data.draw(st.integers(0, len(line) - 1))
    piece = line[start : data.draw(st.integers(start + 1, len(line)))]
    if piece.strip() and '"' not in piece and ":" not in piece:
        assert change.id in ids(seek(manager, f'"{piece}"'))


_CHANGES: list[Change] = []
_MANAGER: list[ConfigManager] = []


@pytest.fixture(autouse=True)
def _shared(log: ConfigManager) -> Iterator[None]:
    """What the properties look at: hypothesis calls them many times over one database."""
    _MANAGER[:] = [log]
    _CHANGES[:] = [change for change in log.feed(0) if change.id != 1]
    yield


def test_a_step_looks_at_a_bounded_number_of_ids(
    log: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searching, "STEP_IDS", 2)
    whole = ids(seek(log, "path:*"))
    assert whole == list(range(9, 0, -1))
    first = log.search(Search.parse("path:current_height", NOW), upto=9)
    assert (first.changes, first.before) == ((), 8)


@pytest.mark.parametrize(("name", "size"), [("STEP_LOOKS", 2), ("ROWS", 2)])
def test_a_step_returns_a_bounded_number_of_changes(
    log: ConfigManager, monkeypatch: pytest.MonkeyPatch, name: str, size: int
) -> None:
    monkeypatch.setattr(searching, name, size)
    found = log.search(Search.parse("path:*", NOW), upto=9)
    assert (ids(list(found.changes)), found.before) == ([9, 8], 8)
    assert ids(seek(log, "path:*")) == list(range(9, 0, -1))
    assert ids(seek(log, "external")) == [9, 8, 7, 4, 3]


def test_nothing_newer_than_the_moment_shown_is_found(log: ConfigManager) -> None:
    found = log.search(Search.parse("path:nodes", NOW), upto=6)
    assert ids(list(found.changes)) == [6, 5, 4, 3]
    heights = log.search(Search.parse("current_height", NOW), upto=1).heights
    assert [height.new for height in heights] == [1_934_881]


def test_news_are_what_came_since_and_what_may_have_been_taken_back(
    log: ConfigManager, clock: FixedClock
) -> None:
    wanted = Search.parse("path:nodes", NOW)
    clock.now = NOW + timedelta(seconds=1)
    found = log.search(wanted, upto=9, seen=9)
    assert (ids(list(found.changes)), found.after) == ([9], 8)
    clock.now = NOW + timedelta(seconds=30)
    found = log.search(wanted, upto=9, seen=9)
    assert (ids(list(found.changes)), found.after) == ([], 9)
    found = log.search(wanted, upto=9, seen=4)
    assert (ids(list(found.changes)), found.after) == ([9, 8, 6, 5], 4)


def test_rewrites_that_nobody_signed_are_not_found_and_not_counted(log: ConfigManager) -> None:
    foreign.write(
        log.database.path,
        "INSERT INTO audit_log(at, path, action, old_json, new_json)"
        " VALUES('2025-03-01T12:00:01.000Z', 'nodes.n1', 'R', '{}', '{}')",
    )
    assert ids(seek(log, "path:nodes.n1")) == [8, 6, 5, 3]
    assert log.count_after(7) == 2
    assert log.count_after(0) == 9


def test_an_action_that_is_none_of_ours_is_no_error(log: ConfigManager) -> None:
    foreign.write(log.database.path, "UPDATE audit_log SET action='[x]' WHERE id=8")
    assert ids(seek(log, "[x]")) == [8]


def test_it_stays_bounded_however_long_the_log_is(tmp_path: Path, manager: ConfigManager) -> None:
    """Counted in SQLite's own steps, which no other load on the machine moves."""
    path, rows = manager.database.path, 200_000
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<?)"
            " INSERT INTO audit_log(id, at, path, action, old_json, new_json)"
            " SELECT i+9, '2025-01-01T00:00:00.000Z', 'nodes.n'||(i%50), 'U', '1', '2' FROM n",
            (rows,),
        )
        db.commit()
    connection = manager.database.connection
    for text in ("needle", "path:nodes.*.host", "path:nodes", "path:nodes.n7 needle", "since:9h"):
        ticks = [0]

        def tick(ticks: list[int] = ticks) -> int:
            ticks[0] += 1
            return 0

        connection.set_progress_handler(tick, 1_000)
        manager.search(Search.parse(text, NOW), upto=rows)
        connection.set_progress_handler(None, 0)
        assert ticks[0] < searching.STEP_IDS / 10, text
