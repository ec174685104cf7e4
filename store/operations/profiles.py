"""Profiles and feature flags: kept beside the document and audited like it."""

from __future__ import annotations

from typing import Any

from store import settings, settings_flags, settings_profiles, versions, writes
from store.door import Door
from store.errors import InvalidValue
from store.settings_flags import Flag
from store.settings_profiles import Difference, Profile


class ProfileOperations(Door):
    """Named profiles of a service's settings."""

    def profiles(self, service: str | None = None) -> list[Profile]:
        """Every profile, or those of one service, by name."""
        with self.database.reading():
            return settings_profiles.listed(self.database, service)

    def profile(self, service: str, name: str) -> Profile:
        """One profile; raises UnknownPath where there is none of that name."""
        with self.database.reading():
            return settings_profiles.found(self.database, service, name)

    def save_profile(
        self, service: str, name: str, *, replace: bool = False, reason: str | None = None
    ) -> list[str]:
        """Keep a service's present values under a name; the paths of secrets that were left out.

        Defaults are kept as the values they are. Raises InvalidValue where the name is taken
        unless ``replace`` says so, and UnknownPath for a service without settings.
        """
        with self._writing(reason):
            profile, secret = settings_profiles.taken(self.database, service, name)
            there = settings_profiles.listed(self.database, service)
            if not replace and any(each.name == name for each in there):
                raise InvalidValue(
                    f"Service {service} has a profile {name!r}; nothing was changed.",
                    hint="Replace it with --replace, or choose another name.",
                )
            writes.put_profile(self.database, service, name, profile.values)
        return secret

    def compare_profile(
        self, service: str, name: str, other: str | None = None
    ) -> list[Difference]:
        """What applying a profile would change, or how another profile differs from it."""
        with self.database.reading():
            profile = settings_profiles.found(self.database, service, name)
            if other is None:
                return settings_profiles.against_present(self.database, profile)
            second = settings_profiles.found(self.database, service, other)
        return settings_profiles.between(profile, second)

    def apply_profile(
        self,
        service: str,
        name: str,
        *,
        expect_version: int | None = None,
        reason: str | None = None,
    ) -> int:
        """Make a service's values those of a profile, all or none; the newest change id.

        Settings that it does not name stay, and what has the value already is not written.
        Raises InvalidValue where a value no longer fits its rule, and VersionConflict where the
        service has another version than expected.
        """
        db = self.database
        with self._writing(reason or f"profile {name}") as newest:
            versions.expect_service(db, service, expect_version)
            profile = settings_profiles.found(db, service, name)
            for each in settings_profiles.against_present(db, profile):
                own = settings.key_of(each.path)
                settings.put(db, *own, settings.admit(db, *own, each.wanted))
        return newest[0]

    def delete_profile(self, service: str, name: str, *, reason: str | None = None) -> int:
        """Forget a profile; the settings stay. Raises UnknownPath where there is none."""
        with self._writing(reason) as newest:
            settings_profiles.found(self.database, service, name)
            writes.drop_profile(self.database, service, name)
        return newest[0]


class FlagOperations(Door):
    """Feature flags."""

    def flags(self) -> list[Flag]:
        """Every flag, by name."""
        with self.database.reading():
            return settings_flags.listed(self.database)

    def flag(self, name: str) -> Flag:
        """One flag; raises UnknownPath where there is none of that name."""
        with self.database.reading():
            return settings_flags.found(self.database, name)

    def set_flag(
        self,
        name: str,
        value: Any,
        *,
        description: str | None = None,
        reason: str | None = None,
    ) -> int:
        """Make or change a flag: true or false, a percentage of 0 to 100, or a list of hosts.

        Raises InvalidValue for anything else. Without a description the present one stays.
        """
        rule = settings_flags.checked(name, value)
        with self._writing(reason) as newest:
            writes.put_flag(self.database, name, rule, description)
        return newest[0]

    def remove_flag(self, name: str, *, reason: str | None = None) -> int:
        """Remove a flag; raises UnknownPath where there is none of that name."""
        with self._writing(reason) as newest:
            settings_flags.found(self.database, name)
            writes.drop_flag(self.database, name)
        return newest[0]

    def flag_is_on(self, name: str, host: str) -> bool:
        """Whether a flag is on for a host; raises UnknownPath where there is no such flag."""
        return self.flag(name).is_on(host)
