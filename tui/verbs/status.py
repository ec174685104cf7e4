"""``nodedeck status``: the on-call answers, as text or JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from store import blocks, doctor, outlook
from store.blocks import BlockHour
from store.errors import ExitCode
from store.findings import Severity, in_order
from store.judging import judge, verdict
from store.models import EpochSeed, Snapshot
from store.paths import SEED_TYPES
from tui import output
from tui.arrival import give_or_take
from tui.session import Session
from tui.text import age, duration, grouped, lag, moment, until
from tui.verbs import common


@click.command(
    cls=common.Verb,
    examples=("nodedeck status", "nodedeck status --json | jq .height"),
)
@common.json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> int:
    """Is the height moving, are the three seeds there, was the last one claimed?

    Names what needs action, and whether the node can be restarted now; exit 7 where a finding is
    critical.
    """
    return show(common.session(context), as_json=as_json)


def show(current: Session, *, as_json: bool = False) -> ExitCode:
    """Print the status of a session's database; CRITICAL where a finding is.

    Raises InvalidValue where an override of this call fits no value: it would count for nothing.
    """
    with current.look() as manager:
        manager.effective().check()
        evidence = manager.evidence(manager.inspect(scan=True))
    snapshot, now = evidence.snapshot, evidence.snapshot.taken_at
    # what stands in a file alone has no database to examine
    checked = [] if current.file_mode else doctor.beyond_inspection(current.locations)
    found = in_order([*judge(evidence, now), *checked])
    restart = verdict(evidence, now)
    if as_json:
        where = {name: str(getattr(current.locations, name)) for name in ("database", "config")}
        output.put_json(
            "status",
            **where,
            **status(snapshot, evidence.hour),
            findings=[output.finding_fields(finding) for finding in found],
            restart={"safe": restart.safe, "reasons": list(restart.reasons)},
        )
    else:
        told = ["restart", "safe now" if restart.safe else "not now", " ".join(restart.reasons)]
        output.put_lines(output.aligned([*_rows(snapshot, evidence.hour), told]))
        output.put_lines(output.aligned([output.finding_cells(finding) for finding in found]))
    critical = any(finding.severity is Severity.CRITICAL for finding in found)
    return ExitCode.CRITICAL if critical else ExitCode.OK


def status(snapshot: Snapshot, hour: BlockHour | None = None) -> dict[str, Any]:
    """The answers as plain values; None where the database does not say.

    When the upgrade comes is told at the pace of the ``hour``, where it is given.
    """
    chain, moved = snapshot.chain, outlook.height_written_at(snapshot)
    seeds = {kind: outlook.seed(snapshot, kind) for kind in SEED_TYPES}
    current = seeds["current"]
    return {
        "taken_at": output.stamp(snapshot.taken_at),
        "written_at": output.stamp(snapshot.written_at) if snapshot.written_at else None,
        "height": chain.current_height,
        "height_at": output.stamp(moved) if moved else None,
        "height_age_seconds": _since(moved, snapshot),
        "processed": chain.last_processed_height,
        "behind": outlook.behind(snapshot),
        "seconds_per_block": snapshot.seconds_per_block,
        "epoch": current.epoch_index if current else None,
        "seeds": {kind: _seed_fields(seed) for kind, seed in seeds.items()},
        "nodes": {
            "total": len(snapshot.nodes),
            "enabled": sum(node.is_enabled for node in snapshot.nodes),
        },
        "version": chain.current_node_version,
        "upgrade": _upgrade_fields(snapshot, hour),
        "undecoded": [fault.path for fault in snapshot.undecoded],
    }


def _seed_fields(seed: EpochSeed | None) -> dict[str, Any]:
    return {
        "present": seed is not None,
        "epoch_index": seed.epoch_index if seed else None,
        "claimed": seed.claimed if seed else None,
    }


def _upgrade_fields(snapshot: Snapshot, hour: BlockHour | None) -> dict[str, Any] | None:
    plan = snapshot.upgrade_plan
    if plan is None:
        return None
    expected = outlook.upgrade(snapshot)
    arrival = blocks.upgrade(snapshot, hour)
    return {
        "name": plan.name,
        "height": plan.height,
        "node_version": plan.node_version,
        "blocks_left": expected.blocks_left if expected else None,
        "eta": output.stamp(arrival.at) if arrival else None,
    }


def _since(at: datetime | None, snapshot: Snapshot) -> float | None:
    return None if at is None else round((snapshot.taken_at - at).total_seconds(), 3)


def _rows(snapshot: Snapshot, hour: BlockHour | None) -> list[list[str]]:
    chain = snapshot.chain
    behind = outlook.behind(snapshot)
    pace, written = snapshot.seconds_per_block, snapshot.written_at
    current = outlook.seed(snapshot, "current")
    enabled = sum(node.is_enabled for node in snapshot.nodes)
    rows = [
        [
            "height",
            _number(chain.current_height),
            _ago(outlook.height_written_at(snapshot), snapshot),
        ],
        [
            "processed",
            _number(chain.last_processed_height),
            "" if behind is None else lag(behind),
        ],
        ["block time", "unknown" if pace is None else duration(pace), ""],
        ["epoch", _number(current.epoch_index if current else None), ""],
        *([f"{kind} seed", *_seed_cells(outlook.seed(snapshot, kind))] for kind in SEED_TYPES),
        ["nodes", grouped(len(snapshot.nodes)), f"{grouped(enabled)} enabled"],
        ["version", chain.current_node_version or "unknown", ""],
        ["upgrade", *_upgrade_cells(snapshot, hour)],
        ["last write", _ago(written, snapshot) or "never", ""],
    ]
    rows += [["undecoded", fault.path, fault.raw[:80]] for fault in snapshot.undecoded]
    return rows


def _seed_cells(seed: EpochSeed | None) -> list[str]:
    if seed is None:
        return ["missing", ""]
    return [f"epoch {grouped(seed.epoch_index)}", "claimed" if seed.claimed else "not claimed"]


def _upgrade_cells(snapshot: Snapshot, hour: BlockHour | None) -> list[str]:
    plan = snapshot.upgrade_plan
    if plan is None:
        return ["none planned", ""]
    expected = outlook.upgrade(snapshot)
    left = expected.blocks_left if expected else None
    told = f"at {grouped(plan.height)}"
    if left is not None:
        told += f", {grouped(left)} blocks left" if left > 0 else ", reached"
    if (arrival := blocks.upgrade(snapshot, hour)) is not None:
        seconds = (arrival.at - snapshot.taken_at).total_seconds()
        when = moment(arrival.at, snapshot.taken_at, utc=True)
        told += f", {until(seconds)}, ≈ {when}{give_or_take(arrival)}"
    return [plan.name or "unnamed", told]


def _number(number: int | None) -> str:
    return "unknown" if number is None else grouped(number)


def _ago(at: datetime | None, snapshot: Snapshot) -> str:
    seconds = _since(at, snapshot)
    if seconds is None:
        return ""
    return age(seconds) if seconds <= -1 else f"{age(seconds)} ago"
