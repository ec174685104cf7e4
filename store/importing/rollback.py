"""Taking an import back: the legacy files again, and if asked the database's content of before.

``now``, the usual one, gives the daemon its files in their legacy shape with the values of this
moment, so that it can go back to them without losing a height or a seed; the database stays.
``before`` gives the files' very bytes of before, and writes back what the import changed in the
database as new, audited changes. Both bring back every file that the import cut, and are one unit
of the database and those files, as the import was.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from store import codec, files, history, latest, paths, retention, undoing
from store.connections import on_one_connection
from store.database import Database
from store.errors import HalfDone, Refused, UsageError, VersionConflict
from store.importing import journal, receipts, returning, unit
from store.importing.originals import backup_path
from store.importing.returning import Return
from store.locations import Locations
from store.manager import ConfigManager
from store.models import FieldChange
from store.paths import Kind
from store.sealing.vault import Vault

_TakenBack = dict[int, dict[str, int]]
_Changed = dict[str, tuple[int, str | None, str | None]]
# what the daemon writes by itself; everything else moved on because somebody wanted it to
_DAEMONS: Final = (Kind.CHAIN, Kind.SEED, Kind.VERSIONS)


class State(StrEnum):
    """What a rollback brings back."""

    NOW = "now"
    BEFORE = "before"


@dataclass(frozen=True, slots=True)
class Rollback:
    """What a rollback would do.

    ``files`` are those that it is about, each with what it gets, and ``file`` is the one that the
    import is named after; ``entities`` what is written back to the database, by path with its
    change and stored value of before; ``moved`` the values that an operator changed since the
    import, with the value that they would have. ``token`` is the import's, and ``stopped`` whether
    it was stopped half-way and its journal stands.
    """

    receipt: int
    state: State
    file: Path
    files: tuple[Return, ...]
    entities: tuple[tuple[str, int, str | None], ...]
    moved: tuple[FieldChange, ...]
    newest: int
    token: str
    stopped: bool = False

    @property
    def lost(self) -> tuple[FieldChange, ...]:
        """The values that were put into files since and would go, with what takes their place."""
        return tuple(field for each in self.files for field in each.lost)

    @property
    def file_edited(self) -> bool:
        """Whether an edit of a file would be lost."""
        return any(each.edited for each in self.files)

    @property
    def needs_force(self) -> bool:
        """Whether something that an operator did since the import is at stake."""
        return bool(self.moved) or any(each.at_stake for each in self.files)

    @property
    def typed(self) -> str:
        """What has to be typed where something is at stake: the name of each file that is."""
        named = [each.file.name for each in self.files if each.at_stake]
        return " ".join(named) or self.file.name

    @property
    def rewritten(self) -> tuple[Path, ...]:
        """The files that get another text."""
        return tuple(each.file for each in self.files if each.text is not None)

    @property
    def nothing_to_do(self) -> bool:
        """Whether the files already have the values of now, and nothing was stopped half-way."""
        return self.state is State.NOW and not self.rewritten and not self.stopped


def plan(locations: Locations, number: int | None, state: State) -> Rollback:
    """Plan a rollback of an import, the newest one by default; nothing is changed.

    Raises UsageError where there is no such import, VersionConflict where it was taken back
    already, Refused where a copy of it or the log's rows of it are gone, CannotCut where a
    file's text cannot be changed with proof, and HalfDone where the newest is one that was stopped
    before it was committed.
    """
    if number is None:
        _refuse_unsettled(locations)
    with ConfigManager.open(locations, actor="", read_only=True) as manager:
        db = manager.database
        with db.reading():
            found, facts = _receipt(db, number, state)
            if facts["backup"] is None:
                return _of_database(locations, db, found, facts, state)
            left = unit.load(locations)
            if left is not None and left.token != facts.get("token"):
                left = None
            changed, token = _changed(db, facts), facts.get("token", "")
            back, entities = state is State.BEFORE, tuple[tuple[str, int, str | None], ...]()
            if back:
                returned = returning.before(db, found, facts, left)
                entities = tuple(_write_back(db, changed))
            else:
                nodes = frozenset(_nodes_moved(db, changed))
                returned = returning.now(db, found, facts, left, nodes)
            return Rollback(
                found,
                state,
                Path(facts["file_path"]),
                returned,
                entities,
                tuple(_moved(db, changed, before=back)),
                latest.newest_id(db),
                token,
                left is not None,
            )


def _of_database(
    locations: Locations, db: Database, number: int, facts: dict[str, Any], state: State
) -> Rollback:
    """The rollback of an import of another database alone, which gave no file up."""
    if state is State.NOW:
        raise Refused(
            f"Import {number} read {facts['file_path']}, which it left alone: there is no file to"
            " bring back; nothing was changed.",
            hint="'--state before' writes back what the database had before.",
        )
    changed, token = _changed(db, facts), facts.get("token", "")
    entities, moved = tuple(_write_back(db, changed)), tuple(_moved(db, changed, before=True))
    file, newest = Path(facts["file_path"]), latest.newest_id(db)
    left = unit.load(locations)
    stopped = left is not None and left.token == token
    return Rollback(number, state, file, (), entities, moved, newest, token, stopped)


@on_one_connection
def apply(
    planned: Rollback,
    locations: Locations,
    *,
    actor: str,
    clock: Callable[[], datetime],
    reason: str | None = None,
) -> int | None:
    """Do what the plan says, or nothing; the number of its receipt, None if it has nothing to do.

    Raises VersionConflict where the file or the database moved on since the plan was made, and
    HalfDone where the database is done and the file could not be written.
    """
    if planned.nothing_to_do:
        return None
    with unit.alone(locations, [each.file for each in planned.files]):
        # another's journal is not ours to write over, and that of the import is put back with ours
        unit.recover_alone(locations, but=planned.token)
        over = journal.text(locations)
        for each in planned.files:
            _refuse_another(each)
        now = clock()
        copies = {each.file: backup_path(each.file, now) for each in planned.files}
        written = [each for each in planned.files if each.text is not None]
        work = unit.Unit(
            of=tuple(copies) or (planned.file,),
            parts=tuple(each.part(copies[each.file]) for each in written),
            also=tuple(copies[each.file] for each in planned.files if each not in written),
            beside=next(iter(copies.values()), None),
            what="rollback",
            over=over,
        )

        def commit(token: str) -> int:
            with ConfigManager.open(locations, actor=actor, clock=clock) as manager:
                manager.database.execute_sql("PRAGMA synchronous=FULL")
                return _commit(manager, planned, copies, token, reason)

        before = {copies[each.file]: each.data for each in planned.files}
        return unit.carry_out(locations, work, before, commit)


def _refuse_another(planned: Return) -> None:
    """Raise VersionConflict where a file is no longer the one that was planned with."""
    file = planned.file
    if (files.read(file) if file.exists() else b"") != planned.data:
        raise VersionConflict(
            f"{file} was changed since the rollback was planned; nothing was changed.",
            hint="Run it again.",
        )


def _commit(
    manager: ConfigManager,
    planned: Rollback,
    copies: Mapping[Path, Path],
    token: str,
    reason: str | None,
) -> int:
    why = reason or f"rollback of import {planned.receipt}"
    with manager.transaction(why) as db:
        newest = latest.newest_id(db)
        _refuse_again(planned.receipt, planned.state, receipts.done(db)[1])
        if newest != planned.newest and _touched_since(db, planned):
            raise VersionConflict(
                "The database was changed since the rollback was planned; nothing was changed.",
                hint="Run it again.",
            )
        for path, change, stored in planned.entities:
            undoing.put_back(Vault(db, manager.master_key), path, change, stored)
        of_files = [_told(each, copies[each.file]) for each in planned.files]
        nothing = {"digest": None, "digest_after": None, "backup": None}
        own = {**(of_files[0] if of_files else nothing), "file": str(planned.file)}
        receipt = {
            "schema": receipts.ROLLBACK,
            "token": token,
            "role": "rollback",
            "of": planned.receipt,
            "state": planned.state,
            "reason": why,
            **own,
            "files": of_files,
            "changes": [newest + 1, latest.newest_id(db)],
        }
        return receipts.keep(manager, socket.gethostname(), receipt)


def _told(each: Return, copy: Path) -> dict[str, str]:
    """What a rollback's receipt says of a file."""
    return {
        "file": str(each.file),
        "digest": files.digest(each.data),
        "digest_after": files.digest(each.new),
        "backup": str(copy),
    }


