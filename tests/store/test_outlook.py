"""What follows from a snapshot, worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from store import outlook
from store.limits import INT64_MAX
from store.models import ChainState, EpochSeed, HeightMark, Snapshot, Undecoded, UpgradePlan

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)


def marks(*pairs: tuple[float, int]) -> tuple[HeightMark, ...]:
    """Heights at seconds after a beginning."""
    return tuple(
        HeightMark(at=NOW - timedelta(hours=1) + timedelta(seconds=at), height=height)
        for at, height in pairs
    )


def snapshot(height: int | None = None, processed: int | None = None, **fields: Any) -> Snapshot:
    none = ("written_at", "previous_seed", "current_seed", "upcoming_seed", "upgrade_plan")
    empty = ("nodes", "params", "versions", "heights", "undecoded")
    values: dict[str, Any] = dict.fromkeys(none) | dict.fromkeys(empty, ())
    values |= {"taken_at": NOW, "change_id": 1, "config_epoch": "", "other_chain": {}}
    values["chain"] = ChainState(current_height=height, last_processed_height=processed)
    return Snapshot(**(values | fields))


@pytest.mark.parametrize(
    ("height", "processed", "lag"),
    [
        (10, 9, 1),
        (10, 10, 0),
        (9, 10, -1),
        (None, 9, None),
        (10, None, None),
        (INT64_MAX, 0, INT64_MAX),
    ],
)
def test_behind_is_the_difference(
    height: int | None, processed: int | None, lag: int | None
) -> None:
    assert outlook.behind(snapshot(height, processed)) == lag


def test_an_upgrade_is_expected_at_the_learned_block_time() -> None:
    plan = UpgradePlan(name="v2", height=110)
    steady = marks((0, 98), (5, 99), (10, 100))
    expected = outlook.upgrade(snapshot(100, upgrade_plan=plan, heights=steady))
    assert expected == outlook.UpgradeOutlook(10, NOW + timedelta(seconds=50))


def test_no_plan_no_outlook() -> None:
    assert outlook.upgrade(snapshot(100)) is None


@pytest.mark.parametrize(("height", "blocks_left"), [(None, None), (100, 10), (110, 0), (112, -2)])
def test_nothing_is_expected_where_nothing_is_known_or_left(
    height: int | None, blocks_left: int | None
) -> None:
    plan = UpgradePlan(name="v2", height=110)
    heights = marks((0, 1), (5, 2)) if height != 100 else ()
    found = outlook.upgrade(snapshot(height, upgrade_plan=plan, heights=heights))
    assert found == outlook.UpgradeOutlook(blocks_left, None)


@pytest.mark.parametrize("height", [10**12, INT64_MAX])
def test_a_plan_beyond_every_calendar_has_no_day(height: int) -> None:
    plan = UpgradePlan(name="v2", height=height)
    found = outlook.upgrade(snapshot(2, upgrade_plan=plan, heights=marks((0, 1), (5, 2))))
    assert found == outlook.UpgradeOutlook(height - 2, None)


def test_a_seed_that_says_none_yet_is_none() -> None:
    there = EpochSeed(seed=-7, epoch_index=3, signature="ab")
    state = snapshot(previous_seed=there, current_seed=EpochSeed())
    assert outlook.seed(state, "previous") == there
    assert outlook.seed(state, "current") is None
    assert outlook.seed(state, "upcoming") is None


def test_a_seed_that_does_not_decode_is_there() -> None:
    fault = Undecoded(path="current_seed.seed", raw="abc", wanted="an integer")
    state = snapshot(current_seed=EpochSeed(), previous_seed=EpochSeed(), undecoded=(fault,))
    assert outlook.seed(state, "current") == EpochSeed()
    assert outlook.seed(state, "previous") is None


def test_the_height_was_written_with_its_last_change() -> None:
    heights = marks((0, 1), (5, 2))
    assert outlook.height_written_at(snapshot(2, heights=heights)) == heights[-1].at
    assert outlook.height_written_at(snapshot(2)) is None


def test_block_times_are_per_block_and_pass_over_steps_back() -> None:
    heights = marks((0, 10), (6, 11), (26, 15), (30, 12), (35, 12), (33, 13))
    assert outlook.block_times(heights) == pytest.approx([6.0, 5.0, 0.0])
    assert outlook.block_times(heights[:1]) == []
    assert outlook.block_times(()) == []
