"""Two files as one unit: the database's transaction and the config file's new text.

No file system commits two files at once, so a journal beside the database says what is under way.
It is written before anything else and removed after everything else, and in between it tells
whoever comes next which half happened. The order, with what is on disk after each step:

1. the journal, with the file's new text: written beside its place, fsynced, renamed, directory
   fsynced;
2. the file's copy (the backup), and those of files that the import reads and leaves: written,
   fsynced, directory fsynced;
3. the database's transaction, whose receipt holds the journal's token: committed with
   ``synchronous=FULL``, which fsyncs the write-ahead log, so that no power failure loses what the
   file is about to give up;
4. the file's new text: written beside it, fsynced, renamed, directory fsynced. Where a rename
   would tear the file from its other names or from the mount it is (several links, a bind mount),
   its bytes are overwritten in place and fsynced, and the journal mends what stops half-way;
5. the file read back;
6. the receipt as JSON beside the copy: written, fsynced;
7. the journal removed, directory fsynced.

Stopped before the commit of step 3, everything is taken back: copy, database if the unit made it,
journal. Stopped after it, everything is finished. Only a file that somebody edited in between
cannot be finished without asking; then the journal stays, and with it exit code 4.
"""

from __future__ import annotations

import base64
import glob
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from store import database, files, latest
from store.database import Database
from store.errors import HalfDone, MissingDatabase, NodedeckError, UsageError
from store.importing import receipts
from store.locations import Locations, journal_of

Result = TypeVar("Result")

IMPORT: Final = "import"
"""What a unit is that brings a file into the database; the other is a rollback."""

_SCHEMA: Final = "nodedeck.import.journal/2"
_BLOCK: Final = 512


@dataclass(frozen=True, slots=True)
class Unit:
    """One change of a file's text together with a transaction, which leaves a receipt.

    ``before`` is the digest of the file that is replaced, ``after`` its new bytes or None where it
    stays. ``fresh`` is whether the transaction makes the database, ``copy`` where the file's bytes
    of before are kept, None where there is no file to keep, and ``also`` where copies of files
    stand that the unit does not touch, which are of no use without it.
    """

    file: Path
    before: str
    after: bytes | None
    copy: Path | None
    fresh: bool
    what: str = IMPORT
    also: tuple[Path, ...] = ()
    token: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def name(self) -> str:
        """What it is, for a sentence."""
        return IMPORT if self.what == IMPORT else f"{IMPORT}'s {self.what}"


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found half done, and whether it was finished or taken back."""

    unit: Unit
    finished: bool


@contextmanager
def alone(locations: Locations, file: Path) -> Iterator[None]:
    """No other import, and no other nodedeck's rewrite of the file, meanwhile."""
    with ExitStack() as stack:
        places = (locations.database.resolve(), file.resolve())
        # one lock a directory: a second one of our own would wait for the first for ever
        for folder in sorted({place.parent for place in places if place.parent.is_dir()}):
            stack.enter_context(files.locked(folder / "any"))
        yield


def carry_out(
    locations: Locations, unit: Unit, data: bytes, commit: Callable[[str], Result]
) -> Result:
    """Do a unit under the caller's ``alone``; ``commit`` gets the token for its receipt.

    ``data`` is the file's text of before. Raises what ``commit`` raises, everything taken back,
    and HalfDone where the transaction is committed and the file could not be rewritten.
    """
    _begin(locations, unit)
    try:
        if unit.copy is not None:
            files.create(unit.copy, data)
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
    return _load(locations)


def told(locations: Locations, left: Unit) -> tuple[str, str]:
    """What was left half done, and what becomes of it, which its commit decides."""
    what = f"An {left.name} of {left.file} was stopped"
    if not is_committed(locations, left):
        return (
            f"{what} before it was committed: the next verb that writes removes what it left.",
            "'nodedeck import rollback' does no more than that.",
        )
    hint = "'nodedeck import rollback' takes it back." if left.what == IMPORT else ""
    return f"{what} half-way: the next verb that writes finishes it.", hint


def recover(locations: Locations) -> Recovered | None:
    """Finish what was left half done, or take it back where it was not committed; None if nothing.

    Raises HalfDone, the journal still standing, where the file was edited since or cannot be
    written.
    """
    place = journal_of(locations.database)
    unit = _load(locations)
    if unit is None:
        if any(_leftovers(place)):  # killed before it had written its journal
            with files.locked(place):
                _sweep(place)
        return None
    with alone(locations, unit.file):
        unit = _load(locations)  # whoever had the lock may have finished it
        return None if unit is None else recover_alone(locations, unit)


def recover_alone(locations: Locations, unit: Unit) -> Recovered:
    """As ``recover``, under the caller's ``alone``."""
    if is_committed(locations, unit):
        _complete(locations, unit)
        return Recovered(unit, finished=True)
    _take_back(locations, unit)
    return Recovered(unit, finished=False)


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


