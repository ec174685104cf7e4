"""The last look before a restore or a removal: what changes, and what to know of it."""

from __future__ import annotations

from typing import Final

from store.backup import files_of
from store.backup_folder import Item
from store.models import FieldChange
from store.restoring import SAFETY_NAME, Plan
from tui.backups import wording
from tui.backups.rows import SHOWN, shown_changes
from tui.editing.rehearsal import Preview
from tui.text import grouped, size

_DAEMON: Final = (
    "Consoles follow at once, and no daemon has to be stopped. But a running daemon writes what it"
    " has in memory at its next flush, heights, seeds and versions for certain: stop it first where"
    " those are to stay as restored."
)
_SAME: Final = (
    "Every value is as the backup has it. Where its log is wanted all the same: 'nodedeck backup"
    " restore'."
)


def of_restore(planned: Plan) -> Preview:
    """What a restore changes, what it keeps, and who may write over it."""
    changes, place = planned.changes, planned.locations.database
    notes = [f"There is no {place} yet: it is made."] if planned.creates else []
    if not planned.creates and changes:
        notes.append(f"The state of now is kept first, as a backup called {SAFETY_NAME}.")
    if not changes:
        notes.append(_SAME)
    else:
        notes.append(_DAEMON)
    if len(changes) > SHOWN:
        notes.append(f"{grouped(len(changes))} values change; the first {grouped(SHOWN)} are here.")
    if stays := wording.config_stays(planned):
        notes.append(stays)
    return Preview(shown_changes(changes), tuple(notes), ("now", "in the backup"))


def of_removal(item: Item, *, only: bool) -> Preview:
    """The files that go with a backup."""
    fields = tuple(
        FieldChange(path=path.name, old=size(mark[1]), new=None)
        for path, mark in zip(files_of(item.path), item.stamp, strict=True)
        if mark is not None
    )
    notes = ["It goes for good; database, config file and the other backups stay as they are."]
    if only:
        notes.append("It is the only backup of this database.")
    return Preview(fields, tuple(notes), ("now", "then"))
