"""Tables, indexes and triggers; recognising, creating and upgrading a database.

The daemon's tables keep the names and columns of its own documents exactly; additions have
defaults. Nothing here refuses a foreign write: no CHECK on the daemon's tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Protocol

from store import audit, triggers, upgrades
from store.errors import DamagedSchema, ForeignDatabase, SchemaTooNew

VERSION: Final = upgrades.VERSION

DAEMON_TABLES: Final = {
    "chain_state": """
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL,
        updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP""",
    "seed_info": """
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        type TEXT NOT NULL,
        seed INTEGER NOT NULL,
        epoch_index INTEGER NOT NULL,
        signature TEXT NOT NULL,
        created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
        is_active BOOLEAN DEFAULT TRUE,
        claimed BOOLEAN NOT NULL DEFAULT 0""",
    "network_params": """
        param_type TEXT PRIMARY KEY,
        param_data TEXT NOT NULL,
        updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP""",
    "node_versions": """
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        height INTEGER NOT NULL,
        version TEXT NOT NULL,
        created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
        UNIQUE(height, version)""",
    "upgrade_plans": """
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        height INTEGER NOT NULL,
        binaries TEXT NOT NULL,
        is_active BOOLEAN DEFAULT TRUE,
        created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
        node_version TEXT NOT NULL DEFAULT ''""",
    "inference_nodes": """
        id TEXT PRIMARY KEY,
        host TEXT NOT NULL,
        inference_segment TEXT NOT NULL,
        inference_port INTEGER NOT NULL,
        poc_segment TEXT NOT NULL,
        poc_port INTEGER NOT NULL,
        models TEXT NOT NULL,
        max_concurrent INTEGER NOT NULL,
        hardware TEXT NOT NULL,
        version TEXT NOT NULL,
        is_enabled BOOLEAN DEFAULT TRUE,
        created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
        updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP""",
    "mlnode_security": """
        node_id TEXT PRIMARY KEY,
        security_key TEXT NOT NULL,
        key_version INTEGER NOT NULL DEFAULT 1,
        created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
        updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
        FOREIGN KEY (node_id) REFERENCES inference_nodes(id)""",
}
_ADDED_COLUMNS: Final = {
    "seed_info": {"claimed": "BOOLEAN NOT NULL DEFAULT 0"},
    "upgrade_plans": {"node_version": "TEXT NOT NULL DEFAULT ''"},
}
# as version 1 had them; what later versions add stands in ``upgrades``
OWN_TABLES: Final = {
    "audit_log": """
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        path TEXT NOT NULL,
        action TEXT NOT NULL,
        old_json TEXT,
        new_json TEXT,
        actor TEXT,
        reason TEXT""",
    "audit_displaced": "tbl TEXT NOT NULL, value",
    "services": """
        service TEXT PRIMARY KEY,
        version INTEGER NOT NULL DEFAULT 1,
        updated_at TEXT NOT NULL DEFAULT ''""",
    "settings": """
        service TEXT NOT NULL,
        key TEXT NOT NULL,
        type TEXT NOT NULL DEFAULT 'json',
        value_json TEXT NOT NULL,
        description TEXT NOT NULL DEFAULT '',
        help_text TEXT NOT NULL DEFAULT '',
        complexity TEXT NOT NULL DEFAULT 'simple',
        is_secret BOOLEAN NOT NULL DEFAULT 0,
        constraints_json TEXT NOT NULL DEFAULT '{}',
        updated_at TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (service, key)""",
    "imports": """
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        actor TEXT NOT NULL,
        host TEXT NOT NULL,
        receipt_json TEXT NOT NULL""",
    "meta": "key TEXT PRIMARY KEY, value TEXT NOT NULL",
}
SCRATCH_TABLE: Final = "audit_displaced"
"""The one table that holds nothing between two statements, so that it can be made anew."""
RESTORE_HINT: Final = (
    "Stop the daemon, move the file and its -wal and -shm aside, and restore a backup with"
    " 'nodedeck backup restore', or import into a new database."
)
_TRIGGERS: Final = "SELECT name, sql FROM sqlite_master WHERE type='trigger'"
_ENOUGH_OWN: Final = 4
_NUMBER: Final = re.compile("[0-9]{1,9}")
# without these nothing can be read; what is missing of the others is a finding
_NEEDED: Final = frozenset((*DAEMON_TABLES, "audit_log", "meta", "services", "settings")) - {
    "mlnode_security"
}
_INDEXES: Final = {
    "audit_log_path": "audit_log(path, id)",
    # a day of blocks must not stand between a reader and the newest other change
    "audit_log_other": "audit_log(id) WHERE path NOT IN ('current_height','last_processed_height')",
    # nor does the height's row, which somebody may write at every block, need another index
    "audit_log_signed": "audit_log(id) WHERE actor IS NOT NULL"
    " AND path NOT IN ('current_height','last_processed_height')",
    "seed_info_active": "seed_info(type, id) WHERE is_active",
    # a daemon writes thousands of rows for each epoch
    "seed_info_epoch": "seed_info(epoch_index, id)",
}


class Rows(upgrades.Connection, Protocol):
    """A connection that also answers queries."""

    def rows(self, sql: str, params: tuple[object, ...] = ...) -> list[tuple[object, ...]]:
        """All rows of a query."""


def _service_triggers() -> dict[str, str]:
    """A foreign write to a setting counts towards its service's version too."""
    made: dict[str, str] = {}
    moved = "OLD.service IS NOT NEW.service"
    changed = f"OLD.value_json IS NOT NEW.value_json OR OLD.key IS NOT NEW.key OR {moved}"
    for name, event, row in (
        ("services_insert", "INSERT ON settings", "NEW"),
        ("services_update", f"UPDATE ON settings WHEN {changed}", "NEW"),
        ("services_left", f"UPDATE ON settings WHEN {moved}", "OLD"),
        ("services_delete", "DELETE ON settings", "OLD"),
    ):
        made[name] = (
            f"CREATE TRIGGER {name} AFTER {event} BEGIN"
            f" UPDATE services SET version=version+1, updated_at={audit.NOW}"
            f" WHERE service={row}.service;"
            f" INSERT INTO services(service,version,updated_at) SELECT {row}.service,1,{audit.NOW}"
            f" WHERE {row}.service IS NOT NULL"
            f" AND NOT EXISTS (SELECT 1 FROM services WHERE service={row}.service);"
            " END"
        )
    return made


