"""Forgetting: which rows of the audit log may go, and from which change on it still answers.

A *horizon* is a change id. Of every path the log keeps the newest row at the horizon and all later
ones, so that as-of is right back to it; what was before is unknown. There are two horizons, since
a height at every block would fill the log that a year of everything else fits in.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from store import history, latest, paths
from store.database import Database
from store.errors import InvalidValue
from store.paths import HEIGHT_PATHS
from store.settings_builtin import DAYS, HEIGHTS_DAYS

HEIGHTS_SETTING: Final = "nodedeck.retention.heights_days"
REST_SETTING: Final = "nodedeck.retention.days"
_META: Final = "retention_horizon"
# a batch holds the write lock for a few milliseconds, and others can write in each pause
_BATCH: Final = 500
_PAUSE_SECONDS: Final = 0.02
_HEIGHTS: Final = ",".join(f"'{path}'" for path in HEIGHT_PATHS)
# a rewrite that nobody signed may still leave the log, so it cannot be a path's only row
_LASTING: Final = "action<>'R'"
_OVERDUE: Final = f"""
WITH RECURSIVE
  named(path) AS (
    SELECT min(path) FROM audit_log
    UNION ALL
    SELECT (SELECT min(path) FROM audit_log WHERE path>named.path)
      FROM named WHERE named.path IS NOT NULL),
  kept(path, height, id) AS MATERIALIZED (
    SELECT path, path IN ({_HEIGHTS}), (SELECT id FROM audit_log a WHERE a.path=named.path
        AND a.id<=CASE WHEN named.path IN ({_HEIGHTS}) THEN ?1 ELSE ?2 END
        AND {_LASTING} ORDER BY id DESC LIMIT 1)
      FROM named WHERE path IS NOT NULL),
  counted(id, height, older) AS (
    SELECT id, height, (SELECT count(*) FROM audit_log a WHERE a.path=kept.path AND a.id<kept.id)
      FROM kept)
SELECT id, height, older FROM counted WHERE older>0 ORDER BY id
"""
_FORGET: Final = (
    "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log"
    " WHERE path=(SELECT path FROM audit_log WHERE id=?1) AND id<?1 ORDER BY id LIMIT ?2)"
)


@dataclass(frozen=True, slots=True)
class Retention:
    """For how many days the log keeps heights, and everything else."""

    heights_days: int = HEIGHTS_DAYS
    days: int = DAYS


@dataclass(frozen=True, slots=True)
class Horizons:
    """The changes before which heights, and everything else, are unknown; 0 is the beginning."""

    heights: int = 0
    rest: int = 0


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many rows went, or would go, and the horizons after that."""

    heights: int
    rest: int
    horizons: Horizons


def wanted(db: Database) -> Retention:
    """The retention that the settings ask for; raises InvalidValue where one is no day count."""
    default = Retention()
    return Retention(
        _days(HEIGHTS_SETTING, _setting(db, HEIGHTS_SETTING), default.heights_days),
        _days(REST_SETTING, _setting(db, REST_SETTING), default.days),
    )


def _setting(db: Database, path: str) -> Any:
    address = paths.locate(path)
    return latest.value_at(db, address) if address else None


def _days(name: str, value: Any, default: int) -> int:
    if value is None:
        return default
    if type(value) is not int or not 1 <= value <= timedelta.max.days:
        raise InvalidValue(
            f"{name}: must be a number of days from 1 on, not {value!r}; nothing was pruned."
        )
    return value


def horizons(db: Database) -> Horizons:
    """The horizons of this log, inside the caller's transaction."""
    stored = db.value("SELECT value FROM meta WHERE key=?", (_META,))
    return Horizons(**json.loads(stored)) if stored else Horizons()


def due(db: Database, retention: Retention, now: datetime) -> Horizons:
    """The horizons that a retention asks for now; a horizon never goes back.

    Raises InvalidValue for a retention of less than a day.
    """
    past = horizons(db)
    heights_days = _days("heights_days", retention.heights_days, 0)
    days = _days("days", retention.days, 0)
    of_heights = db.value(
        f"SELECT max(id) FROM audit_log WHERE path IN ({_HEIGHTS}) AND id<=? AND {_LASTING}",
        (_change_before(db, now, heights_days),),
    )
    of_rest = db.value(
        f"SELECT id FROM audit_log WHERE path NOT IN ({_HEIGHTS}) AND id<=? AND {_LASTING}"
        " ORDER BY id DESC LIMIT 1",
        (_change_before(db, now, days),),
    )
    return Horizons(max(past.heights, of_heights or 0), max(past.rest, of_rest or 0))


def _change_before(db: Database, now: datetime, days: int) -> int:
    try:
        cutoff = now - timedelta(days=days)
    except OverflowError:  # older than any change can be
        return 0
    return history.change_at(db, cutoff)


def count(db: Database, retention: Retention, now: datetime) -> Pruned:
    """What ``prune`` would do now, inside the caller's read transaction."""
    ahead = due(db, retention, now)
    overdue = _overdue(db, ahead)
    heights = sum(older for _, height, older in overdue if height)
    return Pruned(heights, sum(older for *_, older in overdue) - heights, ahead)


def prune(
    db: Database,
    retention: Retention,
    now: datetime,
    *,
    limit: int | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> Pruned:
    """Forget what is older than a retention, at most ``limit`` rows of it.

    The horizons move first. Then rows go in batches, each in a short transaction of its own with
    a pause after it, so that no writer waits long; one that is stopped is finished by the next.
    """
    with db.writing():
        ahead = due(db, retention, now)
        db.execute_sql(
            "INSERT INTO meta(key,value) VALUES(?,?)"
            " ON CONFLICT(key) DO UPDATE SET value=excluded.value",
            (_META, json.dumps({"heights": ahead.heights, "rest": ahead.rest})),
        )
    with db.reading():
        work = deque(_overdue(db, ahead))
    gone = {True: 0, False: 0}
    while work and (limit is None or sum(gone.values()) < limit):
        with db.writing():
            if _behind(horizons(db), ahead):
                break  # an older state was restored meanwhile, whose rows these are not
            room = _BATCH if limit is None else min(_BATCH, limit - sum(gone.values()))
            while work and room:
                kept, height, _ = work[0]
                forgotten = db.execute_sql(_FORGET, (kept, room)).rowcount
                gone[height] += forgotten
                if forgotten < room:
                    work.popleft()
                room -= forgotten
        pause(_PAUSE_SECONDS)
    return Pruned(gone[True], gone[False], ahead)


def _overdue(db: Database, ahead: Horizons) -> list[tuple[int, bool, int]]:
    """(id of the row that stays, whether its path is a height, rows before it) by path."""
    return [
        (kept, bool(height), older)
        for kept, height, older in db.rows(_OVERDUE, (ahead.heights, ahead.rest))
    ]


def _behind(found: Horizons, ahead: Horizons) -> bool:
    return found.heights < ahead.heights or found.rest < ahead.rest
