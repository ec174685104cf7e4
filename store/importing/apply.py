"""Carry out a plan: backup, one transaction with its receipt, and, if asked, the file's cut.

The cut is worked out and proven, and the plan rehearsed on a copy, before anything is touched.
What follows is one unit of the database and the files that are cut, which ``unit`` makes safe at
every stop.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from store import backup as backups
from store import checks, database, entities, files
from store.collecting import held_back
from store.connections import on_one_connection
from store.errors import Busy, Cancelled, HalfDone
from store.importing import cutting, originals, rehearsal, remains, standing, unit, writing
from store.importing import plan as planning
from store.importing import progress as progressing
from store.importing.plan import Action, Choices, Plan, Source
from store.importing.progress import Cancel, Course, Phase, Progress, unheard
from store.importing.remains import Remains
from store.locations import Locations
from store.manager import ConfigManager
from store.sealing.scrub import careful

CREATED_BY = "nodedeck import"
SAFETY_NAME = "before-import"


@dataclass(frozen=True, slots=True)
class Result:
    """What an import did; ``receipt`` is None where there was nothing to do.

    ``rehearsed`` is how many leaves a copy's export gave back as the file has them, and ``left``
    says where former values of sealed ones may still stand. ``cut`` are the files that were
    rewritten and ``kept`` those that were to be and could not be with proof, each with the reason
    and the lines to remove by hand. ``backup`` is of the file ``main``, None where that is a
    database, and ``copies`` are those of the others.
    """

    plan: Plan
    backup: Path | None
    receipt: int | None
    cut: tuple[Path, ...] = ()
    kept: tuple[tuple[Path, str], ...] = ()
    comments: tuple[str, ...] = ()
    rehearsed: int = 0
    left: tuple[str, ...] = ()
    main: Path | None = None
    copies: tuple[Path, ...] = ()
    remains: tuple[Remains, ...] = ()

    @property
    def rewritten(self) -> bool:
        """Whether a file was rewritten."""
        return bool(self.cut)

    @property
    def empty(self) -> int:
        """How many leaves hold nothing, which no export shows, so that none comes back by one."""
        return rehearsal.empty(self.plan)

    @property
    def uncut(self) -> str:
        """Why files stay that were to be cut, empty where none does."""
        return cutting.told(self.plan, self.kept)

    @property
    def nothing_to_do(self) -> bool:
        """Whether the database and the files already were as the import would leave them."""
        return self.receipt is None


@held_back()
def preview(
    sources: Sequence[Source], locations: Locations, choices: Choices | None = None
) -> Plan:
    """The plan against the database as it is, or against none where there is none yet.

    Raises what ``planning.make`` raises, and UsageError for one file under two names.
    """
    originals.refuse_twice(sources)
    # one that is blank an import had only begun to make when it was killed
    if not files.exists(locations.database) or database.blank(locations.database):
        made = planning.make(sources, planning.nothing, choices)
        return replace(made, seen=standing.moment(None))
    with ConfigManager.open(locations, actor="", read_only=True) as manager:
        db = manager.database
        with db.reading():
            made = planning.make(sources, standing.present_in(db), choices, standing.judge_in(db))
            return replace(made, seen=standing.moment(db))


@held_back()
@on_one_connection
def apply(
    approved: Plan,
    locations: Locations,
    *,
    actor: str,
    clock: Callable[[], datetime],
    rewrite: bool = False,
    or_keep: bool = False,
    seal: bool = False,
    reason: str | None = None,
    progress: Progress = unheard,
    cancel: Cancel | None = None,
) -> Result:
    """Do what the plan says, or nothing.

    With ``seal`` the secrets that it proposes are sealed in the same transaction, which raises what
    ``Vault.put`` raises; without, they stay in the file. With ``rewrite`` every file whose keys
    went into the database is cut, and with ``or_keep`` one stays as it is where that cannot be
    proven. ``progress`` is told how far it is, in the caller's thread, and ``cancel`` is heard
    until the commit: see ``progress``.

    Raises VersionConflict where a file or the database moved on since the plan was made,
    BadDocument where nothing in the files fits, CannotCut, before anything was touched, where a
    file's text cannot be cut with proof, InvalidValue where a mask of an export stands for a secret
    that the database has not, Cancelled where that was asked for, all of it taken back, and
    HalfDone where the database is complete but a file could not be rewritten.
    """
    course = Course(progress, cancel)
    approved = approved.decided(seal=seal or approved.choices.seal)
    for write in approved.writes:
        checks.refuse_mask(write.path, write.value)
    cut, kept = cutting.proven(approved, or_keep=or_keep) if rewrite else ((), ())
    texts = {each.source.path: each.new for each in cut}
    source = originals.main_of(approved, [each.source for each in cut])
    if not (approved.writes or approved.seals or cut):
        if not any(row.action is Action.EQUAL for row in approved.rows):
            approved.refuse_misfits(fixable=True)
        return Result(approved, None, None, kept=kept, main=source.path)
    database.check_place(locations.database)
    originals.check_unchanged(approved)
    rehearsed = rehearsal.rehearse(approved, locations, actor=actor, course=course)
    left: list[str] = []
    # another database is left alone
    places = [each.path for each in approved.sources if each.is_file]
    with unit.alone(locations, places or [locations.config]):
        _take_on(places, locations)
        originals.check_unchanged(approved)
        course.at(Phase.BACKUP)
        now = clock()
        copies = originals.copies_of(approved, source, now)
        work = _unit_of(approved, locations, cut, copies, now)
        safety = work.safety
        facts = {
            **originals.named(source),
            "token": work.token,
            "backup": str(work.beside.absolute()) if work.beside else None,
            "backups": originals.listed(copies, source),
            "choices": approved.choices.as_json(),
            "database_backup": str(safety) if safety else None,
            "digest_after": files.digest(texts.get(source.path, source.data)),
            "rehearsed": rehearsed,
            "uncut": cutting.told(approved, kept),
            **cutting.facts(cut, work.parts),
        }

        def commit(_token: str) -> int:
            _back_up(locations, safety, actor, now)
            course.at(Phase.BACKUP, 1)
            if work.fresh or database.blank(locations.database):
                database.create(locations.database, created_by=CREATED_BY)
            with ConfigManager.open(locations, actor=actor, clock=clock) as manager:
                # the files give up what they hold right after: the commit must be on the disk
                manager.database.execute_sql("PRAGMA synchronous=FULL")
                if approved.seals:
                    careful(manager.database)
                number, cleared = writing.commit(manager, approved, facts, reason, course)
                if cut:
                    course.late(Phase.CUT, 0, len(cut))
                if cleared and (sentence := manager.scrub()):
                    left.append(sentence)
                manager.database.fold_log()
                return number

        before = {place: each.data for place, each in copies.items()}
        try:
            receipt = unit.carry_out(locations, work, before, commit)
        except Cancelled:
            stays = [safety] if safety is not None and safety.exists() else []
            raise progressing.cancelled(stays) from None
    if cut:
        why = reason or f"import of {', '.join(each.source.path.name for each in cut)}"
        note_rewrite(locations, actor, clock, why)
        course.late(Phase.CUT, len(cut), len(cut))
    return Result(
        approved,
        work.beside,
        receipt,
        tuple(each.source.path for each in cut),
        kept,
        tuple(comment for each in cut for comment in each.comments),
        rehearsed,
        tuple(left),
        source.path,
        tuple(place for place in copies if place != work.beside),
        remains.after(approved, texts, kept) if cut else (),
    )


def _unit_of(
    approved: Plan,
    locations: Locations,
    cut: Sequence[cutting.Piece],
    copies: Mapping[Path, Source],
    now: datetime,
) -> unit.Unit:
    """What the import does as one; ``copies`` are its files by the place of their copy."""
    copy_of = {each.path: place for place, each in copies.items()}
    names_cut = {each.source.path for each in cut}
    safety = _place_of_backup(locations, now)
    return unit.Unit(
        of=tuple(each.path for each in approved.sources),
        parts=tuple(each.part(copy_of[each.source.path]) for each in cut),
        also=tuple(place for path, place in copy_of.items() if path not in names_cut),
        beside=next(iter(copies), None),
        fresh=not files.exists(locations.database),
        safety=safety,
        safety_folder=safety is not None and not backups.folder_of(locations).exists(),
    )


def _take_on(places: Sequence[Path], locations: Locations) -> None:
    """Finish what an earlier import left half done; of the same files, this one takes it over."""
    try:
        unit.recover_alone(locations)
    except HalfDone:
        ours, left = {each.resolve() for each in places}, unit.load(locations)
        if left is None or not {part.file.resolve() for part in left.unfinished} <= ours:
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


def _place_of_backup(locations: Locations, now: datetime) -> Path | None:
    """Where the database as it is before will be kept, None where there is nothing in it."""
    if not files.exists(locations.database) or database.blank(locations.database):
        return None
    return backups.place_for(locations, now, SAFETY_NAME)


def _back_up(locations: Locations, place: Path | None, actor: str, now: datetime) -> None:
    """Keep the database as it is at the place that was found for it, if any."""
    if place is not None:
        host = socket.gethostname()
        backups.create(
            locations, actor=actor, host=host, clock=lambda: now, name=SAFETY_NAME, place=place
        )


def fill(approved: Plan, locations: Locations, *, actor: str) -> None:
    """Make a database of what a plan writes, with neither backup nor receipt: a private copy."""
    database.create(locations.database, created_by=CREATED_BY)
    with (
        ConfigManager.open(locations, actor=actor) as manager,
        manager.transaction("private copy") as db,
    ):
        for write in approved.writes:
            entities.put(db, write.path, write.kind, write.value)
