"""Settings: schemas, several values at once, defaults, search."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from store import checks, codec, paths, settings, settings_schema, versions, writes
from store.door import Door
from store.errors import InvalidValue, Refused, UnknownPath
from store.operations import recording
from store.paths import Kind
from store.sealing.vault import Vault
from store.settings import Key, Setting
from store.settings_builtin import OWN_SERVICE
from store.settings_rules import Rule, SettingType, checked
from store.tables import CURRENT_TIMESTAMP, SettingRules


@dataclass(frozen=True, slots=True)
class SchemaLoaded:
    """What a loaded schema declares, what of it is not checked, and which values break it."""

    services: tuple[str, ...]
    rules: int
    unchecked: tuple[str, ...]
    misfits: tuple[str, ...]


class SettingOperations(Door):
    """Typed settings by service and key."""

    def settings(self, service: str | None = None) -> list[Setting]:
        """Every setting that has a value or a default, secrets masked."""
        return self.search_settings(service=service)

    def search_settings(
        self,
        text: str = "",
        *,
        service: str | None = None,
        type: str | None = None,
        complexity: str | None = None,
    ) -> list[Setting]:
        """The settings whose path or description holds a text, whatever its case."""
        with self.database.reading():
            return settings.search(
                self.database, text, service=service, kind=type, complexity=complexity
            )

    def schema(self, service: str | None = None) -> list[Rule]:
        """The declared rules, nodedeck's own first."""
        with self.database.reading():
            return list(settings.rules(self.database, service).values())

    def load_schema(
        self,
        schema: Mapping[str, Any] | type[BaseModel],
        *,
        service: str | None = None,
    ) -> SchemaLoaded:
        """Declare the settings of services, each service's earlier rules replaced.

        Top-level properties are services; with ``service`` they are its keys. Values that are
        there stay, and those that do not fit are named. Raises InvalidValue for a schema that
        cannot be read, and for settings that would stand above or below each other.
        """
        loaded = settings_schema.read(schema, service)
        db = self.database
        with self._writing(None):
            for name in loaded.services:
                _refuse_own(name)
                SettingRules.delete().where(SettingRules.service == name).execute(db.sqlite)
            for rule in loaded.rules:
                settings.refuse_overlap(db, rule.service, rule.key)
                checks.storable(rule.default, rule.path)
                _insert(self, rule)
                if rule.type is SettingType.SECRET:
                    # from now on the log does not tell its value
                    db.execute_sql(
                        "UPDATE settings SET is_secret=1 WHERE service=? AND key=?",
                        (rule.service, rule.key),
                    )
            misfits = [
                sentence
                for name in loaded.services
                for setting in settings.listed(db, name)
                if setting.stored and (sentence := _misfit(setting))
            ]
        return SchemaLoaded(loaded.services, len(loaded.rules), loaded.unchecked, tuple(misfits))

    def remove_schema(self, service: str) -> int:
        """Forget a service's rules and with them its defaults; how many there were."""
        _refuse_own(service)
        with self._writing(None):
            gone = (
                SettingRules.delete()
                .where(SettingRules.service == service)
                .execute(self.database.sqlite)
            )
            if not gone:
                known = dict.fromkeys(name for name, _ in settings.rules(self.database))
                raise UnknownPath(
                    f"No schema is loaded for {service}; nothing was changed.",
                    hint=f"There are those of {', '.join(known)}.",
                )
        return int(gone)

    def set_settings(
        self,
        service: str,
        values: Mapping[str, Any],
        *,
        unset: Collection[str] = (),
        expect_version: int | None = None,
        create: bool = False,
        reason: str | None = None,
    ) -> int:
        """Set several settings of one service at once, or none; keys are paths below the service.

        Those of ``unset`` lose their own value in the same transaction, as ``unset`` does it.
        Raises VersionConflict where the service has another version than expected, InvalidValue
        for a value that does not fit, UnknownPath for a key without a value or a rule unless
        ``create`` makes it; secrets are sealed, which raises what ``Vault.put`` raises.
        """
        db = self.database
        with self._writing(reason) as newest:
            versions.expect_service(db, service, expect_version)
            for key, value in values.items():
                path, own = _below(service, key)
                if not (create or settings.is_stored(db, *own) or settings.rule_of(db, *own)):
                    raise UnknownPath(
                        f"There is no setting {path}; nothing was changed.",
                        hint="'nodedeck list' shows all paths.",
                    )
                checks.storable(value, path)
                vault = Vault(db, self.master_key, spare=self.spare_key)
                vault.put_setting(*own, value)
                if value != codec.MASK and settings.is_secret(db, path, value):
                    recording.sealed(self, path, reason)
            for key in unset:
                self._drop(*_below(service, key), reason)
        return newest[0]

    def unset(
        self, path: str, *, expect_version: int | None = None, reason: str | None = None
    ) -> int:
        """Take a setting's own value away, so that its default counts where it has one.

        The change id, 0 where it had only the default. Raises UsageError for what is no setting
        and UnknownPath for one that is not there.
        """
        service, key = settings.key_of(path)
        address = paths.Address(paths.setting_path(service, key), Kind.SETTING)
        with self._writing(reason) as newest:
            versions.expect(self.database, address, expect_version)
            self._drop(path, (service, key), reason)
        return newest[0]

    def _drop(self, path: str, own: Key, reason: str | None) -> None:
        db = self.database
        if not settings.is_stored(db, *own):
            rule = settings.rule_of(db, *own)
            if rule is None or not rule.has_default:
                near = paths.nearest(path, (each.path for each in settings.listed(db)))
                raise UnknownPath(
                    f"There is no setting {path}; nothing was changed.",
                    hint=f"Did you mean {', '.join(near)}?" if near else "",
                )
        elif settings.is_secret(db, path):
            recording.removed(self, path, reason)
        writes.drop_setting(db, *own)


def _below(service: str, key: str) -> tuple[str, Key]:
    """The path of a key below a service, and what it is stored under."""
    path = paths.setting_path(service, paths.join(*paths.split(key)))
    return path, settings.key_of(path)


def _refuse_own(service: str) -> None:
    if service == OWN_SERVICE:
        raise Refused(
            f"{OWN_SERVICE} is nodedeck's own service, whose schema comes with the program;"
            " nothing was changed."
        )


def _insert(door: Door, rule: Rule) -> None:
    SettingRules.insert(
        service=rule.service,
        key=rule.key,
        type=rule.type,
        description=rule.description,
        help_text=rule.help_text,
        complexity=rule.complexity,
        constraints_json=codec.dump(
            rule.constraints.model_dump(mode="json", exclude_defaults=True)
        ),
        default_json=codec.dump(rule.default) if rule.has_default else None,
        updated_at=CURRENT_TIMESTAMP,
    ).execute(door.database.sqlite)


def _misfit(setting: Setting) -> str:
    """Why a present value breaks its new rule, empty where it does not."""
    if setting.rule.type is SettingType.SECRET:
        clear = f"{setting.path}: is a secret, and its value stands in clear in the database."
        return "" if setting.sealed else clear
    try:
        checked(setting.rule, setting.value)
    except InvalidValue as fault:
        return fault.message.replace("; nothing was changed.", "; it stays until it is set.")
    return ""
