"""Moments of the log for the screen: steps, horizons, then against now."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from store.errors import UsageError
from store.manager import ConfigManager
from store.retention import Retention
from store.timeline import BeforeHorizon
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.shift import HOUR, Shift, lived


@pytest.fixture
def shift(manager: ConfigManager, database: Path, clock: FixedClock) -> Shift:
    return lived(manager, database, clock.now)


def test_a_change_and_a_moment(manager: ConfigManager, shift: Shift, clock: FixedClock) -> None:
    by_id = manager.visit(11, 200)
    assert (by_id.change.path, by_id.at) == ("nodes.n1", clock.now - timedelta(hours=4))
    moment = clock.now - timedelta(hours=3.5)
    by_time = manager.visit(moment, 200)
    assert (by_time.change.id, by_time.at) == (11, moment)
    assert by_time.evidence.snapshot.nodes[0].is_enabled is False
    assert [one.id for one in by_time.changes[:2]] == [11, 10]
    assert all(one.id <= 11 for one in by_time.changes)
    assert (by_time.first_id, by_time.newest_id, by_time.unknown) == (1, 18, ())


def test_steps_pass_heights_unless_somebody_signed_them(
    manager: ConfigManager, shift: Shift
) -> None:
    with shift.ours(5) as ours:
        ours.set_height(9_999)
    shift.height(4, 10_000)
    newest = manager.position().change_id
    assert manager.step(newest, back=True) == 19
    assert manager.step(19, back=True) == 16
    assert manager.step(16, back=False) == 19
    assert manager.step(19, back=False) is None
    assert manager.step(1, back=True) is None


def test_an_unsigned_rewrite_is_no_step(manager: ConfigManager, database: Path) -> None:
    foreign.write(database, foreign.node("a"), foreign.node("b"))
    foreign.write(database, "DELETE FROM inference_nodes", foreign.node("a"), foreign.node("b"))
    assert [one.action for one in manager.feed(0)] == ["I", "I", "R", "R"]
    assert manager.step(manager.position().change_id, back=True) == 2


@pytest.mark.parametrize("point", [0, -5])
def test_before_the_log_is_unknown(manager: ConfigManager, shift: Shift, point: int) -> None:
    with pytest.raises(BeforeHorizon, match="is unknown: the log begins with change #1"):
        manager.visit(point, 5)


def test_an_empty_log_holds_no_moment(manager: ConfigManager) -> None:
    with pytest.raises(BeforeHorizon, match="no log yet"):
        manager.visit(0, 5)
    assert manager.step(0, back=True) is None


def test_what_is_yet_to_come_is_refused(manager: ConfigManager, shift: Shift) -> None:
    with pytest.raises(UsageError, match="no change #99 yet"):
        manager.visit(99, 5)


def test_the_horizon_is_where_steps_end(
    manager: ConfigManager, shift: Shift, clock: FixedClock
) -> None:
    clock.advance(24 * HOUR)
    # a day from now is after the reboot, four hours before the end of the shift
    clock.advance(-3.5 * HOUR)
    manager.prune(Retention(heights_days=1, days=1), pause=lambda _: None)
    assert manager.step(11, back=True) is None
    assert manager.visit(11, 5).first_id == 11
    with pytest.raises(BeforeHorizon):
        manager.visit(10, 5)
    assert manager.step(3, back=False) == 11  # on to where the log begins


def test_then_and_now_differ_in_leaves_and_masked(manager: ConfigManager, shift: Shift) -> None:
    compared = manager.compare(9)
    found = {one.path: (one.old, one.new) for one in compared.fields}
    assert found["nodes.n1.is_enabled"] == (True, False)
    assert found["svc.limit"] == (5, 7)
    assert found["svc.api_token"] == ("********", "********")
    assert "old!" not in repr(compared)
    assert manager.compare(18).fields == ()


def test_forgotten_heights_are_unknown_and_no_difference(
    manager: ConfigManager, shift: Shift, clock: FixedClock
) -> None:
    clock.advance(24 * HOUR)
    manager.prune(Retention(heights_days=1, days=400), pause=lambda _: None)
    compared = manager.compare(11)
    assert compared.unknown == ("current_height", "last_processed_height")
    assert "current_height" not in {one.path for one in compared.fields}
