"""Typed settings: what is declared of them, their values and defaults, and what may be written.

A rule comes from a loaded schema, from nodedeck itself for its own thresholds, or from the metadata
in a setting's own row; the first that there is counts.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Final

from store import audit, codec, entities, masks, paths, schema, writes
from store.database import Database
from store.errors import InvalidValue, UsageError
from store.findings import Thresholds
from store.paths import Kind
from store.sealing.wording import sealed_sql
from store.settings_builtin import BUILT_IN, FINDINGS_PREFIX, OWN_SERVICE
from store.settings_rules import (
    Complexity,
    Constraints,
    Rule,
    SettingType,
    checked,
    in_clear,
    stored_constraints,
)

RULES_TABLE: Final = "setting_rules"
_RULE_COLUMNS: Final = (
    "service, key, type, description, help_text, complexity, constraints_json, default_json"
)
# a foreign writer may leave anything in a row
_SOUND: Final = (
    "typeof(service)='text' AND typeof(key)='text' AND typeof(default_json) IN ('text', 'null')"
)
_SEALED: Final = sealed_sql("value_json", as_json=True)
_FLAGGED: Final = f"(is_secret IS NOT 0 OR {_SEALED})"
_OWN_COLUMNS: Final = "service, key, type, description, help_text, complexity, constraints_json"
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting as it stands: its rule, and its value, stored or the default.

    A secret's value is the mask; ``sealed`` says that it does not stand in clear.
    """

    rule: Rule
    value: Any
    stored: bool
    sealed: bool = False

    @property
    def path(self) -> str:
        """The setting's path in the document."""
        return self.rule.path


def rules(db: Database, service: str | None = None) -> dict[Key, Rule]:
    """The declared rules by service and key, nodedeck's own first."""
    found = {(rule.service, rule.key): rule for rule in BUILT_IN if service in (None, rule.service)}
    if schema.has_table(db, RULES_TABLE):
        where, values = ("", ()) if service is None else (" AND service=?", (service,))
        query = f"SELECT {_RULE_COLUMNS} FROM {RULES_TABLE} WHERE {_SOUND}{where} ORDER BY rowid"
        for row in db.rows(query, values):
            rule = _declared(row)
            if rule is not None:
                found.setdefault((rule.service, rule.key), rule)
    return found


def _declared(row: tuple[Any, ...]) -> Rule | None:
    """A row of rules, None where a foreign writer left what is none."""
    *told, default = row
    rule = _rule(tuple(told))
    if rule is None or default is None:
        return rule
    return rule.model_copy(update={"has_default": True, "default": codec.load(default)})


def _rule(row: tuple[Any, ...]) -> Rule | None:
    service, key, kind, description, help_text, complexity, stored = row
    constraints = stored_constraints(stored)
    known = kind in set(SettingType) and complexity in set(Complexity)
    texts = (service, key, description, help_text)
    if constraints is None or not known or not all(isinstance(text, str) for text in texts):
        return None
    return Rule(
        service=service,
        key=key,
        type=SettingType(kind),
        description=description,
        help_text=help_text,
        complexity=Complexity(complexity),
        constraints=constraints,
    )


def listed(db: Database, service: str | None = None) -> list[Setting]:
    """Every setting that has a value or a default, stored ones first, each in row order."""
    declared = rules(db, service)
    where, values = ("", ()) if service is None else (" AND service=?", (service,))
    rows = db.rows(
        "SELECT service, key, type, description, help_text, complexity, constraints_json,"
        f" {audit.SHOWN_SETTINGS.value}, {_SEALED} FROM settings"
        f" WHERE typeof(service)='text' AND typeof(key)='text'{where} ORDER BY rowid",
        values,
    )
    found = {}
    for *told, value, sealed in rows:
        key = (told[0], told[1])
        rule = declared.get(key) or _rule(tuple(told)) or _undeclared(key, codec.load(value))
        secret = rule.type is SettingType.SECRET
        shown = codec.MASK if secret else codec.load(value)
        found[key] = Setting(rule, shown, stored=True, sealed=bool(sealed))
    for key, rule in declared.items():
        if rule.has_default and key not in found:
            found[key] = Setting(rule, rule.default, stored=False)
    return list(found.values())


