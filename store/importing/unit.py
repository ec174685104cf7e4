"""Several files as one unit: the database's transaction and the new texts of config files.

No file system commits two files at once, so a journal beside the database says what is under way.
It is written before anything else and removed after everything else, and in between it tells
whoever comes next which part happened. The order, with what is on disk after each step:

1. the journal, with all files' new texts: written beside its place, fsynced, renamed, directory
   fsynced;
2. the copies (the backups) of all files, rewritten or only read, and of a database that the unit
   writes to: each written, fsynced, directory fsynced. A file that the unit makes anew is there
   from here on, empty;
3. the database's transaction, whose receipt holds the journal's token: committed with
   ``synchronous=FULL``, which fsyncs the write-ahead log, so that no power failure loses what the
   files are about to give up;
4. every file that is to be rewritten looked at, before the first of them is touched and again
   before each;
5. one file after the other: its new text written beside it, fsynced, renamed, directory fsynced.
   Where a rename would tear the file from its other names or from the mount it is (several links,
   a bind mount), its bytes are overwritten in place and fsynced, and the journal mends what stops
   half-way. The file is read back before the next one's turn;
6. the receipt as JSON beside the first file's copy: written, fsynced;
7. the journal removed, directory fsynced.

Stopped before the commit of step 3, everything is taken back: copies, backup, database if the unit
made it, files that it made, journal. Stopped after it, everything is finished, and no file is
rewritten that was before. Only a file that somebody edited in between cannot be finished without
asking, and then no other is touched either; the journal stays, and with it exit code 4. A rollback
of an import that was stopped half-way keeps that one's journal in its own, and puts it back where
it is itself taken back.
"""

from __future__ import annotations

import contextlib
import glob
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from store import backup as backups
from store import database, files, latest
from store.database import Database
from store.errors import HalfDone, MissingDatabase, NodedeckError, UsageError
from store.importing import journal, receipts, torn
from store.importing.journal import IMPORT, Part, Unit, load, names
from store.locations import Locations, journal_of

__all__ = [
    "IMPORT", "Part", "Recovered", "Unit", "alone", "carry_out", "is_committed", "load", "recover",
    "recover_alone", "standing", "superseded", "told",
]  # fmt: skip

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found half done, and whether it was finished or taken back.

    ``left`` is a backup of what was taken back that could not be removed.
    """

    unit: Unit
    finished: bool
    left: Path | None = None


@contextmanager
def alone(locations: Locations, places: Sequence[Path]) -> Iterator[None]:
    """No other import, and no other nodedeck's rewrite of the files, meanwhile."""
    with ExitStack() as stack:
        found = [each.resolve().parent for each in (locations.database, *places)]
        # one lock a directory: a second one of our own would wait for the first for ever
        for folder in sorted({folder for folder in found if folder.is_dir()}):
            stack.enter_context(files.locked(folder / "any"))
        yield


def carry_out(
    locations: Locations, unit: Unit, copies: Mapping[Path, bytes], commit: Callable[[str], Result]
) -> Result:
    """Do a unit under the caller's ``alone``; ``commit`` gets the token for its receipt.

    ``copies`` are the texts of before by the place of their copy. Raises what ``commit`` raises,
    everything taken back, and HalfDone where the transaction is committed and a file could not be
    rewritten.
    """
    journal.begin(locations, unit)
    try:
        for place, data in copies.items():
            files.create(place, data)
        for part in unit.parts:
            if part.made:
                files.create(part.target)
        result = commit(unit.token)
    except BaseException:
        if not is_committed(locations, unit):
            _take_back(locations, unit)
        raise
    _complete(locations, unit)
    return result


def standing(locations: Locations) -> Unit | None:
    """The unit that was left half done; one that is still at work is none."""
    place = journal_of(locations.database)
    if not place.exists() or files.is_locked(place):
        return None
    return load(locations)


def told(locations: Locations, left: Unit) -> tuple[str, str]:
    """What was left half done, and what becomes of it, which its commit decides."""
    what = f"An {left.name} of {left.named} was stopped"
    if not is_committed(locations, left):
        return (
            f"{what} before it was committed: the next verb that writes removes what it left.",
            "'nodedeck import rollback' does no more than that.",
        )
    hint = "'nodedeck import rollback' takes it back." if left.what == IMPORT else ""
    unfinished = [part.file for part in left.unfinished]
    if unfinished and len(left.of) > 1:
        what = f"{what} half-way, with {names(unfinished)} unfinished"
    else:
        what = f"{what} half-way"
    return f"{what}: the next verb that writes finishes it.", hint


def recover(locations: Locations) -> Recovered | None:
    """Finish what was left half done, or take it back where it was not committed; None if nothing.

    A rollback that is taken back may leave the stopped import that it was of, which is finished
    then. Raises HalfDone, the journal still standing, where a file was edited since or cannot be
    written.
    """
    place = journal_of(locations.database)
    unit = load(locations)
    if unit is None:
        if any(_leftovers(place)):  # killed before it had written its journal
            with files.locked(place):
                _sweep(place)
        return None
    with alone(locations, unit.places):
        return recover_alone(locations)


def recover_alone(locations: Locations, *, but: str = "") -> Recovered | None:
    """As ``recover``, under the caller's ``alone``, and ``but`` for the unit with this token."""
    done = None
    while (unit := load(locations)) is not None and unit.token != but:
        done = _recover_one(locations, unit)
    return done


def _recover_one(locations: Locations, unit: Unit) -> Recovered:
    if is_committed(locations, unit):
        _complete(locations, unit)
        return Recovered(unit, finished=True)
    _take_back(locations, unit)
    left = unit.safety if unit.safety is not None and unit.safety.exists() else None
    return Recovered(unit, finished=False, left=left)


