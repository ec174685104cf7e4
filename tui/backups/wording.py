"""What is said of backups, by the verbs and on the screen alike."""

from __future__ import annotations

from collections.abc import Sequence

from store.backup import Backup
from store.restoring import Plan, Restored


def verdict(backup: Backup, faults: Sequence[str]) -> str:
    """What verifying a backup found."""
    if faults:
        return " ".join(faults)
    unproven = "" if backup.manifest else " It has no manifest to compare its digest with."
    return f"{backup.name} is intact.{unproven}"


def config_stays(planned: Plan) -> str:
    """What becomes of a config file that has changed since; empty where it has not."""
    if not planned.config_differs:
        return ""
    return (
        f"{planned.locations.config} has changed since; it stays as it is, and its copy of then"
        f" is {planned.backup.config}."
    )


def restored(planned: Plan, done: Restored) -> tuple[str, ...]:
    """What a restore did, and where the state before it is."""
    told = f"Restored {planned.backup.name} into {planned.locations.database}."
    if done.safety is None:
        return (told,)
    return told, f"The state before it is kept as {done.safety.name}."
