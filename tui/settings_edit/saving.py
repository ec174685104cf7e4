"""What writing the staged edits of a service changes: looked at first, then written at once."""

from __future__ import annotations

from store.manager import ConfigManager
from tui import ownership
from tui.editing.rehearsal import Preview, Write, rehearse, shown_fields
from tui.settings_edit.staging import Batch, Staged


def write(batch: Batch) -> Write:
    """The write of staged edits; VersionConflict where the service moved on, and nothing else."""
    values = {one.was.rule.key: one.value for one in batch.edits if not one.unset}
    gone = [one.was.rule.key for one in batch.edits if one.unset]

    def run(manager: ConfigManager, reason: str | None) -> object:
        return manager.set_settings(
            batch.service,
            values,
            unset=gone,
            expect_version=batch.version,
            create=True,
            reason=reason,
        )

    return run


def preview(manager: ConfigManager, batch: Batch) -> Preview:
    """What writing staged edits would change; raises as the write does."""
    made = rehearse(manager, write(batch))
    document = manager.effective()
    notes = [_told(one) for one in batch.edits if one.unset]
    for one in batch.edits:
        notes += ownership.warnings(document, one.was.path)
    return Preview(shown_fields(made), tuple(notes))


def touched(manager: ConfigManager, batch: Batch) -> frozenset[str]:
    """The paths that somebody wrote to since the edits were begun."""
    return frozenset(change.path for change in manager.feed(batch.since))


def _told(one: Staged) -> str:
    """What is there once a setting has no value of its own."""
    path = one.was.path
    if one.was.rule.has_default:
        return f"{path} loses its own value, and this counts then: {one.told}."
    return f"{path} loses its own value and has no default: it is gone then."
