"""Reading the present state: entities as the audit log writes them, decoded into a snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from store import audit, codec, fitting, latest, masks, paths
from store.database import Database
from store.limits import INT64_MAX
from store.models import (
    ChainState,
    EpochSeed,
    HeightMark,
    Node,
    NodeVersions,
    ParamsDocument,
    Snapshot,
    Undecoded,
    UpgradePlan,
)
from store.paths import CHAIN_VALUES, OTHER_CHAIN, Kind

HEIGHT_MARKS: Final = 61
_SMALL: Final[tuple[tuple[Kind, audit.Keyed | audit.Single], ...]] = (
    (Kind.CHAIN, audit.CHAIN),
    *((Kind.SEED, seed) for seed in audit.SEEDS),
    (Kind.VERSIONS, audit.VERSIONS),
    (Kind.UPGRADE, audit.UPGRADE),
    (Kind.NODE, audit.NODES),
    (Kind.PARAMS, audit.PARAMS),
)
_TABLED: Final[dict[Kind, audit.Keyed | audit.Single]] = {
    Kind.CHAIN: audit.CHAIN,
    Kind.NODE: audit.NODES,
    Kind.PARAMS: audit.PARAMS,
    Kind.SETTING: audit.SETTINGS,
    Kind.VERSIONS: audit.VERSIONS,
    Kind.UPGRADE: audit.UPGRADE,
}
_WANTED: Final = {"integer": "an integer of 0 to 2^63-1", "boolean": "a boolean"}


def snapshot(db: Database, taken_at: datetime) -> Snapshot:
    """The small state, read inside the caller's read transaction."""
    newest = db.rows("SELECT id, at FROM audit_log ORDER BY id DESC LIMIT 1")
    stored = {
        (kind, path): value for kind, entity in _SMALL for path, value in latest.present(db, entity)
    }
    change_id, written = newest[0] if newest else (0, None)
    return compose(
        stored,
        taken_at=taken_at,
        change_id=change_id,
        config_epoch=latest.config_epoch(db),
        written_at=latest.parse_time(written) if written else None,
        heights=heights(db),
    )


def compose(
    stored: Mapping[tuple[Kind, str], str],
    *,
    taken_at: datetime,
    change_id: int,
    config_epoch: str,
    written_at: datetime | None,
    heights: tuple[HeightMark, ...],
) -> Snapshot:
    """A snapshot out of stored entity values, of now or of another moment of the log."""
    faults: list[Undecoded] = []
    values: dict[Kind, dict[str, Any]] = {}
    for (kind, path), text in stored.items():
        values.setdefault(kind, {})[path] = codec.entity_value(kind, path, text)
    chain, other_chain = _chain(values.get(Kind.CHAIN, {}), faults)
    seeds = {
        path: fitting.typed(EpochSeed, value, path, faults)
        for path, value in values.get(Kind.SEED, {}).items()
    }
    versions = NodeVersions()
    for path, value in values.get(Kind.VERSIONS, {}).items():
        versions = fitting.typed(NodeVersions, value, path, faults)
    upgrade = None
    for path, value in values.get(Kind.UPGRADE, {}).items():
        upgrade = fitting.typed(UpgradePlan, value, path, faults)
    return Snapshot(
        taken_at=taken_at,
        change_id=change_id,
        config_epoch=config_epoch,
        written_at=written_at,
        chain=chain,
        other_chain=other_chain,
        previous_seed=seeds.get("previous_seed"),
        current_seed=seeds.get("current_seed"),
        upcoming_seed=seeds.get("upcoming_seed"),
        nodes=tuple(
            _node(path, value, faults) for path, value in values.get(Kind.NODE, {}).items()
        ),
        params=tuple(_params(values.get(Kind.PARAMS, {}), faults)),
        versions=versions.versions,
        upgrade_plan=upgrade,
        heights=heights,
        undecoded=tuple(map(_masked, faults)),
    )


def _masked(fault: Undecoded) -> Undecoded:
    """A fault whose stored text may be shown and logged."""
    parts, value = paths.split(fault.path), codec.load(fault.raw)
    if not masks.holds_secret(parts, value):
        return fault
    return fault.model_copy(update={"raw": codec.shown(masks.masked(parts, value))})


def _chain(values: Mapping[str, Any], faults: list[Undecoded]) -> tuple[ChainState, dict[str, str]]:
    known = {path: value for path, value in values.items() if path in CHAIN_VALUES}
    other = {
        path.removeprefix(f"{OTHER_CHAIN}."): codec.shown(value)
        for path, value in values.items()
        if path not in CHAIN_VALUES
    }
    for path, wanted in CHAIN_VALUES.items():
        if path in known and not _fits(known[path], wanted):
            raw = codec.shown(known.pop(path))
            faults.append(Undecoded(path=path, raw=raw, wanted=_WANTED[wanted]))
    return ChainState.model_validate(known), other


def _fits(value: Any, wanted: str) -> bool:
    if wanted == "integer":
        return isinstance(value, int) and value >= 0
    return wanted == "text" or isinstance(value, bool)


def nodes(db: Database) -> tuple[Node, ...]:
    """The registry in row order; a field that does not decode has its zero value."""
    return tuple(
        _node(path, codec.entity_value(Kind.NODE, path, stored), [])
        for path, stored in latest.present(db, audit.NODES)
    )


def _node(path: str, value: Any, faults: list[Undecoded]) -> Node:
    node_id = paths.split(path)[1] or '""'
    fields = {"id": node_id, **(value if isinstance(value, dict) else {})}
    return fitting.typed(Node, fields, path, faults)


def _params(values: Mapping[str, Any], faults: list[Undecoded]) -> Iterator[ParamsDocument]:
    for path, value in values.items():
        if not isinstance(value, dict):
            faults.append(Undecoded(path=path, raw=codec.shown(value), wanted="a JSON object"))
        name = paths.split(path)[0].removesuffix(paths.PARAMS_SUFFIX)
        yield ParamsDocument(type=name, path=path, values=value if isinstance(value, dict) else {})


def heights(db: Database, upto: int = INT64_MAX) -> tuple[HeightMark, ...]:
    """The last height changes up to a change id, oldest first."""
    rows = db.rows(
        "SELECT at, new_json FROM audit_log WHERE path='current_height' AND id<=?"
        " ORDER BY id DESC LIMIT ?",
        (upto, HEIGHT_MARKS),
    )
    marks = (
        (latest.parse_time(at), codec.chain_value("current_height", codec.load(stored)))
        for at, stored in reversed(rows)
        if stored is not None
    )
    return tuple(
        HeightMark(at=at, height=height)
        for at, height in marks
        if at is not None and isinstance(height, int)
    )
