"""The imports done so far, as somebody looks at them who may want to take one back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from store import codec, latest
from store.importing import receipts
from store.importing.rollback import State
from store.manager import ConfigManager

_FIELDS: Final = ("file", "backup", "backups", "totals", "reason")
_IMPORTS: Final = (
    "SELECT id, at, actor, host, json_object("
    + ",".join(f"'{name}',json_extract(receipt_json,'$.{name}')" for name in _FIELDS)
    + ") FROM imports WHERE json_valid(receipt_json)"
    f" AND json_extract(receipt_json,'$.schema')='{receipts.IMPORT}' ORDER BY id DESC"
)


@dataclass(frozen=True, slots=True)
class Import:
    """One import: its receipt's number, when, who and why, its files, and the leaves by action.

    ``at`` is None where the database has no time there, and one that read another database alone
    is not ``of_files``. ``taken_back`` are the receipts of its rollbacks, by the state that each
    brought back.
    """

    number: int
    at: datetime | None
    actor: str
    host: str
    reason: str
    files: tuple[str, ...]
    of_files: bool
    totals: Mapping[str, int]
    taken_back: Mapping[State, int]

    @property
    def left(self) -> tuple[State, ...]:
        """The states that a rollback of it may still bring back, as far as its receipts tell."""
        if State.BEFORE in self.taken_back:
            return ()
        states = tuple(State) if self.of_files else (State.BEFORE,)
        return tuple(state for state in states if state not in self.taken_back)


def imports(manager: ConfigManager) -> list[Import]:
    """The imports that the database has receipts of, newest first."""
    with manager.database.reading():
        rows = manager.database.rows(_IMPORTS)
        _, taken_back = receipts.done(manager.database)
    return [_import(row, taken_back.get(row[0], {})) for row in rows]


def _import(row: tuple[Any, ...], taken_back: Mapping[str, int]) -> Import:
    number, at, actor, host, told = row
    facts = codec.load(told)
    return Import(
        number,
        latest.parse_time(str(at)),
        str(actor),
        str(host),
        str(facts["reason"] or ""),
        (str(facts["file"]), *(facts["backups"] or {})),
        facts["backup"] is not None,
        facts["totals"] or {},
        {State(state): receipt for state, receipt in taken_back.items()},
    )


def copies_of_rollback(manager: ConfigManager, number: int) -> tuple[str, ...]:
    """Where a rollback kept the files as they were until then, by its receipt's number."""
    facts = receipts.facts(manager.database, number)
    of_files = facts.get("files") or [facts]
    return tuple(each["backup"] for each in of_files if each.get("backup"))