def _undeclared(key: Key, value: Any) -> Rule:
    return Rule(service=key[0], key=key[1], type=SettingType(codec.setting_type(value)))


def search(
    db: Database,
    text: str = "",
    *,
    service: str | None = None,
    kind: str | None = None,
    complexity: str | None = None,
) -> list[Setting]:
    """The settings whose path or description holds a text, whatever its case."""
    wanted = text.casefold()
    return [
        setting
        for setting in listed(db, service)
        if wanted in f"{setting.path}\n{setting.rule.description}".casefold()
        and kind in (None, setting.rule.type)
        and complexity in (None, setting.rule.complexity)
    ]


def defaults(db: Database) -> dict[tuple[str, ...], Any]:
    """The declared defaults by parts of their paths."""
    found = {paths.split(rule.path): rule.default for rule in BUILT_IN if rule.has_default}
    for service, key, stored in _rows_where(db, "default_json IS NOT NULL", "default_json"):
        found.setdefault(paths.split(paths.setting_path(service, key)), codec.load(stored))
    return found


def secret_paths(db: Database) -> set[str]:
    """The paths that are declared secret, whose values are shown to nobody."""
    return {paths.setting_path(*row) for row in _rows_where(db, f"type='{SettingType.SECRET}'")}


def _rows_where(
    db: Database, condition: str, *columns: str, values: tuple[object, ...] = ()
) -> list[tuple[Any, ...]]:
    """Service, key and more of the loaded rules that a condition picks, of those that are sound."""
    if not schema.has_table(db, RULES_TABLE):
        return []
    names = ", ".join(("service", "key", *columns))
    return db.rows(f"SELECT {names} FROM {RULES_TABLE} WHERE {condition} AND {_SOUND}", values)


def rule_of(db: Database, service: str, key: str) -> Rule | None:
    """The rule that binds a setting; None where nothing is known but its present value."""
    built_in = next((rule for rule in BUILT_IN if (rule.service, rule.key) == (service, key)), None)
    if built_in is not None:
        return built_in
    if schema.has_table(db, RULES_TABLE):
        query = f"SELECT {_RULE_COLUMNS} FROM {RULES_TABLE} WHERE service=? AND key=? AND {_SOUND}"
        loaded = db.rows(query, (service, key))
        if loaded and (declared := _declared(loaded[0])):
            return declared
    row = db.rows(f"SELECT {_OWN_COLUMNS} FROM settings WHERE service=? AND key=?", (service, key))
    return told_by(row[0]) if row else None


def told_by(row: tuple[Any, ...]) -> Rule | None:
    """What a setting's own row declares of it, None where that is no more than its present type."""
    found = _rule(row)
    told = found is not None and (
        found.constraints != Constraints() or found.type in (SettingType.PATH, SettingType.SECRET)
    )
    return found if told else None


def own_rules(db: Database) -> list[tuple[Any, ...]]:
    """What every setting's row declares of it, for ``told_by``, and last whether it is a secret."""
    return db.rows(f"SELECT {_OWN_COLUMNS}, {_FLAGGED} FROM settings")


def is_stored(db: Database, service: str, key: str) -> bool:
    """Whether a setting has a value of its own."""
    return bool(db.rows("SELECT 1 FROM settings WHERE service=? AND key=?", (service, key)))


def key_of(path: str) -> Key:
    """The service and the key of a setting's path; raises UsageError for any other path."""
    address = paths.locate(path)
    if address is None or address.kind is not Kind.SETTING:
        raise UsageError(
            f"{path} is not a setting; nothing was changed.",
            hint="A setting's path is a service and a key, such as scheduler.queue_depth.",
        )
    return entities.setting_key(address.entity)


