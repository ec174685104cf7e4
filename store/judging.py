"""Judging: what an operator should act on, from evidence and the time; pure.

Each rule has a name, so that what opened and what closed over a shift can be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from store import judging_pending, outlook, rules_chain, rules_host, rules_seeds, rules_values
from store.findings import Evidence, Finding, Severity, Verdict, epoch_part, in_order

Rule = Callable[[Evidence, datetime], Iterator[Finding]]

_OF_HOST: Final[tuple[Rule, ...]] = (rules_host.inspected, rules_host.grown, rules_values.secrets)
_OF_STATE: Final[tuple[Rule, ...]] = (
    rules_chain.moving,
    rules_seeds.seeds_there,
    rules_seeds.upcoming,
    rules_seeds.claim,
    rules_chain.behind,
    rules_chain.upgrade,
    rules_chain.versions,
    rules_seeds.several_seeds,
    rules_values.nodes,
    rules_values.undecoded,
    rules_values.unparsed,
    rules_values.overwritten,
    judging_pending.rule,
    rules_values.hidden,
)


def judge(evidence: Evidence, now: datetime) -> list[Finding]:
    """Every finding, worst first; a database in which nothing has happened has not started."""
    found = _of_state(evidence, now)
    return in_order([*found, *(one for rule in _OF_HOST for one in rule(evidence, now))])


def verdict(evidence: Evidence, now: datetime) -> Verdict:
    """Is it safe to restart this node now?

    A restart must not cost the turn of an epoch, a claim, or the upgrade's height, and the daemon
    must be able to start.
    """
    snapshot, limits = evidence.snapshot, evidence.thresholds
    hinder = [
        *(one for one in _of_state(evidence, now) if _speaks_against(one)),
        *(one for one in evidence.inspection.findings if one.rule in rules_host.HINDER_RESTART),
    ]
    reasons = [finding.message for finding in in_order(hinder)]
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


def _speaks_against(finding: Finding) -> bool:
    return finding.severity is Severity.CRITICAL or finding.rule in ("claim", "behind")


def _of_state(evidence: Evidence, now: datetime) -> list[Finding]:
    if _not_started(evidence):
        return [
            Finding(
                Severity.INFO,
                "Nothing has happened in this database yet: not started.",
                "It fills with the daemon's first block, or with 'nodedeck import'.",
                "not-started",
            )
        ]
    return [finding for rule in _OF_STATE for finding in rule(evidence, now)]


def _not_started(evidence: Evidence) -> bool:
    """No height now or ever, and no epoch; one whose height went is no new database."""
    snapshot = evidence.snapshot
    return (
        snapshot.chain.current_height is None
        and not snapshot.undecoded
        and not snapshot.heights
        and not evidence.unknown  # a height that was forgotten was there
        and evidence.epoch_seen == 0
    )
