"""What ``--rewrite`` makes of each file: its text without what the database took, with proof.

A file whose text cannot be cut with proof is named with the lines to remove by hand; TOML never
can. Nothing is touched here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store import files
from store.errors import CannotCut
from store.importing import remains
from store.importing.journal import Part
from store.importing.plan import Plan, Source
from store.yaml_text import cut


@dataclass(frozen=True, slots=True)
class Piece:
    """A file that would lose keys: its new ``text`` and the comments that go along.

    Or ``why`` it cannot be cut, with the lines to remove by hand, and no text.
    """

    source: Source
    text: bytes | None = None
    comments: tuple[str, ...] = ()
    why: str = ""

    @property
    def new(self) -> bytes:
        """The text that the file has afterwards."""
        return self.source.data if self.text is None else self.text

    def part(self, copy: Path) -> Part:
        """The file as a unit rewrites it."""
        return Part.of(self.source.path, self.source.data, self.new, copy)


def pieces(plan: Plan, *, or_keep: bool) -> tuple[Piece, ...]:
    """Every file that would lose keys, in the order of the plan.

    Raises CannotCut for the first that cannot be cut, unless with ``or_keep`` it stays as it is.
    """
    found = []
    for source in plan.sources:
        if not source.is_file or not plan.movable_in(source.path):
            continue
        try:
            text, comments = cut_text(plan, source)
        except CannotCut as reason:
            if not or_keep:
                raise
            found.append(Piece(source, why=reason.why))
        else:
            if text != source.data:
                found.append(Piece(source, text, comments))
    return tuple(found)


def told(plan: Plan, kept: Sequence[tuple[Path, str]]) -> str:
    """Why files stay as they are, as one text; each named where the import has several."""
    if len(plan.sources) == 1:
        return " ".join(why for _, why in kept)
    return " ".join(f"{path}: {why}" for path, why in kept)


def proven(plan: Plan, *, or_keep: bool) -> tuple[tuple[Piece, ...], tuple[tuple[Path, str], ...]]:
    """The files to cut, and those that stay with the reason; raises as ``pieces`` does."""
    found = pieces(plan, or_keep=or_keep)
    return (
        tuple(each for each in found if each.text is not None),
        tuple((each.source.path, each.why) for each in found if each.text is None),
    )


def facts(cut: Sequence[Piece], parts: Sequence[Part]) -> dict[str, Any]:
    """What a receipt says of the files that are cut: what a rollback needs to bring them back."""
    told = [
        {
            "file": str(each.source.path),
            "file_path": str(part.file),
            "role": str(each.source.role),
            "prefix": each.source.prefix,
            "digest": part.before,
            "digest_after": files.digest(part.after),
            "backup": str(part.copy),
            "mode": part.mode,
        }
        for each, part in zip(cut, parts, strict=True)
    ]
    return {"cut": told}


def cut_text(plan: Plan, source: Source) -> tuple[bytes, tuple[str, ...]]:
    """A file's bytes without what the database took, and the comments that go along.

    Raises CannotCut, with the lines to remove by hand, where what stays cannot be proven to stay.
    """
    if source.format == "toml":
        by_hand = remains.by_hand(plan, source)
        raise CannotCut(
            f"{source.path} is TOML, which cannot be cut; nothing was changed.",
            hint="Import it without --rewrite; the file stays as it is." + by_hand,
            why=f"It is TOML, which cannot be cut.{by_hand}",
        )
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