def is_part_written(unit: Unit) -> bool:
    """Whether the file is part old, part new: an overwriting in place that was stopped."""
    return unit.file.is_file() and _torn(unit, files.read(unit.file))


def superseded(locations: Locations) -> None:
    """Remove the journal of a unit whose file another one takes on, under ``alone``."""
    _end(locations, journal_of(locations.database))


def load(locations: Locations) -> Unit | None:
    """The unit of the journal, None where there is no journal; raises HalfDone if unreadable."""
    return _load(locations)


def _begin(locations: Locations, unit: Unit) -> None:
    after = None if unit.after is None else base64.b64encode(unit.after).decode()
    kept = {
        "schema": _SCHEMA,
        "token": unit.token,
        "what": unit.what,
        "file": str(unit.file.absolute()),
        "before": unit.before,
        "after": after,
        "copy": str(unit.copy.absolute()) if unit.copy else None,
        "also": [str(each.absolute()) for each in unit.also],
        "fresh": unit.fresh,
    }
    files.write(journal_of(locations.database), (json.dumps(kept, indent=2) + "\n").encode())


def _load(locations: Locations) -> Unit | None:
    place = journal_of(locations.database)
    try:
        data = place.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise files.cannot("read", place, error) from error
    try:
        kept: dict[str, Any] = json.loads(data)
        if kept["schema"] != _SCHEMA:
            raise ValueError(kept["schema"])
        after = kept["after"]
        return Unit(
            file=Path(kept["file"]),
            before=kept["before"],
            after=None if after is None else base64.b64decode(after, validate=True),
            copy=Path(kept["copy"]) if kept["copy"] else None,
            also=tuple(map(Path, kept["also"])),
            fresh=kept["fresh"],
            what=kept["what"],
            token=kept["token"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise HalfDone(
            f"{place} is not the journal of an import that this nodedeck can read.",
            hint="Look at it: it names the file and its copy. Remove it once they are in order.",
        ) from error


def _complete(locations: Locations, unit: Unit) -> None:
    if unit.after is not None:
        _rewrite(unit, unit.after)
        _sweep(unit.file.resolve())
    if unit.copy is not None:
        _write_receipt(locations, unit, receipts.beside(unit.copy))
    _end(locations, journal_of(locations.database))


def _rewrite(unit: Unit, text: bytes) -> None:
    try:
        data = files.read(unit.file)
        if data == text:
            return
        if files.digest(data) != unit.before and not _torn(unit, data):
            raise HalfDone(
                f"The database is complete, but {unit.file} was changed meanwhile and was not"
                " rewritten.",
                hint=f"Look at it, then finish with 'nodedeck import apply {unit.file} --rewrite',"
                " or take it all back with 'nodedeck import rollback'.",
            )
        files.put(unit.file, text)
        if files.read(unit.file) != text:
            raise NodedeckError(f"{unit.file} did not read back as it was written.")
    except HalfDone:
        raise
    except NodedeckError as error:
        raise HalfDone(
            f"The database is complete, but the file was not rewritten. {error.message}",
            hint="Mend that; the next verb that writes finishes it, and 'nodedeck import rollback'"
            f" takes it back. The file's copy is {unit.copy}.",
        ) from error


def _torn(unit: Unit, data: bytes) -> bool:
    """Whether a file is part old, part new, block by block: an overwriting that was stopped."""
    if unit.after is None or unit.copy is None or not unit.copy.is_file():
        return False
    old, new = files.read(unit.copy), unit.after
    if files.digest(old) != unit.before or not len(new) <= len(data) <= max(len(old), len(new)):
        return False
    if data[: len(new)] == new:  # all of it, and an end not yet cut off
        return data[len(new) :] == old[len(new) : len(data)]
    blocks = range(0, len(data), _BLOCK)
    if all(data[at : at + _BLOCK] in _either(old, new, at) for at in blocks):
        return True
    # or new up to any byte, and old from there
    agreed = _common(data, new) + _common(data[::-1], old[::-1])
    return len(data) == len(old) and agreed >= len(data)


def _common(one: bytes, other: bytes) -> int:
    """How many first bytes two texts share."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _either(old: bytes, new: bytes, at: int) -> tuple[bytes, ...]:
    fresh = new[at : at + _BLOCK]
    before = old[at : at + _BLOCK]
    return (before, fresh, fresh + before[len(fresh) :])


def _take_back(locations: Locations, unit: Unit) -> None:
    """Remove what a unit made that was not committed."""
    for made in filter(None, (unit.copy, *unit.also)):
        made.unlink(missing_ok=True)
        _sweep(made)
    if unit.fresh and _empty(locations.database):
        path = locations.database
        rollback_journal = path.with_name(path.name + "-journal")  # of the switch to WAL
        for leftover in (path, rollback_journal, *database.side_files(path)):
            leftover.unlink(missing_ok=True)
    if unit.after is not None:
        _sweep(unit.file.resolve())
    _end(locations, journal_of(locations.database))


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


def _end(locations: Locations, place: Path) -> None:
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
