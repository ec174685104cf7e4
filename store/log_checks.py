"""Whether the audit log keeps its promises.

The newest row of a path holds its present value, and each row's old value is the new value of the
row before it. A deletion that was taken back leaves no gap, since the row that takes it back
begins where the deletion did; of what retention forgot, the first row left says what was before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from store import audit, latest, retention, schema
from store.database import Database
from store.findings import Finding, Severity
from store.paths import HEIGHT_PATHS
from store.schema_checks import FIX, some

RECENT: Final = 20_000
"""Rows that the checks of a running console look at; they take 0.1 s."""
_ENOUGH: Final = 20
_HEIGHTS: Final = ",".join(f"'{path}'" for path in HEIGHT_PATHS)
# the newest row of every path by seeks, however long the log is
_NEWEST: Final = """
WITH RECURSIVE named(path) AS (
  SELECT min(path) FROM audit_log
  UNION ALL
  SELECT (SELECT min(path) FROM audit_log WHERE path>named.path)
    FROM named WHERE named.path IS NOT NULL)
SELECT path, (SELECT new_json FROM audit_log a WHERE a.path=named.path ORDER BY id DESC LIMIT 1)
  FROM named WHERE path IS NOT NULL
"""
_BEFORE: Final = "FROM audit_log b WHERE b.path=a.path AND b.id<a.id ORDER BY b.id DESC LIMIT 1"
_BROKEN: Final = f"""
SELECT path, id FROM audit_log a WHERE id>?1
  AND (old_json IS NOT (SELECT new_json {_BEFORE})
    OR NOT CASE action
      WHEN 'I' THEN old_json IS NULL AND new_json IS NOT NULL
      WHEN 'D' THEN old_json IS NOT NULL AND new_json IS NULL
      WHEN 'U' THEN old_json IS NOT NULL AND new_json IS NOT old_json
      WHEN 'R' THEN old_json IS NOT NULL AND new_json IS old_json
      ELSE 0 END)
  AND NOT (id<=CASE WHEN path IN ({_HEIGHTS}) THEN ?2 ELSE ?3 END
    AND NOT EXISTS (SELECT 1 {_BEFORE}))
  ORDER BY id LIMIT {_ENOUGH}
"""


def problems(db: Database, *, newest: int | None = None) -> Iterator[Finding]:
    """What is wrong with the log, inside the caller's read transaction.

    With ``newest`` the chain of values is followed through that many changes only. A database of
    another schema version is not judged.
    """
    if schema.version_of(db) != schema.VERSION:
        return
    if paths := differing(db):
        yield Finding(
            Severity.CRITICAL,
            f"The audit log does not hold the present value of {some(paths)}: somebody wrote"
            " while the triggers were off.",
            f"The values in force are those of 'nodedeck get'. To record them: {FIX}",
            "log-differs",
            paths[0],
        )
    if broken := broken_at(db, newest=newest):
        told = [f"{path} (#{change_id})" for path, change_id in broken]
        yield Finding(
            Severity.CRITICAL,
            f"Rows of the audit log were altered or deleted before {some(told)}: an old value is"
            " not the new value of the row before.",
            "The history before these changes cannot be trusted; compare it with a backup's.",
            "log-chain",
            broken[0][0],
        )


def differing(db: Database) -> list[str]:
    """The paths whose newest row does not hold the present value."""
    newest = dict(db.rows(_NEWEST))
    present = {
        path: value for entity in audit.ENTITIES for path, value in latest.present(db, entity)
    }
    wrong = [path for path, value in present.items() if newest.get(path) != value]
    return wrong + [
        path for path, value in newest.items() if value is not None and path not in present
    ]


def broken_at(db: Database, *, newest: int | None = None) -> list[tuple[str, int]]:
    """(path, change id) of the first rows whose old value is not the new value before."""
    horizons = retention.horizons(db)
    after = 0 if newest is None else int(db.value("SELECT max(id) FROM audit_log") or 0) - newest
    return [
        (str(path), int(change_id))
        for path, change_id in db.rows(_BROKEN, (after, horizons.heights, horizons.rest))
    ]
