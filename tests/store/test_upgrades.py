"""A database of an older schema: upgraded when it is written, readable when it is not."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from store import schema
from store.database import Database, Made, create
from store.doctor import examine
from store.errors import NodedeckError
from store.findings import Severity
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.audit_state import assert_sound

VERSION_1 = (Path(__file__).parents[1] / "support" / "schema_1.sql").read_text(encoding="utf-8")


@pytest.fixture
def old(tmp_path: Path) -> Locations:
    """A database as schema version 1 made it, with a service under a name that is now reserved."""
    path = tmp_path / "state.db"
    path.touch(0o600)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"PRAGMA journal_mode=WAL; {VERSION_1}")
    foreign.write(
        path,
        "INSERT INTO chain_state(key,value) VALUES('current_height','41')",
        "INSERT INTO settings(service,key,value_json) VALUES('flags','x','1'),('svc','a','2')",
    )
    return Locations(path.with_name("config.yaml"), path)


def shape(path: Path) -> dict[str, str]:
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: " ".join(sql.split()) for name, sql in rows}


def test_opening_it_for_writing_upgrades_it(old: Locations, tmp_path: Path) -> None:
    with ConfigManager.open(old, actor="a@b") as manager:
        assert schema.version_of(manager.database) == schema.VERSION
        assert schema.altered_triggers(manager.database) == []
        assert manager.get("settings.flags.x").value == 1
        why = f"upgrade from schema 1 to {schema.VERSION}"
        went, came = manager.history("flags.x")
        assert (went.action, went.actor, went.reason) == ("D", "nodedeck", why)
        assert (came.action, came.actor) == ("I", None)
        (again,) = manager.history("settings.flags.x")
        assert (again.action, again.actor, again.new) == ("I", "nodedeck", 1)
        manager.set_flag("x", True)
    with foreign.connect(old.database) as db:
        assert_sound(db)
    create(tmp_path / "new.db", created_by="tests")
    assert shape(old.database) == shape(tmp_path / "new.db")
    assert examine(old) == []


def test_making_it_again_upgrades_it_too(old: Locations) -> None:
    assert create(old.database, created_by="tests") is Made.UPGRADED
    with closing(Database(old.database, read_only=True)) as db:
        assert schema.version_of(db) == schema.VERSION


def test_read_only_it_is_read_as_it_is(old: Locations) -> None:
    before = old.database.read_bytes()
    with ConfigManager.open(old, actor="a@b", read_only=True) as manager:
        assert manager.snapshot().chain.current_height == 41
        assert manager.get("svc.a").value == 2
        assert manager.get("nodedeck.retention.days").value == 400
        assert [each.path for each in manager.search_settings("svc")] == ["svc.a"]
        for ask in (manager.flags, manager.profiles, manager.file_edits):
            assert ask() == []
        assert (manager.secrets(), manager.accesses()) == ([], [])
        assert manager.evidence().secrets == ()
    assert old.database.read_bytes() == before
    (finding,) = examine(old)
    assert finding.severity is Severity.INFO
    assert "has schema 1" in finding.message


def test_an_upgrade_that_fails_leaves_the_old_schema(old: Locations) -> None:
    foreign.write(old.database, "CREATE TABLE feature_flags(mine TEXT)")
    before = shape(old.database)
    with pytest.raises(NodedeckError, match=r"feature_flags.*nothing was changed"):
        ConfigManager.open(old, actor="a@b")
    assert shape(old.database) == before
    with closing(Database(old.database, read_only=True)) as db:
        assert schema.version_of(db) == 1


def test_a_table_under_a_views_name_stays(old: Locations) -> None:
    foreign.write(old.database, "CREATE TABLE config_items(mine TEXT)")
    ConfigManager.open(old, actor="a@b").close()
    with foreign.connect(old.database) as db:
        assert db.execute(
            "SELECT type FROM sqlite_master WHERE name='config_items'"
        ).fetchall() == [("table",)]
        assert db.execute("SELECT version FROM schema_version").fetchone() == (schema.VERSION,)


def test_two_that_open_it_at_once_upgrade_it_once(old: Locations) -> None:
    start = threading.Barrier(3)
    faults: list[BaseException] = []

    def open_it() -> None:
        start.wait()
        try:
            ConfigManager.open(old, actor="a@b").close()
        except BaseException as fault:  # noqa: BLE001 - told to the test
            faults.append(fault)

    threads = [threading.Thread(target=open_it) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    with foreign.connect(old.database) as db:
        assert_sound(db)
        assert db.execute("SELECT count(*) FROM audit_log WHERE actor='nodedeck'").fetchone() == (
            2,
        )
