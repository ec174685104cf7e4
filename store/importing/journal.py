"""The journal of a unit: all that whoever comes next needs to finish it, or to take it back.

It is JSON beside the database, 0600, since it holds the files' new texts. Of every file that is to
be rewritten it has the digests of before and after, the new text, where the copy is, and what the
file is: where its symlink led, whether it is overwritten in place, its mode. The journal of a
program that knew of one file alone is understood too.
"""

from __future__ import annotations

import base64
import json
import os
import stat
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from store import files
from store.errors import HalfDone
from store.locations import Locations, journal_of

IMPORT: Final = "import"
"""What a unit is that brings files into the database; the other is a rollback."""

_SCHEMA: Final = "nodedeck.import.journal/3"
_OF_ONE_FILE: Final = "nodedeck.import.journal/2"


@dataclass(frozen=True, slots=True)
class Part:
    """One file that a unit rewrites.

    ``before`` is the digest of the text that is replaced, ``after`` are the new bytes, and ``copy``
    is where those of before are kept. ``target`` is the file that stands at the end of its
    symlinks, ``in_place`` says that it is overwritten, as one with several names or a mount has to
    be, ``mode`` are its permissions, and ``made`` says that the unit makes it anew.
    """

    file: Path
    before: str
    after: bytes
    copy: Path
    target: Path
    in_place: bool = False
    mode: int = files.PRIVATE
    made: bool = False

    @classmethod
    def of(
        cls, file: Path, data: bytes, after: bytes, copy: Path, *, mode: int = files.PRIVATE
    ) -> Part:
        """A file as it stands with ``data`` in it, or one to be made with ``mode``.

        Raises NodedeckError where it cannot be looked at.
        """
        target, in_place = Path(os.path.realpath(file)), False
        made = not files.exists(file)
        if not made:
            try:
                in_place = files.stays_in_place(target)
                mode = stat.S_IMODE(target.stat().st_mode)
            except OSError as error:
                raise files.cannot("look at", file, error) from error
        before, copy = files.digest(data), copy.absolute()
        return cls(file.absolute(), before, after, copy, target, in_place, mode, made)

    @property
    def is_done(self) -> bool:
        """Whether the file has its new text; one that is gone or cannot be read has not."""
        try:
            return self.file.read_bytes() == self.after
        except OSError:
            return False


@dataclass(frozen=True, slots=True)
class Unit:
    """One change of files' texts together with a transaction, which leaves a receipt.

    ``of`` are the files that it is about, by which it is named, and ``parts`` those it rewrites.
    ``fresh`` is whether the transaction makes the database, ``also`` where copies of files stand
    that it does not rewrite, ``safety`` the place of the database's backup, with ``safety_folder``
    if its directory is made for it: none of that is of use without the unit. ``beside`` is the copy
    whose neighbour the receipt becomes, and ``over`` the text of the journal of a stopped import
    that this one takes back.
    """

    of: tuple[Path, ...]
    parts: tuple[Part, ...] = ()
    fresh: bool = False
    what: str = IMPORT
    also: tuple[Path, ...] = ()
    beside: Path | None = None
    safety: Path | None = None
    safety_folder: bool = False
    over: str = ""
    token: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def name(self) -> str:
        """What it is, for a sentence."""
        return IMPORT if self.what == IMPORT else f"{IMPORT}'s {self.what}"

    @property
    def named(self) -> str:
        """The files that it is about, for a sentence."""
        return names(self.of)

    @property
    def unfinished(self) -> tuple[Part, ...]:
        """The files that have not got their new text yet."""
        return tuple(part for part in self.parts if not part.is_done)

    @property
    def places(self) -> tuple[Path, ...]:
        """Every file that is touched, so that its directory must be left alone meanwhile."""
        return (*(part.file for part in self.parts), *self.also)


def names(paths: Sequence[object]) -> str:
    """Some files in words: ``a``, ``a and b``, ``a, b and c``."""
    *most, last = map(str, paths)
    return f"{', '.join(most)} and {last}" if most else last


def begin(locations: Locations, unit: Unit) -> None:
    """Write the journal, which lasts when this returns; raises NodedeckError."""
    kept = {
        "schema": _SCHEMA,
        "token": unit.token,
        "what": unit.what,
        "of": [str(each.absolute()) for each in unit.of],
        "fresh": unit.fresh,
        "also": [str(each.absolute()) for each in unit.also],
        "beside": _told(unit.beside),
        "safety": _told(unit.safety),
        "safety_folder": unit.safety_folder,
        "over": unit.over,
        "files": [
            {
                "file": str(part.file),
                "target": str(part.target),
                "before": part.before,
                "after": files.digest(part.after),
                "text": base64.b64encode(part.after).decode(),
                "copy": str(part.copy),
                "mode": part.mode,
                "in_place": part.in_place,
                "made": part.made,
            }
            for part in unit.parts
        ],
    }
    files.write(journal_of(locations.database), (json.dumps(kept, indent=2) + "\n").encode())


def _told(path: Path | None) -> str | None:
    return str(path.absolute()) if path else None


def text(locations: Locations) -> str:
    """The journal's own text, empty where there is none."""
    place = journal_of(locations.database)
    return files.read(place).decode() if files.exists(place) else ""


def load(locations: Locations) -> Unit | None:
    """The unit of the journal, None where there is no journal; raises HalfDone if unreadable."""
    place = journal_of(locations.database)
    try:
        data = place.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise files.cannot("read", place, error) from error
    try:
        kept: dict[str, Any] = json.loads(data)
        if kept["schema"] == _OF_ONE_FILE:
            return _of_one_file(kept)
        if kept["schema"] != _SCHEMA:
            raise ValueError(kept["schema"])
        return Unit(
            of=tuple(map(Path, kept["of"])),
            parts=tuple(map(_part, kept["files"])),
            fresh=kept["fresh"],
            what=kept["what"],
            also=tuple(map(Path, kept["also"])),
            beside=_path(kept["beside"]),
            safety=_path(kept["safety"]),
            safety_folder=kept["safety_folder"],
            over=kept["over"],
            token=kept["token"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise HalfDone(
            f"{place} is not the journal of an import that this nodedeck can read.",
            hint="Look at it: it names the files and their copies. Remove it once they are in"
            " order.",
        ) from error


def _part(kept: dict[str, Any]) -> Part:
    after = base64.b64decode(kept["text"], validate=True)
    if files.digest(after) != kept["after"]:
        raise ValueError("the new text is another")
    return Part(
        Path(kept["file"]),
        kept["before"],
        after,
        Path(kept["copy"]),
        Path(kept["target"]),
        kept["in_place"],
        kept["mode"],
        kept["made"],
    )


def _of_one_file(kept: dict[str, Any]) -> Unit:
    """What a program wrote whose units had one file: where its link led it did not say."""
    file, copy = Path(kept["file"]), _path(kept["copy"])
    parts: tuple[Part, ...] = ()
    also = tuple(map(Path, kept["also"]))
    if kept["after"] is not None and copy is not None:
        after, target = base64.b64decode(kept["after"], validate=True), Path(os.path.realpath(file))
        parts = (Part(file, kept["before"], after, copy, target, in_place=True),)
    elif copy is not None:
        also = (copy, *also)
    return Unit((file,), parts, kept["fresh"], kept["what"], also, beside=copy, token=kept["token"])


def _path(kept: str | None) -> Path | None:
    return Path(kept) if kept else None
