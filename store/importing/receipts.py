"""What an import leaves of itself: its receipt, in the database and beside the file's copy.

A receipt says who, when, on which host and why, the file's digests before and after, the counts,
and for every leaf what the plan said. It is JSON with one leaf a line, put together and handed on
as text: as one object, that of ten thousand nodes would keep a whole console waiting.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from store import codec, files
from store.database import Database
from store.manager import ConfigManager

IMPORT: Final = "nodedeck.import.receipt/1"
ROLLBACK: Final = "nodedeck.import.rollback/1"

_PUT: Final = "INSERT INTO imports(at,actor,host,receipt_json) VALUES(?,?,?,?)"
_OF_UNIT: Final = (
    "SELECT id, receipt_json FROM imports WHERE json_valid(receipt_json)"
    " AND json_extract(receipt_json,'$.token')=?"
)
_FACTS: Final = "SELECT json_remove(receipt_json,'$.items') FROM imports WHERE id=?"
_DONE: Final = (
    "SELECT id, json_extract(receipt_json,'$.schema'), json_extract(receipt_json,'$.of'),"
    " json_extract(receipt_json,'$.state')"
    " FROM imports WHERE json_valid(receipt_json) ORDER BY id DESC"
)
_SHOWN: Final = ("file", "role", "digest", "backup", "totals", "of", "state")
_FILES: Final = (
    "(SELECT json_group_array(json_extract(value,'$.file')) FROM json_each(receipt_json,'$.files'))"
)
_LISTED: Final = (
    "SELECT id, at, actor, CASE WHEN json_valid(receipt_json) THEN json_object("
    + ",".join(f"'{name}',json_extract(receipt_json,'$.{name}')" for name in _SHOWN)
    + f",'files',json({_FILES}))"
    + " ELSE '{}' END FROM imports ORDER BY id DESC"
)


def keep(manager: ConfigManager, host: str, facts: Mapping[str, Any]) -> int:
    """Store a receipt inside the caller's transaction; its number.

    ``facts`` are its fields but the time, the host and who did it; ``items``, if there are any,
    come last.
    """
    at = manager.clock().isoformat(timespec="milliseconds")
    head = {name: value for name, value in facts.items() if name != "items"}
    head |= {"at": at, "actor": manager.actor, "host": host}
    text = _text(head, facts.get("items", ()))
    stored = manager.database.execute_sql(_PUT, (at, manager.actor, host, text))
    return int(stored.lastrowid or 0)


def _text(head: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> str:
    begun = codec.dump(head)
    if not items:
        return begun
    lines = ",\n".join(map(_line, items))
    return f'{begun[:-1]},"items":[\n{lines}\n]}}'


def _line(item: Mapping[str, Any]) -> str:
    try:
        return codec.dump(item)
    except ValueError:  # another program's 1e999 in the database is infinity, which JSON lacks
        return codec.dump({name: _sayable(value) for name, value in item.items()})


def _sayable(value: Any) -> Any:
    try:
        codec.dump(value)
    except ValueError:
        return repr(value)
    return value


def is_kept(db: Database, token: str) -> bool:
    """Whether the database holds the receipt of the unit with this token."""
    return bool(db.rows(_OF_UNIT, (token,)))


def write_beside(db: Database, token: str, place: Path) -> None:
    """Write the receipt of a unit as a JSON file; raises NodedeckError where that fails."""
    ((number, stored),) = db.rows(_OF_UNIT, (token,))
    files.write(place, f'{{"id":{number},{stored[1:]}\n'.encode())


def beside(copy: Path) -> Path:
    """The place of the receipt that belongs to a file's copy."""
    return copy.with_name(copy.name.replace(".pre-migration.", ".import-receipt.", 1) + ".json")


def listed(manager: ConfigManager) -> list[dict[str, Any]]:
    """The receipts of imports and rollbacks, newest first, without their plans' rows.

    ``of`` and ``state`` are None but for a rollback: the import that it took back, and what it
    brought back. ``files`` are all files of either.
    """
    db = manager.database
    with db.reading():
        rows = db.rows(_LISTED)
    found = []
    for number, at, actor, shown in rows:
        summary = codec.load(shown)
        summary["totals"] = summary.get("totals") or {}
        summary["files"] = summary.get("files") or [summary.get("file")]
        found.append({"id": number, "at": at, "actor": actor, **summary})
    return found


def done(db: Database) -> tuple[list[int], dict[int, dict[str, int]]]:
    """The numbers of imports, newest first; of each one taken back its rollbacks' receipts.

    Those are by the state that they brought back.
    """
    rows = db.rows(_DONE)
    taken_back: dict[int, dict[str, int]] = {}
    for number, schema, of, state in rows:
        if schema == ROLLBACK:
            taken_back.setdefault(of, {})[state] = number
    return [number for number, schema, *_ in rows if schema == IMPORT], taken_back


def facts(db: Database, number: int) -> dict[str, Any]:
    """What the receipt of an import says, without its plan's rows."""
    found: dict[str, Any] = codec.load(db.value(_FACTS, (number,)))
    return found
