"""Rules about the three epoch seeds and the claim clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from store import outlook
from store.findings import Evidence, Finding, Severity, epoch_part, epoch_seconds_left, span
from store.paths import SEED_TYPES


def seeds_there(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """Seeds that are missing, unsigned or out of order."""
    snapshot = evidence.snapshot
    seeds = {kind: outlook.seed(snapshot, kind) for kind in SEED_TYPES}
    epochs = [seed.epoch_index for seed in seeds.values() if seed]
    started = max((*epochs, evidence.epoch_seen)) > 1
    for kind in ("previous", "current"):
        if seeds[kind] is None and started:
            yield Finding(
                Severity.CRITICAL,
                f"The {kind} seed is missing.",
                "Find it in 'nodedeck history' and see whether the daemon writes it back.",
                "seed-missing",
                f"{kind}_seed",
            )
    for kind, seed in seeds.items():
        if seed is not None and not seed.signature:
            yield Finding(
                Severity.CRITICAL,
                f"The {kind} seed of epoch {seed.epoch_index:,} has no signature.",
                "Without it the epoch cannot be claimed; look at the daemon's key.",
                "seed-signature",
                f"{kind}_seed.signature",
            )
    yield from _seed_order({kind: seed.epoch_index for kind, seed in seeds.items() if seed})


def _seed_order(epochs: dict[str, int]) -> Iterator[Finding]:
    """Each seed's epoch is that of the one before plus one."""
    firsts = {epoch - SEED_TYPES.index(kind) for kind, epoch in epochs.items()}
    if len(firsts) > 1:
        told = ", ".join(f"{kind} {epoch:,}" for kind, epoch in epochs.items())
        yield Finding(
            Severity.CRITICAL,
            f"The epochs of the seeds do not follow each other: {told}.",
            "An epoch was missed or written twice; see 'nodedeck history current_seed'.",
            "seed-order",
            "current_seed.epoch_index",
        )


def upcoming(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """Missing early in an epoch is normal, since the daemon clears it at the turn."""
    part = epoch_part(evidence)
    if outlook.seed(evidence.snapshot, "upcoming") is not None or part is None:
        return
    if part >= 1:
        severity, when = Severity.CRITICAL, "and the epoch is over"
    elif part >= 1 - evidence.thresholds.upcoming_part:
        severity, when = Severity.WARNING, f"and {part:.0%} of the epoch has passed"
    else:
        return
    yield Finding(
        severity,
        f"The upcoming seed is missing, {when}.",
        "The daemon must make it before the epoch turns; look at its log.",
        "seed-upcoming",
        "upcoming_seed",
    )


def claim(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """The claim clock: a reward is lost when the epoch after next begins."""
    previous = outlook.seed(evidence.snapshot, "previous")
    if previous is None or previous.claimed:
        return
    left = epoch_seconds_left(evidence)
    severity, when = Severity.WARNING, "it is lost when the current epoch ends"
    if left is not None:
        when = f"lost in {span(left)}"
        if left <= evidence.thresholds.claim_critical_seconds:
            severity = Severity.CRITICAL
    yield Finding(
        severity,
        f"Epoch {previous.epoch_index:,} is unclaimed, {when}.",
        "Claims are retried every 30 minutes; if this one is older, look at the daemon's log.",
        "claim",
        "previous_seed.claimed",
    )


def several_seeds(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """More than one active row of a type."""
    for kind, count in evidence.active_seeds.items():
        if count > 1:
            yield Finding(
                Severity.WARNING,
                f"{count} rows of the {kind} seed are active; the newest counts.",
                "The daemon puts this right at its next flush; if it lasts, two daemons may run.",
                "seed-active",
                f"{kind}_seed",
            )
