"""Writing as another program does: plain ``sqlite3``, nothing of nodedeck's."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.audit_state import any_text

Statement = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True)
class Raw:
    """Bytes that a statement stores as text, whether they are UTF-8 or not."""

    data: bytes


@contextmanager
def connect(path: Path, *, recursive_triggers: bool = False) -> Iterator[sqlite3.Connection]:
    """Another program's connection, in autocommit."""
    db = sqlite3.connect(path, isolation_level=None, timeout=5)
    try:
        db.text_factory = any_text
        db.execute(f"PRAGMA recursive_triggers={int(recursive_triggers)}")
        yield db
    finally:
        db.close()


def write(path: Path, *statements: str | Statement) -> None:
    """One transaction of another program."""
    with connect(path) as db:
        db.execute("BEGIN IMMEDIATE")
        for statement in statements:
            sql, values = (statement, ()) if isinstance(statement, str) else statement
            db.execute(sql, values)
        db.execute("COMMIT")


def node(node_id: Any, **columns: Any) -> Statement:
    """An INSERT of a node as a daemon makes it."""
    row = {
        "id": node_id,
        "host": "10.0.0.1",
        "inference_segment": "",
        "inference_port": 5050,
        "poc_segment": "",
        "poc_port": 8080,
        "models": '{"Qwen":{"args":[]}}',
        "max_concurrent": 500,
        "hardware": "[]",
        "version": "v1",
    } | columns
    return insert("inference_nodes", row)


def seed(kind: str, value: int, epoch: int, **columns: Any) -> Statement:
    """An INSERT of a seed as a daemon makes it."""
    row = {"type": kind, "seed": value, "epoch_index": epoch, "signature": "ab"} | columns
    return insert("seed_info", row)


def insert(table: str, row: dict[str, Any], *, verb: str = "INSERT", tail: str = "") -> Statement:
    """An INSERT of named columns; ``Raw`` values become text of any bytes."""
    marks = ",".join(map(_mark, row.values()))
    sql = f"{verb} INTO {table}({','.join(row)}) VALUES({marks}) {tail}"
    return sql.strip(), tuple(map(_bound, row.values()))


def _mark(value: Any) -> str:
    return "CAST(? AS TEXT)" if isinstance(value, Raw) else "?"


def _bound(value: Any) -> Any:
    return value.data if isinstance(value, Raw) else value


AUDITED = (
    "chain_state",
    "seed_info",
    "network_params",
    "node_versions",
    "upgrade_plans",
    "inference_nodes",
    "settings",
    "setting_profiles",
    "feature_flags",
    "provider_configs",
    "mlnode_security",
)

# few keys, so that statements hit the same rows again and again
_KEYS = ("a", "b", "node-2.rack4", "", "q\"u'o", "nul\0byte", "ünïcode ✓", None, b"\x00blob")
_TEXTS = ("", "x", "it's", 'say "hi"', "a\0b", "✓\n\t", b"\xff\x00", 7, -1.5, float("inf"))
_JSONS = ("{}", "[]", '{"m":{"args":["--x"]}}', "not json", '{"a":', "1", "1.25", '"t"', "null")
_SEALED = f"sealed:v1:0123456789abcdef:{'Ab+/' * 10}=="
_SECRETS = ("hunter2", "hunter3", "", _SEALED, f"{_SEALED}\0x", f"{_SEALED}!", b"\x00key", 7)
_INTEGERS = (0, 1, -1, 2**63 - 1, -(2**63), "text", b"\x01", 1e300, float("-inf"), 0.1)
_FLAGS = (0, 1, 1, 1, 2, "yes", None)


