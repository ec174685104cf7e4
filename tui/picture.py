"""What the deck shows at one moment, and the reader that takes it in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace

from store.findings import Evidence
from store.manager import ConfigManager
from store.models import Change, EpochMark, Snapshot
from store.paths import HEIGHT_PATHS

AUDIT_ROWS = 200
EPOCHS = 60


@dataclass(frozen=True, slots=True)
class Picture:
    """A snapshot with what findings are judged from, the newest changes and the last epochs."""

    evidence: Evidence
    changes: tuple[Change, ...]
    epochs: tuple[EpochMark, ...] = ()

    @property
    def snapshot(self) -> Snapshot:
        """The state at the picture's moment."""
        return self.evidence.snapshot


class Replaced(Exception):
    """Another file stands where the database was; the connection sees the old one."""


class Reader:
    """Takes pictures, and none where nothing was committed since the last one.

    The data version is only a hint, but one that never misses a commit of another connection.
    """

    def __init__(self) -> None:
        self._version: int | None = None
        self._identity: tuple[int, int] | None = None
        self._evidence: Evidence | None = None
        self._epochs: tuple[EpochMark, ...] = ()
        self._other_change = -1

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
        snapshot, changes = manager.newest(AUDIT_ROWS)
        evidence = self._around(manager, snapshot, changes)
        picture = Picture(evidence, changes, self._epochs)
        self._version = version
        return picture

    def _around(
        self, manager: ConfigManager, snapshot: Snapshot, changes: tuple[Change, ...]
    ) -> Evidence:
        """The evidence around a snapshot; a block alone brings none but its height."""
        other = next((one.id for one in changes if one.path not in HEIGHT_PATHS), 0)
        if self._evidence is None or other != self._other_change:
            self._evidence, self._other_change = manager.evidence(), other
            self._epochs = manager.last_epochs(snapshot, EPOCHS)
        return replace(self._evidence, snapshot=snapshot)
