"""The present values of all settings, for the document.

The audit log's expressions say what a setting's path and value are, and SQLite takes three times as
long to work them out as to fetch the row. Rows as nodedeck writes them, which is nearly every row,
are therefore read as they are; where a single one is odd, the expressions answer for all.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import Any, Final

from store import audit, codec, latest, paths
from store.database import Database
from store.paths import Kind
from store.sealing import wording

_ROWS: Final = "SELECT service, key, is_secret, value_json FROM settings ORDER BY rowid"
_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


class OddRow(Exception):
    """A row that only a foreign writer could have made."""


def _refuse(constant: str) -> Any:
    raise OddRow(constant)


# it refuses what Python takes for JSON and SQLite does not, and stops behind the first value
_scan: Final = json.JSONDecoder(parse_constant=_refuse).raw_decode


def present(db: Database) -> list[tuple[str, Any]]:
    """Path and decoded value of every setting in row order; a secret's value is the mask."""
    try:
        return [read(*row) for row in db.rows(_ROWS)]
    except (OddRow, ValueError, RecursionError):
        return [
            (path, codec.entity_value(Kind.SETTING, path, stored))
            for path, stored in latest.present(db, audit.SHOWN_SETTINGS)
        ]


def read(service: Any, key: Any, is_secret: Any, stored: Any) -> tuple[str, Any]:
    """Path and decoded value of a row as nodedeck writes it.

    Raises OddRow, or ValueError for text that is no JSON, where it is none.
    """
    texts = isinstance(service, str) and isinstance(key, str) and isinstance(stored, str)
    if not texts or not _plain(service):
        raise OddRow
    if is_secret != 0:
        return f"{service}.{key}", codec.MASK
    value, end = _scan(stored)
    if end != len(stored):
        raise OddRow
    if wording.is_sealed(value):
        value = codec.MASK
    # a deep one is for the decoder that knows where to stop
    return f"{service}.{key}", codec.load(stored) if isinstance(value, dict | list) else value


@lru_cache(maxsize=256)
def _plain(service: str) -> bool:
    return bool(_BARE.fullmatch(service)) and not paths.is_reserved(service)
