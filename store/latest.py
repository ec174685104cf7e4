"""What is stored now, as it is stored: entities and their values, and how far the log has come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from store import audit, codec, paths
from store.database import Database


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

    Reads the newest audit row, which holds the present value by the audit log's invariant.
    """
    stored = db.value(
        "SELECT new_json FROM audit_log WHERE path=? ORDER BY id DESC LIMIT 1", (address.entity,)
    )
    return codec.entity_value(address.kind, address.entity, stored)


def config_epoch(db: Database) -> str:
    """The UUID of this database's history; a restored or remade database has another."""
    return str(db.value("SELECT value FROM meta WHERE key='config_epoch'") or "")
