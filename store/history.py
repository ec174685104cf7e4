"""The audit log read: the feed after a change, history by path, and the leaves that differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

import peewee

from store import codec, paths
from store.database import Database
from store.errors import UsageError
from store.latest import config_epoch, newest_id, parse_time
from store.limits import INT64_MAX
from store.models import Change, FieldChange
from store.paths import HEIGHT_PATHS, Kind, Pattern
from store.tables import AuditLog

_BATCH: Final = 500
_COLUMNS: Final = (
    AuditLog.id,
    AuditLog.at,
    AuditLog.path,
    AuditLog.action,
    AuditLog.old_json,
    AuditLog.new_json,
    AuditLog.actor,
    AuditLog.reason,
)
COLUMNS: Final = "id,at,path,action,old_json,new_json,actor,reason"
"""What ``change_of`` wants of a row of the log, in its order."""
_HEIGHTS: Final = ",".join(f"'{path}'" for path in HEIGHT_PATHS)
# the conditions are those of a partial index
SIGNED: Final = (
    f"SELECT {COLUMNS} FROM audit_log WHERE actor IS NOT NULL AND path NOT IN ({_HEIGHTS})"
    " AND id<=? ORDER BY id DESC LIMIT ?"
)
# a rewrite that changed nothing and that nobody signed is bookkeeping of the log itself
_VISIBLE: Final = (AuditLog.action != "R") | AuditLog.actor.is_null(False)


@dataclass(frozen=True, slots=True)
class Position:
    """How far a reader of the log has come: a change id, in one history of the database."""

    config_epoch: str
    change_id: int


@dataclass(frozen=True, slots=True)
class Followed:
    """What came after a position, and the next one; ``rewound`` where the log had to start over."""

    changes: list[Change]
    position: Position
    rewound: bool = False


def feed(db: Database, after: int, limit: int = _BATCH) -> list[Change]:
    """The changes after a change id, oldest first; rewrites that changed nothing included."""
    query = AuditLog.select(*_COLUMNS).where(AuditLog.id > after).order_by(AuditLog.id).limit(limit)
    return [change_of(row) for row in query.tuples().execute(db.sqlite)]


def follow(db: Database, since: Position) -> Followed:
    """The next changes after a position, oldest first; none are left where there are none.

    A restored or remade database has another epoch, or ids that lie behind the position: then
    nothing of it is news, and the position is that of its newest change.
    """
    here = Position(config_epoch(db), newest_id(db))
    if since.config_epoch != here.config_epoch or since.change_id > here.change_id:
        return Followed([], here, rewound=True)
    changes = feed(db, since.change_id)
    seen = changes[-1].id if changes else since.change_id
    return Followed(changes, Position(here.config_epoch, seen))


def find(db: Database, change_id: int) -> Change | None:
    """One change by its id, None where the log does not hold it."""
    query = AuditLog.select(*_COLUMNS).where(AuditLog.id == change_id)
    return next((change_of(row) for row in query.tuples().execute(db.sqlite)), None)


def newest_of(db: Database, path: str) -> Change:
    """The newest change of an entity that the log knows."""
    query = AuditLog.select(*_COLUMNS).where(AuditLog.path == path)
    (row,) = query.order_by(AuditLog.id.desc()).limit(1).tuples().execute(db.sqlite)
    return change_of(row)


def change_at(db: Database, moment: datetime) -> int:
    """The id of the newest change at or before a moment, 0 where the log begins later.

    Ids and times grow together, so this is a search by halves. Where the host's clock was set
    back, a moment that came twice may mean either.
    """
    text = stamp(moment)
    low, high = 0, newest_id(db)
    while low < high:
        middle = (low + high + 1) // 2
        ((found, at),) = db.rows(
            "SELECT id, at FROM audit_log WHERE id>=? ORDER BY id LIMIT 1", (middle,)
        )
        if at <= text and found <= high:
            low = found
        else:
            high = middle - 1
    return low


def stamp(moment: datetime) -> str:
    """A moment as the audit log writes it: ISO 8601 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def newest_before(db: Database, path: str, change_id: int) -> Change | None:
    """The newest change of an entity below a change id, None where there is none."""
    rows = db.rows(
        f"SELECT {COLUMNS} FROM audit_log WHERE path=? AND id<? ORDER BY id DESC LIMIT 1",
        (path, change_id),
    )
    return change_of(rows[0]) if rows else None


def count_after(db: Database, change_id: int) -> int:
    """How many changes came after a change id; rewrites that changed nothing are none."""
    return int(
        db.value(
            "SELECT count(*) FROM audit_log WHERE id>? AND (action<>'R' OR actor IS NOT NULL)",
            (change_id,),
        )
    )


def signed(db: Database, limit: int, *, upto: int = INT64_MAX) -> list[Change]:
    """The newest changes up to a change id that nodedeck made, newest first, no heights."""
    return [change_of(row) for row in db.rows(SIGNED, (upto, limit))]


def next_of(db: Database, change: Change) -> Change | None:
    """The change of the same path that came after one, None where it is the newest."""
    query = AuditLog.select(*_COLUMNS).where(
        (AuditLog.path == change.path) & (AuditLog.id > change.id)
    )
    rows = list(query.order_by(AuditLog.id).limit(1).tuples().execute(db.sqlite))
    return change_of(rows[0]) if rows else None


