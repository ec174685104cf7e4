"""The files of an import on their way back: which they are, and what each of them gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from store import files
from store.database import Database
from store.errors import Refused
from store.importing import receipts, siblings, torn
from store.importing.journal import Part, Unit
from store.importing.legacy_now import legacy_now
from store.models import FieldChange


@dataclass(frozen=True, slots=True)
class Return:
    """What a rollback does to one file.

    ``data`` are its bytes as it stands, empty where it is gone, and ``text`` the new ones, None
    where it stays. ``edited`` says that somebody edited it since and that edit would be lost;
    ``lost`` are the values that were put into it since and would go, with what takes their place.
    ``mode`` are the permissions of a file that is made anew.
    """

    file: Path
    data: bytes = field(repr=False)
    text: bytes | None = field(repr=False)
    edited: bool = False
    lost: tuple[FieldChange, ...] = ()
    mode: int = files.PRIVATE

    @property
    def at_stake(self) -> bool:
        """Whether something that was done to the file by hand would be lost."""
        return self.edited or bool(self.lost)

    @property
    def new(self) -> bytes:
        """The bytes that the file has afterwards."""
        return self.data if self.text is None else self.text

    def part(self, copy: Path) -> Part:
        """The file as a unit rewrites it."""
        return Part.of(self.file, self.data, self.new, copy, mode=self.mode)


def before(
    db: Database, number: int, facts: Mapping[str, Any], left: Unit | None
) -> tuple[Return, ...]:
    """Each file with its very bytes of before; ``left`` is the import where it was stopped.

    Raises Refused where a copy is another, and what reading raises.
    """
    found = []
    for one in _brought(facts):
        file, kept = Path(one["file_path"]), _copy(one)
        data, edited = _as_it_stands(db, number, one, left)
        text = None if kept == data else kept
        found.append(Return(file, data, text, edited, mode=one.get("mode", files.PRIVATE)))
    return tuple(found)


def now(
    db: Database, number: int, facts: Mapping[str, Any], left: Unit | None, moved: Set[str]
) -> tuple[Return, ...]:
    """Each file in its legacy shape with the values of now; ``moved`` are the nodes that did.

    Raises as ``before`` and ``legacy_now`` do.
    """
    brought = _brought(facts)
    copies = [_copy(one) for one in brought]
    family = siblings.of_import(facts, [one["file"] for one in brought])
    found = []
    for one, kept in zip(brought, copies, strict=True):
        data, edited = _as_it_stands(db, number, one, left)
        of_it = {**one, "choices": facts.get("choices")}
        base, beside = data if edited else kept, family[one["file"]]
        text, lost = legacy_now(db, of_it, base, kept, moved=moved, beside=beside)
        found.append(
            Return(
                Path(one["file_path"]),
                data,
                None if text == data else text,
                lost=lost,
                mode=one.get("mode", files.PRIVATE),
            )
        )
    return tuple(found)


def _brought(facts: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What the receipt says of each file to bring back, first the one that it is named after."""
    cut: Sequence[Mapping[str, Any]] = facts.get("cut", ())
    own = next((one for one in cut if one["file_path"] == facts["file_path"]), facts)
    return [own, *(one for one in cut if one is not own)]


def _copy(one: Mapping[str, Any]) -> bytes:
    place = Path(one["backup"])
    data = files.read(place)
    if files.digest(data) != one["digest"]:
        raise Refused(
            f"{place} is not the copy that the import made (SHA-256 differs); nothing was changed."
        )
    return data


def _as_it_stands(
    db: Database, number: int, one: Mapping[str, Any], left: Unit | None
) -> tuple[bytes, bool]:
    """A file's bytes, empty where it is gone, and whether somebody else than we wrote them."""
    file = Path(one["file_path"])
    if not file.exists():
        return b"", False
    data = files.read(file)
    ours = files.digest(data) in _ours(db, number, one)
    stopped = left is not None and any(
        part.file == file and torn.is_part_written(part) for part in left.parts
    )
    return data, not ours and not stopped


def _ours(db: Database, number: int, one: Mapping[str, Any]) -> set[str]:
    """The digests of what the import found and left in a file, and rollbacks of it since."""
    found = {one["digest"], one["digest_after"]}
    for each in receipts.done(db)[1].get(number, {}).values():
        facts = receipts.facts(db, each)
        of_files = facts.get("files") or [facts]
        found |= {kept["digest_after"] for kept in of_files if kept["file"] == one["file_path"]}
    return found
