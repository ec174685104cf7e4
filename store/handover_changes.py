"""What changed over a stretch of the log, an entity at a time, and the heights in one line each.

The work is bounded by the stretch: nothing before it is read but the value that each entity had.
Every value that leaves this module is masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from store import codec, history, latest
from store.database import Database
from store.masks import masked
from store.models import Change, FieldChange
from store.paths import HEIGHT_PATHS, Kind

_HEIGHTS: Final = ",".join(f"'{path}'" for path in HEIGHT_PATHS)
_OTHER: Final = (
    f"path NOT IN ({_HEIGHTS}) AND id>? AND id<=? AND (action<>'R' OR actor IS NOT NULL)"
)
_CHANGED: Final = (
    "SELECT path, actor, reason, count(*), max(id), max(at) FROM audit_log"
    f" WHERE {_OTHER} GROUP BY path, actor, reason ORDER BY max(id) DESC"
)
_VALUE: Final = "SELECT new_json FROM audit_log WHERE path=? AND id<=? ORDER BY id DESC LIMIT 1"
# the time from each write of a height to the next one
_GAPS: Final = """
SELECT id, at, (julianday(at)-julianday(lag(at) OVER (ORDER BY id)))*86400.0 AS gap
  FROM audit_log WHERE path='current_height' AND id>? AND id<=?
"""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the log: the changes after one id up to another, and the moments of its ends.

    ``known`` says whether the log reaches back to the beginning; where it does not, values at the
    beginning are unknown.
    """

    after: int
    upto: int
    since: datetime
    until: datetime
    known: bool = True


@dataclass(frozen=True, slots=True)
class Author:
    """Who made how many changes of an entity, and why; no actor is a writer other than nodedeck."""

    actor: str | None
    reason: str | None
    count: int


