"""Gathering what the findings are judged from, by seeks into the log and never by a scan."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Final

from store import audit, blocks, codec, history, paths, pending, schema, settings
from store.blocks import BlockHour
from store.database import Database
from store.documents import Overrides
from store.findings import EpochClock, Evidence, Inspection, Thresholds
from store.limits import INT64_MAX
from store.models import Change, Snapshot
from store.paths import Home

_SIGNED_LOOKED_AT: Final = 50
_TURNS_LOOKED_AT: Final = 8
_UNPARSED_NAMED: Final = 20
_JSON_COLUMNS: Final = (
    (audit.SETTINGS, "value_json"),
    (audit.PROFILES, "values_json"),
    (audit.FLAGS, "value_json"),
)
_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


def gather(
    db: Database,
    snapshot: Snapshot,
    over: Overrides,
    inspection: Inspection | None = None,
    hour: BlockHour | None = None,
) -> Evidence:
    """The evidence around a snapshot, inside the caller's read transaction.

    Of an ``hour`` that is known, only the minutes since are read.
    """
    limits = settings.thresholds(db)
    return Evidence(
        snapshot,
        epoch_clock(db, limits.epoch_blocks),
        epoch_seen=_epoch_seen(db),
        active_seeds=active_seeds(db),
        overwritten=tuple(overwritten(db, snapshot, limits)),
        hidden=tuple(_hidden(db, over)),
        unparsed=tuple(_unparsed(db)),
        inspection=inspection or Inspection(),
        reversals=pending.noteworthy(db, snapshot.taken_at),
        platform=this_platform(),
        thresholds=limits,
        hour=blocks.read(db, snapshot.taken_at, hour),
    )


def active_seeds(db: Database) -> dict[str, int]:
    """How many rows of each seed type are active."""
    rows = db.rows("SELECT type, count(*) FROM seed_info WHERE is_active GROUP BY type")
    return {str(kind): count for kind, count in rows if kind in paths.SEED_TYPES}


def _epoch_seen(db: Database) -> int:
    """The highest epoch of a seed's newest change, of its old value where it went; 0 for none."""
    newest = "SELECT coalesce(new_json, old_json) FROM audit_log WHERE path=? ORDER BY id DESC"
    stored = (db.value(f"{newest} LIMIT 1", (path,)) for path in paths.SEED_PATHS)
    return max((_epoch(text) or 0 for text in stored if text), default=0)


def _unparsed(db: Database) -> Iterator[str]:
    """Paths of settings and the like whose stored text is no JSON."""
    for entity, column in _JSON_COLUMNS:
        if schema.has_table(db, entity.table):
            path = entity.path.format(r=entity.table)
            yield from (
                str(row[0])
                for row in db.rows(
                    f"SELECT {path} FROM {entity.table} WHERE typeof({column})='text'"
                    f" AND NOT json_valid({column}) ORDER BY rowid LIMIT {_UNPARSED_NAMED}"
                )
                if row[0] is not None
            )


def this_platform() -> str:
    """This host as upgrade plans name it, such as ``linux/amd64``."""
    machine = platform.machine().lower()
    return f"{platform.system().lower()}/{_MACHINES.get(machine, machine)}"


def epoch_clock(db: Database, default_blocks: int, upto: int = INT64_MAX) -> EpochClock:
    """The epoch's first height and its length, learned from the turns up to a change id.

    A turn is a change of the current seed to another epoch; its height is the one that was
    current then. The length is the median over the last turns.
    """
    turns = list(_turns(db, upto))
    if not turns:
        return EpochClock(default_blocks)
    lengths = sorted(
        (later - earlier) // (epoch - before)
        for (epoch, later), (before, earlier) in pairwise(turns)
        if epoch > before and later > earlier
    )
    began = turns[0][1]
    if not lengths:
        return EpochClock(default_blocks, began)
    return EpochClock(lengths[len(lengths) // 2], began, learned=True)


def _turns(db: Database, upto: int) -> Iterator[tuple[int, int]]:
    """(epoch, height) of the last turns seen, newest first.

    The first seed that the log knows is none: it began before anybody looked.
    """
    seen = db.rows(
        "SELECT id, old_json, new_json FROM audit_log WHERE path='current_seed'"
        " AND old_json IS NOT NULL AND new_json IS NOT NULL AND id<=? ORDER BY id DESC LIMIT 200",
        (upto,),
    )
    found = 0
    for change_id, old, new in seen:
        before, after = _epoch(old), _epoch(new)
        if before is None or after is None or before == after:
            continue
        height = _height_at(db, change_id)
        if height is not None:
            yield after, height
            found += 1
        if found == _TURNS_LOOKED_AT:
            return


def _epoch(stored: str) -> int | None:
    value = codec.load(stored)
    epoch = value.get("epoch_index") if isinstance(value, dict) else None
    return epoch if isinstance(epoch, int) and epoch > 0 else None


def _height_at(db: Database, change_id: int) -> int | None:
    stored = db.value(
        "SELECT new_json FROM audit_log WHERE path='current_height' AND id<? ORDER BY id DESC"
        " LIMIT 1",
        (change_id,),
    )
    height = codec.chain_value("current_height", codec.load(stored)) if stored else None
    return height if isinstance(height, int) else None


def overwritten(db: Database, snapshot: Snapshot, limits: Thresholds) -> Iterator[Change]:
    """Changes of ours that a foreign writer put back within minutes, of the last hours.

    Only the newest change of ours of each path is looked at.
    """
    seen: set[str] = set()
    within = timedelta(seconds=limits.overwritten_seconds)
    told_for = timedelta(hours=limits.overwritten_hours)
    for change in history.signed(db, _SIGNED_LOOKED_AT, upto=snapshot.change_id):
        if snapshot.taken_at - change.at > told_for:
            return
        if change.path in seen:
            continue
        seen.add(change.path)
        after = history.next_of(db, change)
        if (
            after is not None
            and after.id <= snapshot.change_id
            and after.actor is None
            and after.at - change.at <= within
            and after.new == change.old
        ):
            yield change


def _hidden(db: Database, over: Overrides) -> Iterator[str]:
    """Paths of the database that the environment hides."""
    for parts in over.env:
        path = paths.join(*parts)
        address = paths.locate(path)
        if address is None or address.home is Home.FILE:
            continue
        newest = "SELECT new_json FROM audit_log WHERE path=? ORDER BY id DESC LIMIT 1"
        if db.value(newest, (address.entity,)) is not None:
            yield path
