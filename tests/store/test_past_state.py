"""The state of another moment, as the log gives it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from store import state
from store.judging import judge
from store.manager import ConfigManager
from store.models import Snapshot
from store.past_state import Past
from store.retention import Retention
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.shift import HOUR, Shift, lived


@pytest.fixture
def shift(manager: ConfigManager, database: Path, clock: FixedClock) -> Shift:
    return lived(manager, database, clock.now)


def at(manager: ConfigManager, change_id: int, past: Past | None = None) -> Snapshot:
    with manager.database.reading():
        return (past or Past(manager.database)).snapshot(change_id, manager.clock())


def test_the_newest_moment_is_now(manager: ConfigManager, shift: Shift) -> None:
    shift.foreign(
        5,
        foreign.insert("network_params", {"param_type": "validation", "param_data": '{"a":1}'}),
        foreign.insert("node_versions", {"height": 3, "version": "v1"}),
        foreign.insert("upgrade_plans", {"name": "v4", "height": 9_999, "binaries": "{}"}),
    )
    now = manager.snapshot()
    assert at(manager, now.change_id) == now


def test_each_moment_is_what_was_then(manager: ConfigManager, database: Path) -> None:
    """Read after each change, and again from the log, forwards and in any order."""
    seen: dict[int, Snapshot] = {}
    writer = foreign.RandomWriter(7)
    with foreign.connect(database) as db:
        for _ in range(60):
            writer.transaction(db)
            # a deletion is final: a young one would be taken back, and its moment with it
            db.execute("UPDATE audit_log SET at=strftime('%Y-%m-%dT%H:%M:%fZ', at, '-9 seconds')")
            snapshot = manager.snapshot()
            seen[snapshot.change_id] = snapshot

    def comparable(one: Snapshot) -> Snapshot:
        # row order is not in the log
        return one.model_copy(
            update={
                "nodes": tuple(sorted(one.nodes, key=lambda node: node.id)),
                "params": tuple(sorted(one.params, key=lambda each: each.path)),
                "undecoded": tuple(sorted(one.undecoded, key=lambda each: (each.path, each.raw))),
                "other_chain": dict(sorted(one.other_chain.items())),
                "written_at": None,
                "taken_at": manager.clock(),
            }
        )

    past = Past(manager.database)
    with manager.database.reading():
        held = {number for (number,) in manager.database.rows("SELECT id FROM audit_log")}
    for change_id in sorted(held & seen.keys()):
        assert comparable(at(manager, change_id, past)) == comparable(seen[change_id])
    for change_id in sorted(held & seen.keys(), reverse=True)[:5]:
        assert at(manager, change_id, past) == at(manager, change_id)


def test_heights_end_at_the_moment(manager: ConfigManager, shift: Shift) -> None:
    then = at(manager, manager.history("current_height")[1].id)
    assert [mark.height for mark in then.heights] == [1_000, 2_000, 2_600]
    assert then.chain.current_height == 2_600
    with manager.database.reading():
        assert state.heights(manager.database)[-1].height == 2_611


def test_what_is_judged_is_what_was_known_then(manager: ConfigManager, shift: Shift) -> None:
    with shift.ours(6) as ours:
        ours.set_value("current_seed.signature", "changed")
    shift.foreign(5, "UPDATE seed_info SET signature='ab' WHERE type='current'")
    with manager.database.reading():
        past, newest = Past(manager.database), manager.position().change_id
        now = manager.clock()
        rules = [
            [one.rule for one in judge(past.evidence(upto, now), now)]
            for upto in (newest - 1, newest)
        ]
    assert ["overwritten" in found for found in rules] == [False, True]


def test_a_forgotten_height_is_unknown_and_the_rest_is_judged(
    manager: ConfigManager, shift: Shift, clock: FixedClock
) -> None:
    clock.advance(24 * HOUR)
    manager.prune(Retention(heights_days=1, days=400), pause=lambda _: None)
    first_claim = manager.history("previous_seed")[0].id
    with manager.database.reading():
        then = Past(manager.database).evidence(first_claim, clock.now - timedelta(hours=29))
    assert then.unknown == ("current_height", "last_processed_height")
    assert then.snapshot.chain.current_height is None
    assert then.snapshot.heights == ()
    assert "not-started" not in [one.rule for one in judge(then, then.snapshot.taken_at)]
