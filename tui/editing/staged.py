"""Edits that stay staged when their form is left: several entities, looked at and saved as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from store import paths
from store.manager import ConfigManager
from tui.editing.rehearsal import Preview, Write, rehearse, shown_fields
from tui.editing.staging import Clash, Subject, clashes, read, write

_TOLD_NOTES: Final = 3


class Next(StrEnum):
    """What is to follow when a form is left."""

    NOTHING = "nothing"
    SAVE = "save"
    TRY = "try"


@dataclass(frozen=True, slots=True)
class Staged:
    """A subject as it was read, and what was typed for it, by path, as it stands in the fields."""

    subject: Subject
    texts: Mapping[str, str]

    @property
    def key(self) -> str:
        """What only one edit can be staged of: an entity, or the node that is yet to be added."""
        return key_of(self.subject)

    @property
    def given(self) -> dict[str, str]:
        """The texts as the store is given them; raises InvalidValue for one that is none."""
        return {
            field.path: field.given(self.texts[field.path])
            for field in self.subject.fields
            if field.path in self.texts
        }

    def on(self, now: Subject, texts: Mapping[str, str]) -> Staged:
        """The texts that still stand for another value, on a later reading of the subject."""
        return Staged(
            now,
            {
                field.path: texts[field.path]
                for field in now.fields
                if field.path in texts and field.differs(texts[field.path])
            },
        )


@dataclass(frozen=True, slots=True)
class Left:
    """How a form was left: what stays staged of its subject, None for nothing, and what follows."""

    edit: Staged | None = None
    then: Next = Next.NOTHING


def key_of(subject: Subject) -> str:
    """The entity of a subject; a new node has none yet, and stands for itself."""
    address = None if subject.base is not None else paths.locate(subject.path)
    return subject.path if address is None else address.entity


def write_all(edits: Sequence[Staged]) -> Write:
    """All edits in one transaction; VersionConflict where a subject moved on, and then none is."""

    def run(manager: ConfigManager, reason: str | None) -> object:
        with manager.transaction(reason):
            # before the first write, which may move the version of another: settings share one
            for edit in edits:
                if edit.subject.base is None:
                    manager.expect_version(edit.subject.path, edit.subject.version)
            for edit in edits:
                write(replace(edit.subject, version=None), edit.given)(manager, reason)
        return None

    return run


def preview_all(manager: ConfigManager, edits: Sequence[Staged]) -> Preview:
    """What saving all edits would change; raises as the write does."""
    made = rehearse(manager, write_all(edits))
    notes = list(dict.fromkeys(note for edit in edits for note in edit.subject.notes))
    if len(notes) > _TOLD_NOTES:
        rest = len(notes) - _TOLD_NOTES + 1
        notes = [*notes[: _TOLD_NOTES - 1], f"There are {rest} more such notes in the forms."]
    return Preview(shown_fields(made), tuple(notes))


def caught_up(
    manager: ConfigManager, edits: Iterable[Staged]
) -> tuple[tuple[Staged, ...], list[Clash]]:
    """The edits on what stands there now, and the fields that somebody else changed as well.

    Raises UnknownPath where a subject is gone.
    """
    now: list[Staged] = []
    found: list[Clash] = []
    for edit in edits:
        was = edit.subject
        latest = was if was.base is not None else read(manager, was.path)
        if latest.same_as(was):
            now.append(edit)
            continue
        found += [replace(clash, label=clash.path) for clash in clashes(was, latest, edit.texts)]
        now.append(edit.on(latest, edit.texts))
    return tuple(edit for edit in now if edit.texts), found


def without(edits: Iterable[Staged], dropped: Iterable[str]) -> tuple[Staged, ...]:
    """The edits without some paths, and without those of which nothing is left."""
    gone = set(dropped)
    left = (
        replace(edit, texts={path: text for path, text in edit.texts.items() if path not in gone})
        for edit in edits
    )
    return tuple(edit for edit in left if edit.texts)


def typed_for(edits: Iterable[Staged]) -> str:
    """What has to be typed before all edits are saved; empty where nothing has."""
    return ", ".join(dict.fromkeys(edit.subject.typed for edit in edits if edit.subject.typed))


def counted(edits: Iterable[Staged]) -> int:
    """How many fields are staged."""
    return sum(len(edit.texts) for edit in edits)


def told(edits: Sequence[Staged]) -> str:
    """How many edits are staged, in words."""
    count = counted(edits)
    return f"{count} edit{' is' if count == 1 else 's are'} staged"
