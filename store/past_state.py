"""The state of another moment: the snapshot and the evidence, composed of what the log held then.

What the log does not hold is left out of the evidence and never guessed: seed rows that were not
active, the environment, the config file and the modes of files.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from store import audit, evidence, history, latest, state, timeline
from store.database import Database
from store.findings import Evidence, Thresholds
from store.models import Snapshot
from store.paths import HEIGHT_PATHS, Kind

_HEIGHTS: Final = ",".join(f"'{path}'" for path in HEIGHT_PATHS)
_LATER: Final = (
    f"SELECT path, new_json FROM audit_log WHERE path NOT IN ({_HEIGHTS}) AND id>? AND id<=?"
    " ORDER BY id"
)
_HEIGHT: Final = "SELECT new_json FROM audit_log WHERE path=? AND id<=? ORDER BY id DESC LIMIT 1"
_SMALL: Final = frozenset(
    (Kind.CHAIN, Kind.SEED, Kind.VERSIONS, Kind.UPGRADE, Kind.NODE, Kind.PARAMS)
)


class Past:
    """The log of a database, asked for what was; inside the caller's read transaction.

    Nodes and params stand in their present order and those that are gone come last, since row
    order is not in the log. What is judged is judged by the thresholds given. Asked for one moment
    after the other, it reads only what lies between.
    """

    def __init__(self, db: Database, thresholds: Thresholds | None = None) -> None:
        self._db = db
        self._thresholds = thresholds or Thresholds()
        present = [
            path for each in (audit.NODES, audit.PARAMS) for path, _ in latest.present(db, each)
        ]
        self._place = {path: at for at, path in enumerate(present)}
        self._epoch = latest.config_epoch(db)
        self._upto: int | None = None
        self._stored: dict[tuple[Kind, str], str] = {}

    def snapshot(self, change_id: int, at: datetime) -> Snapshot:
        """The small state after a change, taken at a moment before the next one.

        Heights that the log no longer knows of that time are left out.
        """
        unknown = timeline.unknown_at(self._db, change_id)
        written = self._db.value(
            "SELECT at FROM audit_log WHERE id<=? ORDER BY id DESC LIMIT 1", (change_id,)
        )
        return state.compose(
            self._values(change_id, unknown),
            taken_at=at,
            change_id=change_id,
            config_epoch=self._epoch,
            written_at=latest.parse_time(written) if written else None,
            heights=() if unknown else state.heights(self._db, change_id),
        )

    def evidence(self, change_id: int, at: datetime) -> Evidence:
        """What findings of that moment are judged from, as far as the log holds it."""
        snapshot = self.snapshot(change_id, at)
        return Evidence(
            snapshot,
            evidence.epoch_clock(self._db, self._thresholds.epoch_blocks, change_id),
            overwritten=tuple(evidence.overwritten(self._db, snapshot, self._thresholds)),
            platform=evidence.this_platform(),
            thresholds=self._thresholds,
            unknown=timeline.unknown_at(self._db, change_id),
        )

    def _values(self, change_id: int, unknown: tuple[str, ...]) -> dict[tuple[Kind, str], str]:
        """The stored values after a change; a later one than the last costs what lies between."""
        if self._upto is None or change_id < self._upto:
            self._stored = {}
            for path, value in timeline.stored_as_of(self._db, change_id).items():
                self._keep(path, value)
        else:
            for path, value in self._db.rows(_LATER, (self._upto, change_id)):
                self._keep(path, value)
            for path in HEIGHT_PATHS:
                self._keep(path, self._db.value(_HEIGHT, (path, change_id)))
        self._upto = change_id
        last = len(self._place)
        known = (key for key in self._stored if key[1] not in unknown)
        order = sorted(known, key=lambda key: (self._place.get(key[1], last), key[1]))
        return {key: self._stored[key] for key in order}

    def _keep(self, path: str, value: str | None) -> None:
        kind = history.kind_of(path)
        if kind not in _SMALL:
            return
        if value is None:
            self._stored.pop((kind, path), None)
        else:
            self._stored[kind, path] = value
