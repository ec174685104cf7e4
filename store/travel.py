"""Travelling the log: a moment for the screen, the next change, and then against now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from store import blocks, history, latest, past_state, restoring, retention, timeline
from store.blocks import BlockHour
from store.database import Database
from store.findings import Evidence
from store.masks import masked
from store.models import Change, FieldChange
from store.paths import HEIGHT_PATHS
from store.timeline import Point

_HEIGHTS: Final = ",".join(f"'{path}'" for path in HEIGHT_PATHS)
# a block is no step, unless somebody signed it: a day of them lies between two other changes
_STEP: Final = (
    "SELECT * FROM (SELECT id FROM audit_log WHERE path NOT IN ({heights}) AND action<>'R'"
    " AND id{order}?1 AND id>=?2 ORDER BY id {way} LIMIT 1)"
    " UNION ALL SELECT * FROM (SELECT id FROM audit_log WHERE actor IS NOT NULL"
    " AND id{order}?1 AND id>=?2 ORDER BY id {way} LIMIT 1)"
)
_BACK: Final = _STEP.format(heights=_HEIGHTS, order="<", way="DESC")
_ON: Final = _STEP.format(heights=_HEIGHTS, order=">", way="ASC")


@dataclass(frozen=True, slots=True)
class Visit:
    """A moment of the log: the state then, and the newest changes up to it, newest first.

    ``hour`` are the block times of the hour up to it; ``change`` is the last change up to it,
    whatever it was of. ``first_id`` and ``newest_id`` are the ends of what the log knew when it was
    read.
    """

    at: datetime
    evidence: Evidence
    changes: tuple[Change, ...]
    hour: BlockHour
    change: Change
    first_id: int
    newest_id: int

    @property
    def unknown(self) -> tuple[str, ...]:
        """The paths that the log no longer knows of that moment."""
        return self.evidence.unknown


@dataclass(frozen=True, slots=True)
class Comparison:
    """The leaves that differ between a moment and now, masked, and the paths unknown of then."""

    fields: tuple[FieldChange, ...]
    unknown: tuple[str, ...]


def visit(db: Database, point: Point, limit: int) -> Visit:
    """The state at a point with at most so many changes, inside the caller's read transaction.

    Raises BeforeHorizon where the log does not reach back to it, as where it is empty, and
    UsageError for a change that is yet to come.
    """
    upto = timeline.change_as_of(db, point)
    last = history.feed(db, db.value("SELECT max(id) FROM audit_log WHERE id<=?", (upto,)) - 1, 1)
    at = point if isinstance(point, datetime) else last[0].at
    hour = blocks.read(db, at)
    return Visit(
        at=at,
        evidence=replace(past_state.Past(db).evidence(upto, at), hour=hour),
        changes=tuple(history.newest(db, limit, upto=upto)),
        hour=hour,
        change=last[0],
        first_id=_beginning(db),
        newest_id=latest.newest_id(db),
    )


def step(db: Database, change_id: int, *, back: bool) -> int | None:
    """The change before or after one, heights passed over; None where the log knows no further."""
    rows = db.rows(_BACK if back else _ON, (change_id, _beginning(db)))
    found = [int(number) for (number,) in rows]
    return (max if back else min)(found, default=None)


def _beginning(db: Database) -> int:
    return max(1, retention.horizons(db).rest)


def compare(db: Database, config: Path, change_id: int) -> Comparison:
    """What differs between the document after a change and now; raises like ``visit``."""
    then = timeline.document_as_of(db, config, change_id)
    now = timeline.document_as_of(db, config, None)
    fields = []
    for field in restoring.differences(then.tree, now.tree):
        parts = history.parts_of(field.path)
        if parts[0] not in then.unknown:
            old, new = masked(parts, field.old), masked(parts, field.new)
            fields.append(FieldChange(path=field.path, old=old, new=new))
    return Comparison(tuple(fields), then.unknown)