def _touched_since(db: Database, planned: Rollback) -> bool:
    """Whether a change since the plan concerns it; a daemon's next block does not."""
    rows = db.rows("SELECT DISTINCT path FROM audit_log WHERE id>?", (planned.newest,))
    return any(history.kind_of(path) not in _DAEMONS for (path,) in rows)


def _receipt(db: Database, number: int | None, state: State) -> tuple[int, dict[str, Any]]:
    imports, taken_back = receipts.done(db)
    if number is None:
        number = next((each for each in imports if not _by(each, state, taken_back)), None)
        if number is None:
            raise UsageError(
                "There is no import to take back; nothing was changed.",
                hint="'nodedeck import list' shows them.",
            )
    if number not in imports:
        raise UsageError(
            f"There is no import {number}; nothing was changed.",
            hint="'nodedeck import list' shows them.",
        )
    _refuse_again(number, state, taken_back)
    facts = receipts.facts(db, number)
    if "changes" not in facts or "file_path" not in facts:
        raise Refused(
            f"Import {number} was made by an older nodedeck, whose receipt does not say enough;"
            " nothing was changed.",
            hint=f"The file's copy is {facts.get('backup')}.",
        )
    return number, facts


def _by(number: int, state: State, taken_back: _TakenBack) -> int | None:
    """The receipt that stands against a rollback; one of the file alone leaves the rest to do."""
    found = taken_back.get(number, {})
    return found.get(State.BEFORE) or found.get(state)


