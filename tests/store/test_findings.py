"""The findings' rules, each in a situation that plain SQL of another program makes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store import documents, history
from store.database import Database
from store.findings import EpochClock, Evidence, Finding, Inspection, Severity
from store.judging import judge, verdict
from store.locations import Locations
from store.manager import ConfigManager
from store.models import EpochSeed, UpgradePlan
from tests.support import foreign
from tests.support.healthy import HEALTHY, NODE, SEED, blocks

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def healthy(database: Path) -> Path:
    blocks(database, NOW)
    for statement in HEALTHY:
        foreign.write(database, statement)
    return database


def evidence(db: Path, env: dict[str, str] | None = None) -> Evidence:
    places = Locations(db.with_name("config.yaml"), db)
    over = documents.overrides(env or {}, {})
    with ConfigManager.open(
        places, actor="me@host", read_only=True, overrides=over, clock=lambda: NOW
    ) as manager:
        return manager.evidence()


def found(db: Path, *, now: datetime = NOW, env: dict[str, str] | None = None) -> list[Finding]:
    return judge(evidence(db, env), now)


def test_a_healthy_node_has_no_finding_and_may_be_restarted(healthy: Path) -> None:
    assert found(healthy) == []
    assert verdict(evidence(healthy), NOW).safe


def test_a_database_in_which_nothing_happened_has_not_started(database: Path) -> None:
    (finding,) = found(database)
    assert (finding.rule, finding.severity) == ("not-started", Severity.INFO)


SITUATIONS: dict[str, tuple[str, Severity, str]] = {
    "UPDATE seed_info SET is_active=0 WHERE type='current'": (
        "seed-missing", Severity.CRITICAL, "current_seed"),
    "DELETE FROM seed_info WHERE type='previous'": (
        "seed-missing", Severity.CRITICAL, "previous_seed"),
    "UPDATE seed_info SET signature='' WHERE type='current'": (
        "seed-signature", Severity.CRITICAL, "current_seed.signature"),
    "UPDATE seed_info SET epoch_index=9 WHERE type='current'": (
        "seed-order", Severity.CRITICAL, "current_seed.epoch_index"),
    "UPDATE seed_info SET claimed=0 WHERE type='previous'": (
        "claim", Severity.WARNING, "previous_seed.claimed"),
    "UPDATE chain_state SET value='999' WHERE key='last_processed_height'": (
        "behind", Severity.WARNING, "last_processed_height"),
    "UPDATE chain_state SET value='2000' WHERE key='last_processed_height'": (
        "ahead", Severity.WARNING, "current_height"),
    "UPDATE chain_state SET value='v0' WHERE key='last_used_version'": (
        "version", Severity.WARNING, "last_used_version"),
    f"{SEED}('current',9,7,'bb',0)": ("seed-active", Severity.WARNING, "current_seed"),
    "UPDATE inference_nodes SET is_enabled=0": (
        "node-disabled", Severity.INFO, "nodes.n1.is_enabled"),
    "UPDATE inference_nodes SET models='{}'": (
        "node-models", Severity.WARNING, "nodes.n1.models"),
    "UPDATE inference_nodes SET poc_port=0": (
        "node-unset", Severity.WARNING, "nodes.n1.poc_port"),
    "UPDATE inference_nodes SET max_concurrent=0": (
        "node-unset", Severity.WARNING, "nodes.n1.max_concurrent"),
    "UPDATE inference_nodes SET hardware='not json'": (
        "undecoded", Severity.WARNING, "nodes.n1.hardware"),
    f"{NODE}('n2','192.0.2.1','',5050,'',8081,'{{\"m\":{{}}}}',10,'[]','')": (
        "node-place", Severity.WARNING, "nodes.n2.inference_port"),
    "INSERT INTO upgrade_plans(name,height,binaries) VALUES('v2',1005,'{}')": (
        "upgrade-passed", Severity.WARNING, "upgrade_plan.height"),
    "INSERT INTO upgrade_plans(name,height,binaries) VALUES('v2',9000,'{\"plan9/mips\":\"u\"}')": (
        "upgrade-binary", Severity.WARNING, "upgrade_plan.binaries"),
}  # fmt: skip


@pytest.mark.parametrize("statement", SITUATIONS)
def test_each_rule_finds_its_situation_and_nothing_else(healthy: Path, statement: str) -> None:
    foreign.write(healthy, statement)
    rule, severity, path = SITUATIONS[statement]
    assert [(one.rule, one.severity, one.path) for one in found(healthy)] == [
        (rule, severity, path)
    ]
    assert all(one.message and one.hint for one in found(healthy))


def test_a_text_height_does_not_decode(healthy: Path) -> None:
    foreign.write(healthy, "UPDATE chain_state SET value='-4' WHERE key='current_height'")
    assert "undecoded" in {one.rule for one in found(healthy)}


@pytest.mark.parametrize(
    ("seconds", "severity"),
    [(29, None), (31, Severity.WARNING), (60, Severity.WARNING), (61, Severity.CRITICAL)],
)
def test_a_height_that_stands_still(healthy: Path, seconds: int, severity: Severity | None) -> None:
    rules = {one.rule: one.severity for one in found(healthy, now=NOW + timedelta(seconds=seconds))}
    assert rules.get("height") == severity


def test_a_daemon_that_flushes_once_a_minute_is_not_stuck(database: Path) -> None:
    blocks(database, NOW, heights=range(1000, 1100, 11), beat=60 / 11)
    for seconds, severity in ((90, None), (130, Severity.WARNING), (190, Severity.CRITICAL)):
        at = NOW + timedelta(seconds=seconds)
        rules = {one.rule: one.severity for one in found(database, now=at)}
        assert rules.get("height") == severity, seconds


def with_epoch(evidence: Evidence, began: int, length: int) -> Evidence:
    return replace(evidence, epoch=EpochClock(length, began))


@pytest.mark.parametrize(
    ("passed", "severity"),
    [
        (10, None),
        (89, None),
        (90, Severity.WARNING),
        (99, Severity.WARNING),
        (100, Severity.CRITICAL),
    ],
)
def test_the_upcoming_seed_may_be_missing_early_in_an_epoch(
    healthy: Path, passed: int, severity: Severity | None
) -> None:
    foreign.write(healthy, "DELETE FROM seed_info WHERE type='upcoming'")
    looked = with_epoch(evidence(healthy), 1005 - passed, 100)
    rules = {one.rule: one.severity for one in judge(looked, NOW)}
    assert rules.get("seed-upcoming") == severity


def test_the_claim_clock_counts_the_time_left(healthy: Path) -> None:
    foreign.write(healthy, "UPDATE seed_info SET claimed=0 WHERE type='previous'")
    looked = with_epoch(evidence(healthy), 1005, 15_391)
    (finding,) = judge(looked, NOW)
    assert "lost in 21 h 22 m" in finding.message
    (late,) = judge(with_epoch(evidence(healthy), 905, 200), NOW)
    assert late.severity is Severity.CRITICAL
    assert not verdict(looked, NOW).safe


def test_no_restart_right_before_a_turn_or_an_upgrade(healthy: Path) -> None:
    looked = with_epoch(evidence(healthy), 925, 100)
    assert verdict(looked, NOW).reasons == ("The epoch turns in 20 blocks.",)
    plan = "INSERT INTO upgrade_plans(name,height,binaries) VALUES('v2',1010,'{}')"
    foreign.write(healthy, plan)
    assert "The upgrade comes in 5 blocks." in verdict(evidence(healthy), NOW).reasons


def test_the_epochs_length_is_learned_from_its_turns(healthy: Path) -> None:
    turn: Callable[[int], str] = lambda epoch: (  # noqa: E731 - one statement by epoch
        f"UPDATE seed_info SET epoch_index={epoch} WHERE type='current'"
    )
    for epoch, height in ((8, 1100), (9, 1200), (10, 1301)):
        blocks(healthy, NOW, heights=range(height, height + 1))
        foreign.write(healthy, turn(epoch))
    clock = evidence(healthy).epoch
    assert (clock.learned, clock.began, clock.blocks) == (True, 1301, 101)


def test_a_change_of_ours_that_was_put_back_is_a_finding(healthy: Path) -> None:
    places = Locations(healthy.with_name("config.yaml"), healthy)
    with ConfigManager.open(places, actor="me@host") as manager:
        number = manager.set_seed("current", EpochSeed(seed=5, epoch_index=7, signature="bb"))
        manager.set_upgrade_plan(UpgradePlan(name="x", height=9000, binaries={"linux/amd64": "u"}))
    foreign.write(healthy, "UPDATE seed_info SET seed=2 WHERE type='current'")
    at = datetime.now(UTC)
    with ConfigManager.open(places, actor="me@host", read_only=True) as manager:
        overwritten = [one for one in judge(manager.evidence(), at) if one.rule == "overwritten"]
    assert [one.path for one in overwritten] == ["current_seed"]
    assert f"#{number}" in overwritten[0].message


def test_an_environment_that_hides_a_value_is_a_finding(healthy: Path) -> None:
    (finding,) = found(healthy, env={"DAPI_CURRENT_HEIGHT": "5", "DAPI_API__PORT": "9000"})
    assert (finding.rule, finding.path) == ("hidden", "current_height")


def test_gathering_is_by_seeks(healthy: Path) -> None:
    """No rule's query walks the whole log."""
    db = Database(healthy, read_only=True)
    try:
        plan = db.rows(f"EXPLAIN QUERY PLAN {history.SIGNED}", (2**63 - 1, 50))
        assert "audit_log_signed" in str(plan)
    finally:
        db.close()


