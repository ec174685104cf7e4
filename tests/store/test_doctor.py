"""The doctor's checks, each on a host that has just that fault."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store.doctor import examine
from store.errors import ForeignDatabase, MissingDatabase
from store.findings import Finding, Severity
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign

HEIGHT = "INSERT INTO chain_state(key,value) VALUES('current_height','41')"


def only(locations: Locations) -> Finding:
    """The one finding."""
    (finding,) = examine(locations)
    assert finding.hint
    return finding


def test_a_healthy_host_has_no_findings(locations: Locations) -> None:
    foreign.write(
        locations.database,
        HEIGHT,
        foreign.node("node1"),
        foreign.seed("current", 5, 6),
        "DELETE FROM inference_nodes",
    )
    with ConfigManager.open(locations, actor="a@b") as manager:
        manager.set_secret("a.b", "hunter2")
    assert examine(locations) == []


@pytest.mark.parametrize(
    ("mode", "severity"),
    [(0o644, Severity.WARNING), (0o602, Severity.CRITICAL), (0o646, Severity.CRITICAL)],
)
def test_files_open_to_everybody(locations: Locations, mode: int, severity: Severity) -> None:
    locations.database.chmod(mode)
    finding = only(locations)
    assert finding.severity is severity
    assert f"{mode:04o}" in finding.message
    assert finding.hint == f"chmod o-rwx {locations.database}"


def test_a_config_file_open_to_everybody(locations: Locations) -> None:
    locations.config.write_text("api:\n  port: 1\n")
    locations.config.chmod(0o640)
    assert examine(locations) == []
    locations.config.chmod(0o644)
    assert locations.config.name in only(locations).message


def test_stale_keys_in_the_config_file(locations: Locations) -> None:
    locations.config.write_text("current_height: 1\nnodes: []\napi: {}\n")
    locations.config.chmod(0o600)
    finding = only(locations)
    assert finding.severity is Severity.WARNING
    assert "still holds current_height, nodes," in finding.message
    # without --rewrite an import leaves the file, and the finding, as they are
    assert finding.hint.endswith(f"nodedeck import apply {locations.config} --rewrite")


def test_a_config_file_that_cannot_be_read(locations: Locations) -> None:
    locations.config.write_text("api: [\n")
    locations.config.chmod(0o600)
    finding = only(locations)
    assert finding.severity is Severity.CRITICAL
    assert "config.yaml:2:1" in finding.message


def test_triggers_missing_or_altered(locations: Locations) -> None:
    foreign.write(
        locations.database,
        "DROP TRIGGER audit_seed_info_insert",
        "DROP TRIGGER services_delete",
        "CREATE TRIGGER services_delete AFTER DELETE ON settings BEGIN SELECT 1; END",
    )
    finding = only(locations)
    assert finding.severity is Severity.CRITICAL
    assert "audit_seed_info_insert, services_delete" in finding.message


def test_values_that_the_log_does_not_hold(locations: Locations) -> None:
    """Written while a trigger was off, and the trigger put back."""
    names = ("audit_chain_state_insert", "audit_chain_state_delete", "audit_inference_nodes_update")
    foreign.write(locations.database, HEIGHT, foreign.node("node1"))
    with foreign.connect(locations.database) as db:
        kept = [
            db.execute("SELECT sql FROM sqlite_master WHERE name=?", (name,)).fetchone()[0]
            for name in names
        ]
    foreign.write(locations.database, *(f"DROP TRIGGER {name}" for name in names))
    foreign.write(
        locations.database,
        "DELETE FROM chain_state",
        "INSERT INTO chain_state(key,value) VALUES('last_processed_height','40')",
        "UPDATE inference_nodes SET host='elsewhere'",
    )
    foreign.write(locations.database, *kept)
    finding = only(locations)
    assert finding.severity is Severity.CRITICAL
    for path in ("last_processed_height", "nodes.node1", "current_height"):
        assert path in finding.message


def test_values_that_do_not_decode(locations: Locations) -> None:
    foreign.write(
        locations.database,
        "INSERT INTO chain_state(key,value) VALUES('current_height','soon')",
        foreign.node("node1", max_concurrent="many"),
    )
    first, second = examine(locations)
    assert first.severity is second.severity is Severity.WARNING
    told = "current_height holds 'soon', which does not decode; it should be an integer"
    assert first.message.startswith(told)
    assert "nodes.node1.max_concurrent holds 'many'" in second.message


def test_a_damaged_database_is_a_finding(locations: Locations, manager: ConfigManager) -> None:
    for height in range(200):
        manager.set_height(height, reason="x" * 400)
    manager.close()
    with closing(sqlite3.connect(locations.database)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = db.execute(
            "SELECT rootpage FROM sqlite_master WHERE name='audit_log_path'"
        ).fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with locations.database.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    findings = examine(locations)
    assert findings[0].severity is Severity.CRITICAL
    assert "damaged" in findings[0].message


def test_a_file_that_is_no_database_is_a_finding(locations: Locations) -> None:
    locations.database.write_bytes(b"not a database, but longer than a header of SQLite " * 40)
    locations.database.chmod(0o600)
    finding = only(locations)
    assert finding.severity is Severity.CRITICAL
    assert "not an intact SQLite database" in finding.message


def test_nothing_is_said_about_a_database_that_is_not_there_or_not_ours(tmp_path: Path) -> None:
    locations = Locations(tmp_path / "config.yaml", tmp_path / "state.db")
    with pytest.raises(MissingDatabase):
        examine(locations)
    foreign.write(locations.database, "CREATE TABLE kv_config(key TEXT)")
    with pytest.raises(ForeignDatabase):
        examine(locations)


def test_the_worst_comes_first(locations: Locations) -> None:
    locations.config.write_text("current_height: 1\n")
    locations.config.chmod(0o644)
    foreign.write(locations.database, "DROP TRIGGER services_delete")
    found = [finding.severity for finding in examine(locations)]
    assert found == [Severity.CRITICAL, Severity.WARNING, Severity.WARNING]
