"""The state of a database, in memory: where a rehearsal writes what nobody keeps.

It has the tables of the live file, made by the same statements, and of their rows all that the
document, its rules and its secrets are read from; not the log, the receipts and the former seeds,
however many there are. It has no triggers. Ours keep the log, which a rehearsal does not look at,
and take a setting that is declared secret for one, which no plan writes in clear; they are checked
before the real transaction. What triggers of other programs make of a write is found there too,
where every value is read back before the commit.
"""

from __future__ import annotations

import sqlite3
import threading
from typing import Final

from store import schema, upgrades
from store.database import Database
from store.locations import Locations
from store.sqlite_faults import sentences

_MADE: Final = (
    "SELECT tbl_name, sql FROM sqlite_master WHERE type='table'"
    " OR (type='index' AND sql LIKE 'CREATE UNIQUE %') ORDER BY type DESC"
)
# tables that are made and stay empty
_NOT_READ: Final = frozenset(
    ("audit_log", "audit_displaced", "imports", "file_edits", "access_log", "pending_reversals")
)
# a daemon leaves thousands of former seeds behind
_ROWS: Final = {"seed_info": "WHERE is_active"}


class Scratch(Database):
    """A database in memory, for the thread that makes it."""

    def __init__(self, locations: Locations, live: Database | None) -> None:
        """Copy a live database inside the caller's transaction, or begin with an empty one.

        An older schema is brought up to date in the copy. Raises SchemaTooNew for a later one.
        """
        place = locations.database
        self.path = place.with_name(f"{place.name} (rehearsal)")  # as sentences name it
        self.read_only = self.immutable = False
        self._busy_ms = 0
        self._thread = threading.local()
        self._thread.identity = None
        self._thread.connection = sqlite3.connect(":memory:", isolation_level=None)
        try:
            with sentences(self.path):
                self._fill(live)
                self.execute_sql("PRAGMA foreign_keys=1")
        except BaseException:
            self.close()
            raise

    def _fill(self, live: Database | None) -> None:
        self.execute_sql("BEGIN")
        if live is None:
            for table, columns in (schema.DAEMON_TABLES | schema.OWN_TABLES).items():
                self.execute_sql(f"CREATE TABLE {table}({columns})")
            version = 1
        else:
            version = schema.version_of(live)
            schema.check_writable(version)
            self._copy(live)
        upgrades.apply(self, after=version)
        self.execute_sql("COMMIT")

    def _copy(self, live: Database) -> None:
        tables = schema.DAEMON_TABLES.keys() | schema.OWN_TABLES.keys() | upgrades.tables()
        statements = [(table, sql) for table, sql in live.rows(_MADE) if table in tables]
        for _, sql in statements:
            self.execute_sql(sql)
        for table in sorted({table for table, _ in statements} - _NOT_READ):
            rows = live.rows(f"SELECT * FROM {table} {_ROWS.get(table, '')} ORDER BY rowid")
            if rows:
                # two keys that differ in bytes that are no UTF-8 are read as one
                places = ",".join("?" * len(rows[0]))
                self.execute_many(f"INSERT OR IGNORE INTO {table} VALUES({places})", rows)
