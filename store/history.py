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
from store.models import Change, FieldChange
from store.paths import HEIGHT_PATHS, Kind, Pattern
from store.state import config_epoch, parse_time
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


def newest_id(db: Database) -> int:
    """The id of the newest change, 0 where there is none."""
    return int(db.value("SELECT max(id) FROM audit_log") or 0)


def feed(db: Database, after: int, limit: int = _BATCH) -> list[Change]:
    """The changes after a change id, oldest first; rewrites that changed nothing included."""
    query = AuditLog.select(*_COLUMNS).where(AuditLog.id > after).order_by(AuditLog.id).limit(limit)
    return [_change(row) for row in query.tuples().execute(db.sqlite)]


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
    return next((_change(row) for row in query.tuples().execute(db.sqlite)), None)


def newest_of(db: Database, path: str) -> Change:
    """The newest change of an entity that the log knows."""
    query = AuditLog.select(*_COLUMNS).where(AuditLog.path == path)
    (row,) = query.order_by(AuditLog.id.desc()).limit(1).tuples().execute(db.sqlite)
    return _change(row)


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


def signed(db: Database, limit: int) -> list[Change]:
    """The newest changes that nodedeck made, newest first."""
    query = AuditLog.select(*_COLUMNS).where(AuditLog.actor.is_null(False))
    rows = query.order_by(AuditLog.id.desc()).limit(limit).tuples().execute(db.sqlite)
    return [_change(row) for row in rows]


def next_of(db: Database, change: Change) -> Change | None:
    """The change of the same path that came after one, None where it is the newest."""
    query = AuditLog.select(*_COLUMNS).where(
        (AuditLog.path == change.path) & (AuditLog.id > change.id)
    )
    rows = list(query.order_by(AuditLog.id).limit(1).tuples().execute(db.sqlite))
    return _change(rows[0]) if rows else None


def newest(db: Database, limit: int) -> list[Change]:
    """The newest changes, newest first, of the heights only the newest of each.

    A day of blocks would bury everything else; a partial index finds what is not a height without
    passing them.
    """
    heights = ",".join(f"'{path}'" for path in HEIGHT_PATHS)
    columns = "id,at,path,action,old_json,new_json,actor,reason"
    latest = " UNION ALL ".join(
        f"SELECT * FROM (SELECT {columns} FROM audit_log WHERE path='{path}'"
        " ORDER BY id DESC LIMIT 1)"
        for path in HEIGHT_PATHS
    )
    rows = db.rows(
        f"SELECT * FROM (SELECT {columns} FROM audit_log WHERE path NOT IN ({heights})"
        f" AND (action<>'R' OR actor IS NOT NULL) ORDER BY id DESC LIMIT ?)"
        f" UNION ALL {latest} ORDER BY id DESC LIMIT ?",
        (limit, limit),
    )
    return [_change(row) for row in rows]


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
    address = paths.locate(pattern.text)
    if address is not None and address.kind is Kind.NODE and not address.field:
        return AuditLog.path.in_((address.entity, f"{address.entity}.{paths.NODE_KEY}"))
    if address is not None and address.kind is not Kind.SETTING:
        return AuditLog.path == address.entity
    # a setting that holds an object has leaves below it; a service or the whole node list has
    # every path below it, as one range of the path index
    parts = paths.written(address.entity if address else pattern.text)
    upwards = [".".join(parts[:count]) for count in range(1, len(parts) + 1)]
    whole = upwards[-1]
    return AuditLog.path.in_(upwards) | (
        (AuditLog.path > f"{whole}.") & (AuditLog.path < f"{whole}/")
    )


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
        yield from map(_change, rows)
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
    old = _leaves(change.path, change.old)
    new = _leaves(change.path, change.new)
    return [
        FieldChange(path=path, old=old.get(path), new=new.get(path))
        for path in _in_order(old, new)
        if path not in old
        or path not in new
        or old[path] != new[path]
        or type(old[path]) is not type(new[path])
    ]


def _leaves(path: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if isinstance(value, dict) and value:
        return {
            f"{path}.{below}": leaf
            for name, inner in value.items()
            for below, leaf in codec.leaves(inner, str(name)).items()
        }
    return {path: value}


def _in_order(*mappings: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(path for mapping in mappings for path in mapping))


def _change(row: tuple[Any, ...]) -> Change:
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
