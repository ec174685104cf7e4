"""Rules about the files, the schema and the log: what was inspected, and what grew too large."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from store import file_checks
from store.findings import Evidence, Finding, Severity

HINDER_RESTART: Final = frozenset(
    (
        *("config-file", "damaged", "tables-missing", "schema-version", "ids-exhausted"),
        file_checks.STOPPED_IMPORT,
    )
)
"""What a daemon that starts now would stumble over; the rest can wait until it has."""
_MB: Final = 1_000_000


def inspected(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """What the checks of the files, the schema and the log found."""
    yield from evidence.inspection.findings


def grown(evidence: Evidence, _: datetime) -> Iterator[Finding]:
    """An audit log or a write-ahead log beyond its limit."""
    found, limits = evidence.inspection, evidence.thresholds
    if found.log_rows > limits.log_rows:
        yield Finding(
            Severity.WARNING,
            f"The audit log has {found.log_rows:,} rows, more than {limits.log_rows:,}.",
            "Forget what is older than its retention with 'nodedeck prune', best once a day.",
            "log-size",
        )
    if found.wal_bytes > limits.wal_mb * _MB:
        yield Finding(
            Severity.WARNING,
            f"The write-ahead log has {found.wal_bytes / _MB:,.0f} MB, more than"
            f" {limits.wal_mb:,}.",
            "Some program keeps an old read open, so that it cannot be folded back: find it with"
            " 'fuser' on the database and end it.",
            "wal-size",
        )
