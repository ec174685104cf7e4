"""Carry out a plan: backup, one transaction with its receipt, and, if asked, the file's cut.

The cut is worked out and proven, and the plan rehearsed on a copy, before anything is touched.
What follows is one unit of two files, which ``unit`` makes safe at every stop.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from store import backup as backups
from store import checks, database, entities, files
from store.collecting import held_back
from store.errors import Busy, Cancelled, CannotCut, HalfDone, VersionConflict
from store.importing import plan as planning
from store.importing import progress as progressing
from store.importing import rehearsal, standing, stillness, unit, writing
from store.importing.plan import Plan, Source, Strategy
from store.importing.progress import Cancel, Course, Phase, Progress, unheard
from store.locations import Locations
from store.manager import ConfigManager
from store.sealing.scrub import careful
from store.yaml_text import cut

CREATED_BY = "nodedeck import"
SAFETY_NAME = "before-import"
_DAEMON_HINT = " If a daemon writes the file, stop it first; --wait waits until nobody does."


@dataclass(frozen=True, slots=True)
class Result:
    """What an import did; ``backup`` is None where there was nothing to do.

    ``rehearsed`` is how many leaves a copy's export gave back as the file has them, ``left`` says
    where former values of sealed ones may still stand, and ``uncut`` why the file was not cut,
    with the lines to remove by hand, where that was to be tried and could not be proven.
    """

    plan: Plan
    backup: Path | None
    receipt: int | None
    rewritten: bool
    comments: tuple[str, ...] = ()
    rehearsed: int = 0
    left: tuple[str, ...] = ()
    uncut: str = ""

    @property
    def nothing_to_do(self) -> bool:
        """Whether the database and the file already were as the import would leave them."""
        return self.backup is None


@held_back()
def preview(source: Source, locations: Locations, strategy: Strategy = Strategy.MERGE) -> Plan:
    """The plan against the database as it is, or against none where there is none yet."""
    # one that is blank an import had only begun to make when it was killed
    if not files.exists(locations.database) or database.blank(locations.database):
        made = planning.make(source, planning.nothing, strategy)
        return replace(made, seen=standing.moment(None))
    with ConfigManager.open(locations, actor="", read_only=True) as manager:
        db = manager.database
        with db.reading():
            made = planning.make(source, standing.present_in(db), strategy, standing.judge_in(db))
            return replace(made, seen=standing.moment(db))


def backup_path(path: Path, now: datetime) -> Path:
    """Where the file's copy will stand; never a file that exists."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    place = path.with_name(f"{path.name}.pre-migration.{stamp}")
    number = 1
    while place.exists():
        number += 1
        place = path.with_name(f"{path.name}.pre-migration.{stamp}-{number}")
    return place


@held_back()
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
    ``Vault.put`` raises; without, they stay in the file. With ``rewrite`` the file is cut, and with
    ``or_keep`` it stays as it is where that cannot be proven. ``progress`` is told how far it is,
    in the caller's thread, and ``cancel`` is heard until the commit: see ``progress``.

    Raises VersionConflict where the file or the database moved on since the plan was made,
    CannotCut, before anything was touched, where the file's text cannot be cut with proof,
    InvalidValue where a mask of an export stands for a secret that the database has not, Cancelled
    where that was asked for, all of it taken back, and HalfDone where the database is complete but
    the file could not be rewritten.
    """
    course = Course(progress, cancel)
    source, approved = approved.source, approved.decided(seal=seal)
    for write in approved.writes:
        checks.refuse_mask(write.path, write.value)
    text, comments, uncut = _text_after(approved, rewrite=rewrite, or_keep=or_keep)
    if not (approved.writes or approved.seals) and text is None:
        return Result(approved, None, None, rewritten=False, uncut=uncut)
    database.check_place(locations.database)
    _check_unchanged(source)
    rehearsed = rehearsal.rehearse(approved, locations, actor=actor, course=course)
    left: list[str] = []
    with unit.alone(locations, source.path):
        _take_on(source, locations)
        _check_unchanged(source)
        course.at(Phase.BACKUP)
        had_folder = backups.folder_of(locations).exists()
        safety = _database_kept(locations, actor, clock)
        work = unit.Unit(
            file=source.path,
            before=source.digest,
            after=text,
            copy=backup_path(source.path, clock()),
            fresh=not files.exists(locations.database),
        )
        facts = {
            "token": work.token,
            "prefix": source.prefix,
            "file_path": str(source.path.absolute()),
            "backup": str(work.copy.absolute()),
            "database_backup": str(safety.path) if safety else None,
            "digest_after": source.digest if text is None else files.digest(text),
            "rehearsed": rehearsed,
            "uncut": uncut,
        }

        def commit(_token: str) -> int:
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
        approved, work.copy, receipt, text is not None, comments, rehearsed, tuple(left), uncut
    )


def _text_after(
    approved: Plan, *, rewrite: bool, or_keep: bool
) -> tuple[bytes | None, tuple[str, ...], str]:
    """The file's new text, None where it stays; the comments that go; why it cannot be cut."""
    if not rewrite:
        return None, (), ""
    try:
        text, comments = cut_text(approved)
    except CannotCut as reason:
        if not or_keep:
            raise
        return None, (), reason.why
    return (None if text == approved.source.data else text), comments, ""


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


def _check_unchanged(source: Source) -> None:
    if files.digest(files.read(source.path)) != source.digest:
        raise VersionConflict(
            f"{source.path} was changed since the plan was made; nothing was changed.",
            hint="Plan the import again." + (_DAEMON_HINT if stillness.is_daemons(source) else ""),
        )


def _take_on(source: Source, locations: Locations) -> None:
    """Finish what an earlier import left half done; of the same file, this one takes it over."""
    left = unit.load(locations)
    if left is None:
        return
    try:
        unit.recover_alone(locations, left)
    except HalfDone:
        if left.file.resolve() != source.path.resolve():
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


def cut_text(plan: Plan) -> tuple[bytes, tuple[str, ...]]:
    """The file's bytes without what the database took, and the comments that go along.

    Raises CannotCut, with the lines to remove by hand, where what stays cannot be proven to stay.
    """
    if plan.source.format == "toml":
        raise CannotCut(
            f"{plan.source.path} is TOML, which cannot be cut; nothing was changed.",
            hint="Import it without --rewrite; the file stays as it is.",
            why="It is TOML, which cannot be cut.",
        )
    if not plan.movable:
        return plan.source.data, ()
    try:
        done = cut(plan.source.data, _topmost(plan))
    except CannotCut as error:
        message = f"{plan.source.path}: {error.message}"
        raise CannotCut(message, hint=error.hint, why=error.why) from error
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
