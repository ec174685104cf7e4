"""What the deck shows at one moment, and the reader that takes it in one transaction."""

from __future__ import annotations

from dataclasses import dataclass

from store.manager import ConfigManager
from store.models import Change, Snapshot

AUDIT_ROWS = 200


@dataclass(frozen=True, slots=True)
class Picture:
    """A snapshot and the newest changes, of one moment."""

    snapshot: Snapshot
    changes: tuple[Change, ...]


class Replaced(Exception):
    """Another file stands where the database was; the connection sees the old one."""


class Reader:
    """Takes pictures, and none where nothing was committed since the last one.

    The data version is only a hint, but one that never misses a commit of another connection.
    """

    def __init__(self) -> None:
        self._version: int | None = None
        self._identity: tuple[int, int] | None = None

    def __call__(self, manager: ConfigManager) -> Picture | None:
        """A new picture, or None; raises Replaced, and what a read raises."""
        db = manager.database
        identity, known = db.identity(), self._identity
        if identity is None or known not in (None, identity):
            self._version = self._identity = None
            raise Replaced
        # noted before the read, which may fail until another file stands here
        self._identity = identity
        version = db.data_version()
        if version == self._version:
            return None
        picture = Picture(*manager.newest(AUDIT_ROWS))
        self._version = version
        return picture
