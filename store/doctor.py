"""The checks of ``nodedeck doctor``: whether files, schema, log and tables can be trusted.

Each check reads and changes nothing. What is wrong comes back as findings, worst first. The
console's inspection makes the same checks, except for those that read the whole file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Final

from store import (
    file_checks,
    log_checks,
    rules_values,
    schema,
    schema_checks,
    settings_checks,
    state,
)
from store.database import Database
from store.errors import Busy, DamagedSchema, NodedeckError, Refused, UsageError
from store.findings import Finding, Severity, in_order
from store.locations import Locations
from store.manager import ConfigManager, utc_now
from store.sealing import findings as sealing
from store.sealing import keyfile

_FAULTS_NAMED: Final = 5
_FIX_REASON: Final = "doctor --fix"
FIXABLE: Final = frozenset(("triggers", "indexes", "views", "log-differs", "tables-missing"))
"""The rules whose findings ``fix`` may end."""


def examine(locations: Locations) -> list[Finding]:
    """Every finding about a host's two files, worst first; the log is read as a whole.

    A damaged database is a finding. Raises MissingDatabase and the other usage errors of
    ``Database``, Busy and Refused, since then nothing can be said.
    """
    found = list(file_checks.problems(locations))
    key_path = locations.master_key or keyfile.place(os.environ)
    try:
        opened = Database(locations.database, read_only=True)
    except (UsageError, Busy, Refused):
        raise
    except NodedeckError as fault:
        found.append(_damaged(fault))
    else:
        try:
            for check in (*_CHECKS, partial(_secrets, key_path)):
                found += _tried(check, opened)
        finally:
            opened.close()
    return in_order(found)


def beyond_inspection(locations: Locations) -> list[Finding]:
    """What ``examine`` finds besides what ``ConfigManager.inspect`` and the rules find."""
    opened = Database(locations.database, read_only=True)
    try:
        return [one for check in (_intact, _settings) for one in _tried(check, opened)]
    finally:
        opened.close()


def fix(manager: ConfigManager) -> list[str]:
    """Make triggers, indexes and views of ours anew; the paths whose values the log had missed.

    What is written about those is signed. Raises what a write transaction raises, and NodedeckError
    where a table is gone that held something.
    """
    with manager.repairing(_FIX_REASON) as db:
        missed = log_checks.differing(db)
        schema.repair(db)
    return missed


def _tried(check: Callable[[Database], Iterator[Finding]], db: Database) -> list[Finding]:
    try:
        with db.reading():
            return list(check(db))
    except (Busy, Refused):
        raise
    except NodedeckError as fault:  # a damaged page stops one check and not the others
        return [_damaged(fault)]


def _damaged(fault: NodedeckError) -> Finding:
    rule = "tables-missing" if isinstance(fault, DamagedSchema) else "damaged"
    return Finding(Severity.CRITICAL, fault.message, fault.hint, rule)


def _intact(db: Database) -> Iterator[Finding]:
    faults = [str(row[0]) for row in db.rows(f"PRAGMA quick_check({_FAULTS_NAMED})")]
    if faults != ["ok"]:
        yield Finding(
            Severity.CRITICAL,
            f"{db.path} is damaged: {'; '.join(' '.join(fault.split()) for fault in faults)}.",
            "Keep a copy of the file, then restore it from a backup.",
            "damaged",
        )


def _undecodable(db: Database) -> Iterator[Finding]:
    yield from rules_values.undecodable(state.snapshot(db, utc_now()))


def _settings(db: Database) -> Iterator[Finding]:
    for message, hint in settings_checks.problems(db):
        yield Finding(Severity.WARNING, message, hint, "setting")


def _secrets(key_path: Path, db: Database) -> Iterator[Finding]:
    yield from sealing.judged(sealing.gather(db, key_path))


_CHECKS: Final = (_intact, schema_checks.problems, log_checks.problems, _undecodable, _settings)
