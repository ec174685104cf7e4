"""What the deck shows at one moment, and the reader that takes it in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from store.blocks import BlockHour
from store.findings import Evidence, Inspection
from store.manager import ConfigManager
from store.models import Change, EpochMark, Snapshot
from store.paths import HEIGHT_PATHS
from store.travel import Visit

AUDIT_ROWS: Final = 200
EPOCHS: Final = 60
# the log is compared with the tables so often, and oftener while it does not match them
_SCAN_SECONDS: Final = 600.0
_RESCAN_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A snapshot, what findings are judged from, the newest changes, the hour, the last epochs.

    ``visit`` is the moment of the log that it shows, None where that is now.
    """

    evidence: Evidence
    changes: tuple[Change, ...]
    hour: BlockHour
    epochs: tuple[EpochMark, ...] = ()
    visit: Visit | None = None

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

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._version: int | None = None
        self._identity: tuple[int, int] | None = None
        self._evidence: Evidence | None = None
        self._epochs: tuple[EpochMark, ...] = ()
        self._other_change = -1
        self._ticks = ticks
        self._inspection: Inspection | None = None
        self._scan_due = 0.0
        self._hour: BlockHour | None = None
        self._hour_of = ""

    def __call__(self, manager: ConfigManager) -> Picture | None:
        """A new picture, or None; raises Replaced, and what a read raises."""
        db = manager.database
        identity, known = db.identity(), self._identity
        if identity is None or known not in (None, identity):
            self._version = self._identity = self._inspection = None
            raise Replaced
        # noted before the read, which may fail until another file stands here
        self._identity = identity
        manager.see_file()
        inspection = self._inspected(manager)
        version = db.data_version()
        if version == self._version and inspection is self._inspection:
            return None
        self._inspection = inspection
        snapshot, changes = manager.newest(AUDIT_ROWS)
        # a restored database has another past
        past = self._hour if snapshot.config_epoch == self._hour_of else None
        self._hour, self._hour_of = manager.block_hour(past), snapshot.config_epoch
        evidence = self._around(manager, snapshot, changes)
        picture = Picture(evidence, changes, self._hour, self._epochs)
        self._version = version
        return picture

    def _inspected(self, manager: ConfigManager) -> Inspection:
        """What is wrong with files, schema and log; the first picture does not wait for a scan.

        A scan follows once a picture is shown, when the schema has changed, and now and then.
        """
        known, now = self._inspection, self._ticks()
        found = manager.inspect(known)
        changed = known is not None and found.seen_schema != known.seen_schema
        if known is not None and (changed or now >= self._scan_due):
            found = manager.inspect(found, scan=True)
            self._scan_due = now + (_RESCAN_SECONDS if found.log else _SCAN_SECONDS)
        return found

    def _around(
        self, manager: ConfigManager, snapshot: Snapshot, changes: tuple[Change, ...]
    ) -> Evidence:
        """The evidence around a snapshot; a block alone brings none but its height."""
        other = next((one.id for one in changes if one.path not in HEIGHT_PATHS), 0)
        if self._evidence is None or other != self._other_change:
            self._evidence, self._other_change = manager.evidence(hour=self._hour), other
            self._epochs = manager.last_epochs(snapshot, EPOCHS)
        return replace(
            self._evidence,
            snapshot=snapshot,
            active_seeds=manager.active_seeds(),
            inspection=self._inspection or Inspection(),
            hour=self._hour,
        )
