"""What stands in a database now, as a plan asks for it, and whether it moved on since."""

from __future__ import annotations

from typing import Any, Final

from store import audit, codec, entities, latest, schema, settings
from store.database import Database
from store.importing import plan as planning
from store.paths import Address, Kind
from store.settings_admission import Admission

# so many of a kind are asked for one by one; whoever asks for more gets all of them at once, as do
# all where there are few
_ONE_BY_ONE: Final = 50
_FEW: Final = 200
_LISTED: Final = {Kind.NODE: audit.NODES, Kind.SETTING: audit.SHOWN_SETTINGS}
_NEWEST: Final = "SELECT new_json FROM audit_log WHERE path=? ORDER BY id DESC LIMIT 1"


def present_in(db: Database, *, many: int = 0) -> planning.Present:
    """The present values of a database, inside the caller's transaction.

    ``many`` is how many will be asked for, where that is known. What it has answered may be
    answered again: ask anew for it after a write.
    """
    single: dict[Kind, int] = {}
    known: dict[Kind, dict[str, Any]] = {}

    def present(path: str, kind: Kind) -> Any:
        if kind in _LISTED and kind not in known:
            if kind not in single:
                at_once = many > _ONE_BY_ONE or _has_few(db, kind)
                single[kind] = 0 if at_once else _ONE_BY_ONE
            if not single[kind]:
                known[kind] = _all(db, kind)
            single[kind] -= 1
        if kind in known:
            return known[kind].get(path, planning.ABSENT)
        value = latest.value_at(db, Address(path, kind))
        return planning.ABSENT if value is None and not _stands(db, path) else value

    return present


def judge_in(db: Database) -> planning.Judge:
    """The rules of a database for settings, inside the caller's transaction."""

    known: list[Admission] = []

    def judge(path: str, value: Any) -> None:
        if not known:  # a file without settings has no need of it
            known.append(Admission(db))
        known[0].check(*entities.setting_key(path), value)

    return judge


def moment(db: Database | None) -> tuple[object, ...]:
    """What moves when anything that a plan looks at does, inside the caller's transaction.

    A database that is yet to be made is at the moment of one that nobody has written to.
    """
    if db is None:
        return ("", 0, ())
    newest = latest.newest_id(db)
    rules: tuple[object, ...] = ()
    if schema.has_table(db, settings.RULES_TABLE):  # an older schema has none
        rules = tuple(db.rows(f"SELECT * FROM {settings.RULES_TABLE} ORDER BY 1,2"))
    return (latest.config_epoch(db) if newest or rules else "", newest, rules)


def _has_few(db: Database, kind: Kind) -> bool:
    table = _LISTED[kind].table
    return int(db.value(f"SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT {_FEW})")) < _FEW


def _all(db: Database, kind: Kind) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, stored in latest.present(db, _LISTED[kind]):
        if path not in found:
            found[path] = codec.entity_value(kind, path, stored)
    return found


def _stands(db: Database, path: str) -> bool:
    """Whether an entity is there, be its value null."""
    return db.value(_NEWEST, (path,)) is not None
