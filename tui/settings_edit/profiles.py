"""What can be done to a profile: made of the present values, taken anew, applied, deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from store import paths
from store.errors import InvalidValue
from store.manager import ConfigManager
from store.settings_profiles import Profile
from tui.editing.asking import Look, Question
from tui.editing.rehearsal import Preview, Write, rehearse, shown_fields
from tui.editing.specs import FieldKind, FieldSpec
from tui.editing.staging import Subject, named

_SAME: Final = "Every value is as the profile has it; there is nothing to apply."
_TAKEN: Final = "It holds the values as they are now, defaults too; secrets are never part of it."
_GONE: Final = "The settings stay as they are; u on the change brings the profile back."


def applying(profile: Profile) -> Look:
    """Make the settings those of a profile, both as they were seen."""

    def run(manager: ConfigManager, reason: str | None) -> object:
        return manager.apply_profile(profile.service, profile.name, reason=reason)

    title = f"Apply profile {profile.name} to {profile.service}"
    return _look(profile, title, run, "Apply", nothing=_SAME, because=f"profile {profile.name}")


def taking(profile: Profile) -> Look:
    """Put the present values of the settings in the place of a profile's own."""

    def run(manager: ConfigManager, reason: str | None) -> object:
        return manager.save_profile(profile.service, profile.name, replace=True, reason=reason)

    title = f"Take the present values of {profile.service} into profile {profile.name}"
    return _look(profile, title, run, "Save", note=_TAKEN)


def deleting(profile: Profile) -> Look:
    """Forget a profile."""

    def run(manager: ConfigManager, reason: str | None) -> object:
        return manager.delete_profile(profile.service, profile.name, reason=reason)

    title = f"Delete profile {profile.name} of {profile.service}"
    return _look(profile, title, run, "Delete", note=_GONE)


def _look(
    profile: Profile,
    title: str,
    run: Write,
    verb: str,
    *,
    note: str = "",
    nothing: str = "",
    because: str | None = None,
) -> Look:
    """A write of a profile and its service, both bound to the versions that were seen.

    The note is said before it, or what there is to say where it would change ``nothing``;
    ``because`` is the reason where none is given.
    """
    seen = (profile.path, paths.setting_path(profile.service, "any"))

    def look(manager: ConfigManager) -> Question:
        versions = [(path, manager.version_of(path)) for path in seen]

        def write(manager: ConfigManager, reason: str | None) -> object:
            with manager.transaction(reason or because):
                for path, version in versions:
                    manager.expect_version(path, version)
                return run(manager, reason)

        fields = shown_fields(rehearse(manager, write))
        told = note if fields else nothing or note
        return Question(title, Preview(fields, (told,) if told else ()), write, verb)

    return look


@dataclass(frozen=True, slots=True)
class NewProfile:
    """The form of a profile that is yet to be made, of one of some services."""

    services: tuple[str, ...]

    def read(self, manager: ConfigManager) -> Subject:
        """Its service, where there is a choice, and its name."""
        fields = [FieldSpec("name", "name", FieldKind.TEXT, "", _judge_name)]
        if len(self.services) > 1:
            first = self.services[0]
            service = FieldSpec("service", "service", FieldKind.SELECT, first, _any, self.services)
            fields.insert(0, service)
        of = self.services[0] if len(self.services) == 1 else "a service"
        path = f"a profile of {of}"
        return Subject(path, tuple(fields), notes=(_TAKEN,), base={}, source=self)

    def write(self, subject: Subject, texts: Mapping[str, str]) -> Write:
        """The write of it; InvalidValue where there is one of that name."""
        given = named(subject, texts)
        service, name = given.get("service", self.services[0]), given.get("name", "")

        def run(manager: ConfigManager, reason: str | None) -> object:
            with manager.transaction(reason):
                if any(one.name == name for one in manager.profiles(service)):
                    raise InvalidValue(
                        f"Service {service} has a profile {name!r}; nothing was changed.",
                        hint="e on it takes the present values into it.",
                    )
                return manager.save_profile(service, name, reason=reason)

        return run

    def preview(
        self, manager: ConfigManager, subject: Subject, texts: Mapping[str, str]
    ) -> Preview:
        """The values that it would hold."""
        made = rehearse(manager, self.write(subject, texts))
        return Preview(shown_fields(made), subject.notes)


def _judge_name(text: str) -> None:
    if not text:
        raise InvalidValue("a profile needs a name")


def _any(_: str) -> None:
    """Whatever is offered fits."""
