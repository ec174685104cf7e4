"""The log replayed: every entity's value at every id of a random history, pruned or not."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from store import codec, history, latest, retention, timeline
from store.database import Database, create
from store.paths import HEIGHT_PATHS
from store.retention import Horizons, Retention
from tests.support import foreign
from tests.support.audit_state import assert_sound, logged
from tests.support.examples import seeds
from tests.support.foreign import RandomWriter

TRANSACTIONS = 120
AGE = "UPDATE audit_log SET at=strftime('%Y-%m-%dT%H:%M:%fZ', julianday(at) - ?)"


@dataclass
class Past:
    """A random history, and what the tables held after each of its commits."""

    path: Path
    writer: RandomWriter
    held: dict[int, dict[str, Any]] = field(default_factory=dict)

    def live(self, transactions: int, *, days: float) -> None:
        """Random foreign transactions, so many days apart."""
        with foreign.connect(self.path) as db:
            db.execute("PRAGMA synchronous=OFF")
            for _ in range(transactions):
                self.writer.transaction(db)
                if self.writer.random.random() < 0.5:
                    height = self.writer.random.randint(0, 99)
                    db.execute("REPLACE INTO chain_state VALUES('current_height',?,'')", (height,))
                assert_sound_since(db, self.held)
                self.held[newest(db)] = logged(db)
                if days:
                    db.execute(AGE, (days,))


def assert_sound_since(db: sqlite3.Connection, held: dict[int, dict[str, Any]]) -> None:
    """What the log says of the present is what the tables hold, as long as nothing was pruned."""
    if not db.execute("SELECT 1 FROM meta WHERE key='retention_horizon'").fetchone():
        assert_sound(db)


def newest(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT ifnull(max(id), 0) FROM audit_log").fetchone()[0])


@dataclass(frozen=True)
class Row:
    """One row of the log."""

    id: int
    path: str
    action: str
    old: str | None
    new: str | None


def log_of(path: Path) -> list[Row]:
    with foreign.connect(path) as db:
        rows = db.execute("SELECT id, path, action, old_json, new_json FROM audit_log ORDER BY id")
        return [Row(*row) for row in rows]


def replayed(rows: list[Row], at: Iterable[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The state at each id by the plainest reading of the log: one row after the other."""
    state: dict[str, Any] = {}
    ahead = iter(rows)
    row = next(ahead, None)
    for change_id in at:
        while row is not None and row.id <= change_id:
            state.pop(row.path, None)
            if row.new is not None:
                state[row.path] = json.loads(row.new)
            row = next(ahead, None)
        yield change_id, dict(state)


def decoded(db: Database) -> Iterator[tuple[int, dict[str, Any]]]:
    """What ``entities_as_of`` should answer at every id, worked out row by row."""
    rows = [
        Row(*row)
        for row in db.rows("SELECT id, path, action, old_json, new_json FROM audit_log ORDER BY id")
    ]
    values = {
        (row.path, row.new): codec.entity_value(history.kind_of(row.path), row.path, row.new)
        for row in rows
    }
    stored: dict[str, str] = {}
    for row in rows:
        stored.pop(row.path, None)
        if row.new is not None:
            stored[row.path] = row.new
        yield row.id, {path: values[path, new] for path, new in stored.items()}


def ids(db: Database) -> range:
    return range(1, latest.newest_id(db) + 1)


@pytest.fixture(params=seeds(2))
def past(request: pytest.FixtureRequest, tmp_path: Path) -> Past:
    path = tmp_path / "state.db"
    create(path, created_by="tests")
    return Past(path, RandomWriter(1000 + request.param))


@pytest.fixture
def db(past: Past) -> Iterator[Database]:
    opened = Database(past.path)
    yield opened
    opened.close()


def test_every_commit_is_in_the_log(past: Past) -> None:
    past.live(TRANSACTIONS, days=1)
    assert dict(replayed(log_of(past.path), past.held)) == past.held


def test_a_deletion_that_was_taken_back_is_all_that_the_log_omits(past: Past) -> None:
    past.live(TRANSACTIONS, days=0)
    rows = log_of(past.path)
    for change_id, state in replayed(rows, past.held):
        held = past.held[change_id]
        assert {path: state.get(path) for path in held} == held
        for path in state.keys() - held.keys():
            after = next(row for row in rows if row.path == path and row.id > change_id)
            assert after.old is not None
            assert json.loads(after.old) == state[path]


def test_every_id_can_be_asked_for(past: Past, db: Database) -> None:
    past.live(TRANSACTIONS, days=0)
    for change_id, values in decoded(db):
        assert timeline.entities_as_of(db, change_id) == values


def without(values: dict[str, Any], horizons: Horizons, change_id: int) -> dict[str, Any]:
    forgotten = HEIGHT_PATHS if change_id < horizons.heights else ()
    return {path: value for path, value in values.items() if path not in forgotten}


def test_after_pruning_every_id_since_the_horizon_is_as_it_was(past: Past, db: Database) -> None:
    past.live(TRANSACTIONS, days=1)
    before = {change_id: timeline.entities_as_of(db, change_id) for change_id in ids(db)}
    for keep in (Retention(40, 90), Retention(15, 60), Retention(30, 5)):
        pruned = retention.prune(db, keep, datetime.now(UTC), pause=no_pause)
        assert pruned.rest
        horizons = retention.horizons(db)
        assert horizons == pruned.horizons
        for change_id in range(horizons.rest, len(before) + 1):
            found = timeline.entities_as_of(db, change_id)
            assert without(found, horizons, change_id) == without(
                before[change_id], horizons, change_id
            )
            document = timeline.document_as_of(db, past.path, change_id)
            assert bool(document.unknown) == (change_id < horizons.heights)
        for change_id in range(horizons.rest):
            with pytest.raises(timeline.BeforeHorizon):
                timeline.document_as_of(db, past.path, change_id)


def test_what_happens_after_pruning_does_not_disturb_the_past(past: Past, db: Database) -> None:
    past.live(TRANSACTIONS, days=0)  # leaves rewrites, which a later deletion takes along
    with foreign.connect(past.path) as connection:
        connection.execute(AGE, (30,))
    retention.prune(db, Retention(1, 1), datetime.now(UTC), pause=no_pause)
    horizon = latest.newest_id(db)
    held = timeline.entities_as_of(db, horizon)
    for _ in range(3):
        past.live(TRANSACTIONS // 4, days=1)
        assert timeline.entities_as_of(db, horizon) == held


def test_a_moment_means_the_last_change_up_to_it(past: Past, db: Database) -> None:
    past.live(TRANSACTIONS // 2, days=0.25)
    rows = db.rows("SELECT id, at FROM audit_log ORDER BY id")
    for change_id, at in rows:
        last = max(each for each, when in rows if when <= at)
        moment = datetime.fromisoformat(at)
        assert history.change_at(db, moment) == last >= change_id
        assert history.change_at(db, moment - timedelta(milliseconds=1)) < change_id


def no_pause(_: float) -> None:
    """Nobody else writes here."""
