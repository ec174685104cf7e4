"""What stands in a file still after an import although the database has it: where, for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from store import paths
from store.importing.plan import Plan
from store.importing.rows import Action, Row
from store.importing.sources import Source
from store.reading import Item, guess_format, read

_TAKEN: Final = (Action.ADD, Action.CHANGE, Action.EQUAL)
_MOST: Final = 30
"""Spans or entities that are named one by one."""


@dataclass(frozen=True, slots=True)
class Remains:
    """A file that still holds what the database has, as a sentence with the places.

    ``cut`` says whether others of its parts were cut out.
    """

    file: Path
    sentence: str
    cut: bool


def after(
    plan: Plan, texts: Mapping[Path, bytes], kept: Iterable[tuple[Path, str]] = ()
) -> tuple[Remains, ...]:
    """What remains where files were cut, which hold ``texts`` now, and the others are uncut.

    Of those that were ``kept`` because they could not be cut the reason is told elsewhere.
    """
    return tuple(_remains(plan, texts, {path for path, _ in kept}))


def _remains(plan: Plan, texts: Mapping[Path, bytes], told_of: Set[Path]) -> Iterator[Remains]:
    for each in plan.sources:
        if each.path in texts:
            if told := _in_cut(plan, each, texts[each.path]):
                sentence = f"{each.path} was cut, but still has what the database has too: {told}."
                yield Remains(each.path, sentence, cut=True)
        elif each.is_file and each.path not in told_of and (taken := _taken(plan, each)):
            sentence = f"{each.path} was not cut: it stays whole. What the database has too begins"
            yield Remains(each.path, f"{sentence} at {lines(taken)}.", cut=False)


def by_hand(plan: Plan, source: Source) -> str:
    """The sentence with the lines to remove by hand of a file that cannot be cut, if any."""
    taken = _taken(plan, source)
    return f" Remove by hand what begins at {lines(taken)}." if taken else ""


def lines(rows: Iterable[Row]) -> str:
    """The lines of rows in words: ``the lines 2-4, 7``."""
    spans: list[list[int]] = []
    for line in sorted({row.line for row in rows}):
        if spans and line == spans[-1][1] + 1:
            spans[-1][1] = line
        else:
            spans.append([line, line])
    told = [f"{first}-{last}" if last > first else f"{first}" for first, last in spans]
    word = "the line" if len(told) == 1 and "-" not in told[0] else "the lines"
    return f"{word} {_some(told)}"


def _taken(plan: Plan, source: Source) -> list[Row]:
    return [
        row for row in plan.rows_of(source.path) if row.action in _TAKEN and row.kind is not None
    ]


def _in_cut(plan: Plan, source: Source, text: bytes) -> str:
    """The entities that a cut file still holds, each with its line there; empty where none."""
    gone = set(plan.movable_in(source.path))
    held: dict[str, tuple[str, ...]] = {}
    for row in _taken(plan, source):
        if row.at and row.at not in gone and (address := paths.locate(row.path)) is not None:
            held.setdefault(address.entity, row.at)
    if not held:
        return ""
    root = read(text, str(source.path), guess_format(source.path.name, text))
    return _some([f"{path} (line {_line(root, path, at)})" for path, at in held.items()])


def _line(root: Item, path: str, at: tuple[str, ...]) -> int:
    """Where an entity begins in a file; of a node, which stands in a list, its own place."""
    item = root
    for name in at:
        item = item.entries[name]
    wanted = paths.split(path)[-1]
    named = ((each, each.entries.get("id")) for each in item.elements)
    nodes = (each for each, name in named if name is not None and name.text == wanted)
    return next(nodes, item).line


def _some(told: list[str]) -> str:
    more = f" and {len(told) - _MOST:,} more" if len(told) > _MOST else ""
    return f"{', '.join(islice(told, _MOST))}{more}"
