"""What the access log is told of a setting that was sealed on its way in."""

from __future__ import annotations

import os

from store.door import Door
from store.sealing import access, places


def sealed(door: Door, path: str, reason: str | None) -> None:
    """Put a setting that was sealed on record, as ``set_secret`` does."""
    access.record(
        door.database,
        at=door.clock(),
        actor=door.actor,
        act="set",
        path=path,
        origin=access.origin(os.environ),
        reason=reason,
        result=f"version {places.find(door.database, places.at(path)).version}",
    )
