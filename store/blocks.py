"""Block times over the last hour, by seeks into the log: what they cost does not grow with it."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from store import codec, history, outlook
from store.database import Database
from store.latest import parse_time
from store.models import HeightMark, Snapshot

MINUTES: Final = 60
_MINUTE: Final = timedelta(minutes=1)
_KNOWN_ENOUGH: Final = 5
_CUT_AT: Final = 4
# a normal distribution's deviation from its median deviation, and a median's error from a mean's
_TO_DEVIATION: Final = 1.4826
_OF_MEDIAN: Final = 1.2533
_NEWEST_AT: Final = (
    "SELECT at, new_json FROM audit_log WHERE path='current_height' AND id<=?"
    " ORDER BY id DESC LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class BlockHour:
    """The newest height at each whole minute of an hour, oldest first, up to ``until``.

    None stands for a minute before the log's first height, and for a height that does not decode.
    """

    until: datetime
    marks: tuple[HeightMark | None, ...]

    def minutes(self) -> list[datetime]:
        """The whole minutes of the marks."""
        return [self.until - _MINUTE * back for back in reversed(range(len(self.marks)))]

    def at(self, minute: datetime) -> HeightMark | None:
        """The mark of a whole minute; after the last one nothing was written, so that stands."""
        place = len(self.marks) - 1 - (self.until - minute) // _MINUTE
        return self.marks[min(place, len(self.marks) - 1)] if place >= 0 else None


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds per block, and how far off they may be: twice the standard error."""

    seconds: float
    error: float


@dataclass(frozen=True, slots=True)
class UpgradeArrival:
    """When an upgrade is expected, and how much earlier or later it may come.

    None where that is unknown, or as long as the way there: then the moment is a rough one.
    """

    at: datetime
    give_or_take: timedelta | None


def whole_minute(moment: datetime) -> datetime:
    """The minute that a moment lies in."""
    return moment.replace(second=0, microsecond=0)


def read(db: Database, now: datetime, known: BlockHour | None = None) -> BlockHour:
    """The hour up to the last whole minute, inside the caller's read transaction.

    Of an hour that is ``known``, only the minutes since are looked up.
    """
    until = whole_minute(now)
    if known is not None and known.until == until:
        return known
    minutes = [until - _MINUTE * back for back in reversed(range(MINUTES + 1))]
    # the last known minute is looked up again: what was stamped in it may have been committed since
    kept = () if known is None else known.minutes()[:-1]
    marks = tuple(
        known.at(minute) if known is not None and minute in kept else _mark(db, minute)
        for minute in minutes
    )
    return BlockHour(until, marks)


def _mark(db: Database, minute: datetime) -> HeightMark | None:
    rows = db.rows(_NEWEST_AT, (history.change_at(db, minute),))
    if not rows or rows[0][1] is None:
        return None
    at = parse_time(str(rows[0][0]))
    height = codec.chain_value("current_height", codec.load(rows[0][1]))
    return HeightMark(at=at, height=height) if at and isinstance(height, int) else None


def paces(hour: BlockHour, since: datetime, minutes: int, *, each: int = 1) -> list[float | None]:
    """Seconds per block in spans of ``each`` minutes from a whole minute on, oldest first.

    None where no block came, or nothing is known: of a long wait, the span in which it ended
    tells.
    """
    edges = [hour.at(since + _MINUTE * at) for at in range(0, minutes + 1, each)]
    return [_pace(before, after) for before, after in pairwise(edges)]


def _pace(before: HeightMark | None, after: HeightMark | None) -> float | None:
    if before is None or after is None or after.height <= before.height or after.at <= before.at:
        return None
    return (after.at - before.at).total_seconds() / (after.height - before.height)


def learned(hour: BlockHour) -> Pace | None:
    """The block time of the hour, the median of its minutes; None before a few of them are known.

    A median and its spread are not pulled away by the one minute in which the chain stood still.
    """
    since = hour.until - _MINUTE * MINUTES
    found = [pace for pace in paces(hour, since, MINUTES) if pace is not None]
    if len(found) < _KNOWN_ENOUGH:
        return None
    middle = statistics.median(found)
    spread = _TO_DEVIATION * statistics.median(abs(pace - middle) for pace in found)
    return Pace(middle, 2 * _OF_MEDIAN * spread / math.sqrt(len(found)))


def scale(times: Sequence[float | None]) -> float:
    """The longest time that a picture of them should have room for; 0 where there is none.

    One long wait would press all others flat: it is cut at a few times the median.
    """
    known = [time for time in times if time is not None]
    return min(max(known), _CUT_AT * statistics.median_low(known)) if known else 0.0


def upgrade(snapshot: Snapshot, hour: BlockHour | None) -> UpgradeArrival | None:
    """When the planned upgrade comes; None where none is expected or the pace is not known.

    The one answer of every screen, verb and finding: at the pace of the hour, and at that of the
    last blocks where the hour knows too little.
    """
    expected = outlook.upgrade(snapshot)
    if expected is None or expected.expected_at is None or expected.blocks_left is None:
        return None
    pace, left = None if hour is None else learned(hour), expected.blocks_left
    if pace is None:
        return UpgradeArrival(expected.expected_at, None)
    try:
        way, band = timedelta(seconds=left * pace.seconds), timedelta(seconds=left * pace.error)
        return UpgradeArrival(snapshot.taken_at + way, band if band < way else None)
    except OverflowError:  # a plan so far away that no calendar has the day
        return None
