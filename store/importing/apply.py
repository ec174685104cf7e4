"""Carry out a plan: backup, one transaction with its receipt, and, if asked, the file's cut.

The cut is worked out and proven, and the plan rehearsed on a copy, before anything is touched.
What follows is one unit of two files, which ``unit`` makes safe at every stop.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from store import backup as backups
from store import checks, codec, database, entities, files, latest, settings
from store.database import Database
from store.errors import Busy, CannotCut, HalfDone, NodedeckError, VersionConflict
from store.importing import originals, rehearsal, unit
from store.importing import plan as planning
from store.importing.plan import Action, Choices, Plan, Source
from store.locations import Locations
from store.manager import ConfigManager
from store.paths import Address, Kind
from store.sealing.scrub import careful
from store.tables import Imports
from store.yaml_text import cut

CREATED_BY = "nodedeck import"
SAFETY_NAME = "before-import"


@dataclass(frozen=True, slots=True)
class Result:
    """What an import did; ``backup`` is None where there was nothing to do.

    ``rehearsed`` is how many leaves a copy's export gave back as the file has them, ``left`` says
    where former values of sealed ones may still stand. ``backup`` is of the file ``main``, and
    ``copies`` are those of the others.
    """

    plan: Plan
    backup: Path | None
    receipt: int | None
    rewritten: bool
    comments: tuple[str, ...] = ()
    rehearsed: int = 0
    left: tuple[str, ...] = ()
    main: Path | None = None
    copies: tuple[Path, ...] = ()

    @property
    def rewritten_file(self) -> Path | None:
        """The file that was rewritten, if one was."""
        return self.main if self.rewritten else None

    @property
    def nothing_to_do(self) -> bool:
        """Whether the database and the file already were as the import would leave them."""
        return self.receipt is None and not self.rewritten


def preview(
    sources: Sequence[Source], locations: Locations, choices: Choices | None = None
) -> Plan:
    """The plan against the database as it is, or against none where there is none yet."""
    if not files.exists(locations.database):
        return planning.make(sources, planning.nothing, choices)
    if database.blank(locations.database):  # an import that was killed had only begun to make it
        return planning.make(sources, planning.nothing, choices)
    with ConfigManager.open(locations, actor="", read_only=True) as manager:
        db = manager.database
        with db.reading():
            return planning.make(sources, present_in(db), choices, _judge(db))


def apply(
    approved: Plan,
    locations: Locations,
    *,
    actor: str,
    clock: Callable[[], datetime],
    rewrite: bool = False,
    seal: bool = False,
    reason: str | None = None,
) -> Result:
    """Do what the plan says, or nothing.

    With ``seal`` the secrets that it proposes are sealed in the same transaction, which raises what
    ``Vault.put`` raises; without, they stay in the file.

    With ``rewrite`` the one file whose keys went into the database is cut.

    Raises VersionConflict where a file or the database moved on since the plan was made,
    BadDocument where nothing in the files fits, CannotCut, before anything was touched, where the
    file's text cannot be cut with proof or more than one file would be cut,
    InvalidValue where a mask of an export stands for a secret that the database has not, and
    HalfDone where the database is complete but the file could not be rewritten.
    """
    approved = approved.decided(seal=seal or approved.choices.seal)
    source = originals.main_of(approved, rewrite=rewrite)
    stores = bool(approved.writes or approved.seals)
    for write in approved.writes:
        checks.refuse_mask(write.path, write.value)
    kept = cut_text(approved, source) if rewrite and source.is_file else None
    if kept is not None and kept[0] == source.data:
        kept = None
    if not stores and kept is None:
        if not any(row.action is Action.EQUAL for row in approved.rows):
            approved.refuse_misfits(fixable=True)
        return Result(approved, None, None, rewritten=False)
    database.check_place(locations.database)
    originals.check_unchanged(approved)
    rehearsed = rehearsal.rehearse(approved, locations, actor=actor)
    after = None if kept is None else kept[0]
    file = source.path if source.is_file else locations.config  # another database is left alone
    with unit.alone(locations, file):
        _take_on(file, locations)
        originals.check_unchanged(approved)
        safety = _database_kept(locations, actor, clock)
        backup = originals.backup_path(file, clock()) if source.is_file else None
        others = originals.copies_of(approved, source, clock())
        made = unit.Unit(
            file=file,
            before=source.digest,
            after=after,
            copy=backup,
            also=tuple(others),
            receipt=stores,
            fresh=not files.exists(locations.database),
        )

        left: list[str] = []

        def commit(token: str) -> int | None:
            for place, other in others.items():
                files.create(place, other.data)
            if not stores:
                return None
            facts = {
                **originals.named(source),
                "token": token,
                "backup": str(backup.absolute()) if backup else None,
                "backups": originals.listed(others),
                "choices": approved.choices.as_json(),
                "database_backup": str(safety.path) if safety else None,
                "digest_after": source.digest if after is None else files.digest(after),
                "rehearsed": rehearsed,
            }
            database.create(locations.database, created_by=CREATED_BY)
            with ConfigManager.open(locations, actor=actor, clock=clock) as manager:
                # the file gives up what it holds right after: the commit must be on the disk
                manager.database.execute_sql("PRAGMA synchronous=FULL")
                if approved.seals:
                    careful(manager.database)
                number, cleared = _commit(manager, approved, facts, reason)
                if cleared and (sentence := manager.scrub()):
                    left.append(sentence)
                return number

        try:
            receipt = unit.carry_out(locations, made, source.data, commit)
        except HalfDone:
            raise
        except BaseException:
            if safety is not None:
                backups.discard(safety)
            raise
    if kept is not None:
        note_rewrite(locations, actor, clock, reason or f"import of {source.path.name}")
    comments = kept[1] if kept else ()
    return Result(
        approved,
        backup,
        receipt,
        kept is not None,
        comments,
        rehearsed,
        tuple(left),
        source.path,
        tuple(others),
    )


def _take_on(file: Path, locations: Locations) -> None:
    """Finish what an earlier import left half done; of the same file, this one takes it over."""
    left = unit.load(locations)
    if left is None:
        return
    try:
        unit.recover_alone(locations, left)
    except HalfDone:
        if left.file.resolve() != file.resolve():
            raise
        unit.superseded(locations)


def note_rewrite(
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


def _database_kept(
    locations: Locations, actor: str, clock: Callable[[], datetime]
) -> backups.Backup | None:
    """A backup of the database as it is before, None where there is nothing in it."""
    if not files.exists(locations.database) or database.blank(locations.database):
        return None
    host = socket.gethostname()
    return backups.create(locations, actor=actor, host=host, clock=clock, name=SAFETY_NAME)


def fill(approved: Plan, locations: Locations, *, actor: str) -> None:
    """Make a database of what a plan writes, with neither backup nor receipt: a private copy."""
    database.create(locations.database, created_by=CREATED_BY)
    with (
        ConfigManager.open(locations, actor=actor) as manager,
        manager.transaction("private copy") as db,
    ):
        for write in approved.writes:
            entities.put(db, write.path, write.kind, write.value)


def cut_text(plan: Plan, source: Source | None = None) -> tuple[bytes, tuple[str, ...]]:
    """A file's bytes without what the database took, and the comments that go along.

    Raises CannotCut, with the lines to remove by hand, where what stays cannot be proven to stay.
    """
    source = source or originals.main_of(plan, rewrite=True)
    if source.format == "toml":
        raise CannotCut(
            f"{source.path} is TOML, which cannot be cut; nothing was changed.",
            hint="Import it without --rewrite; the file stays as it is.",
        )
    if not plan.movable_in(source.path):
        return source.data, ()
    try:
        done = cut(source.data, _topmost(plan, source))
    except CannotCut as error:
        raise CannotCut(f"{source.path}: {error.message}", hint=error.hint) from error
    return done.data, done.removed


def _topmost(plan: Plan, source: Source) -> list[tuple[str, ...]]:
    """The movable keys, those of a mapping that goes whole as that mapping."""
    movable = set(plan.movable_in(source.path))

    def pick(item: Any, at: tuple[str, ...]) -> tuple[bool, list[tuple[str, ...]]]:
        if at in movable:
            return True, [at]
        if item.kind != "map" or not item.entries:
            return False, []
        below = [pick(inner, (*at, name)) for name, inner in item.entries.items()]
        if at and all(whole for whole, _ in below):
            return True, [at]
        return False, [key for _, keys in below for key in keys]

    return pick(source.root, ())[1]


def _commit(
    manager: ConfigManager, approved: Plan, facts: dict[str, Any], reason: str | None
) -> tuple[int, bool]:
    """The receipt's number, and whether a value that stood in clear was sealed."""
    why = reason or f"import of {', '.join(each.path.name for each in approved.sources)}"
    with manager.transaction(why) as db:
        again = planning.make(approved.sources, present_in(db), approved.choices, _judge(db))
        if again.writes != approved.writes or (approved.seals and again.seals != approved.seals):
            raise VersionConflict(
                "The database was changed since the plan was made; nothing was changed.",
                hint="Plan the import again.",
            )
        first = latest.newest_id(db) + 1
        for write in approved.writes:
            entities.put(db, write.path, write.kind, write.value)
        cleared = manager.seal_imported(approved.seals, why)
        present = present_in(db)
        for write in approved.writes:
            if planning.differ(write.path, write.value, present(write.path, write.kind)):
                raise NodedeckError(
                    f"{write.path} did not read back as it was written; nothing was changed."
                )
        at, host = manager.clock().isoformat(timespec="milliseconds"), socket.gethostname()
        receipt = {
            **planning.as_json(approved),
            "schema": "nodedeck.import.receipt/1",
            "at": at,
            "actor": manager.actor,
            "host": host,
            "changes": [first, latest.newest_id(db)],
            **facts,
        }
        number = int(
            Imports.insert(
                at=at, actor=manager.actor, host=host, receipt_json=codec.dump(receipt)
            ).execute(db.sqlite)
        )
    return number, cleared


def present_in(db: Database) -> planning.Present:
    """The present values of a database, inside the caller's transaction."""

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
