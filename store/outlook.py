"""What follows from a snapshot: how far processing lags, and how far off an upgrade is."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.models import EpochSeed, HeightMark, Snapshot


@dataclass(frozen=True, slots=True)
class UpgradeOutlook:
    """Blocks left to the planned upgrade, and when they are done at the pace of the last blocks.

    None where unknown. Blocks left are negative once the plan's height has passed, and then
    nothing is expected. What is shown is ``blocks.upgrade``, which knows the last hour too.
    """

    blocks_left: int | None
    expected_at: datetime | None


def behind(snapshot: Snapshot) -> int | None:
    """Blocks from the last processed height up to the height; None where either is unknown.

    Negative where the height lies below, as after somebody set it back.
    """
    height, processed = snapshot.chain.current_height, snapshot.chain.last_processed_height
    return None if height is None or processed is None else height - processed


def upgrade(snapshot: Snapshot) -> UpgradeOutlook | None:
    """When the planned upgrade comes at the learned block time; None where none is planned."""
    plan, height = snapshot.upgrade_plan, snapshot.chain.current_height
    if plan is None:
        return None
    if height is None:
        return UpgradeOutlook(None, None)
    left, pace = plan.height - height, snapshot.seconds_per_block
    if pace is None or left <= 0:
        return UpgradeOutlook(left, None)
    try:
        expected = snapshot.taken_at + timedelta(seconds=left * pace)
    except OverflowError:  # a plan so far away that no calendar has the day
        return UpgradeOutlook(left, None)
    return UpgradeOutlook(left, expected)


def seed(snapshot: Snapshot, kind: str) -> EpochSeed | None:
    """The seed of a type, None where it is missing or the daemon's "none yet".

    One with a field that does not decode is there, whatever the other fields say.
    """
    path = f"{kind}_seed"
    found: EpochSeed | None = getattr(snapshot, path)
    if found is None or not found.absent:
        return found
    faulty = any(fault.path.startswith(f"{path}.") for fault in snapshot.undecoded)
    return found if faulty else None


def height_written_at(snapshot: Snapshot) -> datetime | None:
    """When the height last changed."""
    return snapshot.heights[-1].at if snapshot.heights else None


def block_times(heights: tuple[HeightMark, ...]) -> list[float]:
    """Seconds per block between each two height changes, in time order."""
    return [
        max(0.0, (later.at - earlier.at).total_seconds()) / (later.height - earlier.height)
        for earlier, later in itertools.pairwise(heights)
        if later.height > earlier.height
    ]
