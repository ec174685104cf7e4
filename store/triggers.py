"""The audit log's triggers, generated from the declarations in ``audit``.

Every trigger does one thing: *reconcile* an entity that a row may touch. It works out the entity's
present value from the table, compares it with the newest audit row of the entity's path, and where
they differ appends one row. Results are compared, not statements, so replace, upsert, rename and
insert-then-deactivate all come out right.

Triggers use core SQL functions, tables and views only: anything else breaks other writers. Each
expression stands in the schema once, behind a view that triggers write to (see ``scaffold``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from store.audit import KEYED, NOW, SINGLES, Keyed
from store.sealing.wording import marking_sql

# a deletion that nobody signed is taken back when the entity returns within this many seconds
_FRESH: Final = "(actor IS NULL AND (julianday('now')-julianday(at))*86400.0 BETWEEN 0 AND 5.0)"
# all names of a row's number, so that an update that leaves it alone pays nothing
_ROW_ID: Final = "rowid,oid,_rowid_"
_DISPLACED: Final = "(SELECT value FROM audit_displaced WHERE tbl='{table}')"
_SEEN: Final = "audit_seen"
_MARKED: Final = "audit_marked"


def _look_at(table: str, *keys: str) -> str:
    """The statement that has the entity of a table under these keys (SQL) looked at.

    Here and below VALUES, since a SELECT without a table takes twice as long.
    """
    return f"INSERT INTO audit_of_{table} VALUES({','.join(keys or ('0',))});"


def scaffold() -> dict[str, str]:
    """The CREATE statement of every view that triggers write to, by its name.

    Nothing stands in them. What is inserted is what an INSTEAD OF trigger works on, so that each
    expression and the reconciling itself are in the schema once: every connection of every
    program parses it whole.
    """
    shapes = {_SEEN: ("path", "value"), _MARKED: ("path",)}
    shapes |= {f"audit_of_{entity.table}": entity.keys for entity in KEYED}
    shapes |= {f"audit_of_{single.table}": ("touched",) for single in SINGLES}
    return {
        name: f"CREATE VIEW {name} AS SELECT "
        + ",".join(f"NULL AS {column}" for column in columns)
        + " WHERE 0"
        for name, columns in shapes.items()
    }


def _reconciling() -> Iterator[tuple[str, str]]:
    """What brings the newest audit row of one path in line with what was seen."""
    yield (
        f"{_SEEN}_insert",
        f"""INSTEAD OF INSERT ON {_SEEN} WHEN NEW.path IS NOT NULL BEGIN
  INSERT INTO audit_log(at,path,action,old_json,new_json)
    SELECT {NOW}, NEW.path,
      CASE WHEN NEW.value IS NULL THEN 'D'
           WHEN h.id IS NULL OR (h.action='D' AND NOT {_FRESH}) THEN 'I'
           WHEN h.action='D' AND h.old_json IS NEW.value THEN 'R' ELSE 'U' END,
      CASE WHEN h.action='D' AND {_FRESH} THEN h.old_json ELSE h.new_json END, NEW.value
    FROM (SELECT max(id) AS newest FROM audit_log WHERE path=NEW.path)
    LEFT JOIN audit_log h ON h.id=newest
    WHERE NEW.value IS NOT h.new_json; END""",
    )
    yield (
        "audit_log_insert",
        f"""AFTER INSERT ON audit_log WHEN NEW.action<>'I' BEGIN
  DELETE FROM audit_log WHERE id=(SELECT max(id) FROM audit_log WHERE path=NEW.path AND id<NEW.id)
    AND CASE NEW.action WHEN 'D' THEN action='R' AND actor IS NULL
                        ELSE action='D' AND {_FRESH} END; END""",
    )


def _same(keys: tuple[str, ...]) -> str:
    return " AND ".join(f"OLD.{key} IS NEW.{key}" for key in keys)


def _keyed_triggers(entity: Keyed) -> Iterator[tuple[str, str]]:
    table = entity.table
    row = {
        alias: _look_at(table, *(f"{alias}.{key}" for key in entity.keys))
        for alias in ("NEW", "OLD")
    }
    inserted, updated = _marks(entity)
    path, value = entity.one({key: f"NEW.{key}" for key in entity.keys})
    yield (
        f"audit_of_{table}_insert",
        f"INSTEAD OF INSERT ON audit_of_{table} BEGIN"
        f" INSERT INTO {_SEEN} VALUES({path}, {value}); END",
    )
    yield f"audit_{table}_insert", f"AFTER INSERT ON {table} BEGIN{inserted} {row['NEW']} END"
    yield f"audit_{table}_update", f"AFTER UPDATE ON {table} BEGIN{updated} {row['NEW']} END"
    yield (
        f"audit_{table}_rename",
        f"AFTER UPDATE OF {','.join(entity.keys)} ON {table} WHEN NOT ({_same(entity.keys)})"
        f" BEGIN {row['OLD']} END",
    )
    yield f"audit_{table}_delete", f"AFTER DELETE ON {table} BEGIN {row['OLD']} END"
    yield from _displacement_triggers(entity)


def _marks(entity: Keyed) -> tuple[str, str]:
    """What counts a change of a secret in clear, on insert and on update.

    Two clear values cannot be told apart in the log, which holds neither. An insert under a path
    that the log knows counts as a change, since what stood there before is gone.
    """
    secret = entity.secret
    if secret is None:
        return "", ""
    path = entity.path.format(r="NEW")
    keys = " AND ".join(f"{key}=NEW.{key}" for key in entity.keys)
    clear = f"EXISTS (SELECT 1 FROM {entity.table} WHERE {keys} AND {secret.clear})"
    known = f"EXISTS (SELECT 1 FROM audit_log WHERE path={path})"
    column = secret.column
    other = f"(OLD.{column} IS NOT NEW.{column} OR NOT ({_same(entity.keys)}))"

    def marked(when: str) -> str:
        path_then = f"CASE WHEN {clear} AND {when} THEN {path} END"
        return f"{secret.first} INSERT INTO {_MARKED} VALUES({path_then});"

    return marked(known), marked(other)


def _displacement_triggers(entity: Keyed) -> Iterator[tuple[str, str]]:
    """REPLACE by row id throws out a row of another key and fires no delete trigger for it.

    Before such a statement the key of the row in the way is noted, after it that entity is
    reconciled too. Where the statement is ignored after all, the note does no harm.
    """
    table = entity.table
    keys = (_DISPLACED.format(table=f"{table}.{column}") for column in entity.keys)
    looked_at = _look_at(table, *keys)
    notes = " ".join(
        f"INSERT INTO audit_displaced(tbl,value)"
        f" SELECT '{table}.{column}', {column} FROM {table} WHERE rowid=NEW.rowid;"
        for column in entity.keys
    )
    clear = f"DELETE FROM audit_displaced WHERE tbl GLOB '{table}.*';"
    other = " OR ".join(f"{column} IS NOT NEW.{column}" for column in entity.keys)
    in_the_way = f"EXISTS (SELECT 1 FROM {table} WHERE rowid=NEW.rowid AND ({other}))"
    noted = f"EXISTS (SELECT 1 FROM audit_displaced WHERE tbl='{table}.{entity.keys[0]}')"
    for event, when in (
        ("INSERT", in_the_way),
        (f"UPDATE OF {_ROW_ID}", f"NEW.rowid<>OLD.rowid AND {in_the_way}"),
    ):
        name = f"audit_{table}_{event[:6].lower()}"
        yield f"{name}_before", f"BEFORE {event} ON {table} WHEN {when} BEGIN {clear} {notes} END"
        yield (
            f"{name}_displaced",
            f"AFTER {event} ON {table} WHEN {noted} BEGIN {looked_at} {clear} END",
        )


def _single_triggers(table: str) -> Iterator[tuple[str, str]]:
    # a REPLACE can hit a row of another type, so all entities of the table are looked at
    work = " ".join(
        f"INSERT INTO {_SEEN} VALUES('{single.path}', ({single.select}));"
        for single in SINGLES
        if single.table == table
    )
    yield f"audit_of_{table}_insert", f"INSTEAD OF INSERT ON audit_of_{table} BEGIN {work} END"
    for event in ("INSERT", "UPDATE", "DELETE"):
        yield (
            f"audit_{table}_{event.lower()}",
            f"AFTER {event} ON {table} BEGIN {_look_at(table)} END",
        )


def triggers() -> dict[str, str]:
    """The CREATE statement of every audit trigger, by trigger name."""
    bodies = dict(_reconciling()) | {
        f"{_MARKED}_insert": f"INSTEAD OF INSERT ON {_MARKED} WHEN NEW.path IS NOT NULL"
        f" BEGIN {marking_sql('NEW.path')} END"
    }
    for entity in KEYED:
        bodies |= dict(_keyed_triggers(entity))
    for table in dict.fromkeys(single.table for single in SINGLES):
        bodies |= dict(_single_triggers(table))
    return {name: f"CREATE TRIGGER {name} {body}" for name, body in bodies.items()}
