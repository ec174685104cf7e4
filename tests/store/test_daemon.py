"""The stand-in daemon keeps the promises that a node's daemon keeps, and breaks the same ones."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from store import errors
from store.daemon import Daemon

TABLES = """
CREATE TABLE chain_state (key TEXT PRIMARY KEY, value TEXT NOT NULL,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE seed_info (id INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL,
    seed INTEGER NOT NULL, epoch_index INTEGER NOT NULL, signature TEXT NOT NULL,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, is_active BOOLEAN DEFAULT TRUE,
    claimed BOOLEAN NOT NULL DEFAULT 0);
CREATE TABLE network_params (param_type TEXT PRIMARY KEY, param_data TEXT NOT NULL,
    updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE node_versions (id INTEGER PRIMARY KEY AUTOINCREMENT, height INTEGER NOT NULL,
    version TEXT NOT NULL, created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE(height, version));
CREATE TABLE upgrade_plans (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,
    height INTEGER NOT NULL, binaries TEXT NOT NULL, is_active BOOLEAN DEFAULT TRUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, node_version TEXT NOT NULL DEFAULT '');
CREATE TABLE inference_nodes (id TEXT PRIMARY KEY, host TEXT NOT NULL,
    inference_segment TEXT NOT NULL, inference_port INTEGER NOT NULL, poc_segment TEXT NOT NULL,
    poc_port INTEGER NOT NULL, models TEXT NOT NULL, max_concurrent INTEGER NOT NULL,
    hardware TEXT NOT NULL, version TEXT NOT NULL, is_enabled BOOLEAN DEFAULT TRUE,
    created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
"""
LIVED_IN = """
INSERT INTO chain_state(key, value) VALUES
    ('current_height', '5000'), ('last_processed_height', '4999'),
    ('current_node_version', 'v1'), ('last_used_version', 'v1'), ('merged_node_config', 'true');
INSERT INTO seed_info(type, seed, epoch_index, signature, claimed) VALUES
    ('previous', -9223372036854775808, 11, 'aa', 1), ('current', 9223372036854775807, 12, 'bb', 0),
    ('upcoming', 5, 13, 'cc', 0);
INSERT INTO inference_nodes VALUES
    ('zeta', '192.0.2.1', '', 5050, '', 8080, '{}', 100, '[]', 'v1', 1, '2000', '2000'),
    ('alpha', '192.0.2.2', '', 5050, '', 8080, '{}', 100, '[]', 'v1', 1, '2000', '2000');
"""


def make_database(path: Path, *scripts: str) -> Path:
    """A database with the daemon's tables, in WAL mode, filled by ``scripts``."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.executescript(TABLES + "".join(scripts))
    return path


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2025, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return make_database(tmp_path / "state.db", LIVED_IN)


@pytest.fixture
def outside(path: Path) -> Iterator[sqlite3.Connection]:
    """Somebody else's connection, in autocommit."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db


@pytest.fixture
def daemon(path: Path) -> Iterator[Daemon]:
    with closing(start(path)) as daemon:
        yield daemon


def repeatable(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311 - the seeds under test guard nothing


def start(path: Path, **options: Any) -> Daemon:
    defaults: dict[str, Any] = {"rng": repeatable(1), "clock": Clock(), "epoch_blocks": 10}
    return Daemon(path, **(defaults | options))


def chain(db: sqlite3.Connection) -> dict[str, str]:
    return dict(db.execute("SELECT key, value FROM chain_state").fetchall())


def active(db: sqlite3.Connection) -> dict[str, tuple[int, int, str, int]]:
    """The active seeds; also proves that there is exactly one of each type."""
    rows = db.execute(
        "SELECT type, seed, epoch_index, signature, claimed FROM seed_info WHERE is_active"
    ).fetchall()
    assert sorted(row[0] for row in rows) == ["current", "previous", "upcoming"]
    return {row[0]: row[1:] for row in rows}


def nodes(db: sqlite3.Connection) -> list[tuple[Any, ...]]:
    return db.execute(
        "SELECT id, host, max_concurrent, version, is_enabled FROM inference_nodes ORDER BY rowid"
    ).fetchall()


@pytest.mark.parametrize("scripts", [(), (LIVED_IN,)], ids=["fresh", "lived in"])
@pytest.mark.parametrize("seed", range(3))
def test_invariants_hold_after_every_commit(
    tmp_path: Path, scripts: tuple[str, ...], seed: int
) -> None:
    path = make_database(tmp_path / "state.db", *scripts)
    rng = repeatable(seed)
    with closing(sqlite3.connect(path)) as db, closing(start(path, rng=rng)) as daemon:
        calls = [
            daemon.block,
            daemon.turn_epoch,
            daemon.announce_upcoming,
            daemon.claim,
            daemon.change_node,
            daemon.change_param,
            daemon.flush,
        ]
        height = epoch = 0
        for _ in range(300):
            rng.choice(calls)()
            values, seeds = chain(db), active(db)
            assert int(values["current_height"]) >= height
            height = int(values["current_height"])
            assert height - int(values["last_processed_height"]) in (0, 1)
            assert seeds["current"][1] >= epoch
            epoch = seeds["current"][1]
            assert seeds["previous"][1] == epoch - 1 or seeds["previous"][:3] == (0, 0, "")
            assert seeds["upcoming"][1] == epoch + 1 or seeds["upcoming"][:3] == (0, 0, "")
            assert (height, epoch) == (daemon.height, daemon.epoch)


def test_a_fresh_database_begins_at_height_and_epoch_one(tmp_path: Path) -> None:
    path = make_database(tmp_path / "state.db")
    with closing(sqlite3.connect(path)) as db, closing(start(path)) as daemon:
        assert (daemon.height, daemon.epoch) == (1, 1)
        assert chain(db)["current_height"] == "1"
        seeds = active(db)
        assert len(seeds["current"][2]) == 128
        assert seeds["previous"] == seeds["upcoming"] == (0, 0, "", 0)
        assert db.execute("SELECT count(*) FROM network_params").fetchone() == (2,)
        assert daemon.change_node() == ""
        assert daemon.claim() == ""


def test_starting_on_a_complete_database_writes_nothing(
    path: Path, outside: sqlite3.Connection
) -> None:
    before = list(outside.iterdump())
    start(path).close()
    assert list(outside.iterdump()) == before


def test_an_epoch_turn_moves_the_seeds_and_clears_upcoming(
    daemon: Daemon, outside: sqlite3.Connection
) -> None:
    before = active(outside)
    daemon.turn_epoch()
    after = active(outside)
    assert after["previous"] == before["current"]
    assert after["current"] == before["upcoming"]
    assert after["upcoming"] == (0, 0, "", 0)
    assert outside.execute("SELECT count(*) FROM seed_info").fetchone() == (6,)
    daemon.turn_epoch()
    assert active(outside)["current"][1] == 14, "a turn with nothing announced makes its own seed"


def test_upcoming_is_announced_once_and_previous_claimed_once(
    daemon: Daemon, outside: sqlite3.Connection
) -> None:
    assert daemon.upcoming_announced
    assert daemon.announce_upcoming() == ""
    assert daemon.claim() == "", "the previous seed came in claimed"
    daemon.turn_epoch()
    assert daemon.announce_upcoming() == "seed of epoch 14 announced"
    assert daemon.claim() == "epoch 12 claimed"
    assert daemon.claim() == ""
    assert active(outside)["previous"] == (2**63 - 1, 12, "bb", 1)


def test_seeds_cover_the_whole_signed_range(daemon: Daemon, outside: sqlite3.Connection) -> None:
    for _ in range(60):
        daemon.turn_epoch()
    low, high = outside.execute(
        "SELECT min(seed), max(seed) FROM seed_info WHERE id > 3"
    ).fetchone()
    assert low < -(2**62)
    assert high > 2**62


def test_an_outside_edit_of_a_height_is_lost_at_the_next_block(
    daemon: Daemon, outside: sqlite3.Connection
) -> None:
    outside.execute("UPDATE chain_state SET value='9' WHERE key='current_height'")
    daemon.block()
    assert chain(outside)["current_height"] == "5001"


def test_an_outside_edit_of_seeds_and_versions_is_lost_at_the_next_flush(
    daemon: Daemon, outside: sqlite3.Connection
) -> None:
    before = chain(outside), active(outside)
    outside.execute("UPDATE seed_info SET seed=1, claimed=0")
    outside.execute("UPDATE chain_state SET value='edited'")
    daemon.flush()
    assert (chain(outside), active(outside)) == before


@pytest.mark.parametrize(("stubborn", "host"), [(False, "203.0.113.9"), (True, "192.0.2.1")])
def test_an_outside_edit_of_a_node_survives_a_flush_unless_stubborn(
    path: Path, outside: sqlite3.Connection, stubborn: bool, host: str
) -> None:
    with closing(start(path, stubborn=stubborn)) as daemon:
        outside.execute("UPDATE inference_nodes SET host='203.0.113.9' WHERE id='zeta'")
        daemon.flush()
        assert [row[:2] for row in nodes(outside)] == [("zeta", host), ("alpha", "192.0.2.2")]


def test_an_own_change_refreshes_a_stubborn_memory(path: Path, outside: sqlite3.Connection) -> None:
    with closing(start(path, stubborn=True)) as daemon:
        outside.execute("DELETE FROM inference_nodes WHERE id='zeta'")
        daemon.change_node()
        changed = nodes(outside)
        daemon.flush()
        assert nodes(outside) == changed


def test_a_node_change_touches_one_field_of_one_node(
    daemon: Daemon, outside: sqlite3.Connection
) -> None:
    for _ in range(20):
        before = nodes(outside)
        assert daemon.change_node().startswith("node '")
        pairs = zip(sum(before, ()), sum(nodes(outside), ()), strict=True)
        assert sum(old != new for old, new in pairs) == 1


def test_a_param_change_moves_one_number_and_keeps_the_unknown(
    daemon: Daemon, outside: sqlite3.Connection
) -> None:
    outside.execute(
        "INSERT INTO network_params(param_type, param_data) VALUES"
        """ ('validation', '{"expiration_blocks": 1, "later": "x", "flag": true}'),"""
        " ('bandwidth', 'no json')"
    )
    told = [daemon.change_param() for _ in range(12)]
    assert "" in told, "a document that is no JSON has nothing to change"
    stored = dict(outside.execute("SELECT param_type, param_data FROM network_params").fetchall())
    params = json.loads(stored["validation"])
    assert params["expiration_blocks"] > 1
    assert (params["later"], params["flag"]) == ("x", True)
    assert stored["bandwidth"] == "no json"
    daemon.flush()
    assert outside.execute(
        "SELECT param_data FROM network_params WHERE param_type='bandwidth'"
    ).fetchone() == ("no json",)


def test_a_passed_version_takes_over_and_leaves_the_stack(
    daemon: Daemon, outside: sqlite3.Connection
) -> None:
    outside.execute(
        "INSERT INTO node_versions(height, version)"
        " VALUES (5002, 'v3'), (5001, 'v2'), (5002, 'v4'), (6000, 'v9')"
    )
    assert daemon.block() == "block 5001, node version 'v2' takes over"
    assert chain(outside)["last_used_version"] == "v1"
    daemon.block()
    values = chain(outside)
    assert (values["current_node_version"], values["last_used_version"]) == ("v4", "v2")
    assert outside.execute("SELECT version FROM node_versions").fetchall() == [("v9",)]


def test_a_passed_upgrade_plan_is_closed_a_few_blocks_later(
    daemon: Daemon, outside: sqlite3.Connection
) -> None:
    outside.execute(
        "INSERT INTO upgrade_plans(name, height, binaries) VALUES ('up', 5001, '{}'),"
        " ('later', 9000, '{}')"
    )
    seen = []
    for _ in range(4):
        daemon.block()
        seen.append(outside.execute("SELECT is_active FROM upgrade_plans").fetchall())
    assert seen == [[(1,), (1,)]] * 3 + [[(0,), (1,)]]


def test_a_flush_is_due_after_a_minute_of_the_clock(path: Path) -> None:
    clock = Clock()
    with closing(start(path, clock=clock)) as daemon:
        clock.now += timedelta(seconds=59)
        assert not daemon.flush_due()
        clock.now += timedelta(seconds=1)
        assert daemon.flush_due()
        daemon.flush()
        assert not daemon.flush_due()


def test_a_lock_is_busy_and_the_same_call_works_afterwards(
    path: Path, outside: sqlite3.Connection
) -> None:
    with closing(start(path, busy_seconds=0)) as daemon:
        outside.execute("BEGIN IMMEDIATE")
        for call in (daemon.block, daemon.turn_epoch, daemon.flush):
            with pytest.raises(errors.Busy):
                call()
        assert (daemon.height, daemon.epoch) == (5000, 12)
        outside.execute("ROLLBACK")
        daemon.block()
        assert chain(outside)["current_height"] == "5001"


def test_a_failing_flush_leaves_nothing(daemon: Daemon, outside: sqlite3.Connection) -> None:
    outside.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON network_params BEGIN SELECT RAISE(ABORT, 'no'); END"
    )
    before = list(outside.iterdump())
    with pytest.raises(errors.NodedeckError):
        daemon.flush()
    assert list(outside.iterdump()) == before


def test_a_deleted_or_replaced_file_ends_it(path: Path, daemon: Daemon) -> None:
    moved = path.rename(path.with_name("moved.db"))
    with pytest.raises(errors.MissingDatabase, match="There is no database"):
        daemon.block()
    make_database(path)
    with pytest.raises(errors.MissingDatabase, match="replaced by another file"):
        daemon.flush()
    moved.unlink()


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("DROP TABLE seed_info", errors.ForeignDatabase),
        ("ALTER TABLE inference_nodes RENAME host TO address", errors.ForeignDatabase),
        ("UPDATE chain_state SET value='high'", errors.InvalidValue),
        ("UPDATE seed_info SET seed='many'", errors.InvalidValue),
    ],
)
def test_what_is_no_node_state_is_refused_untouched(
    path: Path, outside: sqlite3.Connection, script: str, error: type[errors.NodedeckError]
) -> None:
    outside.execute(script)
    before = list(outside.iterdump())
    with pytest.raises(error, match="nothing was written"):
        start(path)
    assert list(outside.iterdump()) == before


def test_no_database_and_no_sqlite_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(errors.MissingDatabase):
        start(tmp_path / "absent.db")
    assert not (tmp_path / "absent.db").exists()
    (tmp_path / "text.db").write_text("not a database, and long enough to be seen as none" * 20)
    with pytest.raises(errors.NodedeckError):
        start(tmp_path / "text.db")


def test_an_epoch_of_one_block_is_refused(path: Path) -> None:
    with pytest.raises(errors.UsageError):
        start(path, epoch_blocks=1)
