"""Whether values may be stored as settings, judged from one look at the database.

``settings.admit`` asks it anew for each value, which is right for one and takes an import of
thousands most of its time.
"""

from __future__ import annotations

from bisect import bisect_left
from functools import cached_property
from typing import Any

from store import paths, settings
from store.database import Database
from store.settings import Key
from store.settings_rules import Rule, SettingType, checked, in_clear

_Row = tuple[Any, ...]


class Admission:
    """What binds the settings of a database, as of the caller's transaction."""

    def __init__(self, db: Database) -> None:
        self._declared = settings.rules(db)
        self._rows: dict[Key, _Row] = {(row[0], row[1]): row for row in settings.own_rules(db)}
        self._bound: dict[Key, Rule | None] = {}

    def check(self, service: str, key: str, value: Any) -> None:
        """Raise where a value that is no secret by its look may not be stored.

        InvalidValue where it breaks the setting's rule, or where a new setting would stand above or
        below another one, and Refused for a setting that is declared or flagged secret.
        """
        row = self._rows.get((service, key))
        if row is None and (other := self._in_the_way(service, key)) is not None:
            raise settings.overlapping(service, key, other)
        rule = self._rule(service, key)
        flagged = row is not None and row[-1]
        if flagged or (rule is not None and rule.type is SettingType.SECRET):
            raise in_clear(paths.setting_path(service, key))
        if rule is not None:
            checked(rule, value)

    def _rule(self, service: str, key: str) -> Rule | None:
        """The rule that binds a setting, as ``settings.rule_of`` finds it."""
        found = self._declared.get((service, key))
        if found is not None:
            return found
        at = (service, key)
        if at not in self._bound:
            row = self._rows.get(at)
            self._bound[at] = None if row is None else settings.told_by(row[:-1])
        return self._bound[at]

    def _in_the_way(self, service: str, key: str) -> str | None:
        """The first key of a service, by the alphabet, that stands above or below another one."""
        keys = self._keys.get(service)
        if keys is None:
            return None
        known, ordered = keys
        above = (key[:at] for at, letter in enumerate(key) if letter == ".")
        for other in above:
            if other in known:
                return other
        inside = f"{key}."
        at = bisect_left(ordered, inside)
        below = ordered[at] if at < len(ordered) else ""
        return below if below.startswith(inside) else None

    @cached_property
    def _keys(self) -> dict[str, tuple[set[str], list[str]]]:
        """The keys of every service, as a set and in order."""
        found: dict[str, set[str]] = {}
        for service, key in (*self._rows, *self._declared):
            found.setdefault(service, set()).add(str(key))
        return {service: (keys, sorted(keys)) for service, keys in found.items()}
