"""The audit log's promises, checked against the tables by other means than the triggers'.

The present state is worked out here in Python from plain rows. Nothing of ``store.audit`` or
``store.paths`` takes part, so that a mistake there cannot excuse itself.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

CHAIN_KEYS = (
    "current_height",
    "last_processed_height",
    "current_node_version",
    "last_used_version",
    "merged_node_config",
)
RESERVED = {
    *CHAIN_KEYS,
    *("previous_seed", "current_seed", "upcoming_seed", "node_versions", "upgrade_plan", "nodes"),
    *("api", "chain_node", "ml_node_key_config", "nats", "chain_state", "settings"),
    *("profiles", "flags", "provider_configs"),
}
NODE_COLUMNS = (
    "host",
    "inference_segment",
    "inference_port",
    "poc_segment",
    "poc_port",
    "max_concurrent",
    "version",
    "is_enabled",
)
_SEALED = re.compile(r"sealed:v1:[0-9a-f]{16}:[A-Za-z0-9+/=]*")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)")


def any_text(data: bytes) -> str:
    """A text factory that keeps bytes that are not UTF-8 apart."""
    return data.decode("utf-8", "surrogateescape")


def assert_sound(db: sqlite3.Connection) -> None:
    """The newest row of each path holds its present value, and old and new values join up."""
    told, held = _canonical(logged(db)), _canonical(present(db))
    wrong = {path: (told.get(path), held.get(path)) for path in told.keys() | held.keys()}
    wrong = {path: pair for path, pair in wrong.items() if pair[0] != pair[1]}
    assert not wrong, f"(log, table) differ: {wrong}"
    broken = db.execute(
        "SELECT id, path, action, old_json, before FROM (SELECT *, lag(new_json)"
        " OVER (PARTITION BY path ORDER BY id) AS before FROM audit_log)"
        " WHERE old_json IS NOT before"
    ).fetchall()
    assert not broken, broken
    odd = db.execute(
        "SELECT id, path, action, old_json, new_json FROM audit_log WHERE NOT CASE action"
        " WHEN 'I' THEN old_json IS NULL AND new_json IS NOT NULL"
        " WHEN 'D' THEN old_json IS NOT NULL AND new_json IS NULL"
        " WHEN 'U' THEN old_json <> new_json"
        " WHEN 'R' THEN old_json = new_json ELSE 0 END"
    ).fetchall()
    assert not odd, odd


def logged(db: sqlite3.Connection) -> dict[str, Any]:
    """The state as the log tells it."""
    rows = db.execute(
        "SELECT path, new_json FROM audit_log WHERE id IN"
        " (SELECT max(id) FROM audit_log GROUP BY path) AND new_json IS NOT NULL"
    )
    return {path: json.loads(stored) for path, stored in rows}


def present(db: sqlite3.Connection) -> dict[str, Any]:
    """The state as the tables tell it."""
    pairs = [
        *_chain(db),
        *_nodes(db),
        *_params(db),
        *_settings(db),
        *_profiles(db),
        *_flags(db),
        *_providers(db),
        *_node_keys(db),
        *_seeds(db),
        *_versions(db),
        *_plan(db),
    ]
    state = dict(pairs)
    assert len(state) == len(pairs), "two entities share a path"
    return state


def _chain(db: sqlite3.Connection) -> Iterator[tuple[str, Any]]:
    for key, value in db.execute("SELECT key, value FROM chain_state WHERE key IS NOT NULL"):
        yield key if key in CHAIN_KEYS else f"chain_state.{_part(key)}", _plain(value)


def _nodes(db: sqlite3.Connection) -> Iterator[tuple[str, Any]]:
    columns = ",".join(NODE_COLUMNS)
    for node_id, models, hardware, *rest in db.execute(
        f"SELECT id, models, hardware, {columns} FROM inference_nodes WHERE id IS NOT NULL"
    ):
        value = dict(zip(NODE_COLUMNS, map(_plain, rest), strict=True))
        value |= {"models": _embedded(models), "hardware": _embedded(hardware)}
        yield f"nodes.{_part(node_id)}", value


def _params(db: sqlite3.Connection) -> Iterator[tuple[str, Any]]:
    for kind, data in db.execute(
        "SELECT param_type, param_data FROM network_params WHERE param_type IS NOT NULL"
    ):
        path = f"{_plain(kind)}_params" if isinstance(kind, bytes) else _part(f"{kind}_params")
        yield path, _embedded(data)


def _settings(db: sqlite3.Connection) -> Iterator[tuple[str, Any]]:
    for service, key, secret, value in db.execute(
        "SELECT service, key, is_secret, value_json FROM settings"
    ):
        reserved = isinstance(service, str) and (service in RESERVED or service[-7:] == "_params")
        path = f"{'settings.' if reserved else ''}{_part(service)}.{_plain(key)}"
        if secret == 0:
            yield path, _embedded(value)
        else:
            sealed = isinstance(value, str) and re.fullmatch(f'"{_SEALED.pattern}"', value)
            yield path, json.loads(value) if sealed else _covered(db, path)


def _providers(db: sqlite3.Connection) -> Iterator[tuple[str, Any]]:
    for name, key, url, model in db.execute(
        "SELECT provider, api_key, base_url, model FROM provider_configs WHERE provider IS NOT NULL"
    ):
        path = f"provider_configs.{_part(name)}"
        fields = {"base_url": _plain(url), "model": _plain(model)}
        yield path, {"api_key": _key(db, path, key), **fields}


def _node_keys(db: sqlite3.Connection) -> Iterator[tuple[str, Any]]:
    for node_id, key in db.execute(
        "SELECT node_id, security_key FROM mlnode_security WHERE node_id IS NOT NULL"
    ):
        path = f"nodes.{_part(node_id)}.security_key"
        yield path, _key(db, path, key)


def _key(db: sqlite3.Connection, path: str, stored: Any) -> Any:
    """A key as the log may tell it: sealed, or none, or covered."""
    sealed = isinstance(stored, str) and _SEALED.fullmatch(stored)
    return stored if sealed or stored in (None, "") else _covered(db, path)


def _covered(db: sqlite3.Connection, path: str) -> str:
    known = path.encode("utf-8", "surrogateescape")
    query = "SELECT mark FROM secret_marks WHERE path=CAST(? AS TEXT)"
    row = db.execute(query, (known,)).fetchone()
    return f"********#{row[0]}" if row else "********"


def _profiles(db: sqlite3.Connection) -> Iterator[tuple[str, Any]]:
    for service, name, values in db.execute(
        "SELECT service, name, values_json FROM setting_profiles"
    ):
        yield f"profiles.{_part(service)}.{_part(name)}", _embedded(values)


def _flags(db: sqlite3.Connection) -> Iterator[tuple[str, Any]]:
    for name, value in db.execute(
        "SELECT name, value_json FROM feature_flags WHERE name IS NOT NULL"
    ):
        yield f"flags.{_part(name)}", _embedded(value)


def _seeds(db: sqlite3.Connection) -> Iterator[tuple[str, Any]]:
    newest: dict[str, Any] = {}
    for kind, active, *fields in db.execute(
        "SELECT type, is_active, seed, epoch_index, signature, claimed FROM seed_info ORDER BY id"
    ):
        if kind in ("previous", "current", "upcoming") and _true(active):
            names = ("seed", "epoch_index", "signature", "claimed")
            newest[f"{kind}_seed"] = dict(zip(names, map(_plain, fields), strict=True))
    yield from newest.items()


def _versions(db: sqlite3.Connection) -> Iterator[tuple[str, Any]]:
    rows = db.execute("SELECT height, version FROM node_versions ORDER BY height, version")
    stack = [{"height": _plain(height), "version": _plain(version)} for height, version in rows]
    if stack:
        yield "node_versions", {"versions": stack}


def _plan(db: sqlite3.Connection) -> Iterator[tuple[str, Any]]:
    newest: dict[str, Any] | None = None
    for active, name, height, version, binaries in db.execute(
        "SELECT is_active, name, height, node_version, binaries FROM upgrade_plans ORDER BY id"
    ):
        if _true(active):
            newest = {
                "name": _plain(name),
                "height": _plain(height),
                "node_version": _plain(version),
                "binaries": _embedded(binaries),
            }
    if newest is not None:
        yield "upgrade_plan", newest


def _part(stored: str | bytes) -> str:
    if isinstance(stored, bytes):
        return str(_plain(stored))
    bare = re.fullmatch(r"[A-Za-z0-9_-]+", stored)
    return stored if bare else json.dumps(stored, ensure_ascii=False)


def _plain(stored: Any) -> Any:
    if isinstance(stored, bytes):
        return f"x'{stored.hex().upper()}'"
    if isinstance(stored, float) and abs(stored) == float("inf"):
        return "inf" if stored > 0 else "-inf"
    return stored


def _embedded(stored: Any) -> Any:
    if not isinstance(stored, str):
        return _plain(stored)
    try:
        return json.loads(stored, parse_constant=_refuse)
    except ValueError:
        return stored


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _true(stored: Any) -> bool:
    """What SQLite takes for true: a number that is not zero, or text that begins like one."""
    if isinstance(stored, bytes):
        stored = stored.decode("utf-8", "replace")
    if isinstance(stored, str):
        match = _NUMBER.match(stored)
        stored = float(match[0]) if match else 0
    return bool(stored)


def _canonical(state: dict[str, Any]) -> dict[str, str]:
    """Values as text, keys in order; SQLite writes 15 digits of a real, so 14 are compared."""
    return {path: json.dumps(_rounded(value)) for path, value in state.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.14g}")
    if isinstance(value, dict):
        return {name: _rounded(below) for name, below in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    return value