def newest(db: Database, limit: int, *, upto: int = INT64_MAX) -> list[Change]:
    """The newest changes up to a change id, newest first, of the heights only the newest of each.

    A day of blocks would bury everything else; a partial index finds what is not a height without
    passing them.
    """
    latest = " UNION ALL ".join(
        f"SELECT * FROM (SELECT {COLUMNS} FROM audit_log WHERE path='{path}'"
        " AND id<=?1 ORDER BY id DESC LIMIT 1)"
        for path in HEIGHT_PATHS
    )
    rows = db.rows(
        f"SELECT * FROM (SELECT {COLUMNS} FROM audit_log WHERE path NOT IN ({_HEIGHTS})"
        f" AND (action<>'R' OR actor IS NOT NULL) AND id<=?1 ORDER BY id DESC LIMIT ?2)"
        f" UNION ALL {latest} ORDER BY id DESC LIMIT ?2",
        (upto, limit),
    )
    return [change_of(row) for row in rows]


def history(
    db: Database,
    *,
    pattern: str | None = None,
    since: datetime | None = None,
    actor: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Change]:
    """Changes, newest first, of the leaves that a path pattern names.

    ``before`` is a change id: only older ones are listed, so that a reader can go on from there.
    """
    conditions: list[peewee.Expression] = []
    wanted = Pattern.parse(pattern) if pattern else None
    if since is not None:
        conditions.append(
            AuditLog.at >= since.astimezone(UTC).isoformat(timespec="milliseconds")[:23]
        )
    if actor is not None:
        conditions.append(
            AuditLog.actor.is_null() if actor == "external" else AuditLog.actor == actor
        )
    if wanted is not None and "*" not in wanted.text:
        conditions.append(_of_entity(wanted))
    found = _newest_first(db, conditions, before)
    if wanted is not None:
        found = (change for change in found if concerns(change, wanted))
    return list(islice(found, limit))


def _of_entity(pattern: Pattern) -> peewee.Expression:
    """The audit rows whose path can hold what a pattern without wildcards names."""
    exact, whole = held_by(pattern.text)
    if whole is None:
        return AuditLog.path.in_(exact)
    return AuditLog.path.in_(exact) | (
        (AuditLog.path > f"{whole}.") & (AuditLog.path < f"{whole}/")
    )


def held_by(path: str) -> tuple[list[str], str | None]:
    """The audit rows' paths that can hold what a path names, and one below which all others do.

    The latter is None where the path is in one entity.
    """
    address = paths.locate(path)
    if address is not None and address.kind is Kind.NODE and not address.field:
        return [address.entity, f"{address.entity}.{paths.NODE_KEY}"], None
    if address is not None and address.kind is not Kind.SETTING:
        return [address.entity], None
    # a setting that holds an object has leaves below it; a service or the whole node list has
    # every path below it, as one range of the path index
    parts = paths.written(address.entity if address else path)
    upwards = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    return upwards, upwards[-1]


def _newest_first(
    db: Database, conditions: list[peewee.Expression], before: int | None
) -> Iterator[Change]:
    last = before
    while True:
        query = AuditLog.select(*_COLUMNS).where(_VISIBLE)
        for condition in conditions:
            query = query.where(condition)
        if last is not None:
            query = query.where(AuditLog.id < last)
        query = query.order_by(AuditLog.id.desc()).limit(_BATCH)
        rows = list(query.tuples().execute(db.sqlite))
        yield from map(change_of, rows)
        if len(rows) < _BATCH:
            return
        last = rows[-1][0]


def concerns(change: Change, pattern: Pattern) -> bool:
    """Whether a change touches a leaf that a pattern names."""
    if pattern.matches(parts_of(change.path)):
        return True
    return any(pattern.matches(parts_of(field.path)) for field in fields(change))


def parts_of(path: str) -> tuple[str, ...]:
    """The parts of an audit row's path, whole where only a foreign writer could make it."""
    try:
        return paths.split(path)
    except UsageError:  # a key that only a foreign writer could make
        return (path,)


def fields(change: Change) -> list[FieldChange]:
    """The leaves that differ between a change's two values, in the value's order."""
    old, new = (
        {} if value is None else codec.leaves_at(change.path, value)
        for value in (change.old, change.new)
    )
    return [
        FieldChange(path=path, old=old.get(path), new=new.get(path))
        for path in _in_order(old, new)
        if path not in old
        or path not in new
        or old[path] != new[path]
        or type(old[path]) is not type(new[path])
    ]


def _in_order(*mappings: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(path for mapping in mappings for path in mapping))


def change_of(row: tuple[Any, ...]) -> Change:
    """A row of the log, its values decoded."""
    change_id, at, path, action, old, new, actor, reason = row
    kind = kind_of(path)
    return Change(
        id=change_id,
        at=parse_time(str(at)) or datetime.fromtimestamp(0, UTC),
        path=path,
        action=action,
        old=codec.entity_value(kind, path, old),
        new=codec.entity_value(kind, path, new),
        actor=actor,
        reason=reason,
    )


def kind_of(path: str) -> Kind:
    """The kind of the entity that an audit row's path names."""
    try:
        address = paths.locate(path)
    except UsageError:
        address = None
    return address.kind if address else Kind.SETTING
