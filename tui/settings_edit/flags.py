"""What can be done to a feature flag: made, given another rule, removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from store import paths, settings_flags
from store.errors import InvalidValue
from store.manager import ConfigManager
from store.models import FieldChange
from store.settings_flags import Flag
from tui.editing.asking import Look, Question
from tui.editing.rehearsal import Preview, Write, rehearse, shown_fields
from tui.editing.specs import FieldSpec, Judge, spec_of
from tui.editing.staging import Subject, named

_HINT: Final = "on, off, 0% to 100%, or hosts with commas between them"
_OFF: Final = "off"
_GONE: Final = "Whoever asks for it then finds none; u on the change brings it back."
_UNLOGGED: Final = "A description is not part of the audit log."


def rule_of(text: str) -> Any:
    """What a text means as a flag's rule; whether it is one, the store says."""
    rule = settings_flags.spelled(text)
    if rule is not None:
        return rule
    return [host for part in text.split(",") if (host := part.strip())]


def removing(flag: Flag) -> Look:
    """Remove a flag, as it was seen."""
    path = _path(flag.name)

    def look(manager: ConfigManager) -> Question:
        version = manager.version_of(path)

        def write(manager: ConfigManager, reason: str | None) -> object:
            with manager.transaction(reason):
                manager.expect_version(path, version)
                return manager.remove_flag(flag.name, reason=reason)

        fields = shown_fields(rehearse(manager, write))
        return Question(f"Remove flag {flag.name}", Preview(fields, (_GONE,)), write, "Remove")

    return look


@dataclass(frozen=True, slots=True)
class FlagForm:
    """The form of a flag, of a new one where it has no name yet; ``host`` is the one it is for."""

    host: str
    name: str = ""

    def read(self, manager: ConfigManager) -> Subject:
        """Its rule and its description; of a new one its name, too. Raises UnknownPath."""
        if not self.name:
            name = _field("name", "", _judge_name)
            rule = _field("rule", _OFF, _judge_rule, _HINT)
            return Subject("a flag", (name, rule, _field("description", "")), base={}, source=self)
        version = manager.version_of(_path(self.name))
        flag = manager.flag(self.name)
        rule = _field("rule", "" if flag.rule is None else flag.words, _judge_rule, _HINT)
        fields = (rule, _field("description", flag.description))
        return Subject(_path(self.name), fields, version=version, source=self)

    def write(self, subject: Subject, texts: Mapping[str, str]) -> Write:
        """The write of it; VersionConflict where it is not as it was read."""
        given = named(subject, texts)
        name = self.name or given.get("name", "")

        def run(manager: ConfigManager, reason: str | None) -> object:
            with manager.transaction(reason):
                there = next((one for one in manager.flags() if one.name == name), None)
                if self.name:
                    manager.expect_version(_path(name), subject.version)
                elif there is not None:
                    raise InvalidValue(
                        f"There is a flag {name!r}; nothing was changed.", hint="e edits it."
                    )
                rule = there.rule if there else False
                if "rule" in given:
                    rule = rule_of(given["rule"])
                told = given.get("description")
                return manager.set_flag(name, rule, description=told, reason=reason)

        return run

    def preview(
        self, manager: ConfigManager, subject: Subject, texts: Mapping[str, str]
    ) -> Preview:
        """What it would be, and whether it is on here then."""
        made = rehearse(manager, self.write(subject, texts))
        fields = list(shown_fields(made))
        notes = []
        if made and made[-1].new is not None:
            name = self.name or named(subject, texts)["name"]
            after = Flag(name, settings_flags.checked(name, made[-1].new))
            notes.append(f"On {self.host} it is {'on' if after.is_on(self.host) else 'off'} then.")
        before = {field.label: field for field in subject.fields}["description"]
        if before.path in texts:
            told = texts[before.path]
            fields.append(FieldChange(path=before.path, old=before.value or None, new=told))
            notes.append(_UNLOGGED)
        return Preview(tuple(fields), tuple(notes))


def _path(name: str) -> str:
    return paths.join(paths.FLAGS_ROOT, name)


def _any(_: str) -> None:
    """A description is any text."""


def _field(label: str, value: str, judge: Judge = _any, hint: str = "") -> FieldSpec:
    return spec_of(label, label, value, judge, sample="", hint=hint)


def _judge_name(text: str) -> None:
    if not text:
        raise InvalidValue("a flag needs a name")


def _judge_rule(text: str) -> None:
    rule = rule_of(text)
    try:
        settings_flags.checked("rule", rule)
    except InvalidValue as fault:
        raise InvalidValue(f"must be {_HINT}") from fault
