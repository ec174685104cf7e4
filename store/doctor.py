"""The checks of ``nodedeck doctor``: whether files, triggers, log and tables can be trusted.

Each check reads and changes nothing. What is wrong comes back as findings, worst first.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from store import audit, database, schema, settings_checks, state, static_file
from store.database import Database
from store.errors import Busy, NodedeckError, Refused, UsageError
from store.findings import Finding, Severity, in_order
from store.locations import Locations
from store.manager import utc_now
from store.sealing import findings as sealing
from store.sealing import keyfile

_NAMED: Final = 5
_NEWEST: Final = (
    "SELECT path, new_json FROM audit_log"
    " WHERE id IN (SELECT max(id) FROM audit_log GROUP BY path) AND new_json IS NOT NULL"
)


def examine(locations: Locations) -> list[Finding]:
    """Every finding about a host's two files, worst first.

    A damaged database is a finding. Raises MissingDatabase and the other usage errors of
    ``Database``, Busy and Refused, since then nothing can be said.
    """
    found = [*_modes(locations), *_config_file(locations.config)]
    key_path = locations.master_key or keyfile.place(os.environ)
    try:
        opened = Database(locations.database, read_only=True)
    except (UsageError, Busy, Refused):
        raise
    except NodedeckError as fault:
        found.append(Finding(Severity.CRITICAL, fault.message, fault.hint))
    else:
        try:
            for check in (*_CHECKS, partial(_secrets, key_path)):
                found += _tried(check, opened)
        finally:
            opened.close()
    return in_order(found)


def _tried(check: Callable[[Database], Iterator[Finding]], db: Database) -> list[Finding]:
    try:
        with db.reading():
            return list(check(db))
    except (Busy, Refused):
        raise
    except NodedeckError as fault:  # a damaged page stops one check and not the others
        return [Finding(Severity.CRITICAL, fault.message, fault.hint)]


def _modes(locations: Locations) -> Iterator[Finding]:
    for path in (
        locations.database,
        *database.side_files(locations.database),
        locations.config,
    ):
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError:  # absent, or reported by the check that reads it
            continue
        if mode & stat.S_IWOTH:
            severity, may = Severity.CRITICAL, "written"
        elif mode & stat.S_IROTH:
            severity, may = Severity.WARNING, "read"
        else:
            continue
        yield Finding(
            severity,
            f"{path} can be {may} by every user of this host (mode {mode:04o}).",
            f"chmod o-rwx {path}",
        )


def _config_file(path: Path) -> Iterator[Finding]:
    loaded = static_file.load(path)
    if loaded.fault is not None:
        yield Finding(
            Severity.CRITICAL, f"The config file cannot be read: {loaded.fault.message}",
            loaded.fault.hint or "Static keys are unknown until it can.",
        )  # fmt: skip
    if loaded.stale:
        yield Finding(
            Severity.WARNING,
            f"{path} still holds {_some(list(loaded.stale))}, homed in the database: these copies"
            " are not used.",
            "Bring them in with 'nodedeck import apply', or delete them from the file.",
        )


def _intact(db: Database) -> Iterator[Finding]:
    faults = [str(row[0]) for row in db.rows(f"PRAGMA quick_check({_NAMED})")]
    if faults != ["ok"]:
        yield Finding(
            Severity.CRITICAL,
            f"{db.path} is damaged: {'; '.join(' '.join(fault.split()) for fault in faults)}.",
            "Keep a copy of the file, then restore it from a backup.",
        )


def _older(db: Database) -> Iterator[Finding]:
    if _is_older(db):
        yield Finding(
            Severity.INFO,
            f"{db.path} has schema {schema.version_of(db)}, this nodedeck's is {schema.VERSION}:"
            " its triggers and its log could not be checked.",
            "Any verb that writes upgrades it.",
        )


def _is_older(db: Database) -> bool:
    return schema.version_of(db) < schema.VERSION


def _triggers(db: Database) -> Iterator[Finding]:
    if _is_older(db):
        return
    if altered := schema.altered_triggers(db):
        yield Finding(
            Severity.CRITICAL,
            f"Triggers of the audit log are missing or altered: {_some(altered)}. Changes by other"
            " writers may not be in the history.",
            "Find out who changed the schema; restore a backup, or import into a new database.",
        )


def _log_matches_tables(db: Database) -> Iterator[Finding]:
    """The audit log's invariant: a path's newest row holds its present value."""
    if _is_older(db):
        return
    newest: dict[Any, Any] = dict(db.rows(_NEWEST))
    present = {
        path: value for entity in audit.ENTITIES for path, value in state.present(db, entity)
    }
    differing = [path for path, value in present.items() if newest.get(path) != value]
    differing += [path for path in newest if path not in present]
    if differing:
        yield Finding(
            Severity.CRITICAL,
            f"The audit log does not hold the present value of {_some(differing)}: somebody wrote"
            " while the triggers were off.",
            "The values in force are those of 'nodedeck get'; the history has a gap here.",
        )


def _undecodable(db: Database) -> Iterator[Finding]:
    for fault in state.snapshot(db, utc_now()).undecoded:
        yield Finding(
            Severity.WARNING,
            f"{fault.path} holds {fault.raw[:80]!r}, which does not decode:"
            f" it {_asked(fault.wanted)}.",
            "Set it to a value of its type with 'nodedeck set', or look at the writer.",
        )


def _settings(db: Database) -> Iterator[Finding]:
    for message, hint in settings_checks.problems(db):
        yield Finding(Severity.WARNING, message, hint)


def _secrets(key_path: Path, db: Database) -> Iterator[Finding]:
    yield from sealing.judged(sealing.gather(db, key_path))


def _asked(wanted: str) -> str:
    lowered = wanted.removeprefix("Input ")
    return lowered if lowered.startswith("should") else f"should be {lowered}"


def _some(names: list[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


_CHECKS: Final = (_intact, _older, _triggers, _log_matches_tables, _undecodable, _settings)
