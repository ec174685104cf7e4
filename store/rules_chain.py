"""Rules about the chain: heights, the upgrade plan, versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from store import blocks, outlook
from store.blocks import UpgradeArrival
from store.findings import Evidence, Finding, Severity, cadence, span


def moving(evidence: Evidence, now: datetime) -> Iterator[Finding]:
    """A height that stands still, against what is usual here."""
    snapshot, limits = evidence.snapshot, evidence.thresholds
    at = outlook.height_written_at(snapshot)
    if at is None:
        return
    if snapshot.chain.current_height is None and not snapshot.undecoded:
        yield Finding(
            Severity.CRITICAL,
            f"The height is missing; it was {snapshot.heights[-1].height:,}.",
            "See 'nodedeck history current_height' for who removed it; a running daemon writes it.",
            "height",
            "current_height",
        )
        return
    age, beat = (now - at).total_seconds(), cadence(snapshot)
    # a daemon that flushes once a minute is not stuck between two flushes
    if age > max(limits.height_critical_seconds, limits.height_critical_beats * beat):
        severity = Severity.CRITICAL
    elif age > max(limits.height_warning_seconds, limits.height_warning_beats * beat):
        severity = Severity.WARNING
    else:
        return
    yield Finding(
        severity,
        f"The height does not move: the last block was written {span(age)} ago.",
        "Look whether the daemon runs and its chain node answers.",
        "height",
        "current_height",
    )


def behind(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """Processing that lags, or a height that lies below what was processed."""
    lag = outlook.behind(evidence.snapshot)
    if lag is not None and lag > evidence.thresholds.behind_blocks:
        yield Finding(
            Severity.WARNING,
            f"Processing is {lag:,} blocks behind the chain.",
            "Look at the daemon's log for what holds it up.",
            "behind",
            "last_processed_height",
        )
    elif lag is not None and -lag > evidence.thresholds.behind_blocks:
        yield Finding(
            Severity.WARNING,
            f"The height is {-lag:,} blocks below the last processed one: it was set back.",
            "See 'nodedeck history current_height' for who did; a running daemon writes it anew.",
            "ahead",
            "current_height",
        )


def upgrade(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """How soon an upgrade comes, and what it lacks."""
    snapshot = evidence.snapshot
    plan, planned = snapshot.upgrade_plan, outlook.upgrade(snapshot)
    if plan is None or planned is None or not (plan.name or plan.height):
        return
    if planned.blocks_left is not None and planned.blocks_left <= 0:
        yield Finding(
            Severity.WARNING,
            f"The upgrade {plan.name} was due at {plan.height:,} and its plan is still active.",
            "Look whether the upgrade was done, then clear the plan.",
            "upgrade-passed",
            "upgrade_plan.height",
        )
        return
    left, arrival = planned.blocks_left, blocks.upgrade(snapshot, evidence.hour)
    comes = "" if left is None else f"comes in {left:,} blocks{_when(arrival)}"
    platforms = {name.removeprefix("api/") for name in plan.binaries}
    if evidence.platform and evidence.platform not in platforms:
        yield Finding(
            Severity.WARNING,
            f"The upgrade {plan.name} has no binary for this platform ({evidence.platform})"
            + (f" and {comes}." if comes else "."),
            "Have one built and added to the plan before its height.",
            "upgrade-binary",
            "upgrade_plan.binaries",
        )
    elif comes:
        yield Finding(
            Severity.INFO,
            f"The upgrade {plan.name} {comes}.",
            "Have its binary in place before; do not restart right before its height.",
            "upgrade-ahead",
            "upgrade_plan.height",
        )


def _when(arrival: UpgradeArrival | None) -> str:
    """The moment as this host's clock and as UTC have it, with the band that the pace allows."""
    if arrival is None:
        return ""
    local, utc = arrival.at.astimezone(), arrival.at.astimezone(UTC)
    around, band = "roughly", ""
    if arrival.give_or_take is not None:
        around, band = "about", f" ± {span(max(60, arrival.give_or_take.total_seconds()))}"
    if local.utcoffset() == utc.utcoffset():
        return f", {around} {utc:%a %d %b %H:%M} UTC{band}"
    day = "%H:%M" if local.date() == utc.date() else "%a %H:%M"
    return f", {around} {local:%a %d %b %H:%M} ({utc:{day}} UTC){band}"


def versions(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """Nodes that still run an older version."""
    chain = evidence.snapshot.chain
    version, used = chain.current_node_version, chain.last_used_version
    if version and used and version != used:
        yield Finding(
            Severity.WARNING,
            f"The current node version is {version}, last used was {used}.",
            "Nodes still run the older one; see that they are restarted with the current one.",
            "version",
            "last_used_version",
        )
