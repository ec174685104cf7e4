"""Carry out a plan: backup, one transaction with its receipt, and, if asked, the file's cut.

The order makes every stop safe. The cut is worked out and proven before anything is touched. The
backup is on disk before the transaction starts. The database is committed before the file is
rewritten, so a crash in between leaves the file whole and the database complete; running the same
import again finishes it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from store import checks, codec, database, entities, files, latest, settings
from store.database import Database
from store.errors import Busy, CannotCut, HalfDone, NodedeckError, VersionConflict
from store.importing import plan as planning
from store.importing.plan import Plan, Source, Strategy
from store.locations import Locations
from store.manager import ConfigManager
from store.paths import Address, Kind
from store.tables import Imports
from store.yaml_text import cut

CREATED_BY = "nodedeck import"


@dataclass(frozen=True, slots=True)
class Result:
    """What an import did; ``backup`` is None where there was nothing to do."""

    plan: Plan
    backup: Path | None
    receipt: int | None
    rewritten: bool
    comments: tuple[str, ...] = ()

    @property
    def nothing_to_do(self) -> bool:
        """Whether the database and the file already were as the import would leave them."""
        return self.backup is None


def preview(source: Source, locations: Locations, strategy: Strategy = Strategy.MERGE) -> Plan:
    """The plan against the database as it is, or against none where there is none yet."""
    if not files.exists(locations.database):
        return planning.make(source, planning.nothing, strategy)
    if database.blank(locations.database):  # an import that was killed had only begun to make it
        return planning.make(source, planning.nothing, strategy)
    with ConfigManager.open(locations, actor="", read_only=True) as manager:
        db = manager.database
        with db.reading():
            return planning.make(source, _present(db), strategy, _judge(db))


def backup_path(path: Path, now: datetime) -> Path:
    """Where the file's copy will stand; never a file that exists."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    place = path.with_name(f"{path.name}.pre-migration.{stamp}")
    number = 1
    while place.exists():
        number += 1
        place = path.with_name(f"{path.name}.pre-migration.{stamp}-{number}")
    return place


def apply(
    approved: Plan,
    locations: Locations,
    *,
    actor: str,
    clock: Callable[[], datetime],
    rewrite: bool = False,
    reason: str | None = None,
) -> Result:
    """Do what the plan says, or nothing.

    Raises VersionConflict where the file or the database moved on since the plan was made,
    CannotCut, before anything was touched, where the file's text cannot be cut with proof,
    InvalidValue where a mask of an export stands for a secret that the database has not, and
    HalfDone where the database is complete but the file could not be rewritten.
    """
    source = approved.source
    for write in approved.writes:
        checks.refuse_mask(write.path, write.value)
    kept = cut_text(approved) if rewrite else None
    if kept is not None and kept[0] == source.data:
        kept = None
    if not approved.writes and kept is None:
        return Result(approved, None, None, rewritten=False)
    if files.digest(files.read(source.path)) != source.digest:
        raise VersionConflict(
            f"{source.path} was changed since the plan was made; nothing was changed.",
            hint="Plan the import again.",
        )
    with _alone(locations.database):
        backup, receipt = _secured(approved, locations, actor, clock, reason)
    if kept is not None:
        _rewrite(source, kept[0], backup)
        _note_rewrite(locations, actor, clock, reason or f"import of {source.path.name}")
    return Result(approved, backup, receipt, kept is not None, kept[1] if kept else ())


def _alone(path: Path) -> AbstractContextManager[None]:
    """No other import makes or unmakes the same database meanwhile."""
    return files.locked(path) if path.parent.is_dir() else nullcontext()


def _secured(
    approved: Plan,
    locations: Locations,
    actor: str,
    clock: Callable[[], datetime],
    reason: str | None,
) -> tuple[Path, int | None]:
    """The backup and the receipt of the committed database, or neither of the two."""
    backup = backup_path(approved.source.path, clock())
    files.create(backup, approved.source.data)
    fresh = not files.exists(locations.database)
    receipt = None
    try:
        if approved.writes:
            database.create(locations.database, created_by=CREATED_BY)
            with ConfigManager.open(locations, actor=actor, clock=clock) as manager:
                receipt = _commit(manager, approved, backup, reason)
    except BaseException:
        backup.unlink(missing_ok=True)
        if fresh:
            for leftover in (locations.database, *database.side_files(locations.database)):
                leftover.unlink(missing_ok=True)
        raise
    return backup, receipt


def fill(approved: Plan, locations: Locations, *, actor: str) -> None:
    """Make a database of what a plan writes, with neither backup nor receipt: a private copy."""
    database.create(locations.database, created_by=CREATED_BY)
    with (
        ConfigManager.open(locations, actor=actor) as manager,
        manager.transaction("private copy") as db,
    ):
        for write in approved.writes:
            entities.put(db, write.path, write.kind, write.value)


