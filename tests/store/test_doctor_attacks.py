"""What attacks and accidents leave behind in the database, each found by the doctor."""

from __future__ import annotations

import pytest

from store import doctor, log_checks, schema
from store.database import Database
from store.doctor import examine
from store.errors import DamagedSchema, ExitCode, NodedeckError
from store.findings import Finding, Severity
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.foreign import RandomWriter
from tests.support.healthy import PUT_HEIGHT


def only(locations: Locations) -> Finding:
    """The one finding."""
    (finding,) = examine(locations)
    assert finding.hint
    return finding


def rules(locations: Locations) -> dict[str, Finding]:
    return {finding.rule: finding for finding in examine(locations)}


def lived_in(locations: Locations) -> None:
    """Some history, with a node that came, changed, went and returned."""
    for height in range(40, 45):
        foreign.write(locations.database, PUT_HEIGHT.format(height=height))
    foreign.write(locations.database, foreign.node("n1"), foreign.node("n2"))
    foreign.write(locations.database, "UPDATE inference_nodes SET host='h2' WHERE id='n1'")
    foreign.write(locations.database, "DELETE FROM inference_nodes")
    foreign.write(locations.database, foreign.node("n1"), foreign.node("n2"))
    assert examine(locations) == []


@pytest.mark.parametrize("table", [*schema.DAEMON_TABLES, "settings", "setting_rules", "meta"])
def test_a_trigger_of_somebody_else_on_any_table(locations: Locations, table: str) -> None:
    foreign.write(
        locations.database, f"CREATE TRIGGER theirs AFTER UPDATE ON {table} BEGIN SELECT 1; END"
    )
    finding = only(locations)
    assert (finding.rule, finding.severity) == ("foreign-trigger", Severity.WARNING)
    assert f"theirs on {table}" in finding.message
    assert finding.hint.endswith("DROP TRIGGER theirs")


@pytest.mark.parametrize("name", ["quiet", "audit_chain_state_again"])
def test_a_trigger_on_the_log_is_critical(locations: Locations, name: str) -> None:
    foreign.write(
        locations.database,
        f"CREATE TRIGGER {name} AFTER INSERT ON AUDIT_LOG BEGIN"
        " DELETE FROM audit_log WHERE id=NEW.id; END",
    )
    finding = only(locations)
    assert (finding.rule, finding.severity) == ("log-trigger", Severity.CRITICAL)
    assert name in finding.message


@pytest.mark.parametrize(
    ("damage", "rule", "severity"),
    [
        ("DROP TABLE audit_displaced", "tables-missing", Severity.CRITICAL),
        ("DROP TABLE imports", "tables-missing", Severity.CRITICAL),
        ("DROP INDEX audit_log_other", "indexes", Severity.WARNING),
        ("DROP INDEX seed_info_active", "indexes", Severity.WARNING),
        ("DROP VIEW config_documents", "views", Severity.WARNING),
        ("UPDATE meta SET value='99' WHERE key='schema_version'", "schema-version",
         Severity.CRITICAL),
        ("UPDATE sqlite_sequence SET seq=9223372036854775807 WHERE name='audit_log'",
         "ids-exhausted", Severity.CRITICAL),
        ("UPDATE sqlite_sequence SET seq=9223372036854775807 WHERE name='seed_info'",
         "ids-exhausted", Severity.CRITICAL),
        ("UPDATE audit_log SET new_json='\"7\"' WHERE id=2", "log-chain", Severity.CRITICAL),
        ("UPDATE audit_log SET old_json='\"7\"' WHERE id=2", "log-chain", Severity.CRITICAL),
        ("UPDATE audit_log SET action='I' WHERE id=2", "log-chain", Severity.CRITICAL),
        ("DELETE FROM audit_log WHERE id=2", "log-chain", Severity.CRITICAL),
        ("DELETE FROM audit_log WHERE id=1", "log-chain", Severity.CRITICAL),
        ("DELETE FROM audit_log WHERE id<6", "log-differs", Severity.CRITICAL),
    ],
)  # fmt: skip
def test_what_an_attack_leaves_behind(
    locations: Locations, damage: str, rule: str, severity: Severity
) -> None:
    lived_in(locations)
    foreign.write(
        locations.database,
        foreign.seed("current", 5, 6),
        "INSERT INTO imports VALUES(1,'','','','')",
    )
    foreign.write(locations.database, damage)
    finding = only(locations)
    assert (finding.rule, finding.severity) == (rule, severity)


def test_altered_indexes_and_views_are_named(locations: Locations) -> None:
    foreign.write(
        locations.database,
        "DROP INDEX audit_log_path",
        "CREATE INDEX audit_log_path ON audit_log(id)",
        "DROP VIEW schema_version",
        "CREATE VIEW schema_version AS SELECT 1 AS version",
    )
    found = rules(locations)
    assert found.keys() == {"indexes", "views"}
    assert "audit_log_path" in found["indexes"].message
    assert "schema_version" in found["views"].message


def test_a_table_that_took_a_views_name_is_let_be(locations: Locations) -> None:
    foreign.write(
        locations.database, "DROP VIEW config_items", "CREATE TABLE config_items(key TEXT)"
    )
    assert examine(locations) == []