class RandomWriter:
    """A foreign program with no manners: every kind of statement on every audited table."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311
        pick = self._pick
        texts = (*_TEXTS, Raw(b"bad\xff\xfeutf8"))
        keys = (*_KEYS, Raw(b"k\xe9y"))
        self._columns: dict[str, dict[str, Any]] = {
            "chain_state": {
                "key": lambda: pick((*keys, "current_height", "merged_node_config")),
                "value": lambda: pick((*texts, "100", "101", None)),
            },
            "seed_info": {
                "type": lambda: pick(("previous", "current", "upcoming", "other", b"current")),
                "seed": lambda: pick(_INTEGERS),
                "epoch_index": lambda: pick(_INTEGERS),
                "signature": lambda: pick(texts),
                "is_active": lambda: pick(_FLAGS),
                "claimed": lambda: pick((0, 0, 1, 5)),
            },
            "network_params": {
                "param_type": lambda: pick((*keys, "validation", "bandwidth")),
                "param_data": lambda: pick((*_JSONS, *texts)),
            },
            "node_versions": {
                "height": lambda: pick((*_INTEGERS, 10, 20)),
                "version": lambda: pick(("v1", "v2", *texts)),
            },
            "upgrade_plans": {
                "name": lambda: pick(texts),
                "height": lambda: pick(_INTEGERS),
                "binaries": lambda: pick((*_JSONS, *texts)),
                "is_active": lambda: pick(_FLAGS),
                "node_version": lambda: pick(texts),
            },
            "inference_nodes": {
                "id": lambda: pick((*keys, "node1")),
                "host": lambda: pick(texts),
                "inference_segment": lambda: "",
                "inference_port": lambda: pick(_INTEGERS),
                "poc_segment": lambda: pick(texts),
                "poc_port": lambda: 8080,
                "models": lambda: pick((*_JSONS, *texts)),
                "max_concurrent": lambda: pick(_INTEGERS),
                "hardware": lambda: pick((*_JSONS, *texts)),
                "version": lambda: pick(("v1", "v2")),
                "is_enabled": lambda: pick(_FLAGS),
            },
            "settings": {
                "service": lambda: pick(("svc", "api", "x_params", "flags", "svc 2", b"s", "")),
                "key": lambda: pick(("a", "b", "c.d", '"e.f"', b"k", "nul\0")),
                "value_json": lambda: pick((*_JSONS, *texts, f'"{_SEALED}"')),
                "is_secret": lambda: pick((0, 0, 0, 1)),
            },
        }
        self._columns |= {
            "setting_profiles": {
                "service": lambda: pick(("svc", "api", "svc 2", b"s", "")),
                "name": lambda: pick(("day", "night shift", b"n", "nul\0")),
                "values_json": lambda: pick((*_JSONS, *texts)),
            },
            "feature_flags": {
                "name": lambda: pick(keys),
                "value_json": lambda: pick((*_JSONS, *texts)),
                "description": lambda: pick(("", "what for")),
            },
            "provider_configs": {
                "provider": lambda: pick(keys),
                "api_key": lambda: pick(_SECRETS),
                "model": lambda: pick(("", "small", b"m")),
            },
            "mlnode_security": {
                "node_id": lambda: pick(keys),
                "security_key": lambda: pick(_SECRETS),
            },
        }
        self._keys = {
            "chain_state": ("key",),
            "network_params": ("param_type",),
            "inference_nodes": ("id",),
            "settings": ("service", "key"),
            "setting_profiles": ("service", "name"),
            "feature_flags": ("name",),
            "provider_configs": ("provider",),
            "mlnode_security": ("node_id",),
            "node_versions": ("height", "version"),
        }

    def _pick(self, values: Iterable[Any]) -> Any:
        return self.random.choice(tuple(values))

    def row(self, table: str) -> dict[str, Any]:
        """Random columns of a table, sometimes with an explicit row id."""
        row = {name: make() for name, make in self._columns[table].items()}
        if self.random.random() < 0.3:
            row["rowid"] = self._pick((-1, 1, 2, 3, 4, 5))
        return row

    def statement(self) -> list[Statement]:
        """One act of a program, in one or several statements."""
        table = self._pick(AUDITED)
        acts = (self._insert, self._insert, self._upsert, self._update, self._delete, self._flush)
        return list(self._pick((*acts, self._brief_life))(table))

    def _insert(self, table: str) -> Iterator[Statement]:
        verbs = ("INSERT", "INSERT OR REPLACE", "REPLACE", "INSERT OR IGNORE", "INSERT OR FAIL")
        yield insert(table, self.row(table), verb=self._pick(verbs))

    def _upsert(self, table: str) -> Iterator[Statement]:
        row = self.row(table)
        if table not in self._keys:
            yield insert(table, row)
            return
        changed = [name for name in row if name not in (*self._keys[table], "rowid")] or ["height"]
        updates = ",".join(f"{name}=excluded.{name}" for name in changed)
        tail = f"ON CONFLICT({','.join(self._keys[table])}) DO UPDATE SET {updates}"
        yield insert(table, row, verb=self._pick(("INSERT", "INSERT OR REPLACE")), tail=tail)

    def _update(self, table: str) -> Iterator[Statement]:
        row = self.row(table)
        names = self.random.sample(sorted(row), k=self.random.randint(1, min(3, len(row))))
        sets = ",".join(f"{name}={_mark(row[name])}" for name in names)
        where = self._pick(("rowid=?", "rowid>?", "rowid<=?"))
        verb = self._pick(("UPDATE", "UPDATE OR REPLACE", "UPDATE OR IGNORE"))
        values = (*(_bound(row[name]) for name in names), self.random.randint(0, 6))
        yield f"{verb} {table} SET {sets} WHERE {where}", values

    def _delete(self, table: str) -> Iterator[Statement]:
        where = self._pick(("rowid=?", "rowid>?"))
        yield f"DELETE FROM {table} WHERE {where}", (self.random.randint(0, 6),)

    def _flush(self, table: str) -> Iterator[Statement]:
        """A daemon that writes its memory: everything goes and comes back."""
        yield "DROP TABLE IF EXISTS temp.kept", ()
        yield f"CREATE TEMP TABLE kept AS SELECT * FROM {table}", ()
        yield f"DELETE FROM {table}", ()
        if self.random.random() < 0.8:
            yield f"INSERT INTO {table} SELECT * FROM temp.kept", ()

    def _brief_life(self, table: str) -> Iterator[Statement]:
        yield insert(table, self.row(table), verb="INSERT OR REPLACE")
        if table in ("seed_info", "upgrade_plans"):
            yield f"UPDATE {table} SET is_active=0 WHERE rowid=(SELECT max(rowid) FROM {table})", ()
        else:
            yield f"DELETE FROM {table} WHERE rowid=(SELECT max(rowid) FROM {table})", ()

    def transaction(self, db: sqlite3.Connection) -> None:
        """Run one transaction, now and then rolled back in part or whole."""
        db.execute("BEGIN IMMEDIATE")
        for _ in range(self.random.randint(1, 4)):
            partly = self.random.random() < 0.15
            if partly:
                db.execute("SAVEPOINT part")
            for sql, values in self.statement():
                try:
                    db.execute(sql, values)
                except sqlite3.IntegrityError:
                    continue  # the tables' own constraints, which every writer meets
            if partly:
                undo = self.random.random() < 0.5
                db.execute("ROLLBACK TO part" if undo else "RELEASE part")
        db.execute("ROLLBACK" if self.random.random() < 0.1 else "COMMIT")
