"""What a write would do: all of it is done in one transaction, looked at, and rolled back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from store import history, undoing
from store.manager import ConfigManager
from store.masks import masked
from store.models import Change, FieldChange
from tui import ownership

Write = Callable[[ConfigManager, str | None], object]
"""Writes through the manager, with a reason; what it raises leaves nothing changed."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The leaves that a write changes, secrets masked, and what an operator should know of it.

    ``titles`` say what stands on either side.
    """

    fields: tuple[FieldChange, ...]
    notes: tuple[str, ...] = ()
    titles: tuple[str, str] = ("now", "then")


class _Rehearsed(Exception):
    """Leaves the transaction of a rehearsal, so that it is rolled back."""


def rehearse(manager: ConfigManager, write: Write) -> list[Change]:
    """The changes that a write would make; raises what it raises.

    No master key is made for a secret that would be sealed.
    """
    made: list[Change] = []
    try:
        with manager.rehearsing(), manager.transaction(None):
            before = manager.position().change_id
            write(manager, None)
            made = manager.feed(before)
            raise _Rehearsed
    except _Rehearsed:
        return made


def shown_fields(changes: Iterable[Change]) -> tuple[FieldChange, ...]:
    """The leaves that changes differ in, masked."""
    return tuple(
        FieldChange(
            path=field.path,
            old=masked(history.parts_of(field.path), field.old),
            new=masked(history.parts_of(field.path), field.new),
        )
        for change in changes
        for field in history.fields(change)
    )


def undo(ids: Sequence[int]) -> Write:
    """The write that undoes some changes, all or none."""

    def write(manager: ConfigManager, reason: str | None) -> object:
        return manager.undo_many(ids, reason=reason or undoing.reason_for(ids))

    return write


def preview_of_undo(manager: ConfigManager, ids: Sequence[int]) -> Preview:
    """What undoing some changes would do; raises VersionConflict where one has moved on."""
    made = rehearse(manager, undo(ids))
    notes = [
        f"The security key of {node} goes with it." for node in ownership.keys_that_go(manager, ids)
    ]
    document = manager.effective()
    for path in dict.fromkeys(change.path for change in made):
        notes += ownership.warnings(document, path) if ownership.readable(path) else []
    return Preview(shown_fields(made), tuple(notes))
