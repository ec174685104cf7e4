"""A shift's handover: what changed, by whom, what opened and closed, and what nobody knows."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from store import backup
from store.errors import UsageError
from store.handover import Handover
from store.handover_changes import Author
from store.handover_tasks import ON_CALL, Task, tasks
from store.history import stamp
from store.locations import Locations
from store.manager import ConfigManager
from store.models import FieldChange
from store.retention import Retention
from tests.conftest import ACTOR
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.shift import HOUR, Shift, lived


@pytest.fixture
def shift(manager: ConfigManager, database: Path, clock: FixedClock) -> Shift:
    return lived(manager, database, clock.now)


def since(manager: ConfigManager, seconds: float) -> Handover:
    return manager.handover(manager.clock() - timedelta(seconds=seconds))


def rules(findings: object) -> set[str]:
    return {one.finding.rule for one in findings}  # type: ignore[attr-defined]


def test_entities_have_their_first_and_last_value(manager: ConfigManager, shift: Shift) -> None:
    made = since(manager, 8 * HOUR)
    found = {one.path: one for one in made.entities}
    assert list(found) == ["previous_seed", "nodes.n1", "svc.api_token", "svc.limit"]
    limit = found["svc.limit"]
    assert (limit.first, limit.last, limit.count, limit.first_known) == (5, 7, 2, True)
    assert limit.authors == (Author(ACTOR, None, 1), Author(ACTOR, "memory errors", 1))
    node = found["nodes.n1"]
    assert node.fields == (FieldChange(path="nodes.n1.is_enabled", old=True, new=False),)
    assert node.authors == (Author(ACTOR, "reboot", 1),)
    assert found["previous_seed"].authors == (Author(None, None, 1),)


def test_heights_are_one_line_each(manager: ConfigManager, shift: Shift) -> None:
    current, processed = since(manager, 8 * HOUR).heights
    assert (current.first, current.last, current.blocks, current.count) == (1_000, 2_611, 1_611, 3)
    assert (processed.first, processed.last, processed.gaps) == (1_000, 2_610, ())
    assert [round(gap.seconds / HOUR, 2) for gap in current.gaps] == [5.0, 2.0, 1.0, 0.0]
    assert current.gaps[-1].change_id is None


def test_a_gap_that_still_lasts_is_the_longest(
    manager: ConfigManager, shift: Shift, clock: FixedClock
) -> None:
    clock.advance(9 * HOUR)
    current, _ = since(manager, 12 * HOUR).heights
    assert (current.gaps[0].change_id, round(current.gaps[0].seconds)) == (None, 32_408)


def test_secrets_are_masked_and_that_one_changed_is_said(
    manager: ConfigManager, shift: Shift
) -> None:
    made = since(manager, 8 * HOUR)
    (token,) = (one for one in made.entities if one.path == "svc.api_token")
    assert (token.first, token.last, token.count) == ("********", "********", 1)
    assert token.fields == (FieldChange(path="svc.api_token", old="********", new="********"),)
    assert "old!" not in repr(made)
    assert "new!" not in repr(made)


def test_findings_that_opened_closed_passed_and_stand(
    manager: ConfigManager, shift: Shift, clock: FixedClock
) -> None:
    shift.foreign(6, foreign.seed("upcoming", 9, 128))
    seen = since(manager, 8 * HOUR).findings
    assert rules(seen.opened) == {"node-disabled", "seed-order"}
    assert rules(seen.closed) == {"claim"}
    assert rules(seen.passed) == {"height", "behind", "ahead"}
    assert not seen.standing
    (disabled,) = (one for one in seen.opened if one.finding.rule == "node-disabled")
    assert disabled.opened == clock.now - timedelta(hours=4)
    (claimed,) = seen.closed
    assert claimed.closed == clock.now - timedelta(hours=5)


def test_what_stood_all_the_time_is_standing(manager: ConfigManager, shift: Shift) -> None:
    seen = since(manager, 3.5 * HOUR).findings
    assert "node-disabled" in rules(seen.standing)


def test_one_that_was_gone_in_between_says_so(manager: ConfigManager, shift: Shift) -> None:
    with shift.ours(7) as ours:
        ours.set_value("nodes.n1.is_enabled", "true")
    with shift.ours(5) as ours:
        ours.set_value("nodes.n1.is_enabled", "false")
    (disabled,) = (
        one
        for one in since(manager, 3.5 * HOUR).findings.standing
        if one.finding.rule == "node-disabled"
    )
    assert disabled.interrupted


def test_what_no_log_holds_stands_undated(manager: ConfigManager, shift: Shift) -> None:
    # two active rows of a type: the log holds the newest alone
    shift.foreign(4, foreign.seed("previous", 5, 124, claimed=1))
    seen = since(manager, 8 * HOUR).findings
    assert [one.rule for one in seen.undated] == ["seed-active"]
    assert "seed-active" not in rules(seen.seen)


def test_before_the_log_begins_is_unknown_and_never_absent(
    manager: ConfigManager, shift: Shift
) -> None:
    made = since(manager, 24 * HOUR)
    assert "the log begins with change #1" in made.unknown
    assert not made.stretch.known
    assert {one.first_known for one in made.entities} == {False}
    assert {one.first_known for one in made.heights} == {False}
    assert [one.blocks for one in made.heights] == [None, None]
    assert made.findings.seen == ()
    assert "node-disabled" in {one.rule for one in made.findings.undated}


def test_forgotten_heights_are_unknown_and_nothing_else_is(
    manager: ConfigManager, shift: Shift, clock: FixedClock
) -> None:
    clock.advance(24 * HOUR)
    manager.prune(Retention(heights_days=1, days=400), pause=lambda _: None)
    made = manager.handover(clock.now - timedelta(hours=31))
    assert made.unknown == ""
    assert {one.first_known for one in made.heights} == {False}
    assert made.stretch.known
    (limit,) = (one for one in made.entities if one.path == "svc.limit")
    assert limit.first == 5
    # a height that was forgotten was there: nothing had "not started"
    assert "not-started" not in rules(made.findings.seen)


def test_nothing_at_all(manager: ConfigManager) -> None:
    made = since(manager, HOUR)
    assert (made.entities, made.heights, made.undos, made.backups) == ((), (), (), ())
    assert "no log yet" in made.unknown


def test_a_moment_to_come_is_refused(manager: ConfigManager) -> None:
    with pytest.raises(UsageError, match="lies in the future"):
        since(manager, -1)


def test_deeds_of_the_period(manager: ConfigManager, shift: Shift, clock: FixedClock) -> None:
    places = Locations(manager.config, manager.database.path)
    backup.create(places, actor="ops@h", host="h", clock=lambda: clock.now - timedelta(hours=9))
    backup.create(places, actor="ops@h", host="h", clock=clock, name="late")
    with shift.ours(3) as ours:
        newest = ours.history("svc.limit")[0].id
        ours.undo(newest)
    made = since(manager, 8 * HOUR)
    assert [(one.name.endswith("late"), one.actor) for one in made.backups] == [(True, "ops@h")]
    assert [one.reason for one in made.undos] == [f"undo of #{newest}"]


def test_edits_of_the_config_file(manager: ConfigManager, shift: Shift, clock: FixedClock) -> None:
    manager.config.write_text("api:\n  port: 1\n")
    manager.set_static("api.port", "2", reason="moved")
    os.utime(manager.config, (clock.now.timestamp() - 60, clock.now.timestamp() - 60))
    made = since(manager, HOUR)
    assert [(one.path, one.old, one.new, one.reason) for one in made.edits] == [
        ("api.port", 1, 2, "moved")
    ]
    assert made.file_written == clock.now - timedelta(seconds=60)
    told = [task for task in tasks(made) if "api.port" in task.what]
    assert [task.who for task in told] == [ACTOR]
    assert "restarted since" in told[0].what


def test_tasks_go_to_whoever_made_the_change(manager: ConfigManager, shift: Shift) -> None:
    with shift.ours(5) as ours:
        ours.set_value("current_node_version", "v9")
    found = tasks(since(manager, 8 * HOUR))
    by = {(task.who, task.what.split()[0]) for task in found}
    assert (ACTOR, "Node") in by  # disabled by hand, with its reason
    assert (ACTOR, "current_node_version") in by
    (node,) = (task for task in found if task.what.startswith("Node n1 is disabled"))
    assert '(reason given: "reboot")' in node.what


def test_a_finding_of_nobody_is_for_whoever_is_on_call(
    manager: ConfigManager, shift: Shift, clock: FixedClock
) -> None:
    clock.advance(10 * HOUR)
    found = tasks(since(manager, 60))
    assert [task.who for task in found if "height does not move" in task.what] == [ON_CALL]


def test_what_the_daemon_wrote_after_us_is_no_task(manager: ConfigManager, shift: Shift) -> None:
    with shift.ours(5) as ours:
        ours.set_value("current_node_version", "v9")
    shift.foreign(4, "UPDATE chain_state SET value='v3' WHERE key='current_node_version'")
    assert not [one for one in tasks(since(manager, 8 * HOUR)) if "by hand" in one.what]


def test_an_import_is_not_taken_for_a_hand(manager: ConfigManager, shift: Shift) -> None:
    made = since(manager, 8 * HOUR)
    (seed, *rest) = made.entities
    signed = replace(seed, authors=(Author("a", "import of x.yaml", 1),))
    assert Task("a", "") not in tasks(replace(made, entities=(signed, *rest)))
    assert not [one for one in tasks(replace(made, entities=(signed,))) if "by hand" in one.what]


def test_many_changes_are_thinned_out_and_that_is_said(
    manager: ConfigManager, database: Path, shift: Shift, clock: FixedClock
) -> None:
    with foreign.connect(database) as db:
        for ago in range(400, 200, -2):
            db.execute("UPDATE settings SET value_json=? WHERE key='limit'", (str(ago),))
            db.execute(
                "UPDATE audit_log SET at=? WHERE id=(SELECT max(id) FROM audit_log)",
                (stamp(clock.now - timedelta(seconds=ago)),),
            )
    seen = since(manager, HOUR / 2).findings
    assert seen.thinned
    assert seen.moments <= 70


def test_a_restore_says_from_what(
    manager: ConfigManager, database: Path, shift: Shift, clock: FixedClock
) -> None:
    marker = {"backup": "/b/state-1.db", "at": clock.now.isoformat(), "actor": "a", "reason": "r"}
    foreign.write(database, ("INSERT INTO meta VALUES('restored_from', ?)", (json.dumps(marker),)))
    restore = since(manager, HOUR).restore
    assert restore is not None
    assert (restore.backup, restore.actor, restore.reason) == ("state-1", "a", "r")
    clock.advance(2 * HOUR)
    assert since(manager, HOUR).restore is None


def test_the_work_is_bounded_by_the_period(manager: ConfigManager, database: Path) -> None:
    """A log of a hundred thousand rows before the period costs next to nothing."""
    with foreign.connect(database) as db:
        db.execute("BEGIN")
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i<100000)"
            " INSERT INTO audit_log(at,path,action,old_json,new_json)"
            " SELECT strftime('%Y-%m-%dT%H:%M:%fZ','2025-02-01','+'||i||' seconds'),"
            " CASE i%2 WHEN 0 THEN 'current_height' ELSE 'svc.k'||(i%50) END, 'U',"
            " json_quote(''||(i-1)), json_quote(''||i) FROM n"
        )
        db.execute("COMMIT")
    began = time.perf_counter()
    made = manager.handover(datetime.fromisoformat("2025-02-02T03:46:00Z"))
    assert sum(one.count for one in made.entities) + sum(one.count for one in made.heights) == 40
    assert time.perf_counter() - began < 2.0