def _refuse_again(number: int, state: State, taken_back: _TakenBack) -> None:
    if (receipt := _by(number, state, taken_back)) is not None:
        raise VersionConflict(
            f"Import {number} was taken back already (receipt {receipt}); nothing was changed.",
            hint=""
            if State.BEFORE in taken_back[number]
            else "That was with the values of now; '--state before' takes back all of it.",
        )


def _refuse_unsettled(locations: Locations) -> None:
    left = unit.standing(locations)
    if left is None or (left.what == unit.IMPORT and unit.is_committed(locations, left)):
        return
    raise HalfDone(
        f"What was done last, to {left.named}, was stopped half-way and is not among the receipts;"
        " nothing was changed.",
        hint="The next verb that writes settles it.",
    )


def _changed(db: Database, facts: dict[str, Any]) -> _Changed:
    """(change, stored value before, stored value after) of each entity that the import wrote."""
    first, last = facts["changes"]
    past = retention.horizons(db)
    if first <= max(past.heights, past.rest):
        raise Refused(
            "The log no longer holds what the database had before this import; nothing was"
            " changed.",
            hint=f"The file's copy is {facts['backup']}.",
        )
    found: _Changed = {}
    rows = db.rows(
        "SELECT id, path, old_json, new_json FROM audit_log WHERE id BETWEEN ? AND ? ORDER BY id",
        (first, last),
    )
    for change, path, old, new in rows:
        found[path] = (change, found[path][1] if path in found else old, new)
    return found


def _write_back(db: Database, changed: _Changed) -> Iterator[tuple[str, int, str | None]]:
    for path, (change, old, new) in reversed(changed.items()):
        undoing.refuse_untold(db, path, change, old, new)
        if not undoing.same(path, undoing.present(db, path), old):
            yield path, change, old


def _moved(db: Database, changed: _Changed, *, before: bool) -> Iterator[FieldChange]:
    """Leaves that an operator changed since: what they are, and what they would be."""
    for path, (_, old, new) in changed.items():
        kind, stored = history.kind_of(path), undoing.present(db, path)
        if kind in _DAEMONS or undoing.same(path, stored, new):
            continue
        newest = history.newest_of(db, path)
        then, target = (codec.entity_value(kind, path, each) for each in (new, old))
        yield from history.fields(
            newest.model_copy(
                update={"old": newest.new, "new": target} if before else {"old": then}
            )
        )


def _nodes_moved(db: Database, changed: _Changed) -> Iterator[str]:
    """The nodes that differ from what the import wrote, be it in a field that no file names."""
    for path, (_, _, new) in changed.items():
        kind = history.kind_of(path)
        if kind is Kind.NODE and not undoing.same(path, undoing.present(db, path), new):
            yield paths.split(path)[1]