def _access_triggers() -> dict[str, str]:
    """What is in the access log stays in it as it is; a REPLACE is a deletion, too."""
    taken = "WHEN EXISTS (SELECT 1 FROM access_log WHERE id=NEW.id)"
    return {
        f"access_log_{event.lower()}": f"CREATE TRIGGER access_log_{event.lower()} BEFORE {event}"
        f" ON access_log {when} BEGIN SELECT RAISE(ABORT, 'the access log is append-only'); END"
        for event, when in (("INSERT", taken), ("UPDATE", ""), ("DELETE", ""))
    }


def all_triggers() -> dict[str, str]:
    """Every trigger of the present schema version, by name."""
    return triggers.triggers() | _service_triggers() | _access_triggers()


def version_of(db: Rows) -> int:
    """The schema version of a database, 0 where nodedeck has not made one.

    Raises ForeignDatabase where the tables are another program's, and DamagedSchema where they are
    nodedeck's, but one that every read needs, or the version itself, is gone.
    """
    tables = tables_of(db)
    lacking = _NEEDED - tables
    if lacking and _is_ours(tables):
        raise DamagedSchema(
            f"Tables of this database are missing: {', '.join(sorted(lacking))}; nothing was"
            " changed.",
            hint=RESTORE_HINT,
        )
    if not {"meta", "audit_log"} <= tables:
        foreign = sorted(tables - DAEMON_TABLES.keys())
        if foreign:
            raise ForeignDatabase(
                f"This database belongs to another program (it has a table {foreign[0]!r});"
                " nothing was written.",
                hint="Name nodedeck's own database with --db.",
            )
        _check_columns(db, tables)
        return 0
    found = db.rows("SELECT value FROM meta WHERE key='schema_version'")
    text = str(found[0][0]) if found else ""
    number = int(text) if _NUMBER.fullmatch(text) else 0
    if number == 0 and _is_ours(tables):
        told = f"is {text[:40]!r}, which is none" if found else "is missing"
        raise DamagedSchema(
            f"The schema version in this database's 'meta' {told}; nothing was changed.",
            hint="If this nodedeck made the database, put it back: INSERT OR REPLACE INTO meta"
            f" VALUES('schema_version','{VERSION}').",
        )
    if number == 0:
        raise ForeignDatabase(
            "This database has tables like nodedeck's but no schema version; nothing was written.",
            hint="Name nodedeck's own database with --db.",
        )
    return number


def tables_of(db: Rows) -> set[str]:
    """The names of a database's tables."""
    names = {str(name) for (name,) in db.rows("SELECT name FROM sqlite_master WHERE type='table'")}
    return {name for name in names if not name.startswith("sqlite_")}


def _is_ours(tables: set[str]) -> bool:
    """Whether enough of the tables that nodedeck alone makes are there, whatever else is gone."""
    return len((OWN_TABLES.keys() | upgrades.tables()) & tables) >= _ENOUGH_OWN


def _check_columns(db: Rows, tables: set[str]) -> None:
    for table in sorted(tables):
        have = {str(row[1]) for row in db.rows(f"PRAGMA table_info({table})")}
        want = {line.split()[0] for line in DAEMON_TABLES[table].strip().splitlines()}
        want -= {"FOREIGN", "UNIQUE(height,"} | _ADDED_COLUMNS.get(table, {}).keys()
        if missing := sorted(want - have):
            raise ForeignDatabase(
                f"Table {table!r} of this database has no column {missing[0]!r}, so another"
                " program made it; nothing was written.",
                hint="Name nodedeck's own database with --db.",
            )


