"""All settings at one moment, as a screen shows them: values, sources, rules, versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from store import codec, paths, schema, settings
from store.database import Database
from store.documents import Document, Entry, Source
from store.errors import InvalidValue, NodedeckError, UsageError
from store.masks import holds_secret, masked
from store.paths import Home, Kind
from store.settings_flags import Flag
from store.settings_profiles import Profile
from store.settings_rules import Rule, SettingType

_TABLES: Final = ("setting_rules", "setting_profiles", "feature_flags")
Mark = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One setting: what is declared of it, its own value, and the one in force; secrets masked.

    ``own`` is what the database holds, else the default, else None where ``known`` is False: it is
    declared and has no value. ``source`` supplies the value in force, and is None without one.
    ``fault`` says why a value that an environment or a flag lays over it does not count.
    """

    path: str
    rule: Rule
    own: Any
    value: Any
    known: bool
    stored: bool
    source: Source | None
    home: Home = Home.DATABASE
    secret: bool = False
    sealed: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """Every setting in order, each service's version, its profiles, and the flags of the host.

    ``fault`` says why the config file could not be read, so that its values are not among them.
    ``mark`` differs where anything of this was written since, and ``change_id`` is the newest
    change that it knows.
    """

    lines: tuple[SettingLine, ...] = ()
    versions: Mapping[str, int] = field(default_factory=dict)
    profiles: tuple[Profile, ...] = ()
    flags: tuple[Flag, ...] = ()
    fault: str = ""
    mark: Mark = ()
    change_id: int = 0

    @property
    def services(self) -> tuple[str, ...]:
        """The services that have a setting, in the order of the settings."""
        return tuple(dict.fromkeys(line.rule.service for line in self.lines))


def mark(db: Database) -> Mark:
    """What differs after any write of settings, rules, profiles or flags; a few small reads."""
    found: list[Any] = db.rows("SELECT service, version FROM services ORDER BY rowid")
    for table in _TABLES:
        if schema.has_table(db, table):
            found += db.rows(f"SELECT count(*), max(rowid), max(updated_at) FROM {table}")
    if schema.has_table(db, "feature_flags"):
        found += db.rows("SELECT name, value_json FROM feature_flags")
    return tuple(found)


def versions(db: Database) -> dict[str, int]:
    """The version of every service's settings."""
    rows = db.rows("SELECT service, version FROM services WHERE typeof(service)='text'")
    return {service: int(version) for service, version in rows if isinstance(version, int)}


def lines(db: Database, document: Document) -> list[SettingLine]:
    """Every setting there is a value or a rule of, then what only the config file has."""
    found = {one.path: _line(one.rule, one, document) for one in settings.listed(db)}
    for rule in settings.rules(db).values():
        if rule.path not in found:
            found[rule.path] = _line(rule, None, document)
    return [*found.values(), *_of_file(document, found)]


def _line(rule: Rule, setting: settings.Setting | None, document: Document) -> SettingLine:
    own = setting.value if setting is not None else None
    entry, fault = _entry(document, rule.path)
    if entry is None and setting is not None:
        source = Source.DATABASE if setting.stored else Source.DEFAULT
        entry = Entry(rule.path, own, source, Home.DATABASE)
    parts = _parts(rule.path)
    whole = rule.type is SettingType.SECRET or own == codec.MASK
    return SettingLine(
        path=rule.path,
        rule=rule,
        own=_shown(parts, own, whole),
        value=_shown(parts, entry.value if entry else None, whole),
        known=setting is not None,
        stored=setting is not None and setting.stored,
        source=entry.source if entry else None,
        home=entry.home if entry else Home.DATABASE,
        secret=whole or holds_secret(parts, own),
        sealed=setting is not None and setting.sealed,
        fault=fault,
    )


def _entry(document: Document, path: str) -> tuple[Entry | None, str]:
    """The value in force and where it comes from, or why the one laid over it does not count."""
    try:
        return document.get(path), ""
    except InvalidValue as fault:
        return None, str(fault)
    except NodedeckError:  # it has none, or a foreign writer's key is no path
        return None, ""


def _of_file(document: Document, known: Mapping[str, SettingLine]) -> list[SettingLine]:
    """The leaves that stand in the config file alone: typed by what they hold, and not set here."""
    found = []
    # of a file that is empty, or not there, the whole would be its one leaf
    static = document.static.static
    for path, value in codec.leaves(static).items() if static else ():
        address = paths.locate(path)
        kind = Kind.STATIC if address is None else address.kind
        entry, fault = _entry(document, path)
        if path in known or kind not in (Kind.STATIC, Kind.SETTING):
            continue
        if entry is not None and entry.home is not Home.FILE:
            continue
        service, *below = paths.split(path)
        rule = Rule(
            service=service,
            key=paths.join(*below) if below else service,
            type=SettingType(codec.setting_type(value)),
        )
        parts = _parts(path)
        own = masked(parts, value)
        found.append(
            SettingLine(
                path=path,
                rule=rule,
                own=own,
                value=own if entry is None else masked(parts, entry.value),
                known=True,
                stored=True,
                source=Source.FILE if entry is None else entry.source,
                home=Home.FILE,
                secret=holds_secret(parts, value),
                fault=fault,
            )
        )
    return found


def _shown(parts: tuple[str, ...], value: Any, whole: bool) -> Any:
    """A value as it may be shown, also one laid over what is declared a secret."""
    return codec.MASK if whole and value not in (None, "") else masked(parts, value)


def _parts(path: str) -> tuple[str, ...]:
    try:
        return paths.split(path)
    except UsageError:  # a key that only a foreign writer could make
        return (path,)
