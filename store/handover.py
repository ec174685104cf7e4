"""The handover of a shift: the state now, what changed since a moment and by whom, what needs whom.

Everything comes out of one read transaction, and is masked. What no log holds is named, so that
nobody takes silence for "nothing happened".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from store import backup as backups
from store import codec, evidence, file_edits, history, latest, retention, schema, state, timeline
from store.database import Database
from store.documents import Overrides
from store.errors import NodedeckError, UsageError
from store.file_edits import FileEdit
from store.findings import Evidence, Verdict
from store.handover_changes import EntityChanges, HeightChanges, Stretch, entities, heights
from store.handover_findings import Episodes, episodes
from store.judging import verdict
from store.locations import Locations
from store.restoring import MARKER
from store.timeline import BeforeHorizon

_GAPS: Final = 5
_EDITS: Final = 1_000
_UNDO: Final = "undo of "


@dataclass(frozen=True, slots=True)
class Import:
    """An import that was done: the file, and how many values it added, changed and so on."""

    at: datetime
    actor: str
    file: str
    totals: dict[str, int]


@dataclass(frozen=True, slots=True)
class Copy:
    """A backup that was made; ``name`` is what the command line calls it."""

    at: datetime
    name: str
    actor: str


@dataclass(frozen=True, slots=True)
class Restore:
    """The last restore: the log of before that moment is the backup's."""

    at: datetime
    backup: str
    actor: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Undo:
    """Changes that were undone, as its reason names them; the last of the new changes."""

    at: datetime
    change_id: int
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Handover:
    """All that a shift hands over, as of one moment.

    ``asked`` is the beginning that was asked for. ``unknown`` says, in a sentence, why the state of
    then is unknown, empty where it is known.
    """

    asked: datetime
    stretch: Stretch
    unknown: str
    evidence: Evidence
    verdict: Verdict
    entities: tuple[EntityChanges, ...]
    heights: tuple[HeightChanges, ...]
    edits: tuple[FileEdit, ...]
    file_written: datetime | None
    imports: tuple[Import, ...]
    backups: tuple[Copy, ...]
    backups_fault: str
    restore: Restore | None
    undos: tuple[Undo, ...]
    findings: Episodes


def make(
    db: Database, config: Path, since: datetime, now: datetime, over: Overrides | None = None
) -> Handover:
    """The handover from a moment to now, inside the caller's read transaction.

    Raises UsageError for a moment that is yet to come. Where the log does not reach back to it,
    what was then is unknown, and the changes are those that the log still holds.
    """
    if since > now:
        raise UsageError(
            f"{history.stamp(since)} lies in the future.", hint="Name a time that has been."
        )
    stretch, unknown = _stretch(db, since, now)
    gathered = evidence.gather(db, state.snapshot(db, now), over or Overrides())
    moved = heights(db, stretch, retention.horizons(db).heights, longest=_GAPS)
    gaps = [gap for height in moved for gap in height.gaps]
    copies, fault = _copies(Locations(config, db.path), since, now)
    return Handover(
        asked=since,
        stretch=stretch,
        unknown=unknown,
        evidence=gathered,
        verdict=verdict(gathered, now),
        entities=entities(db, stretch),
        heights=moved,
        edits=tuple(_edits(db, since)),
        file_written=_written(config, since, now),
        imports=tuple(_imports(db, since, now)),
        backups=copies,
        backups_fault=fault,
        restore=_restore(db, since),
        undos=tuple(_undos(db, stretch)),
        findings=episodes(db, stretch, gathered, gaps),
    )


def _stretch(db: Database, since: datetime, now: datetime) -> tuple[Stretch, str]:
    """The changes to look at, and why what was before them is unknown."""
    newest = latest.newest_id(db)
    try:
        return Stretch(timeline.change_as_of(db, since), newest, since, now), ""
    except BeforeHorizon as unknown:
        horizon = max(1, retention.horizons(db).rest)
        began = db.value("SELECT at FROM audit_log WHERE id>=? ORDER BY id LIMIT 1", (horizon,))
        at = latest.parse_time(began) if began else None
        return Stretch(horizon - 1, newest, at or since, now, known=False), unknown.message


def _edits(db: Database, since: datetime) -> list[FileEdit]:
    """Edits of the config file, oldest first; an older database that is only read has no table."""
    if not schema.has_table(db, "file_edits"):
        return []
    return file_edits.listed(db, since=since, limit=_EDITS)[::-1]


def _written(config: Path, since: datetime, now: datetime) -> datetime | None:
    """When the config file was last written, where that was in the period."""
    try:
        at = datetime.fromtimestamp(config.stat().st_mtime, UTC)
    except OSError:  # no file, or one that this user may not look at
        return None
    return at if since <= at <= now else None


def _imports(db: Database, since: datetime, now: datetime) -> Iterator[Import]:
    for at, actor, stored in db.rows("SELECT at, actor, receipt_json FROM imports ORDER BY id"):
        moment = latest.parse_time(str(at))
        if moment is None or not since <= moment <= now:
            continue
        receipt = codec.load(str(stored))
        kept = receipt if isinstance(receipt, dict) else {}
        totals = kept.get("totals")
        counts = totals if isinstance(totals, dict) else {}
        yield Import(moment, str(actor), str(kept.get("file", "")), counts)


def _copies(locations: Locations, since: datetime, now: datetime) -> tuple[tuple[Copy, ...], str]:
    """The backups of the period, oldest first; a sentence where their directory is not readable."""
    try:
        listed = backups.listed(locations)
    except NodedeckError as fault:
        return (), fault.message
    found = []
    for backup in reversed(listed):
        at = latest.parse_time(str(backup.manifest.get("at", "")))
        if at is not None and since <= at <= now:
            found.append(Copy(at, backup.name, str(backup.manifest.get("actor", ""))))
    return tuple(found), ""


def _restore(db: Database, since: datetime) -> Restore | None:
    stored = db.value("SELECT value FROM meta WHERE key=?", (MARKER,))
    marker: Any = codec.load(stored) if stored else None
    at = latest.parse_time(str(marker.get("at", ""))) if isinstance(marker, dict) else None
    if at is None or at < since:
        return None
    reason = marker.get("reason")
    return Restore(
        at,
        Path(str(marker.get("backup", ""))).stem,
        str(marker.get("actor", "")),
        None if reason is None else str(reason),
    )


def _undos(db: Database, stretch: Stretch) -> Iterator[Undo]:
    """Undos that gave no reason of their own; one that did stands as a change like any other."""
    rows = db.rows(
        "SELECT max(id), max(at), actor, reason FROM audit_log WHERE actor IS NOT NULL"
        " AND id>? AND id<=? AND substr(reason,1,?)=? GROUP BY actor, reason ORDER BY max(id)",
        (stretch.after, stretch.upto, len(_UNDO), _UNDO),
    )
    for change_id, at, actor, reason in rows:
        yield Undo(latest.parse_time(at) or stretch.until, change_id, actor, reason)
