"""The rules: what an operator should act on, judged from evidence and the time; pure.

Each rule has a name, so that what opened and what closed over a shift can be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from store import judging_pending, outlook
from store.findings import (
    Evidence,
    Finding,
    Severity,
    Verdict,
    cadence,
    epoch_part,
    epoch_seconds_left,
    in_order,
)
from store.models import Node
from store.paths import SEED_TYPES, join

Rule = Callable[[Evidence, datetime], Iterator[Finding]]


def judge(evidence: Evidence, now: datetime) -> list[Finding]:
    """Every finding, worst first; a database in which nothing has happened has not started."""
    if evidence.snapshot.chain.current_height is None and not evidence.snapshot.undecoded:
        return [
            Finding(
                Severity.INFO,
                "Nothing has happened in this database yet: not started.",
                "It fills with the daemon's first block, or with 'nodedeck import'.",
                "not-started",
            )
        ]
    return in_order([finding for rule in _RULES for finding in rule(evidence, now)])


def verdict(evidence: Evidence, now: datetime) -> Verdict:
    """Is it safe to restart this node now?

    A restart must not cost the turn of an epoch, a claim, or the upgrade's height.
    """
    snapshot, limits = evidence.snapshot, evidence.thresholds
    reasons = [
        finding.message
        for finding in judge(evidence, now)
        if finding.severity is Severity.CRITICAL or finding.rule in ("claim", "behind")
    ]
    part = epoch_part(evidence)
    if part is not None and part < 1:
        left = round((1 - part) * evidence.epoch.blocks)
        if left <= limits.quiet_blocks:
            reasons.append(f"The epoch turns in {left} blocks.")
    planned = outlook.upgrade(snapshot)
    to_upgrade = (planned.blocks_left if planned else None) or 0
    if 0 < to_upgrade <= limits.quiet_blocks:
        reasons.append(f"The upgrade comes in {to_upgrade} blocks.")
    return Verdict(not reasons, tuple(reasons))


def _moving(evidence: Evidence, now: datetime) -> Iterator[Finding]:
    snapshot, limits = evidence.snapshot, evidence.thresholds
    at = outlook.height_written_at(snapshot)
    if at is None:
        return
    age, beat = (now - at).total_seconds(), cadence(snapshot)
    # a daemon that flushes once a minute is not stuck between two flushes
    if age > max(limits.height_critical, 3 * beat):
        severity = Severity.CRITICAL
    elif age > max(limits.height_warning, 2 * beat):
        severity = Severity.WARNING
    else:
        return
    yield Finding(
        severity,
        f"The height does not move: the last block was written {_span(age)} ago.",
        "Look whether the daemon runs and its chain node answers.",
        "height",
        "current_height",
    )


def _behind(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    lag = outlook.behind(evidence.snapshot)
    if lag is not None and lag > evidence.thresholds.behind_blocks:
        yield Finding(
            Severity.WARNING,
            f"Processing is {lag:,} blocks behind the chain.",
            "Look at the daemon's log for what holds it up.",
            "behind",
            "last_processed_height",
        )


def _seeds_there(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    snapshot = evidence.snapshot
    seeds = {kind: outlook.seed(snapshot, kind) for kind in SEED_TYPES}
    epochs = [seed.epoch_index for seed in seeds.values() if seed]
    started = bool(epochs) and max(epochs) > 1
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


def _upcoming(evidence: Evidence, _: datetime) -> Iterator[Finding]:
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


def _claim(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """The claim clock: a reward is lost when the epoch after next begins."""
    previous = outlook.seed(evidence.snapshot, "previous")
    if previous is None or previous.claimed:
        return
    left = epoch_seconds_left(evidence)
    severity, when = Severity.WARNING, "it is lost when the current epoch ends"
    if left is not None:
        when = f"lost in {_span(left)}"
        if left <= evidence.thresholds.claim_critical:
            severity = Severity.CRITICAL
    yield Finding(
        severity,
        f"Epoch {previous.epoch_index:,} is unclaimed, {when}.",
        "Claims are retried every 30 minutes; if this one is older, look at the daemon's log.",
        "claim",
        "previous_seed.claimed",
    )


def _several_seeds(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    for kind, count in evidence.active_seeds.items():
        if count > 1:
            yield Finding(
                Severity.WARNING,
                f"{count} rows of the {kind} seed are active; the newest counts.",
                "The daemon puts this right at its next flush; if it lasts, two daemons may run.",
                "seed-active",
                f"{kind}_seed",
            )


def _upgrade(evidence: Evidence, _: datetime) -> Iterator[Finding]:
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
    platforms = {name.removeprefix("api/") for name in plan.binaries}
    if evidence.platform and evidence.platform not in platforms:
        yield Finding(
            Severity.WARNING,
            f"The upgrade {plan.name} has no binary for this platform ({evidence.platform}).",
            "Have one built and added to the plan before its height.",
            "upgrade-binary",
            "upgrade_plan.binaries",
        )


def _versions(evidence: Evidence, _: datetime) -> Iterator[Finding]:
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


def _nodes(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    places: dict[tuple[str, int], str] = {}
    for node in evidence.snapshot.nodes:
        path = join("nodes", node.id)
        yield from _node(node, path)
        if not (node.host and node.inference_port):
            continue
        other = places.setdefault((node.host, node.inference_port), node.id)
        if other != node.id:
            yield Finding(
                Severity.WARNING,
                f"Nodes {other} and {node.id} both stand at {node.host}:{node.inference_port}.",
                "One of them is a mistake; change its host or port.",
                "node-place",
                f"{path}.inference_port",
            )


def _node(node: Node, path: str) -> Iterator[Finding]:
    if not node.is_enabled:
        hint = "Switch it on with 'nodedeck node enable' when it is well again."
        message = f"Node {node.id} is disabled; it takes part in nothing from the next epoch on."
        yield Finding(Severity.INFO, message, hint, "node-disabled", f"{path}.is_enabled")
    if not node.models:
        message = f"Node {node.id} has no model."
        yield Finding(Severity.WARNING, message, "Give it one.", "node-models", f"{path}.models")
    for name in ("inference_port", "poc_port", "max_concurrent"):
        if getattr(node, name) == 0:
            message = f"Node {node.id} has {name} unset (0)."
            yield Finding(Severity.WARNING, message, "Set it.", "node-unset", f"{path}.{name}")


def _undecoded(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    for fault in evidence.snapshot.undecoded:
        wanted = fault.wanted.removeprefix("Input ").removeprefix("should be ")
        yield Finding(
            Severity.WARNING,
            f"{fault.path} holds {fault.raw[:80]!r}, which does not decode; it should be {wanted}.",
            "Set it to a value of its type with 'nodedeck set', or look at the writer.",
            "undecoded",
            fault.path,
        )


def _overwritten(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    for change in evidence.overwritten:
        yield Finding(
            Severity.WARNING,
            f"Your change #{change.id} of {change.path} was overwritten by another writer.",
            "The daemon writes this from its memory; change it through the daemon's own API.",
            "overwritten",
            change.path,
        )


def _hidden(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    for path in evidence.hidden:
        yield Finding(
            Severity.WARNING,
            f"The environment hides the database's value of {path}.",
            "Unset the DAPI_ variable if the database's value should count.",
            "hidden",
            path,
        )


_RULES: Final[tuple[Rule, ...]] = (
    _moving, _seeds_there, _upcoming, _claim, _behind, _upgrade, _versions, _several_seeds, _nodes,
    _undecoded, _overwritten, _hidden, judging_pending.rule,
)  # fmt: skip


def _span(seconds: float) -> str:
    """A time for a sentence, in its two largest units."""
    whole = int(seconds)
    days, hours, minutes = whole // 86_400, whole % 86_400 // 3600, whole % 3600 // 60
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {minutes:02} m"
    return f"{minutes} m" if minutes else f"{whole} s"
