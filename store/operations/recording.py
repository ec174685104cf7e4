"""What the access log is told: who did it, from which terminal, and of settings beside others."""

from __future__ import annotations

import os

from store.door import Door
from store.sealing import access, places


def sealed(door: Door, path: str, reason: str | None) -> None:
    """Put a setting that was sealed on record, as ``set_secret`` does."""
    version = places.find(door.database, places.at(path)).version
    record(door, "set", path, reason, f"version {version}")


def removed(door: Door, path: str, reason: str | None) -> None:
    """Put a secret setting that is about to go on record, as ``remove_secret`` does."""
    version = places.find(door.database, places.at(path)).version
    record(door, "remove", path, reason, f"version {version} removed")


def record(door: Door, act: str, path: str, reason: str | None, result: str) -> None:
    """Put a deed of this door's actor on record, inside the caller's write transaction."""
    access.record(
        door.database,
        at=door.clock(),
        actor=door.actor,
        act=act,
        path=path,
        origin=access.origin(os.environ),
        reason=reason,
        result=result,
    )
