"""Whether tables, triggers, indexes and views are as this version of nodedeck makes them.

Seeks in the schema table alone: quick enough to be done whenever the schema has changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from store import schema, schema_parts
from store.database import Database
from store.findings import Finding, Severity
from store.limits import INT64_MAX

FIX: Final = "nodedeck doctor --fix"
_NAMED: Final = 5
# ids are given out one by one, so that nobody comes near the end by chance
_LAST_IDS: Final = INT64_MAX - 1_000_000


def some(names: list[str]) -> str:
    """The first of some names, and how many more there are."""
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def seen(db: Database) -> tuple[object, ...]:
    """What tells that there is something new to find: SQLite's own number moves with any part."""
    return (
        db.value("PRAGMA schema_version"),
        db.value("SELECT value FROM meta WHERE key='schema_version'"),
        db.value("SELECT max(seq)>=? FROM sqlite_sequence", (_LAST_IDS,)),
    )


def problems(db: Database) -> Iterator[Finding]:
    """What is wrong with the schema, inside the caller's read transaction."""
    version = schema.version_of(db)
    if version < schema.VERSION:
        yield Finding(
            Severity.INFO,
            f"{db.path.name} has schema {version}, this nodedeck's is {schema.VERSION}:"
            " its triggers and its log could not be checked.",
            "Any verb that writes upgrades it.",
            "schema-older",
        )
        return
    yield from _missing_tables(db)
    differing = list(_derived(db))
    if version > schema.VERSION:
        yield _version(db, version, as_ours=not differing)
    else:
        yield from differing
    yield from _foreign_triggers(db)
    yield from _exhausted(db)


def _version(db: Database, version: int, *, as_ours: bool) -> Finding:
    if as_ours:
        return Finding(
            Severity.CRITICAL,
            f"{db.path.name} says that its schema is {version}, and all of it is schema"
            f" {schema.VERSION}: somebody changed the number, and no nodedeck writes to it now.",
            f"Put it back: UPDATE meta SET value='{schema.VERSION}' WHERE key='schema_version'.",
            "schema-version",
        )
    return Finding(
        Severity.WARNING,
        f"{db.path.name} has schema {version}, this nodedeck knows {schema.VERSION}: it can only"
        " look, and its triggers and its log could not be checked.",
        "Upgrade nodedeck. If no later one made it, somebody changed the number in 'meta'.",
        "schema-version",
    )


def _missing_tables(db: Database) -> Iterator[Finding]:
    missing = schema_parts.missing_tables(db)
    if missing:
        yield Finding(
            Severity.CRITICAL,
            f"Tables are missing: {some(missing)}. Other writers fail at the triggers that need"
            " them, and what they held is gone.",
            FIX if missing == [schema.SCRATCH_TABLE] else schema.RESTORE_HINT,
            "tables-missing",
        )


def _derived(db: Database) -> Iterator[Finding]:
    """Triggers, indexes and views, which hold nothing and can be made anew."""
    if altered := schema.altered_triggers(db):
        yield Finding(
            Severity.CRITICAL,
            f"Triggers of the audit log are missing or altered: {some(altered)}. Changes by other"
            " writers may not be in the history.",
            f"Find out who changed the schema, then make them anew: {FIX}",
            "triggers",
        )
    if altered := schema.altered_indexes(db):
        yield Finding(
            Severity.WARNING,
            f"Indexes are missing or altered: {some(altered)}. Reading gets slower as the log"
            " grows.",
            f"Make them anew: {FIX}",
            "indexes",
        )
    if altered := schema_parts.altered_views(db):
        yield Finding(
            Severity.WARNING,
            f"Views for other readers are missing or altered: {some(altered)}.",
            f"Make them anew: {FIX}",
            "views",
        )


def _foreign_triggers(db: Database) -> Iterator[Finding]:
    foreign = schema_parts.foreign_triggers(db)
    on_log = [name for name, table in foreign if table == "audit_log"]
    others = [f"{name} on {table}" for name, table in foreign if table != "audit_log"]
    if on_log:
        yield Finding(
            Severity.CRITICAL,
            f"Somebody put triggers on the audit log: {some(on_log)}. They can change or drop what"
            " the history says.",
            f"Find out who did, then: DROP TRIGGER {on_log[0]}",
            "log-trigger",
        )
    if others:
        yield Finding(
            Severity.WARNING,
            f"Triggers that are not nodedeck's stand on its tables: {some(others)}.",
            f"Look what they do; if nobody needs them: DROP TRIGGER {others[0].split(' on ')[0]}",
            "foreign-trigger",
        )


def _exhausted(db: Database) -> Iterator[Finding]:
    """SQLite gives no id after 2^63-1: then every insert into that table fails."""
    for table, used, highest in schema_parts.ids_used(db):
        if max(used, highest) < _LAST_IDS:
            continue
        spare = highest < _LAST_IDS
        yield Finding(
            Severity.CRITICAL,
            f"Table {table} has given out its last id ({max(used, highest):,}): whatever adds a"
            " row to it fails, the daemon's writes with it.",
            f"Take the number back: UPDATE sqlite_sequence SET seq={highest} WHERE name='{table}'."
            if spare
            else f"Its row with that id is no true one: {schema.RESTORE_HINT}",
            "ids-exhausted",
        )
