"""Thresholds are settings: declared, bounded, in effect on the next read, and in no export."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.errors import InvalidValue
from store.export import exported
from store.findings import Inspection, Thresholds
from store.judging import judge, verdict
from store.locations import Locations
from store.manager import ConfigManager
from store.settings_builtin import BUILT_IN, FINDINGS_PREFIX
from tests.support import foreign
from tests.support.healthy import PUT_HEIGHT, healthy_state

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TURNED = (
    "UPDATE seed_info SET epoch_index=epoch_index-1",
    PUT_HEIGHT.format(height=910),
    "UPDATE seed_info SET epoch_index=epoch_index+1",
    PUT_HEIGHT.format(height=1005),
)
OVERWRITTEN = (
    "UPDATE chain_state SET value='v2' WHERE key='current_node_version'",
    "UPDATE audit_log SET actor='me@host', at='2026-03-01T11:00:00.000Z'"
    " WHERE id=(SELECT max(id) FROM audit_log)",
    "UPDATE chain_state SET value='v1' WHERE key='current_node_version'",
    "UPDATE audit_log SET at='2026-03-01T11:01:00.000Z' WHERE id=(SELECT max(id) FROM audit_log)",
)
LATE = "DELETE FROM seed_info WHERE type='upcoming'"
UNCLAIMED = "UPDATE seed_info SET claimed=0 WHERE type='previous'"


@dataclass(frozen=True)
class Case:
    """A situation, and what is judged before and after a threshold's change."""

    does: tuple[str, ...]
    value: str
    before: str
    after: str
    later: float = 0.0
    found: Inspection | None = None


CASES: dict[str, Case] = {
    "height_warning_seconds": Case((), "50", "warning height", "", later=40),
    "height_critical_seconds": Case((), "30", "warning height", "critical height", later=40),
    "height_warning_beats": Case((), "20", "warning height", "", later=40),
    "height_critical_beats": Case((), "20", "critical height", "warning height", later=90),
    "behind_blocks": Case(
        ("UPDATE chain_state SET value='1000' WHERE key='last_processed_height'",),
        "4", "", "warning behind"),
    "epoch_blocks": Case((*TURNED, LATE), "95", "", "critical seed-upcoming"),
    "upcoming_part": Case((*TURNED, LATE), "1", "", "warning seed-upcoming"),
    "claim_critical_seconds": Case(
        (*TURNED, UNCLAIMED), "2000000", "warning claim", "critical claim"),
    "overwritten_seconds": Case(OVERWRITTEN, "30", "warning overwritten", ""),
    "overwritten_hours": Case(OVERWRITTEN, "0.5", "warning overwritten", ""),
    "log_rows": Case((), "100", "", "warning log-size", found=Inspection(log_rows=500)),
    "wal_mb": Case((), "2", "", "warning wal-size", found=Inspection(wal_bytes=3_000_000)),
}  # fmt: skip


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return healthy_state(tmp_path, NOW)


@pytest.fixture
def manager(places: Locations) -> ConfigManager:
    return ConfigManager.open(places, actor="me@host", clock=lambda: NOW)


def judged(manager: ConfigManager, case: Case) -> str:
    evidence = manager.evidence(case.found)
    found = judge(evidence, NOW + timedelta(seconds=case.later))
    return ", ".join(f"{each.severity} {each.rule}" for each in found)


def test_each_threshold_has_its_case() -> None:
    assert {each.name for each in fields(Thresholds)} == {*CASES, "quiet_blocks"}


@pytest.mark.parametrize("name", CASES)
def test_a_threshold_changes_what_is_judged(
    places: Locations, manager: ConfigManager, name: str
) -> None:
    case = CASES[name]
    foreign.write(places.database, *case.does)
    assert judged(manager, case) == case.before
    manager.set_value(f"nodedeck.findings.{name}", case.value)
    assert judged(manager, case) == case.after
    manager.unset(f"nodedeck.findings.{name}")
    assert judged(manager, case) == case.before


def test_the_quiet_blocks_change_the_verdict(places: Locations, manager: ConfigManager) -> None:
    plan = "INSERT INTO upgrade_plans(name,height,binaries) VALUES('v2',1055,'{}')"
    foreign.write(places.database, plan)
    assert verdict(manager.evidence(), NOW).safe
    manager.set_value("nodedeck.findings.quiet_blocks", "50")
    assert verdict(manager.evidence(), NOW).reasons == ("The upgrade comes in 50 blocks.",)


@pytest.mark.parametrize("rule", BUILT_IN, ids=lambda rule: rule.key)
def test_each_threshold_is_told_and_bounded(manager: ConfigManager, rule: object) -> None:
    declared = next(each for each in manager.schema("nodedeck") if each == rule)
    assert declared.description.endswith(".")
    least, greatest = declared.constraints.min, declared.constraints.max
    assert least is not None
    assert greatest is not None
    assert least <= declared.default <= greatest
    for wrong in (f"{least - 1}", f"{greatest + 1}", "soon"):
        with pytest.raises(InvalidValue, match="nothing was changed"):
            manager.set_value(declared.path, wrong)
    assert manager.get(declared.path).value == declared.default


@pytest.mark.parametrize("stored", ["-5", '"soon"', "not json", "null", "1e999"])
def test_the_default_counts_where_another_program_left_nonsense(
    places: Locations, manager: ConfigManager, stored: str
) -> None:
    row = {"service": "nodedeck", "key": f"{FINDINGS_PREFIX}behind_blocks", "value_json": stored}
    foreign.write(places.database, foreign.insert("settings", row))
    assert manager.evidence().thresholds == Thresholds()


def test_thresholds_are_in_no_legacy_export(manager: ConfigManager) -> None:
    manager.set_value("nodedeck.findings.behind_blocks", "9")
    assert "nodedeck" not in exported(manager.raw())
