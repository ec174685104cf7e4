"""What a finding is, and the evidence and thresholds that rules judge from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from store.models import Change, Snapshot

if TYPE_CHECKING:
    from store.blocks import BlockHour
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
    """Where rules begin to speak; each is a setting of nodedeck's own, its unit in its name."""

    height_warning_seconds: float = 30.0
    height_critical_seconds: float = 60.0
    height_warning_beats: float = 2.0
    height_critical_beats: float = 3.0
    behind_blocks: int = 5
    epoch_blocks: int = 15_391
    upcoming_part: float = 0.1
    claim_critical_seconds: float = 3600.0
    quiet_blocks: int = 30
    overwritten_seconds: float = 120.0
    overwritten_hours: float = 24.0
    log_rows: int = 1_000_000
    wal_mb: int = 64


@dataclass(frozen=True, slots=True)
class Inspection:
    """What checks of the files, the schema and the log found, kept from one look to the next.

    ``files``, ``schema`` and ``log`` are findings; ``seen_files`` and ``seen_schema`` say of which
    state of the files and the schema they speak. ``counted_at`` is the change id at which
    ``log_rows`` were counted, ``wal_bytes`` the size of the write-ahead log now.
    """

    files: tuple[Finding, ...] = ()
    schema: tuple[Finding, ...] = ()
    log: tuple[Finding, ...] = ()
    seen_files: tuple[object, ...] = ()
    seen_schema: tuple[object, ...] = ()
    log_rows: int = 0
    counted_at: int = -1
    wal_bytes: int = 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All that was found."""
        return (*self.schema, *self.log, *self.files)


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
    """What the rules look at besides the snapshot.

    ``epoch_seen`` is the highest epoch of a seed that the log knows of, there or gone.
    ``unknown`` names the paths that the log no longer knows of a moment in the past. ``hour`` are
    the block times up to the snapshot, None where nobody asked for them.
    """

    snapshot: Snapshot
    epoch: EpochClock
    epoch_seen: int = 0
    active_seeds: dict[str, int] = field(default_factory=dict)
    overwritten: tuple[Change, ...] = ()
    hidden: tuple[str, ...] = ()
    unparsed: tuple[str, ...] = ()
    inspection: Inspection = Inspection()
    reversals: tuple[Reversal, ...] = ()
    platform: str = ""
    thresholds: Thresholds = Thresholds()
    unknown: tuple[str, ...] = ()
    secrets: tuple[Finding, ...] = ()
    hour: BlockHour | None = None


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


def span(seconds: float) -> str:
    """A time for a sentence, in its two largest units."""
    whole = int(max(0.0, seconds))
    days, hours, minutes = whole // 86_400, whole % 86_400 // 3600, whole % 3600 // 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02} m"
    return f"{minutes} m" if minutes else f"{whole} s"


def cadence(snapshot: Snapshot) -> float:
    """Seconds from one write of the height to the next, the median of the last; 0 if unknown."""
    gaps = sorted((later.at - one.at).total_seconds() for one, later in pairwise(snapshot.heights))
    return max(0.0, gaps[len(gaps) // 2]) if gaps else 0.0
