"""What is stored now, as it is stored: entities and their values, and how far the log has come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from store import audit, codec, paths
from store.database import Database
from store.paths import OTHER_SETTINGS, Kind

_TABLED: Final[dict[Kind, audit.Keyed | audit.Single]] = {
    Kind.CHAIN: audit.CHAIN,
    Kind.NODE: audit.NODES,
    Kind.PARAMS: audit.PARAMS,
    Kind.SETTING: audit.SHOWN_SETTINGS,
    Kind.VERSIONS: audit.VERSIONS,
    Kind.UPGRADE: audit.UPGRADE,
}


def newest_id(db: Database) -> int:
    """The id of the newest change, 0 where there is none."""
    return int(db.value("SELECT max(id) FROM audit_log") or 0)


def parse_time(text: str) -> datetime | None:
    """A UTC time as the database writes it (ISO 8601, or SQLite's own form), None if neither."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def present(db: Database, entity: audit.Keyed | audit.Single) -> Iterator[tuple[str, str]]:
    """(path, stored value) of every entity of a declaration; rows without a key are none."""
    for path, value in db.rows(entity.present()):
        if path is not None:
            yield path, value


def value_at(db: Database, address: paths.Address) -> Any:
    """The present value of one entity, decoded; None where it is absent.

    Reads the table, which is in force whatever somebody did to the log.
    """
    entity = _of(address)
    if entity is None:
        query = "SELECT new_json FROM audit_log WHERE path=? ORDER BY id DESC LIMIT 1"
        stored = db.value(query, (address.entity,))
    else:
        where, keys = _keyed(address)
        rows = entity.present(where) if isinstance(entity, audit.Keyed) else entity.present()
        query = f"SELECT value FROM ({rows}) WHERE path=? LIMIT 1"
        stored = db.value(query, (*keys, address.entity))
    return codec.entity_value(address.kind, address.entity, stored)


def _of(address: paths.Address) -> audit.Keyed | audit.Single | None:
    if address.kind is Kind.SEED:
        return next((seed for seed in audit.SEEDS if seed.path == address.entity), None)
    return _TABLED.get(address.kind)


def _keyed(address: paths.Address) -> tuple[str, tuple[str, ...]]:
    """A condition that finds the entity's row by its key; none where only the path tells it."""
    if address.kind not in (Kind.NODE, Kind.SETTING) or "x'" in address.entity:
        return "", ()
    parts = paths.split(address.entity)
    if address.kind is Kind.NODE:
        return "id=?", parts[1:2]
    texts = paths.written(address.entity)
    service = 1 if parts[0] == OTHER_SETTINGS else 0
    return "service=? AND key=?", (parts[service], ".".join(texts[service + 1 :]))


def config_epoch(db: Database) -> str:
    """The UUID of this database's history; a restored or remade database has another."""
    return str(db.value("SELECT value FROM meta WHERE key='config_epoch'") or "")
