"""What opened and what closed over a stretch of the log: findings judged then, between and now.

The state is composed from the log and judged at the beginning, after changes and before the ends
of long pauses of the height, and now. What came and went between two of these moments is not seen,
and a finding that rests on time alone, such as a claim that runs out, is seen at the next of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from store.database import Database
from store.findings import Evidence, Finding
from store.handover_changes import Gap, Stretch, turning_points
from store.judging import judge
from store.past_state import Past

_SAMPLES: Final = 60
# composing a state costs its entities, so a host of thousands is looked at less often
_ENTITIES_LOOKED_AT: Final = 6_000
_FEWEST: Final = 4
_JUST_BEFORE: Final = timedelta(milliseconds=1)
_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Episode:
    """A finding over a period: when it was first seen and last gone, None for before and still.

    ``interrupted`` says that it was gone in between.
    """

    finding: Finding
    opened: datetime | None
    closed: datetime | None
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Episodes:
    """The findings of a period.

    ``undated`` stand now, and since when is in no log. ``moments`` is how many were judged;
    ``thinned`` says that there were more changes than those.
    """

    seen: tuple[Episode, ...]
    undated: tuple[Finding, ...]
    moments: int
    thinned: bool = False

    @property
    def opened(self) -> tuple[Episode, ...]:
        """What was not there at the beginning and stands now."""
        return tuple(one for one in self.seen if one.opened and not one.closed)

    @property
    def closed(self) -> tuple[Episode, ...]:
        """What was there at the beginning and is gone."""
        return tuple(one for one in self.seen if not one.opened and one.closed)

    @property
    def passed(self) -> tuple[Episode, ...]:
        """What came and went."""
        return tuple(one for one in self.seen if one.opened and one.closed)

    @property
    def standing(self) -> tuple[Episode, ...]:
        """What was there at the beginning and stands now."""
        return tuple(one for one in self.seen if not one.opened and not one.closed)


def episodes(db: Database, stretch: Stretch, now: Evidence, gaps: Sequence[Gap]) -> Episodes:
    """The findings of a stretch that ends with this evidence, inside the caller's transaction.

    Where the log does not reach back to the beginning, all that stands now is undated.
    """
    standing = judge(now, stretch.until)
    if not stretch.known:
        return Episodes((), tuple(standing), 0)
    past = Past(db, now.thresholds)
    first = past.evidence(stretch.after, stretch.since)
    points, thinned = _points(db, stretch, first, gaps)
    told = _Told()
    told.look(stretch.since, judge(first, stretch.since), beginning=True)
    for change_id, at in points:
        told.look(at, judge(past.evidence(change_id, at), at))
    last = judge(past.evidence(stretch.upto, stretch.until), stretch.until)
    told.look(stretch.until, last)
    datable = {_key(finding) for finding in last}
    undated = tuple(finding for finding in standing if _key(finding) not in datable)
    return Episodes(told.episodes(standing), undated, len(points) + 2, thinned)


def _points(
    db: Database, stretch: Stretch, first: Evidence, gaps: Sequence[Gap]
) -> tuple[list[tuple[int, datetime]], bool]:
    """Moments to judge at: after changes, and where the height had stood still for long."""
    size = len(first.snapshot.nodes) + len(first.snapshot.params) + 10
    at_most = max(_FEWEST, min(_SAMPLES, _ENTITIES_LOOKED_AT // size))
    found, thinned = turning_points(db, stretch, at_most)
    limit = first.thresholds.height_warning_seconds
    stood = [
        (gap.change_id - 1, gap.ended - _JUST_BEFORE)
        for gap in gaps
        if gap.change_id is not None and gap.seconds > limit
    ]
    return sorted([*found, *stood]), thinned


def _key(finding: Finding) -> _Key:
    return finding.rule, finding.path


@dataclass(slots=True)
class _Told:
    """Findings by what they are about, as one look after the other finds them."""

    finding: dict[_Key, Finding] = field(default_factory=dict)
    opened: dict[_Key, datetime | None] = field(default_factory=dict)
    closed: dict[_Key, datetime] = field(default_factory=dict)
    interrupted: set[_Key] = field(default_factory=set)

    def look(self, at: datetime, found: Iterable[Finding], *, beginning: bool = False) -> None:
        here = {_key(one): one for one in found}
        for key, one in here.items():
            self.finding[key] = one
            if key not in self.opened:
                self.opened[key] = None if beginning else at
            elif self.closed.pop(key, None) is not None:
                self.interrupted.add(key)
        for key in self.finding.keys() - here.keys():
            self.closed.setdefault(key, at)

    def episodes(self, standing: Iterable[Finding]) -> tuple[Episode, ...]:
        """In the order of what stands now, then in the order of closing."""
        order = {_key(one): at for at, one in enumerate(standing)}
        keys = sorted(
            self.finding,
            key=lambda key: (order.get(key, len(order)), str(self.closed.get(key, ""))),
        )
        return tuple(
            Episode(
                self.finding[key], self.opened[key], self.closed.get(key), key in self.interrupted
            )
            for key in keys
        )
