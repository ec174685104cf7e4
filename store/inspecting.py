"""Looking at the files, the schema and the log, as seldom as each allows.

A look at every wake-up costs a few stats and pragmas: the files are read again when they were
written, the schema when SQLite says that it changed, the log's rows counted after every thousand
changes. Whether the log matches the tables is a scan, and the caller says when there is time.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from store import file_checks, latest, log_checks, schema_checks
from store.database import Database
from store.findings import Inspection
from store.locations import Locations

_COUNT_AFTER: Final = 1000


def look(db: Database, locations: Locations, known: Inspection) -> Inspection:
    """What is cheap to know, inside the caller's read transaction; ``known`` if nothing moved."""
    found = known
    files = file_checks.seen(locations)
    if files != known.seen_files:
        found = replace(found, files=tuple(file_checks.problems(locations)), seen_files=files)
    schema = schema_checks.seen(db)
    if schema != known.seen_schema:
        found = replace(found, schema=tuple(schema_checks.problems(db)), seen_schema=schema)
    newest = latest.newest_id(db)
    if known.counted_at < 0 or abs(newest - known.counted_at) >= _COUNT_AFTER:
        rows = int(db.value("SELECT count(*) FROM audit_log"))
        found = replace(found, log_rows=rows, counted_at=newest)
    size = file_checks.wal_bytes(locations.database)
    return found if size == known.wal_bytes else replace(found, wal_bytes=size)


def scan(db: Database, known: Inspection) -> Inspection:
    """The same, with the log compared with the tables and its newest changes followed."""
    log = tuple(log_checks.problems(db, newest=log_checks.RECENT))
    schema = tuple(schema_checks.problems(db))
    found = replace(known, log=log, schema=schema)
    return known if found == known else found