@pytest.mark.parametrize(
    ("zone", "when"),
    [
        ("UTC", "roughly Sun 01 Mar 23:06 UTC."),
        ("Europe/Oslo", "roughly Mon 02 Mar 00:06 (Sun 23:06 UTC)."),
        ("America/New_York", "roughly Sun 01 Mar 18:06 (23:06 UTC)."),
    ],
)
def test_an_upgrade_is_told_in_local_time_and_utc(healthy: Path, zone: str, when: str) -> None:
    plan = "INSERT INTO upgrade_plans(name,height,binaries) VALUES('v2',9000,?)"
    foreign.write(healthy, (plan, ('{"linux/amd64":"u"}',)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        (finding,) = found(healthy)
    assert finding.severity is Severity.INFO
    assert finding.message == f"The upgrade v2 comes in 7,995 blocks, {when}"


@pytest.mark.parametrize("gone", ["DELETE FROM seed_info", "UPDATE seed_info SET is_active=0"])
def test_seeds_that_all_went_are_missed(healthy: Path, gone: str) -> None:
    """The log remembers that there were some."""
    foreign.write(healthy, gone)
    missing = [one.path for one in found(healthy) if one.rule == "seed-missing"]
    assert missing == ["previous_seed", "current_seed"]


def test_a_height_that_went_is_missed_and_not_a_new_database(healthy: Path) -> None:
    foreign.write(healthy, "DELETE FROM chain_state")
    rules = {one.rule: one.severity for one in found(healthy)}
    assert rules["height"] is Severity.CRITICAL
    assert "not-started" not in rules


def test_what_only_concerns_the_log_does_not_speak_against_a_restart(healthy: Path) -> None:
    def finding(rule: str) -> Finding:
        return Finding(Severity.CRITICAL, f"About {rule}.", "", rule)

    looked = evidence(healthy)
    for rule, safe in {"triggers": True, "log-chain": True, "config-file": False}.items():
        inspected = replace(looked, inspection=Inspection(schema=(finding(rule),)))
        assert verdict(inspected, NOW).safe is safe
        assert [one.rule for one in judge(inspected, NOW)] == [rule]