@dataclass(frozen=True, slots=True)
class EntityChanges:
    """The changes of one entity: the value before the first and after the last, None for absent.

    ``fields`` are the leaves that differ between the two, none where it is as it was.
    ``first_known`` is False where nobody knows the value before.
    """

    path: str
    kind: Kind
    count: int
    last_at: datetime
    first: Any
    last: Any
    first_known: bool
    fields: tuple[FieldChange, ...]
    authors: tuple[Author, ...]


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without a new height in seconds, and the change that ended it, None while it lasts."""

    seconds: float
    ended: datetime
    change_id: int | None


@dataclass(frozen=True, slots=True)
class HeightChanges:
    """All changes of one height together; ``gaps`` the longest first, of the chain's height only.

    ``authors`` are those who signed one: the daemon does not.
    """

    path: str
    count: int
    first: Any
    last: Any
    first_known: bool
    gaps: tuple[Gap, ...]
    authors: tuple[Author, ...]

    @property
    def blocks(self) -> int | None:
        """How far it came, negative where it went back; None where either end is no number."""
        if isinstance(self.first, int) and isinstance(self.last, int):
            return self.last - self.first
        return None


def entities(db: Database, stretch: Stretch) -> tuple[EntityChanges, ...]:
    """The entities that changed, by kind and path; heights aside."""
    authors: dict[str, list[Author]] = {}
    newest: dict[str, tuple[int, str]] = {}
    for path, actor, reason, count, change_id, at in db.rows(
        _CHANGED, (stretch.after, stretch.upto)
    ):
        authors.setdefault(path, []).append(Author(actor, reason, count))
        newest[path] = max(newest.get(path, (0, "")), (change_id, at))
    order = list(Kind)
    found = [_entity(db, stretch, path, newest[path][1], made) for path, made in authors.items()]
    return tuple(sorted(found, key=lambda one: (order.index(one.kind), one.path)))


def _entity(
    db: Database, stretch: Stretch, path: str, last_at: str, authors: list[Author]
) -> EntityChanges:
    kind = history.kind_of(path)
    old = _value(db, kind, path, stretch.after) if stretch.known else None
    new = _value(db, kind, path, stretch.upto)
    at = latest.parse_time(last_at) or stretch.until
    change = Change(
        id=stretch.upto, at=at, path=path, action="U", old=old, new=new, actor=None, reason=None
    )
    parts = history.parts_of(path)
    return EntityChanges(
        path=path,
        kind=kind,
        count=sum(author.count for author in authors),
        last_at=at,
        first=masked(parts, old),
        last=masked(parts, new),
        first_known=stretch.known,
        fields=tuple(map(_masked, history.fields(change))),
        authors=tuple(authors),
    )


def _value(db: Database, kind: Kind, path: str, change_id: int) -> Any:
    return codec.entity_value(kind, path, db.value(_VALUE, (path, change_id)))


def _masked(field: FieldChange) -> FieldChange:
    parts = history.parts_of(field.path)
    return FieldChange(path=field.path, old=masked(parts, field.old), new=masked(parts, field.new))


def heights(
    db: Database, stretch: Stretch, forgotten: int, *, longest: int
) -> tuple[HeightChanges, ...]:
    """The two heights, each with what became of it; one that did not change is left out.

    ``forgotten`` is the change before which heights are unknown, ``longest`` how many gaps to name.
    """
    known = stretch.known and stretch.after >= forgotten
    after = stretch.after if known else max(stretch.after, forgotten - 1)
    found: list[HeightChanges] = []
    for path in HEIGHT_PATHS:
        count = db.value(
            "SELECT count(*) FROM audit_log WHERE path=? AND id>? AND id<=?",
            (path, after, stretch.upto),
        )
        if not count:
            continue
        signed = db.rows(
            "SELECT actor, reason, count(*) FROM audit_log WHERE actor IS NOT NULL AND path=?"
            " AND id>? AND id<=? GROUP BY actor, reason ORDER BY max(id) DESC",
            (path, after, stretch.upto),
        )
        found.append(
            HeightChanges(
                path=path,
                count=count,
                first=_value(db, Kind.CHAIN, path, after) if known else None,
                last=_value(db, Kind.CHAIN, path, stretch.upto),
                first_known=known,
                gaps=_gaps(db, after, stretch, longest) if path == HEIGHT_PATHS[0] else (),
                authors=tuple(Author(*row) for row in signed),
            )
        )
    return tuple(found)


def _gaps(db: Database, after: int, stretch: Stretch, longest: int) -> tuple[Gap, ...]:
    """The longest times without a height; the one that still lasts counts too."""
    rows = db.rows(
        f"SELECT id, at, gap FROM ({_GAPS}) WHERE gap>0 ORDER BY gap DESC LIMIT ?",
        (after, stretch.upto, longest),
    )
    gaps = [
        Gap(round(gap, 3), latest.parse_time(at) or stretch.until, number)
        for number, at, gap in rows
    ]
    ends = db.rows(
        "SELECT * FROM (SELECT id, at FROM audit_log WHERE path='current_height' AND id>?1"
        " AND id<=?2 ORDER BY id LIMIT 1) UNION ALL SELECT * FROM (SELECT id, at FROM audit_log"
        " WHERE path='current_height' AND id>?1 AND id<=?2 ORDER BY id DESC LIMIT 1)",
        (after, stretch.upto),
    )
    if ends and (came := latest.parse_time(ends[0][1])) is not None:
        # from the beginning of the period on: what was before it is another shift's
        gaps.append(Gap((came - stretch.since).total_seconds(), came, ends[0][0]))
    if ends and (written := latest.parse_time(ends[-1][1])) is not None:
        gaps.append(Gap((stretch.until - written).total_seconds(), stretch.until, None))
    return tuple(sorted(gaps, key=lambda gap: -gap.seconds)[:longest])


def turning_points(
    db: Database, stretch: Stretch, at_most: int
) -> tuple[list[tuple[int, datetime]], bool]:
    """(change id, time) of changes other than heights, oldest first, one for each second at most.

    Where there are more than ``at_most`` (from 1 on) they are thinned out evenly, and that is said;
    the last one always is among them.
    """
    rows = db.rows(
        f"SELECT id, at FROM audit_log WHERE {_OTHER} ORDER BY id", (stretch.after, stretch.upto)
    )
    # the changes of one transaction lie milliseconds apart, and only its end was ever there
    seconds = {str(at)[:19]: (int(number), str(at)) for number, at in rows}
    points = list(seconds.values())
    step = max(1, -(-len(points) // at_most))
    chosen = points[::-1][::step][::-1]
    return [(number, latest.parse_time(at) or stretch.until) for number, at in chosen], step > 1
