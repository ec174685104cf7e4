"""Feature flags: on or off, on for a percentage of hosts, or on for the hosts that are named."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

from store import codec, masks, paths, schema
from store.database import Database
from store.errors import InvalidValue, UnknownPath

Rule = bool | int | float | tuple[str, ...]
_SPREAD: Final = 2**64
_PERCENTAGE: Final = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%")


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag and its rule; None where a foreign writer stored something that is no rule."""

    name: str
    rule: Rule | None
    description: str = ""

    @property
    def kind(self) -> str:
        """Boolean, percentage or hosts; invalid where there is no rule."""
        if self.rule is None:
            return "invalid"
        if isinstance(self.rule, bool):
            return "boolean"
        return "hosts" if isinstance(self.rule, tuple) else "percentage"

    @property
    def words(self) -> str:
        """The rule as a person writes it."""
        if isinstance(self.rule, bool):
            return "on" if self.rule else "off"
        if isinstance(self.rule, tuple):
            return ", ".join(self.rule)
        return "invalid" if self.rule is None else f"{self.rule:g}%"

    def is_on(self, host: str) -> bool:
        """Whether the flag is on for a host, whose name is compared without regard to case.

        Of a percentage each host has its fixed place, another for every flag: raising the
        percentage only ever adds hosts. A flag without a rule is off.
        """
        host = host.casefold()
        if isinstance(self.rule, tuple):
            return host in {each.casefold() for each in self.rule}
        if self.rule is None or isinstance(self.rule, bool):
            return bool(self.rule)
        return place(self.name, host) < self.rule


def place(flag: str, host: str) -> float:
    """Where a host stands among all hosts for a flag: 0 to under 100, the same for ever."""
    digest = hashlib.sha256(f"{flag}\0{host}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8]) * 100 / _SPREAD


def checked(name: str, value: Any) -> Rule:
    """A value as a flag's rule; raises InvalidValue where it is none."""
    rule = _rule(value)
    if not name:
        raise InvalidValue("A flag needs a name; nothing was changed.")
    if rule is None:
        told = masks.told(paths.join(paths.FLAGS_ROOT, name), value)
        raise InvalidValue(
            f"flags.{name}: must be true or false, a percentage of 0 to 100 or a list of host"
            f" names, not {told}; nothing was changed."
        )
    return rule


def spelled(text: str) -> bool | int | float | None:
    """What ``on``, ``off`` or a percentage such as ``25%`` stands for; None for other text."""
    if found := _PERCENTAGE.fullmatch(text.strip()):
        return float(found[1]) if "." in found[1] else int(found[1])
    return None if text in ("0", "1") else codec.truth(text)


def _rule(value: Any) -> Rule | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        return value if 0 <= value <= 100 else None
    if isinstance(value, list | tuple) and value and all(isinstance(each, str) for each in value):
        return tuple(value) if all(value) else None
    return None


def listed(db: Database) -> list[Flag]:
    """Every flag by name; none of an older database that is only read."""
    if not schema.has_table(db, "feature_flags"):
        return []
    rows = db.rows(
        "SELECT name, value_json, description FROM feature_flags"
        " WHERE typeof(name)='text' ORDER BY name"
    )
    return [
        Flag(name, _rule(codec.load(stored)) if isinstance(stored, str) else None, str(told))
        for name, stored, told in rows
    ]


def found(db: Database, name: str) -> Flag:
    """One flag; raises UnknownPath where there is none of that name."""
    flags = listed(db)
    for flag in flags:
        if flag.name == name:
            return flag
    known = ", ".join(flag.name for flag in flags[:5])
    raise UnknownPath(
        f"There is no flag {name!r}; nothing was changed.",
        hint=f"There are {known}." if known else "'nodedeck flag set' makes one.",
    )
