"""The audit log tells the truth whoever writes and however."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from store import audit
from store.database import create
from store.locations import Locations
from store.manager import ConfigManager
from store.models import Node
from tests.support import foreign
from tests.support.audit_state import assert_sound, present
from tests.support.examples import seeds
from tests.support.foreign import RandomWriter

Rows = list[dict[str, Any]]


def rows(path: Path, where: str = "1") -> Rows:
    with foreign.connect(path) as db:
        cursor = db.execute(f"SELECT * FROM audit_log WHERE {where} ORDER BY id")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


def actions(path: Path, where: str = "1") -> str:
    return "".join(row["action"] for row in rows(path, where))


def later(path: Path, seconds: float) -> None:
    """Let time pass: everything logged so far is that much older."""
    foreign.write(
        path,
        "UPDATE audit_log SET at=strftime('%Y-%m-%dT%H:%M:%fZ',"
        f" julianday(at) - {seconds} / 86400.0)",
    )


# random foreign writers


def _signed(manager: ConfigManager, writer: RandomWriter) -> None:
    """A deletion by nodedeck, among the foreign writes."""
    table = writer.random.choice(foreign.AUDITED)
    with manager.transaction("tidy up") as db:
        if table == "inference_nodes":  # whose keys refer to them
            db.execute_sql("DELETE FROM mlnode_security")
        db.execute_sql(f"DELETE FROM {table} WHERE rowid<=?", (writer.random.randint(0, 3),))


def _entities(db: sqlite3.Connection) -> set[str]:
    return {
        path
        for entity in audit.ENTITIES
        for path, _ in db.execute(entity.present())
        if path is not None
    }


def _storm(path: Path, seed: int, transactions: int) -> int:
    """Random transactions, each followed by the check of every promise; the rows it logged."""
    create(path, created_by="tests")
    writer = RandomWriter(seed)
    locations = Locations(path.with_name("config.yaml"), path)
    with (
        foreign.connect(path, recursive_triggers=bool(seed % 2)) as db,
        ConfigManager.open(locations, actor="ops@host") as manager,
    ):
        db.execute("PRAGMA synchronous=OFF")
        for _ in range(transactions):
            if writer.random.random() < 0.05:
                _signed(manager, writer)
            else:
                writer.transaction(db)
            assert_sound(db)
            assert _entities(db) == present(db).keys()
        count = db.execute("SELECT seq FROM sqlite_sequence WHERE name='audit_log'").fetchone()[0]
        return int(count)


@pytest.mark.parametrize("seed", seeds(3))
def test_the_newest_row_holds_the_present_value_after_every_commit(
    tmp_path: Path, seed: int
) -> None:
    assert _storm(tmp_path / "state.db", seed, 250) > 250


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 106))
def test_the_promises_hold_over_a_long_run(tmp_path: Path, seed: int) -> None:
    _storm(tmp_path / "state.db", seed, 2000)


# actions


@pytest.fixture
def lived_in(database: Path) -> Path:
    foreign.write(database, foreign.node("node1"))
    return database


DELETE = "DELETE FROM inference_nodes"


def test_appearing_changing_and_going_are_i_u_and_d(lived_in: Path) -> None:
    foreign.write(lived_in, "UPDATE inference_nodes SET host='h2'")
    foreign.write(lived_in, DELETE)
    assert actions(lived_in) == "IUD"


def test_an_entity_that_goes_and_returns_with_another_value_has_changed(lived_in: Path) -> None:
    foreign.write(lived_in, DELETE)
    deletion = rows(lived_in)[-1]["id"]
    foreign.write(lived_in, foreign.node("node1", host="h2"))
    assert actions(lived_in) == "IU"
    newest = rows(lived_in)[-1]
    assert newest["id"] > deletion
    assert json.loads(newest["old_json"])["host"] == "10.0.0.1"


def test_an_entity_that_goes_and_returns_the_same_is_rewritten(lived_in: Path) -> None:
    foreign.write(lived_in, DELETE)
    foreign.write(lived_in, foreign.node("node1"))
    first, again = rows(lived_in)
    assert again["action"] == "R"
    assert again["old_json"] == again["new_json"] == first["new_json"]


@pytest.mark.parametrize(("seconds", "expected"), [(4.0, "IR"), (6.0, "IDI"), (-30.0, "IDI")])
def test_only_a_deletion_of_the_last_five_seconds_is_taken_back(
    lived_in: Path, seconds: float, expected: str
) -> None:
    foreign.write(lived_in, DELETE)
    later(lived_in, seconds)
    foreign.write(lived_in, foreign.node("node1"))
    assert actions(lived_in) == expected


def test_a_thousand_flushes_leave_one_rewrite_of_each_node(database: Path) -> None:
    nodes = [foreign.node(f"node{number}") for number in range(10)]
    foreign.write(database, *nodes)
    with foreign.connect(database) as db:
        db.execute("PRAGMA synchronous=OFF")
        for _ in range(1000):
            db.execute("BEGIN")
            db.execute(DELETE)
            for sql, values in nodes:
                db.execute(sql, values)
            db.execute("COMMIT")
        assert_sound(db)
        counts = db.execute("SELECT path, group_concat(action,'') FROM audit_log GROUP BY path")
        assert {actions for _, actions in counts} == {"IR"}
    assert len(rows(database)) == 20


def test_a_signed_deletion_stays_when_the_daemon_brings_the_node_back(
    lived_in: Path, manager: ConfigManager
) -> None:
    manager.remove_node("node1", reason="moved")
    foreign.write(lived_in, foreign.node("node1"))
    assert actions(lived_in) == "IDI"
    assert rows(lived_in)[1]["reason"] == "moved"


def test_a_signed_rewrite_stays(lived_in: Path, manager: ConfigManager) -> None:
    with manager.transaction("rewrite") as db:
        db.execute_sql(DELETE)
        db.execute_sql(*foreign.node("node1"))
    foreign.write(lived_in, DELETE)
    assert actions(lived_in) == "IRD"


def test_what_comes_and_goes_in_one_transaction_is_told_in_order(database: Path) -> None:
    foreign.write(database, foreign.node("node1"), DELETE)
    assert actions(database) == "ID"


def test_bookkeeping_columns_are_no_difference(lived_in: Path) -> None:
    foreign.write(
        lived_in, "UPDATE inference_nodes SET created_at='x', updated_at='y', rowid=rowid+5"
    )
    assert actions(lived_in) == "I"


# writers


def test_a_foreign_write_is_not_signed(lived_in: Path) -> None:
    assert [(row["actor"], row["reason"]) for row in rows(lived_in)] == [(None, None)]


def test_our_write_carries_actor_and_reason_and_signs_nothing_else(
    lived_in: Path, manager: ConfigManager
) -> None:
    manager.set_height(7, reason="after restore")
    assert [(row["path"], row["actor"], row["reason"]) for row in rows(lived_in)] == [
        ("nodes.node1", None, None),
        ("current_height", "tester@host", "after restore"),
    ]


def test_an_old_fashioned_replace_is_one_change(database: Path) -> None:
    for height in ("1", "2", "2"):
        foreign.write(
            database,
            ("REPLACE INTO chain_state(key,value) VALUES('current_height',?)", (height,)),
        )
    assert [(row["old_json"], row["new_json"]) for row in rows(database)] == [
        (None, '"1"'),
        ('"1"', '"2"'),
    ]


@pytest.mark.skipif(shutil.which("sqlite3") is None, reason="the sqlite3 shell is not installed")
def test_the_sqlite3_shell_is_a_writer_like_any_other(database: Path) -> None:
    subprocess.run(
        ["sqlite3", str(database), "INSERT INTO chain_state(key,value) VALUES('current_height',5)"],
        check=True,
        capture_output=True,
    )
    assert [(row["path"], row["new_json"], row["actor"]) for row in rows(database)] == [
        ("current_height", '"5"', None)
    ]


# statements that hit more than their own row


@contextmanager
def _sound(path: Path, recursive: bool) -> Iterator[sqlite3.Connection]:
    with foreign.connect(path, recursive_triggers=recursive) as db:
        yield db
        assert_sound(db)


@pytest.mark.parametrize("recursive", [False, True])
def test_a_replace_by_row_id_removes_the_entity_it_throws_out(
    lived_in: Path, recursive: bool
) -> None:
    with _sound(lived_in, recursive) as db:
        sql, values = foreign.node("node2", rowid=1)
        db.execute(sql.replace("INSERT", "INSERT OR REPLACE"), values)
    assert rows(lived_in, "path='nodes.node1'")[-1]["action"] == "D"
    assert rows(lived_in, "path='nodes.node2'")[-1]["action"] == "I"


@pytest.mark.parametrize("recursive", [False, True])
def test_an_update_or_replace_onto_a_taken_row_id_and_key(lived_in: Path, recursive: bool) -> None:
    with _sound(lived_in, recursive) as db:
        for name in ("node2", "node3"):
            db.execute(*foreign.node(name))
        db.execute("UPDATE OR REPLACE inference_nodes SET rowid=2, id='node3' WHERE id='node1'")
        assert present(db).keys() == {"nodes.node3"}


def test_a_renamed_key_is_a_departure_and_an_arrival(lived_in: Path) -> None:
    foreign.write(lived_in, "UPDATE inference_nodes SET id='other'")
    assert {(row["path"], row["action"]) for row in rows(lived_in)} == {
        ("nodes.node1", "I"),
        ("nodes.node1", "D"),
        ("nodes.other", "I"),
    }


def test_an_ignored_insert_changes_nothing(lived_in: Path) -> None:
    sql, values = foreign.node("node1", host="h2", rowid=1)
    foreign.write(lived_in, (sql.replace("INSERT", "INSERT OR IGNORE"), values))
    assert actions(lived_in) == "I"


def test_of_several_active_seeds_the_newest_counts_and_the_next_takes_over(database: Path) -> None:
    foreign.write(database, foreign.seed("current", 1, 1), foreign.seed("current", 2, 2))
    foreign.write(database, "UPDATE seed_info SET is_active=0 WHERE seed=2")
    seeds = [json.loads(row["new_json"])["seed"] for row in rows(database)]
    assert seeds == [1, 2, 1]


def test_a_replaced_seed_row_of_another_type_is_noticed(database: Path) -> None:
    foreign.write(database, foreign.seed("current", 1, 1))
    sql, values = foreign.seed("upcoming", 2, 2, id=1)
    foreign.write(database, (sql.replace("INSERT", "REPLACE"), values))
    assert rows(database, "path='current_seed'")[-1]["action"] == "D"
    assert rows(database, "path='upcoming_seed'")[-1]["action"] == "I"


def test_the_version_list_is_one_entity_in_height_order(database: Path) -> None:
    for height, version in ((20, "v2"), (10, "v1")):
        foreign.write(
            database, foreign.insert("node_versions", {"height": height, "version": version})
        )
    assert json.loads(rows(database)[-1]["new_json"]) == {
        "versions": [{"height": 10, "version": "v1"}, {"height": 20, "version": "v2"}]
    }
    foreign.write(database, "DELETE FROM node_versions")
    assert rows(database)[-1]["action"] == "D"


def test_a_rolled_back_write_leaves_no_row(database: Path) -> None:
    with foreign.connect(database) as db:
        db.execute("BEGIN")
        db.execute(*foreign.node("node1"))
        db.execute("ROLLBACK")
    assert rows(database) == []


# secrets


@pytest.mark.parametrize("flag", [1, 2, "true", "yes"])
def test_the_clear_value_of_a_secret_is_never_logged(database: Path, flag: Any) -> None:
    row = {"service": "svc", "key": "password", "value_json": '"hunter2"', "is_secret": flag}
    foreign.write(database, foreign.insert("settings", row))
    assert [row["new_json"] for row in rows(database)] == ['"********"']


def test_a_value_that_becomes_secret_is_masked_from_then_on(database: Path) -> None:
    row = {"service": "svc", "key": "password", "value_json": '"a"'}
    foreign.write(database, foreign.insert("settings", row))
    foreign.write(database, "UPDATE settings SET is_secret=1, value_json='\"b\"'")
    assert rows(database)[-1]["new_json"] == '"********#1"'


def test_our_own_node_is_logged_as_the_table_holds_it(
    database: Path, manager: ConfigManager
) -> None:
    manager.add_node(
        Node(
            id="node-2.rack4",
            host="h",
            inference_port=1,
            poc_port=2,
            max_concurrent=3,
            models={"m": {"args": ("--x",)}},
        )
    )
    (row,) = rows(database)
    assert row["path"] == 'nodes."node-2.rack4"'
    with foreign.connect(database) as db:
        assert_sound(db)
