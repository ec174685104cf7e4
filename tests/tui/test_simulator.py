"""The simulator's loop: repeatable, patient with locks, and gone when told to go."""

from __future__ import annotations

import ast
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store import errors
from tests.store.test_daemon import LIVED_IN, active, chain, make_database
from tui import simulator

FAST = 1e9


def simulate(db: Path, narrate: Callable[[str], None] | None = None, **options: Any) -> list[str]:
    """Run to the end and return what was said."""
    told: list[str] = []

    def listen(sentence: str) -> None:
        told.append(sentence)
        if narrate:
            narrate(sentence)

    defaults: dict[str, Any] = {
        "speed": FAST,
        "seed": 7,
        "stubborn": False,
        "blocks": 200,
        "stop": threading.Event(),
        "epoch_blocks": 20,
    }
    simulator.run(db, narrate=listen, **(defaults | options))
    return told


def content(path: Path) -> list[tuple[Any, ...]]:
    """Every row but its times, which SQLite takes from the wall clock."""
    queries = (
        "SELECT key, value FROM chain_state ORDER BY key",
        "SELECT id, type, seed, epoch_index, signature, is_active, claimed FROM seed_info",
        "SELECT param_type, param_data FROM network_params ORDER BY param_type",
        "SELECT id, max_concurrent, version, is_enabled FROM inference_nodes ORDER BY rowid",
    )
    with closing(sqlite3.connect(path)) as db:
        return [row for query in queries for row in db.execute(query)]


def test_a_seed_repeats_itself(tmp_path: Path) -> None:
    paths = [make_database(tmp_path / f"{name}.db", LIVED_IN) for name in "abc"]
    first, second = simulate(paths[0]), simulate(paths[1])
    other = simulate(paths[2], seed=8)
    assert first == second
    assert content(paths[0]) == content(paths[1])
    assert first != other


def test_epochs_claims_announcements_changes_and_flushes_all_happen(tmp_path: Path) -> None:
    path = make_database(tmp_path / "state.db", LIVED_IN)
    told = simulate(path)
    with closing(sqlite3.connect(path)) as db:
        assert chain(db)["current_height"] == "5200"
        assert active(db)["current"][1] == 22, "ten epochs of twenty blocks"
        epochs = db.execute(
            "SELECT DISTINCT epoch_index FROM seed_info WHERE type='current' ORDER BY id"
        ).fetchall()
    assert [row[0] for row in epochs] == list(range(12, 23)), "epochs are consecutive"
    for word, least in {
        "begins": 10,
        "claimed": 8,
        "announced": 9,
        "Node ": 1,
        "params:": 1,
        "Flush": 15,
    }.items():
        assert sum(word in sentence for sentence in told) >= least, word


def test_upcoming_is_announced_in_the_last_half_and_claims_come_after_the_turn(
    tmp_path: Path,
) -> None:
    told = simulate(make_database(tmp_path / "state.db", LIVED_IN), blocks=400)
    height = 0
    for sentence in told:
        if sentence.startswith("Block "):
            height = int(sentence.removeprefix("Block ").rstrip(".").split(",")[0])
        elif "announced" in sentence:
            assert height % 20 >= 10
        elif "claimed" in sentence:
            assert height % 20 >= simulator.CLAIM_AFTER_BLOCKS
        elif "begins" in sentence:
            assert height % 20 == 0


def test_it_goes_on_where_it_stopped(tmp_path: Path) -> None:
    path = make_database(tmp_path / "state.db")
    simulate(path, blocks=5)
    told = simulate(path, blocks=5)
    assert told[0] == "Simulating from height 6, epoch 1."
    with closing(sqlite3.connect(path)) as db:
        assert chain(db)["current_height"] == "11"


def test_it_stops_at_once_in_the_middle_of_a_wait(tmp_path: Path) -> None:
    path = make_database(tmp_path / "state.db")
    stop, started = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=simulate,
        args=(path, lambda _: started.set()),
        kwargs={"stop": stop, "speed": 1.0, "block_seconds": 3600.0},
        daemon=True,
    )
    thread.start()
    assert started.wait(10)
    asked = time.monotonic()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
    assert time.monotonic() - asked < 1
    with closing(sqlite3.connect(path)) as db:
        assert chain(db)["current_height"] == "1", "the first block was an hour away"


def test_a_lock_is_waited_for_and_narrated_once(tmp_path: Path) -> None:
    path = make_database(tmp_path / "state.db", LIVED_IN)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:

        def meddle(sentence: str) -> None:
            if sentence == "Block 5002.":
                other.execute("BEGIN IMMEDIATE")
            elif "locked" in sentence:
                other.execute("ROLLBACK")

        told = simulate(path, meddle, blocks=3)
        assert chain(other)["current_height"] == "5003"
    assert sum("locked by another writer" in sentence for sentence in told) == 1
    assert "The lock is gone; going on." in told


@pytest.mark.parametrize("from_the_start", [True, False])
def test_it_stops_while_it_waits_for_a_lock(tmp_path: Path, from_the_start: bool) -> None:
    path = make_database(tmp_path / "state.db", LIVED_IN)
    stop = threading.Event()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        if from_the_start:
            other.execute("BEGIN IMMEDIATE")

        def meddle(sentence: str) -> None:
            if sentence.startswith("Simulating"):
                other.execute("BEGIN IMMEDIATE")
            elif "locked" in sentence:
                stop.set()

        simulate(path, meddle, stop=stop)
        assert chain(other)["current_height"] == "5000"


def test_a_deleted_database_ends_it_with_a_sentence(tmp_path: Path) -> None:
    path = make_database(tmp_path / "state.db", LIVED_IN)

    def delete(sentence: str) -> None:
        if sentence == "Block 5003.":
            path.unlink()

    with pytest.raises(errors.MissingDatabase, match="There is no database"):
        simulate(path, delete)


def test_a_foreign_database_ends_it_with_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE kv_config(key TEXT)")
    with pytest.raises(errors.ForeignDatabase, match="nothing was written"):
        simulate(path)


@pytest.mark.parametrize("wrong", [{"speed": 0.0}, {"speed": float("nan")}, {"block_seconds": -1}])
def test_a_time_that_is_not_positive_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(errors.UsageError):
        simulate(tmp_path / "absent.db", **wrong)


def test_it_knows_no_database_library() -> None:
    tree = ast.parse(Path(simulator.__file__).read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
        )
    }
    assert not imported & {"sqlite3", "peewee", "click"}
