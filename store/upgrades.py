"""What each schema version added to the one before it.

A step is frozen once it is released: a new database is made by version 1's tables and all steps,
so that there is one way to arrive at a schema. Indexes, triggers and views are no steps; they are
made anew with every version.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Protocol

_STEPS: Final[Mapping[int, tuple[str, ...]]] = {
    2: (
        """CREATE TABLE setting_rules(
        service TEXT NOT NULL,
        key TEXT NOT NULL,
        type TEXT NOT NULL,
        description TEXT NOT NULL DEFAULT '',
        help_text TEXT NOT NULL DEFAULT '',
        complexity TEXT NOT NULL DEFAULT 'simple',
        constraints_json TEXT NOT NULL DEFAULT '{}',
        default_json TEXT,
        updated_at TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (service, key))""",
        """CREATE TABLE setting_profiles(
        service TEXT NOT NULL,
        name TEXT NOT NULL,
        values_json TEXT NOT NULL,
        updated_at TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (service, name))""",
        """CREATE TABLE feature_flags(
        name TEXT PRIMARY KEY,
        value_json TEXT NOT NULL,
        description TEXT NOT NULL DEFAULT '',
        updated_at TEXT NOT NULL DEFAULT '')""",
        """CREATE TABLE file_edits(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        actor TEXT,
        reason TEXT,
        path TEXT NOT NULL,
        old_json TEXT,
        new_json TEXT,
        digest_before TEXT NOT NULL,
        digest_after TEXT NOT NULL)""",
    ),
    # triggers and an index that cost a writer less, and an index on the epochs of seeds
    3: (),
    4: (
        """CREATE TABLE provider_configs(
        provider TEXT PRIMARY KEY,
        api_key TEXT NOT NULL DEFAULT '',
        base_url TEXT NOT NULL DEFAULT '',
        model TEXT NOT NULL DEFAULT '',
        key_version INTEGER NOT NULL DEFAULT 1,
        updated_at TEXT NOT NULL DEFAULT '')""",
        "ALTER TABLE settings ADD COLUMN key_version INTEGER NOT NULL DEFAULT 0",
        # how often a secret that stands in clear was written over: the log tells that it changed
        "CREATE TABLE secret_marks(path TEXT PRIMARY KEY, mark INTEGER NOT NULL)",
        """CREATE TABLE access_log(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        actor TEXT NOT NULL,
        act TEXT NOT NULL,
        path TEXT NOT NULL,
        terminal TEXT NOT NULL DEFAULT '',
        address TEXT NOT NULL DEFAULT '',
        reason TEXT NOT NULL DEFAULT '',
        result TEXT NOT NULL)""",
    ),
    5: (
        """CREATE TABLE pending_reversals(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        deadline TEXT NOT NULL,
        within_seconds REAL NOT NULL,
        boot_id TEXT NOT NULL,
        boot_deadline REAL NOT NULL,
        config_epoch TEXT NOT NULL,
        actor TEXT NOT NULL,
        reason TEXT,
        items_json TEXT NOT NULL,
        state TEXT NOT NULL DEFAULT 'pending',
        settled_at TEXT,
        settled_by TEXT)""",
        "CREATE INDEX pending_reversals_open ON pending_reversals(id) WHERE state='pending'",
    ),
    # triggers that share their expressions, a seventh of the text that each connection parses
    6: (),
}
VERSION: Final = max(_STEPS)


_MADE: Final = re.compile(r"CREATE TABLE (\w+)\((.*)\)", re.DOTALL)


def _tables_made() -> dict[str, str]:
    made = (_MADE.fullmatch(sql) for statements in _STEPS.values() for sql in statements)
    return {match[1]: match[2] for match in made if match}


def tables() -> frozenset[str]:
    """The tables that came after version 1."""
    return frozenset(_tables_made())


def counting(first: Mapping[str, str]) -> set[str]:
    """The tables whose ids are never given out twice, of version 1's and of those that came."""
    return {name for name, columns in {**first, **_tables_made()}.items() if "AUTOINC" in columns}


class Connection(Protocol):
    """What a schema change needs of a connection."""

    def execute_sql(self, sql: str, params: tuple[object, ...] = ...) -> object:
        """Run one statement."""


def apply(db: Connection, *, after: int) -> None:
    """Take every step after a version, in order; runs inside the caller's transaction."""
    for version, statements in sorted(_STEPS.items()):
        if version > after:
            for statement in statements:
                db.execute_sql(statement)
