"""Named profiles: the values of one service's settings, kept to be compared and applied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from store import codec, masks, paths, schema, settings
from store.database import Database
from store.errors import InvalidValue, UnknownPath
from store.settings_rules import SettingType


@dataclass(frozen=True, slots=True)
class Profile:
    """Values of a service's settings by key, in the order of the settings."""

    service: str
    name: str
    values: dict[str, Any]

    @property
    def path(self) -> str:
        """Where the audit log has it."""
        return paths.join(paths.PROFILES_ROOT, self.service, self.name)


@dataclass(frozen=True, slots=True)
class Difference:
    """A setting whose two values differ; ``None`` with a False is absence, not null."""

    path: str
    present: Any
    wanted: Any
    is_present: bool = True
    is_wanted: bool = True


def listed(db: Database, service: str | None = None) -> list[Profile]:
    """Every profile, or those of one service; none of an older database that is only read."""
    if not schema.has_table(db, "setting_profiles"):
        return []
    where, values = ("", ()) if service is None else (" AND service=?", (service,))
    rows = db.rows(
        "SELECT service, name, values_json FROM setting_profiles WHERE typeof(service)='text'"
        f" AND typeof(name)='text'{where} ORDER BY service, name",
        values,
    )
    return [Profile(of, name, _values(stored)) for of, name, stored in rows]


def _values(stored: Any) -> dict[str, Any]:
    """A profile's values; what a foreign writer stored in another shape has none."""
    found = codec.load(stored) if isinstance(stored, str) else None
    return found if isinstance(found, dict) else {}


def found(db: Database, service: str, name: str) -> Profile:
    """One profile; raises UnknownPath where there is none of that name."""
    profiles = listed(db, service)
    for profile in profiles:
        if profile.name == name:
            return profile
    known = ", ".join(profile.name for profile in profiles[:5])
    raise UnknownPath(
        f"Service {service} has no profile {name!r}; nothing was changed.",
        hint=f"It has {known}." if known else "'nodedeck profile save' makes one.",
    )


def taken(db: Database, service: str, name: str) -> tuple[Profile, list[str]]:
    """A service's values as they are now, defaults included, and the paths of secrets left out.

    Raises InvalidValue for a profile without a name, and UnknownPath for a service without
    settings.
    """
    if not name:
        raise InvalidValue("A profile needs a name; nothing was changed.")
    present = settings.listed(db, service)
    if not present:
        known = sorted({setting.rule.service for setting in settings.listed(db)})
        raise UnknownPath(
            f"There is no service {service!r}; nothing was changed.",
            hint=f"There are {', '.join(known[:5])}.",
        )
    secret = [setting.path for setting in present if _is_secret(setting)]
    values = {setting.rule.key: setting.value for setting in present if not _is_secret(setting)}
    return Profile(service, name, values), secret


def _is_secret(setting: settings.Setting) -> bool:
    return (
        setting.rule.type is SettingType.SECRET
        or setting.value == codec.MASK
        or masks.holds_secret(paths.split(setting.path), setting.value)
    )


def against_present(db: Database, profile: Profile) -> list[Difference]:
    """What applying a profile would change; settings that it does not name stay as they are."""
    present = {each.rule.key: each.value for each in settings.listed(db, profile.service)}
    return [
        each for each in between(Profile(profile.service, "", present), profile) if each.is_wanted
    ]


def between(one: Profile, other: Profile) -> list[Difference]:
    """The settings in which two profiles of a service differ."""
    return [
        Difference(
            paths.setting_path(one.service, key),
            one.values.get(key),
            other.values.get(key),
            key in one.values,
            key in other.values,
        )
        for key in dict.fromkeys((*one.values, *other.values))
        if key not in one.values
        or key not in other.values
        or codec.shown(one.values[key]) != codec.shown(other.values[key])
        or isinstance(one.values[key], str) != isinstance(other.values[key], str)
    ]