def admit(db: Database, service: str, key: str, value: Any) -> Any:
    """A value that may be stored as a setting, inside the caller's transaction.

    Raises InvalidValue where it breaks the setting's rule, or where a new setting would stand
    above or below another one, and Refused for a secret.
    """
    refuse_overlap(db, service, key)
    rule = rule_of(db, service, key)
    path = paths.setting_path(service, key)
    refuse_secret(db, path, value)
    return value if rule is None else checked(rule, value)


def refuse_secret(db: Database, path: str, *values: Any) -> None:
    """Raise Refused where one of a path's values is a secret, which never stands in clear."""
    if is_secret(db, path, *values):
        raise in_clear(path)


def is_secret(db: Database, path: str, *values: Any) -> bool:
    """Whether a path holds a secret: declared, flagged, sealed, or by the look of one value."""
    parts, address = paths.split(path), paths.locate(path)
    kind = Kind.SETTING if address is None else address.kind
    return any(masks.unfit(kind, parts, value) for value in values) or (
        address is not None and kind is Kind.SETTING and _is_secret(db, *key_of(path))
    )


def _is_secret(db: Database, service: str, key: str) -> bool:
    rule = rule_of(db, service, key)
    declared = rule is not None and rule.type is SettingType.SECRET
    return declared or is_flagged(db, service, key)


def is_flagged(db: Database, service: str, key: str) -> bool:
    """Whether a setting's own row says that it is a secret, or holds sealed text."""
    row = db.rows(f"SELECT {_FLAGGED} FROM settings WHERE service=? AND key=?", (service, key))
    return bool(row and row[0][0])


def refuse_overlap(db: Database, service: str, key: str) -> None:
    """Raise InvalidValue where a new setting would stand above or below another one."""
    if is_stored(db, service, key):
        return
    stored = db.rows("SELECT key FROM settings WHERE service=?", (service,))
    others = {str(row[0]) for row in stored}
    others |= {rule.key for rule in BUILT_IN if rule.service == service}
    others |= {own for _, own in _rows_where(db, "service=?", values=(service,))}
    for other in sorted(others - {key}):
        if other.startswith(f"{key}.") or key.startswith(f"{other}."):
            raise overlapping(service, key, other)


def overlapping(service: str, key: str, other: str) -> InvalidValue:
    """The refusal of a new setting that would stand above or below another one."""
    where = "below" if key.startswith(f"{other}.") else "above"
    return InvalidValue(
        f"{paths.setting_path(service, key)} would stand {where} the setting"
        f" {paths.setting_path(service, other)}; nothing was changed.",
        hint="A setting holds a value or others, not both: choose another name.",
    )


def put(db: Database, service: str, key: str, value: Any) -> None:
    """Store a setting's value; one that ``admit`` let through."""
    rule = rule_of(db, service, key)
    writes.put_setting(db, service, key, rule.type if rule else codec.setting_type(value), value)


def threshold(db: Database, key: str) -> Any:
    """One of nodedeck's own thresholds: as set, or its default where that breaks the rule."""
    return _own(db)[key]


def thresholds(db: Database) -> Thresholds:
    """Where the findings' rules begin to speak, as set."""
    values = _own(db)
    return Thresholds(
        **{each.name: values[FINDINGS_PREFIX + each.name] for each in fields(Thresholds)}
    )


def _own(db: Database) -> dict[str, Any]:
    """Every threshold of nodedeck's own by its key."""
    rows = db.rows("SELECT key, value_json FROM settings WHERE service=?", (OWN_SERVICE,))
    stored = dict(rows)
    return {rule.key: _set_or_default(rule, stored.get(rule.key)) for rule in BUILT_IN}


def _set_or_default(rule: Rule, stored: Any) -> Any:
    try:
        return rule.default if stored is None else checked(rule, codec.load(stored))
    except (InvalidValue, TypeError):
        return rule.default
