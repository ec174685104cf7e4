"""Carry out a plan: backup, one transaction with its receipt, and, if asked, the file's cut.

The cut is worked out and proven, and the plan rehearsed on a copy, before anything is touched.
What follows is one unit of two files, which ``unit`` makes safe at every stop.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from store import backup as backups
from store import checks, database, entities, files
from store.collecting import held_back
from store.connections import on_one_connection
from store.errors import Busy, Cancelled, CannotCut, HalfDone
from store.importing import originals, rehearsal, remains, standing, unit, writing
from store.importing import plan as planning
from store.importing import progress as progressing
from store.importing.plan import Action, Choices, Plan, Source
from store.importing.progress import Cancel, Course, Phase, Progress, unheard
from store.importing.remains import Remains
from store.locations import Locations
from store.manager import ConfigManager
from store.sealing.scrub import careful
from store.yaml_text import cut

CREATED_BY = "nodedeck import"
SAFETY_NAME = "before-import"


@dataclass(frozen=True, slots=True)
class Result:
    """What an import did; ``receipt`` is None where there was nothing to do.

    ``rehearsed`` is how many leaves a copy's export gave back as the file has them, ``left`` says
    where former values of sealed ones may still stand, and ``uncut`` why no file was cut, with the
    lines to remove by hand, where that was to be tried and could not be proven. ``backup`` is of
    the file ``main``, None where that is a database, and ``copies`` are those of the others.
    """

    plan: Plan
    backup: Path | None
    receipt: int | None
    rewritten: bool
    comments: tuple[str, ...] = ()
    rehearsed: int = 0
    left: tuple[str, ...] = ()
    uncut: str = ""
    main: Path | None = None
    copies: tuple[Path, ...] = ()
    remains: tuple[Remains, ...] = ()

    @property
    def rewritten_file(self) -> Path | None:
        """The file that was rewritten, if one was."""
        return self.main if self.rewritten else None

    @property
    def nothing_to_do(self) -> bool:
        """Whether the database and the file already were as the import would leave them."""
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
    ``Vault.put`` raises; without, they stay in the file. With ``rewrite`` the one file whose keys
    went into the database is cut, and with ``or_keep`` it stays as it is where that cannot be
    proven. ``progress`` is told how far it is, in the caller's thread, and ``cancel`` is heard
    until the commit: see ``progress``.

    Raises VersionConflict where a file or the database moved on since the plan was made,
    BadDocument where nothing in the files fits, CannotCut, before anything was touched, where the
    file's text cannot be cut with proof or more than one file would be cut, InvalidValue where a
    mask of an export stands for a secret that the database has not, Cancelled where that was asked
    for, all of it taken back, and HalfDone where the database is complete but the file could not be
    rewritten.
    """
    course = Course(progress, cancel)
    approved = approved.decided(seal=seal or approved.choices.seal)
    for write in approved.writes:
        checks.refuse_mask(write.path, write.value)
    source, text, comments, uncut = _text_after(approved, rewrite=rewrite, or_keep=or_keep)
    if not (approved.writes or approved.seals) and text is None:
        if not any(row.action is Action.EQUAL for row in approved.rows):
            approved.refuse_misfits(fixable=True)
        return Result(approved, None, None, rewritten=False, uncut=uncut, main=source.path)
    database.check_place(locations.database)
    originals.check_unchanged(approved)
    rehearsed = rehearsal.rehearse(approved, locations, actor=actor, course=course)
    left: list[str] = []
    file = source.path if source.is_file else locations.config  # another database is left alone
    with unit.alone(locations, file):
        _take_on(file, locations)
        originals.check_unchanged(approved)
        course.at(Phase.BACKUP)
        had_folder = backups.folder_of(locations).exists()
        safety = _database_kept(locations, actor, clock)
        others = originals.copies_of(approved, source, clock())
        work = unit.Unit(
            file=file,
            before=source.digest,
            after=text,
            copy=originals.backup_path(file, clock()) if source.is_file else None,
            also=tuple(others),
            fresh=not files.exists(locations.database),
        )
        facts = {
            **originals.named(source),
            "token": work.token,
            "backup": str(work.copy.absolute()) if work.copy else None,
            "backups": originals.listed(others),
            "choices": approved.choices.as_json(),
            "database_backup": str(safety.path) if safety else None,
            "digest_after": source.digest if text is None else files.digest(text),
            "rehearsed": rehearsed,
            "uncut": uncut,
        }

        def commit(_token: str) -> int:
            for place, other in others.items():
                files.create(place, other.data)
            course.at(Phase.BACKUP, 1)
            if work.fresh or database.blank(locations.database):
                database.create(locations.database, created_by=CREATED_BY)
            with ConfigManager.open(locations, actor=actor, clock=clock) as manager:
                # the file gives up what it holds right after: the commit must be on the disk
                manager.database.execute_sql("PRAGMA synchronous=FULL")
                if approved.seals:
                    careful(manager.database)
                number, cleared = writing.commit(manager, approved, facts, reason, course)
                if text is not None:
                    course.late(Phase.CUT)
                if cleared and (sentence := manager.scrub()):
                    left.append(sentence)
                manager.database.fold_log()
                return number

        try:
            receipt = unit.carry_out(locations, work, source.data, commit)
        except HalfDone:
            raise
        except Cancelled:
            raise progressing.cancelled(_discarded(safety, had_folder)) from None
        except BaseException:
            _discarded(safety, had_folder)
            raise
    if text is not None:
        note_rewrite(locations, actor, clock, reason or f"import of {source.path.name}")
        course.late(Phase.CUT, 1)
    return Result(
        approved,
        work.copy,
        receipt,
        text is not None,
        comments,
        rehearsed,
        tuple(left),
        uncut,
        source.path,
        tuple(others),
        () if text is None else remains.after(approved, source, text),
    )


def _text_after(
    approved: Plan, *, rewrite: bool, or_keep: bool
) -> tuple[Source, bytes | None, tuple[str, ...], str]:
    """The import's main source; its new text, None where it stays, and the comments that go.

    Last, why no file can be cut.
    """
    source = approved.source
    if not rewrite:
        return source, None, (), ""
    try:
        source = originals.main_of(approved, rewrite=True)
        if not source.is_file:
            return source, None, (), ""
        text, comments = cut_text(approved, source)
    except CannotCut as reason:
        if not or_keep:
            raise
        return source, None, (), reason.why
    return source, (None if text == source.data else text), comments, ""


def _discarded(safety: backups.Backup | None, had_folder: bool) -> list[Path]:
    """Remove the database's backup of an import that came to nothing; what could not be removed."""
    if safety is None:
        return []
    try:
        backups.discard(safety)
        if not had_folder:
            safety.path.parent.rmdir()
    except OSError:  # the import's own failure is what has to be told
        return [safety.path]
    return []


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
        by_hand = remains.by_hand(plan, source)
        raise CannotCut(
            f"{source.path} is TOML, which cannot be cut; nothing was changed.",
            hint="Import it without --rewrite; the file stays as it is." + by_hand,
            why=f"It is TOML, which cannot be cut.{by_hand}",
        )
    if not plan.movable_in(source.path):
        return source.data, ()
    try:
        done = cut(source.data, _topmost(plan, source))
    except CannotCut as error:
        message = f"{source.path}: {error.message}"
        raise CannotCut(message, hint=error.hint, why=error.why) from error
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