def cut_text(plan: Plan) -> tuple[bytes, tuple[str, ...]]:
    """The file's bytes without what the database took, and the comments that go along.

    Raises CannotCut, with the lines to remove by hand, where what stays cannot be proven to stay.
    """
    if plan.source.format == "toml":
        raise CannotCut(
            f"{plan.source.path} is TOML, which cannot be cut; nothing was changed.",
            hint="Import it without --rewrite; the file stays as it is.",
        )
    if not plan.movable:
        return plan.source.data, ()
    try:
        done = cut(plan.source.data, _topmost(plan))
    except CannotCut as error:
        raise CannotCut(f"{plan.source.path}: {error.message}", hint=error.hint) from error
    return done.data, done.removed


def _topmost(plan: Plan) -> list[tuple[str, ...]]:
    """The movable keys, those of a mapping that goes whole as that mapping."""
    movable = set(plan.movable)

    def pick(item: Any, at: tuple[str, ...]) -> tuple[bool, list[tuple[str, ...]]]:
        if at in movable:
            return True, [at]
        if item.kind != "map" or not item.entries:
            return False, []
        below = [pick(inner, (*at, name)) for name, inner in item.entries.items()]
        if at and all(whole for whole, _ in below):
            return True, [at]
        return False, [key for _, keys in below for key in keys]

    return pick(plan.source.root, ())[1]


def _commit(manager: ConfigManager, approved: Plan, backup: Path, reason: str | None) -> int:
    source = approved.source
    why = reason or f"import of {source.path.name}"
    with manager.transaction(why) as db:
        again = planning.make(source, _present(db), approved.strategy, _judge(db))
        if again.writes != approved.writes:
            raise VersionConflict(
                "The database was changed since the plan was made; nothing was changed.",
                hint="Plan the import again.",
            )
        for write in approved.writes:
            entities.put(db, write.path, write.kind, write.value)
        present = _present(db)
        for write in approved.writes:
            if planning.differ(write.path, write.value, present(write.path, write.kind)):
                raise NodedeckError(
                    f"{write.path} did not read back as it was written; nothing was changed."
                )
        return int(
            Imports.insert(
                at=manager.clock().isoformat(timespec="milliseconds"),
                actor=manager.actor,
                host=socket.gethostname(),
                receipt_json=codec.dump(_receipt(approved, backup)),
            ).execute(db.sqlite)
        )


def _receipt(plan: Plan, backup: Path) -> dict[str, Any]:
    shown = planning.as_json(plan)
    return {**shown, "schema": "nodedeck.import.receipt/1", "backup": str(backup)}


def _present(db: Database) -> planning.Present:
    def present(path: str, kind: Kind) -> Any:
        value = latest.value_at(db, Address(path, kind))
        return planning.ABSENT if value is None and not _stands(db, path) else value

    return present


def _judge(db: Database) -> planning.Judge:
    def judge(path: str, value: Any) -> None:
        settings.admit(db, *settings.key_of(path), value)

    return judge


def _stands(db: Database, path: str) -> bool:
    """Whether an entity is there, be its value null."""
    newest = "SELECT new_json FROM audit_log WHERE path=? ORDER BY id DESC LIMIT 1"
    return db.value(newest, (path,)) is not None


def _rewrite(source: Source, text: bytes, backup: Path) -> None:
    try:
        if files.digest(files.read(source.path)) != source.digest:
            raise HalfDone(
                f"The database is complete, but {source.path} was changed meanwhile and was not"
                " rewritten.",
                hint="Look at it, then run the import again with --rewrite.",
            )
        files.write(source.path, text)
    except HalfDone:
        raise
    except NodedeckError as error:
        raise HalfDone(
            f"The database is complete, but the file was not rewritten. {error.message}",
            hint=f"Mend that and run the import again with --rewrite; its copy is {backup}.",
        ) from error


def _note_rewrite(
    locations: Locations, actor: str, clock: Callable[[], datetime], reason: str
) -> None:
    """Record the rewrite as ours, or the next write would take it for another program's."""
    if not files.exists(locations.database):
        return
    try:
        with (
            ConfigManager.open(locations, actor=actor, clock=clock) as manager,
            manager.database.writing(),
        ):
            manager.own_file_edit(reason)
    except Busy:  # the import is done; the edit is then recorded without a name
        return


def receipts(manager: ConfigManager) -> list[dict[str, Any]]:
    """The receipts of imports, newest first, without their plans' rows."""
    db = manager.database
    with db.reading():
        query = Imports.select(Imports.id, Imports.at, Imports.actor, Imports.receipt_json)
        rows = list(query.order_by(Imports.id.desc()).tuples().execute(db.sqlite))
    found = []
    for number, at, actor, stored in rows:
        receipt = codec.load(stored)
        kept = receipt if isinstance(receipt, dict) else {}
        summary = {name: kept.get(name) for name in ("file", "role", "digest", "backup")}
        totals = kept.get("totals")
        found.append({"id": number, "at": at, "actor": actor, **summary, "totals": totals or {}})
    return found