def test_a_row_with_the_last_id_is_told_from_a_counter_that_was_moved(locations: Locations) -> None:
    foreign.write(locations.database, "INSERT INTO imports VALUES(9223372036854775807,'','','','')")
    assert "restore a backup" in only(locations).hint
    foreign.write(locations.database, "DELETE FROM imports")
    assert only(locations).hint.endswith("SET seq=0 WHERE name='imports'.")


@pytest.mark.parametrize(
    ("damage", "named"),
    [
        (("DROP TABLE audit_log",), "audit_log"),
        (("DROP TABLE meta",), "meta"),
        (("DROP TABLE audit_log", "DROP TABLE meta"), "audit_log, meta"),
        (("DROP TABLE seed_info",), "seed_info"),
        (("UPDATE meta SET value='garbage' WHERE key='schema_version'",), "'garbage'"),
        (("UPDATE meta SET value='²' WHERE key='schema_version'",), "none"),
        (("UPDATE meta SET value='-1' WHERE key='schema_version'",), "'-1'"),
        (("DELETE FROM meta",), "is missing"),
    ],
)
def test_a_part_without_which_nothing_can_be_read(
    locations: Locations, damage: tuple[str, ...], named: str
) -> None:
    lived_in(locations)
    foreign.write(locations.database, *damage)
    finding = only(locations)
    assert (finding.rule, finding.severity) == ("tables-missing", Severity.CRITICAL)
    assert named in finding.message
    for read_only in (True, False):
        with pytest.raises(DamagedSchema, match="nothing was changed") as caught:
            Database(locations.database, read_only=read_only)
        assert caught.value.exit_code is ExitCode.CRITICAL


def test_a_schema_of_a_later_nodedeck_is_not_judged(locations: Locations) -> None:
    foreign.write(
        locations.database,
        "UPDATE meta SET value='99' WHERE key='schema_version'",
        "DROP TRIGGER audit_seed_info_insert",
        "CREATE TRIGGER audit_seed_info_insert AFTER INSERT ON seed_info BEGIN SELECT 1; END",
    )
    finding = only(locations)
    assert (finding.rule, finding.severity) == ("schema-version", Severity.WARNING)


# what is no fault


def test_a_pruned_log_is_whole(locations: Locations, manager: ConfigManager) -> None:
    for height in range(50):
        manager.set_height(height)
    manager.set_value("svc.x", "1", create=True)
    manager.set_value("svc.x", "2")
    foreign.write(locations.database, "UPDATE audit_log SET at='2020-01-01T00:00:00.000Z'")
    manager.set_value("svc.x", "3")
    assert manager.prune(pause=lambda _: None).heights > 0
    assert examine(locations) == []
    foreign.write(locations.database, "DELETE FROM audit_log WHERE path='svc.x' AND new_json='2'")
    assert only(locations).rule == "log-chain"


@pytest.mark.parametrize("seed", range(3))
def test_random_foreign_writers_leave_no_finding_about_the_log(
    locations: Locations, manager: ConfigManager, seed: int
) -> None:
    writer = RandomWriter(seed)
    with foreign.connect(locations.database, recursive_triggers=bool(seed % 2)) as db:
        for count in range(150):
            writer.transaction(db)
            if count % 10 == 0:
                with manager.transaction("tidy up") as own:
                    gone = "FROM inference_nodes WHERE rowid<3"
                    own.execute_sql(
                        f"DELETE FROM mlnode_security WHERE node_id IN (SELECT id {gone})"
                    )
                    own.execute_sql(f"DELETE {gone}")
    with manager.database.reading():
        assert list(log_checks.problems(manager.database)) == []


# making anew


def test_what_holds_no_data_is_made_anew(locations: Locations, manager: ConfigManager) -> None:
    lived_in(locations)
    foreign.write(
        locations.database,
        "DROP TABLE audit_displaced",
        "DROP INDEX audit_log_path",
        "CREATE INDEX audit_log_path ON audit_log(id)",
        "DROP VIEW config_items",
        *(f"DROP TRIGGER {name}" for name in schema.all_triggers()),
        "UPDATE chain_state SET value='46'",
        "DELETE FROM inference_nodes WHERE id='n2'",
    )
    assert rules(locations).keys() >= {"triggers", "indexes", "views", "tables-missing"}
    assert sorted(doctor.fix(manager)) == ["current_height", "nodes.n2"]
    assert examine(locations) == []
    newest = manager.history(limit=2)
    assert {(each.path, each.action) for each in newest} == {
        ("current_height", "U"), ("nodes.n2", "D")
    }  # fmt: skip
    assert {(each.actor, each.reason) for each in newest} == {("tester@host", "doctor --fix")}


def test_making_anew_fails_whole(locations: Locations, manager: ConfigManager) -> None:
    foreign.write(locations.database, "DROP TABLE feature_flags", "DROP VIEW config_items")
    before = counted_schema(locations)
    with pytest.raises(NodedeckError, match="nothing was changed"):
        doctor.fix(manager)
    assert counted_schema(locations) == before


def counted_schema(locations: Locations) -> list[object]:
    with foreign.connect(locations.database) as db:
        return db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
