"""What a finding is, and the evidence and thresholds that rules judge from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from store.models import Change, Snapshot
from store.pending import Reversal


class Severity(StrEnum):
    """How soon somebody should act."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an operator should act on, and the next step.

    ``rule`` names what was judged and ``path`` what it is about, where that is one value.
    """

    severity: Severity
    message: str
    hint: str = ""
    rule: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where rules begin to speak; times in seconds, lengths in blocks."""

    height_warning: float = 30.0
    height_critical: float = 60.0
    behind_blocks: int = 5
    epoch_blocks: int = 15_391
    upcoming_part: float = 0.1
    claim_critical: float = 3600.0
    quiet_blocks: int = 30


@dataclass(frozen=True, slots=True)
class EpochClock:
    """Where the current epoch stands.

    ``blocks`` is its length, learned from the turns in the log or else the setting; ``began`` the
    height of its first block, None where no turn was seen.
    """

    blocks: int
    began: int | None = None
    learned: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rules look at besides the snapshot."""

    snapshot: Snapshot
    epoch: EpochClock
    active_seeds: dict[str, int] = field(default_factory=dict)
    overwritten: tuple[Change, ...] = ()
    hidden: tuple[str, ...] = ()
    reversals: tuple[Reversal, ...] = ()
    platform: str = ""
    thresholds: Thresholds = Thresholds()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the node may be restarted now, and if not, why."""

    safe: bool
    reasons: tuple[str, ...] = ()


def in_order(findings: list[Finding]) -> list[Finding]:
    """Findings by severity, worst first, otherwise in the order found."""
    return sorted(findings, key=lambda finding: list(Severity).index(finding.severity))


def epoch_part(evidence: Evidence) -> float | None:
    """How much of the epoch has passed: 0 at its first block, 1 at its end, None where unknown."""
    height, clock = evidence.snapshot.chain.current_height, evidence.epoch
    if height is None or clock.began is None or clock.blocks <= 0:
        return None
    return (height - clock.began) / clock.blocks


def epoch_seconds_left(evidence: Evidence) -> float | None:
    """Seconds until the epoch ends at the learned block time, None where unknown."""
    part, pace = epoch_part(evidence), evidence.snapshot.seconds_per_block
    if part is None or pace is None:
        return None
    return max(0.0, (1 - part) * evidence.epoch.blocks * pace)


def cadence(snapshot: Snapshot) -> float:
    """Seconds from one write of the height to the next, the median of the last; 0 if unknown."""
    gaps = sorted((later.at - one.at).total_seconds() for one, later in pairwise(snapshot.heights))
    return max(0.0, gaps[len(gaps) // 2]) if gaps else 0.0
