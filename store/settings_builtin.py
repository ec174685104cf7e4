"""nodedeck's own thresholds: settings of the service ``nodedeck`` that are always declared."""

from __future__ import annotations

from dataclasses import fields
from typing import Final

from store.findings import Thresholds
from store.settings_rules import Constraints, Rule, SettingType

OWN_SERVICE: Final = "nodedeck"
FINDINGS_PREFIX: Final = "findings."
"""What the key of a finding's threshold begins with."""
HEIGHTS_DAYS: Final = 7
DAYS: Final = 400

_RETENTION: Final = (
    Rule(
        service=OWN_SERVICE,
        key="retention.heights_days",
        type=SettingType.INTEGER,
        description="Days that changes of the two heights stay in the audit log.",
        constraints=Constraints(min=1, max=36_500),
        has_default=True,
        default=HEIGHTS_DAYS,
    ),
    Rule(
        service=OWN_SERVICE,
        key="retention.days",
        type=SettingType.INTEGER,
        description="Days that all other changes stay in the audit log.",
        constraints=Constraints(min=1, max=36_500),
        has_default=True,
        default=DAYS,
    ),
)
_DAY: Final = 86_400
_BLOCKS: Final = 10_000_000
# what a threshold means, and its least and greatest value
_THRESHOLDS: Final[dict[str, tuple[str, float, float]]] = {
    "height_warning_seconds": ("Seconds without a new height that warn.", 1, _DAY),
    "height_critical_seconds": ("Seconds without a new height that are critical.", 1, _DAY),
    "height_warning_beats": (
        "Learned times between two writes of the height without one that warn.", 1, 1000),
    "height_critical_beats": (
        "Learned times between two writes of the height without one that are critical.", 1, 1000),
    "behind_blocks": ("Blocks that processing may lag behind the height.", 0, _BLOCKS),
    "epoch_blocks": (
        "Blocks of an epoch, until its length is learned from the seeds' history.", 1, _BLOCKS),
    "upcoming_part": (
        "Last part of an epoch, of 1, in which a missing upcoming seed warns.", 0, 1),
    "claim_critical_seconds": (
        "Seconds before an unclaimed reward is lost from which on it is critical.", 0, 30 * _DAY),
    "quiet_blocks": (
        "Blocks before an epoch's turn or an upgrade in which no restart is safe.", 0, _BLOCKS),
    "overwritten_seconds": (
        "Seconds within which another writer's return to the old value overwrote a change of ours.",
        1, _DAY),
    "overwritten_hours": ("Hours for which an overwritten change is told.", 0, 24 * 366),
    "log_rows": ("Rows that the audit log may have.", 100, 1_000_000_000),
    "wal_mb": ("Megabytes that the write-ahead log beside the database may have.", 1, 1_000_000),
}  # fmt: skip


def _threshold(name: str, default: float) -> Rule:
    description, least, greatest = _THRESHOLDS[name]
    return Rule(
        service=OWN_SERVICE,
        key=FINDINGS_PREFIX + name,
        type=SettingType.INTEGER if isinstance(default, int) else SettingType.FLOAT,
        description=description,
        constraints=Constraints(min=least, max=greatest),
        has_default=True,
        default=default,
    )


BUILT_IN: Final = (
    *_RETENTION,
    *(_threshold(each.name, each.default) for each in fields(Thresholds)),  # type: ignore[arg-type]
)