def check_writable(version: int) -> None:
    """Raise SchemaTooNew where this program must not write to a database of that version."""
    if version > VERSION:
        raise SchemaTooNew(
            f"A later nodedeck made this database (schema {version}, this one knows {VERSION});"
            " nothing was written.",
            hint="Upgrade nodedeck, or look with --read-only.",
        )


def install(db: Rows, *, created_by: str) -> None:
    """Create or adopt the schema; runs inside the caller's transaction.

    A database that a daemon made from the reference tables is adopted: its rows stay, and each
    entity gets its first audit row.
    """
    for table, columns in (DAEMON_TABLES | OWN_TABLES).items():
        db.execute_sql(f"CREATE TABLE IF NOT EXISTS {table}({columns})")
    for table, added in _ADDED_COLUMNS.items():
        have = {str(row[1]) for row in db.rows(f"PRAGMA table_info({table})")}
        for column, definition in added.items():
            if column not in have:
                db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {column} {definition}")
    upgrades.apply(db, after=1)
    _derive(db)
    import uuid  # nothing but a new database needs it

    for key, value in (
        ("schema_version", str(VERSION)),
        ("config_epoch", str(uuid.uuid4())),
        ("created_by", created_by),
    ):
        db.execute_sql(
            "INSERT INTO meta(key,value) VALUES(?,?) ON CONFLICT(key) DO NOTHING", (key, value)
        )


def upgrade(db: Rows) -> None:
    """Bring an older schema up to date and record it; runs inside the caller's transaction.

    What the log gains by it is signed ``nodedeck``.
    """
    version = version_of(db)  # another process may have been faster
    if version == VERSION:
        return
    newest = db.rows("SELECT coalesce(max(id), 0) FROM audit_log")[0][0]
    upgrades.apply(db, after=version)
    _derive(db)
    db.execute_sql(
        "UPDATE audit_log SET actor='nodedeck', reason=? WHERE id>?",
        (f"upgrade from schema {version} to {VERSION}", newest),
    )
    db.execute_sql("UPDATE meta SET value=? WHERE key='schema_version'", (str(VERSION),))


def _derive(db: Rows) -> None:
    """Make indexes, triggers and views as this version has them; bring the log in line."""
    from store import views

    have = {
        row[0]: row[1] for row in db.rows("SELECT name, sql FROM sqlite_master WHERE type='index'")
    }
    for index, columns in _INDEXES.items():
        sql = f"CREATE INDEX {index} ON {columns}"
        if have.get(index) != sql:  # a million rows are not indexed again for nothing
            db.execute_sql(f"DROP INDEX IF EXISTS {index}")
            db.execute_sql(sql)
    for name, _ in db.rows(_TRIGGERS):
        if str(name).startswith(("audit_", "services_", "access_log_")):
            db.execute_sql(f"DROP TRIGGER {name}")
    for name, sql in triggers.scaffold().items():
        db.execute_sql(f"DROP VIEW IF EXISTS {name}")
        db.execute_sql(sql)
    for sql in all_triggers().values():
        db.execute_sql(sql)
    for statement in audit.settled():
        db.execute_sql(statement)
    taken = {name for (name,) in db.rows("SELECT name FROM sqlite_master WHERE type='table'")}
    for name, sql in views.all_views().items():
        if name not in taken:  # a table that somebody made keeps its name
            db.execute_sql(f"DROP VIEW IF EXISTS {name}")
            db.execute_sql(sql)
    db.execute_sql(
        f"INSERT INTO meta(key,value) VALUES('schema_at',{audit.NOW})"
        " ON CONFLICT(key) DO UPDATE SET value=excluded.value"
    )


def repair(db: Rows) -> None:
    """Make triggers, indexes and views anew as this version has them, in the caller's transaction.

    The log gains a change for every value that was written past it.
    """
    db.execute_sql(f"CREATE TABLE IF NOT EXISTS {SCRATCH_TABLE}({OWN_TABLES[SCRATCH_TABLE]})")
    for index in altered_indexes(db):
        db.execute_sql(f"DROP INDEX IF EXISTS {index}")
    _derive(db)


def has_table(db: Rows, table: str) -> bool:
    """Whether a table is there: an older database that is only read lacks the newer ones."""
    return bool(db.rows("SELECT 1 FROM sqlite_master WHERE type='table' AND name=?", (table,)))


def altered_triggers(db: Rows) -> list[str]:
    """Names of triggers that are missing from the database or not as this version makes them."""
    return differing(db, "trigger", all_triggers())


def altered_indexes(db: Rows) -> list[str]:
    """Names of indexes that are missing from the database or not as this version makes them."""
    wanted = {name: f"CREATE INDEX {name} ON {columns}" for name, columns in _INDEXES.items()}
    return differing(db, "index", wanted)


def differing(db: Rows, kind: str, wanted: Mapping[str, str]) -> list[str]:
    """Names of what is missing from the schema table or not as wanted."""
    rows = db.rows("SELECT name, sql FROM sqlite_master WHERE type=?", (kind,))
    have = {row[0]: row[1] for row in rows}
    return [name for name, sql in wanted.items() if have.get(name) != sql]