def is_committed(locations: Locations, unit: Unit) -> bool:
    """Whether the database holds the unit's receipt, so that it is to be finished."""
    if not locations.database.exists():
        return False
    try:
        db = Database(locations.database, read_only=True)
    except MissingDatabase:  # made, but nothing was committed into it
        return False
    try:
        return receipts.is_kept(db, unit.token)
    finally:
        db.close()


def superseded(locations: Locations) -> None:
    """Remove the journal of a unit whose files another one takes on, under ``alone``."""
    _end(journal_of(locations.database))


def _complete(locations: Locations, unit: Unit) -> None:
    for part in unit.parts:
        _refuse_edited(unit)  # all of them, before the first is touched and right before each
        _rewrite(unit, part)
        _sweep(part.target)
    if unit.beside is not None:
        _write_receipt(locations, unit, receipts.beside(unit.beside))
    _end(journal_of(locations.database))


def _refuse_edited(unit: Unit) -> None:
    """Raise HalfDone where a file is neither as it was nor as it is to be: no one is touched."""
    edited = [part.file for part in unit.parts if not part.is_done and _is_edited(unit, part)]
    if not edited:
        return
    unfinished = [part.file for part in unit.unfinished]
    if len(unfinished) == len(edited) == 1:
        also = " and was not rewritten"
    else:
        also = f"; {names(unfinished)} {_were(unfinished)} not rewritten"
    hint = "Put back the text of before from its copy; the next verb that writes finishes it then."
    if unit.what == IMPORT:
        again = " ".join(map(str, unfinished))
        hint = (
            f"Look at it, then finish with 'nodedeck import apply {again} --rewrite',"
            " or take it all back with 'nodedeck import rollback'."
        )
    raise HalfDone(
        f"The database is complete, but {names(edited)} {_were(edited)} changed meanwhile{also}.",
        hint=hint,
    )


def _is_edited(unit: Unit, part: Part) -> bool:
    try:
        data = files.read(part.file)
    except NodedeckError as error:
        raise _not_rewritten(unit, error) from error
    if part.file.resolve() != part.target:  # the link leads to a file that we know nothing of
        return True
    return files.digest(data) != part.before and not torn.is_torn(part, data)


def _rewrite(unit: Unit, part: Part) -> None:
    if part.is_done:
        return
    try:
        if part.made:
            part.target.chmod(part.mode)  # which its new text keeps
        files.put(part.file, part.after)
        if files.read(part.file) != part.after:
            raise NodedeckError(f"{part.file} did not read back as it was written.")
    except OSError as error:
        raise _not_rewritten(unit, files.cannot("change", part.file, error)) from error
    except NodedeckError as error:
        raise _not_rewritten(unit, error) from error


def _not_rewritten(unit: Unit, error: NodedeckError) -> HalfDone:
    unfinished = unit.unfinished
    left = [part.file for part in unfinished]
    what = f"{names(left)} {_were(left)}" if len(unit.parts) > 1 and left else "the file was"
    copies = [part.copy for part in unfinished]
    kept = f" Copies: {names(copies)}." if copies else ""
    return HalfDone(
        f"The database is complete, but {what} not rewritten. {error.message}",
        hint="Mend that; the next verb that writes finishes it, and 'nodedeck import rollback'"
        f" takes it back.{kept}",
    )


def _were(some: Sequence[object]) -> str:
    return "was" if len(some) == 1 else "were"


def _take_back(locations: Locations, unit: Unit) -> None:
    """Remove what a unit made that was not committed."""
    for made in (*(part.copy for part in unit.parts), *unit.also):
        made.unlink(missing_ok=True)
        _sweep(made)
    for part in unit.parts:
        if part.made and part.target.is_file() and not part.target.stat().st_size:
            part.target.unlink()
        _sweep(part.target)
    if unit.safety is not None:
        _discard(unit.safety, folder=unit.safety_folder)
    if unit.fresh and _empty(locations.database):
        path = locations.database
        rollback_journal = path.with_name(path.name + "-journal")  # of the switch to WAL
        for leftover in (path, rollback_journal, *database.side_files(path)):
            leftover.unlink(missing_ok=True)
    place = journal_of(locations.database)
    if unit.over:
        files.write(place, unit.over.encode())
        _sweep(place)
    else:
        _end(place)


def _discard(safety: Path, *, folder: bool) -> None:
    """Remove a backup and its directory."""
    with contextlib.suppress(OSError):  # whoever took it back looks, and names it
        backups.discard(safety)
        if folder and safety.parent.is_dir():
            safety.parent.rmdir()


def _empty(path: Path) -> bool:
    """Whether nothing was ever committed to a database, or there is none."""
    if not path.exists() or database.blank(path):
        return True
    try:
        db = Database(path, read_only=True)
    except UsageError:  # somebody else's, or one that is not ours to remove
        return False
    try:
        return latest.newest_id(db) == 0 and not db.value("SELECT count(*) FROM imports")
    finally:
        db.close()


def _write_receipt(locations: Locations, unit: Unit, place: Path) -> None:
    db = Database(locations.database, read_only=True)
    try:
        receipts.write_beside(db, unit.token, place)
    finally:
        db.close()
    _sweep(place)


def _end(place: Path) -> None:
    place.unlink(missing_ok=True)
    _sweep(place)
    files.sync_directory(place.parent)


def _sweep(path: Path) -> None:
    """Remove what a killed writer left beside a file: part of a text, which may hold secrets."""
    for leftover in list(_leftovers(path)):
        leftover.unlink(missing_ok=True)


def _leftovers(path: Path) -> Iterator[Path]:
    if path.parent.is_dir():
        yield from path.parent.glob(f".{glob.escape(path.name)}.????????")
