"""What there is in a database's schema, compared with what this version makes."""

from __future__ import annotations

from store import schema, triggers, upgrades, views
from store.schema import Rows


def _all_tables() -> set[str]:
    return schema.DAEMON_TABLES.keys() | schema.OWN_TABLES.keys() | upgrades.tables()


def missing_tables(db: Rows) -> list[str]:
    """Names of tables of the present schema version that are not there."""
    return sorted(_all_tables() - schema.tables_of(db))


def foreign_triggers(db: Rows) -> list[tuple[str, str]]:
    """(name, table) of every trigger on a table of the schema that this version does not make."""
    tables = _all_tables()
    ours = schema.all_triggers()
    found = db.rows("SELECT name, lower(tbl_name) FROM sqlite_master WHERE type='trigger'")
    return [
        (str(name), str(table)) for name, table in found if table in tables and name not in ours
    ]


def altered_views(db: Rows) -> list[str]:
    """Names of views that are missing or altered; a table that took a view's name is let be."""
    taken = schema.tables_of(db)
    wanted = {name: sql for name, sql in views.all_views().items() if name not in taken}
    return schema.differing(db, "view", wanted | triggers.scaffold())


def ids_used(db: Rows) -> list[tuple[str, int, int]]:
    """(table, highest id given out, highest id there is) of each table whose ids never return."""
    given = {row[0]: row[1] for row in db.rows("SELECT name, seq FROM sqlite_sequence")}
    there = schema.tables_of(db)
    return [
        (table, _integer(given.get(table)), _integer(highest))
        for table in sorted(there & upgrades.counting(schema.DAEMON_TABLES | schema.OWN_TABLES))
        for ((highest,),) in (db.rows(f"SELECT max(id) FROM {table}"),)
    ]


def _integer(stored: object) -> int:
    """A stored id; SQLite takes what is none for 0."""
    return stored if isinstance(stored, int) else 0
