"""Backups: made whole or not at all, proven good, restored into the live file."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from store import backup, restoring, schema
from store.backup import Backup
from store.database import Database
from store.errors import (
    Busy,
    ForeignDatabase,
    NodedeckError,
    SchemaTooNew,
    UsageError,
    VersionConflict,
)
from store.locations import Locations
from store.manager import ConfigManager
from store.models import FieldChange
from tests.conftest import ACTOR
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.samples import NODE

HOST = "gx-07"


def take(locations: Locations, clock: FixedClock, name: str = "") -> Backup:
    return backup.create(locations, actor=ACTOR, host=HOST, clock=clock, name=name)


def restore(
    found: Backup, locations: Locations, clock: FixedClock, **more: Any
) -> restoring.Restored:
    made = restoring.plan(found, locations)
    return restoring.apply(made, actor=ACTOR, host=HOST, clock=clock, **more)


def everything(path: Path) -> list[str]:
    """All of a database but the marks of a restore."""
    ours = ("config_epoch", restoring.MARKER)
    with foreign.connect(path) as db:
        lines = [line for line in db.iterdump() if "sqlite_sequence" not in line]
    return [line for line in lines if not any(f"'{name}'" in line for name in ours)]


def added_since_version_1(path: Path) -> set[str]:
    with foreign.connect(path) as db:
        tables = db.execute("SELECT name FROM sqlite_master WHERE type='table'").fetchall()
    first = schema.DAEMON_TABLES | schema.OWN_TABLES
    return {name for (name,) in tables if name not in first and not name.startswith("sqlite_")}


def folder(locations: Locations) -> list[str]:
    return sorted(path.name for path in backup.folder_of(locations).iterdir())


@contextmanager
def small_disk(at: Path, size: str) -> Iterator[None]:
    """A file system of a few kilobytes; only root can mount one."""
    at.mkdir()
    mount = ("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(at))
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system takes root and the right to mount")
    try:
        yield
    finally:
        subprocess.run(("umount", str(at)), check=True)


def test_a_backup_is_private_complete_and_described(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    locations.config.write_text("api:\n  port: 9000\n")
    manager.set_height(41)
    made = take(locations, clock, "before-upgrade")
    assert made.path == locations.database.parent / "backups" / (
        "state-20250301T120000Z-before-upgrade.db"
    )
    assert folder(locations) == [made.name + end for end in (".config.yaml", ".db", ".json")]
    for path in made.path.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.path.parent.stat().st_mode) == 0o700
    assert everything(made.path) == everything(locations.database)
    manifest = json.loads(backup.manifest_of(made.path).read_text())
    assert manifest == made.manifest
    assert manifest["sha256"] == backup.digest(made.path)
    assert (manifest["schema_version"], manifest["newest_change"]) == (schema.VERSION, 1)
    assert manifest["config_epoch"] == manager.snapshot().config_epoch
    assert (manifest["actor"], manifest["host"], manifest["name"]) == (
        ACTOR,
        HOST,
        "before-upgrade",
    )
    assert made.config is not None
    assert made.config.read_bytes() == locations.config.read_bytes()
    assert backup.verify(made) == []
    assert backup.look(made.path) == made


def test_what_is_still_in_the_write_ahead_log_is_backed_up(
    locations: Locations, manager: ConfigManager, clock: FixedClock
) -> None:
    manager.database.execute_sql("PRAGMA wal_autocheckpoint=0")
    manager.set_height(77)
    made = take(locations, clock)
    with foreign.connect(made.path) as copied:
        assert copied.execute("SELECT value FROM chain_state").fetchone() == ("77",)
    assert not made.path.with_name(made.path.name + "-wal").exists()


def test_backups_are_listed_newest_first_and_found_by_name(
    locations: Locations, clock: FixedClock
) -> None:
    assert backup.listed(locations) == []
    first = take(locations, clock, "a")
    second = take(locations, clock, "a")
    clock.advance(60)
    third = take(locations, clock)
    (first.path.parent / "other-20250301T120000Z.db").touch()
    (first.path.parent / ".state-20250301T120000Z.db.unfinished").touch()
    assert [one.name for one in backup.listed(locations)] == [third.name, second.name, first.name]
    assert second.name == "state-20250301T120000Z-2-a"
    assert backup.find(locations, "latest") == third
    assert backup.find(locations, "a") == second
    assert backup.find(locations, first.path.name) == first
    assert backup.find(locations, str(first.path)) == first
    with pytest.raises(UsageError, match=third.name):
        backup.find(locations, "b")
    with pytest.raises(UsageError, match="no backup"):
        backup.find(locations, "./b")


@pytest.mark.parametrize("name", ["../x", "a b", ".hidden", "é", "x" * 65])
def test_a_name_that_could_be_a_path_is_refused(
    locations: Locations, clock: FixedClock, name: str
) -> None:
    with pytest.raises(UsageError, match="cannot name a backup"):
        take(locations, clock, name)
    assert not backup.folder_of(locations).exists()


def test_damage_is_told_apart(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    locations.config.write_text("api: {}\n")
    manager.add_node(NODE)
    made = take(locations, clock)
    assert made.config is not None
    made.config.write_text("api: {port: 1}\n")
    assert "config.yaml is not the copy" in backup.verify(made)[0]
    backup.manifest_of(made.path).unlink()
    assert backup.verify(backup.look(made.path)) == []
    whole = made.path.read_bytes()
    made.path.write_bytes(whole[: len(whole) // 2])
    truncated = backup.verify(made)
    assert "SHA-256 differs" in truncated[0]
    assert len(truncated) > 1
    made.path.write_bytes(whole)
    with foreign.connect(made.path) as db:
        for name in schema.all_triggers():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("UPDATE inference_nodes SET host='elsewhere'")
    assert "present value of nodes.node1" in backup.verify(backup.look(made.path))[0]


@pytest.mark.parametrize("content", [b"", b"not a database" * 1000])
def test_a_file_that_is_no_database_is_not_restored(
    manager: ConfigManager, locations: Locations, clock: FixedClock, content: bytes
) -> None:
    manager.set_height(1)
    odd = locations.database.with_name("odd.db")
    odd.write_bytes(content)
    before = everything(locations.database)
    with pytest.raises(NodedeckError, match="odd"):
        restoring.plan(backup.look(odd), locations)
    assert everything(locations.database) == before


def test_a_restore_reaches_open_connections_under_a_new_epoch(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    manager.add_node(NODE)
    manager.set_height(41)
    made = take(locations, clock)
    kept = everything(locations.database)
    last = manager.set_height(99)
    manager.remove_node("node1")
    inode, epoch = locations.database.stat().st_ino, manager.snapshot().config_epoch
    done = restore(made, locations, clock, reason="bad upgrade")
    assert locations.database.stat().st_ino == inode
    assert everything(locations.database) == kept
    snapshot = manager.snapshot()
    assert (snapshot.chain.current_height, snapshot.nodes) == (41, (NODE,))
    assert snapshot.config_epoch == done.config_epoch != epoch
    marker = json.loads(manager.database.value("SELECT value FROM meta WHERE key='restored_from'"))
    assert marker == {
        "backup": str(made.path),
        "sha256": backup.digest(made.path),
        "at": "2025-03-01T12:00:00.000+00:00",
        "actor": ACTOR,
        "host": HOST,
        "reason": "bad upgrade",
    }
    assert manager.database.value("PRAGMA journal_mode") == "wal"
    # a change id of the time before the restore never comes to mean another change
    assert manager.set_height(100) > last + 1


def test_a_restore_can_itself_be_undone(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    manager.set_height(41)
    made = take(locations, clock)
    manager.set_height(99)
    present = everything(locations.database)
    done = restore(made, locations, clock)
    assert done.safety is not None
    assert done.safety.manifest["name"] == restoring.SAFETY_NAME
    assert backup.verify(done.safety) == []
    restore(done.safety, locations, clock)
    assert everything(locations.database) == present
    assert backup.verify(take(locations, clock)) == []


def test_a_plan_names_every_leaf_that_would_change(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    manager.add_node(NODE)
    manager.set_height(41)
    locations.config.write_text("api: {}\n")
    made = take(locations, clock)
    assert restoring.plan(made, locations).changes == ()
    assert not restoring.plan(made, locations).config_differs
    manager.set_height(99)
    manager.set_value("svc.key", "1", create=True)
    manager.set_value("nodes.node1.host", "elsewhere")
    locations.config.write_text("api: {port: 1}\n")
    before = everything(locations.database)
    planned = restoring.plan(made, locations)
    assert set(planned.changes) == {
        FieldChange(path="current_height", old=99, new=41),
        FieldChange(path="nodes.node1.host", old="elsewhere", new=NODE.host),
        FieldChange(path="svc.key", old=1, new=None),
    }
    assert planned.config_differs
    assert everything(locations.database) == before


def test_a_missing_database_is_made(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    manager.set_height(41)
    made = take(locations, clock)
    kept = everything(locations.database)
    manager.close()
    for path in locations.database.parent.glob("state.db*"):
        path.unlink()
    planned = restoring.plan(made, locations)
    assert planned.creates
    assert planned.changes == (FieldChange(path="current_height", old=None, new=41),)
    assert restore(made, locations, clock).safety is None
    assert everything(locations.database) == kept
    assert stat.S_IMODE(locations.database.stat().st_mode) == 0o600
    with ConfigManager.open(locations, actor=ACTOR) as opened:
        assert opened.set_height(42)
        assert opened.database.value("PRAGMA journal_mode") == "wal"


def test_another_programs_and_a_later_nodedecks_backups_are_refused(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    other = locations.database.with_name("other.db")
    foreign.write(other, "CREATE TABLE kv_config(key TEXT)")
    with pytest.raises(ForeignDatabase):
        restoring.plan(backup.look(other), locations)
    made = take(locations, clock)
    backup.manifest_of(made.path).unlink()
    foreign.write(made.path, "UPDATE meta SET value='999' WHERE key='schema_version'")
    with pytest.raises(SchemaTooNew):
        restoring.plan(backup.look(made.path), locations)


def test_another_programs_database_is_never_restored_into(
    tmp_path: Path, database: Path, locations: Locations, clock: FixedClock
) -> None:
    made = take(locations, clock)
    other = tmp_path / "other.db"
    foreign.write(other, "CREATE TABLE kv_config(key TEXT)")
    before = other.read_bytes()
    with pytest.raises(ForeignDatabase):
        restoring.plan(made, Locations(locations.config, other))
    assert other.read_bytes() == before


def test_a_locked_live_database_is_busy_and_stays(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    manager.set_height(41)
    made = take(locations, clock)
    manager.set_height(99)
    before = everything(locations.database)
    with foreign.connect(locations.database) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy):
            restore(made, locations, clock, busy_ms=20)
    assert everything(locations.database) == before
    assert folder(locations) == [made.path.name, backup.manifest_of(made.path).name]


def test_no_commit_falls_between_the_safety_backup_and_the_restore(
    manager: ConfigManager,
    locations: Locations,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager.set_height(41)
    made = take(locations, clock)
    original = backup.create
    tried: list[str] = []

    def with_a_writer(*args: Any, **more: Any) -> Backup:
        with sqlite3.connect(locations.database, timeout=0.01) as other:
            try:
                other.execute("UPDATE chain_state SET value='50'")
            except sqlite3.OperationalError as error:
                tried.append(error.sqlite_errorname)
        other.close()
        return original(*args, **more)

    monkeypatch.setattr(backup, "create", with_a_writer)
    assert restore(made, locations, clock).safety is not None
    assert tried == ["SQLITE_BUSY"]


def test_a_backup_that_changed_since_it_was_checked_is_not_restored(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    manager.set_height(41)
    made = take(locations, clock)
    manager.set_height(99)
    planned = restoring.plan(made, locations)
    foreign.write(made.path, "UPDATE chain_state SET value='1'")
    with pytest.raises(VersionConflict):
        restoring.apply(planned, actor=ACTOR, host=HOST, clock=clock)
    assert manager.height() == 99
    assert folder(locations) == [made.path.name, backup.manifest_of(made.path).name]


def test_an_older_schema_is_brought_up_to_date_on_its_way(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    manager.set_height(41)
    made = take(locations, clock)
    backup.manifest_of(made.path).unlink()
    foreign.write(
        made.path,
        "ALTER TABLE settings DROP COLUMN key_version",
        *(f"DROP TABLE {name}" for name in added_since_version_1(made.path)),
        "UPDATE meta SET value='1' WHERE key='schema_version'",
    )
    restore(backup.look(made.path), locations, clock)
    opened = Database(locations.database)
    assert schema.altered_triggers(opened) == []
    assert schema.version_of(opened) == schema.VERSION
    assert added_since_version_1(locations.database)
    opened.close()
