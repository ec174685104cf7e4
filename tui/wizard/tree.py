"""A plan as a tree: its leaves by file and destination, of which a row is made once it is seen."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from store.codec import shown
from store.importing.plan import Action, Plan
from store.importing.plan import Row as Leaf
from store.paths import Kind, quote, split
from tui.glyphs import UNICODE
from tui.text import grouped
from tui.widgets.table_lazy import LazyRows, searchable
from tui.widgets.table_model import Cell, Column, Row
from tui.wizard.rows import TONES, counts, home, why

TREE_COLUMNS: Final = (
    Column("action", "action", min_width=10, max_width=12),
    Column("path", "goes to, path", grow=2, min_width=30, max_width=60),
    Column("value", "value", grow=1, min_width=16),
    Column("present", "database now", min_width=12, max_width=20, priority=1),
    Column("line", "line", align="right", min_width=4, priority=3),
    Column("reason", "why", grow=1, min_width=12, max_width=80, priority=4),
)
MANY: Final = 500
"""A group of more leaves begins folded: it is opened by who wants to see it."""

_CHANGING: Final = frozenset(
    (Action.ADD, Action.CHANGE, Action.CONFLICT, Action.SEAL, Action.REFUSED)
)


@dataclass(frozen=True, slots=True)
class Group:
    """The leaves of one file that go to one place; ``number`` is the file's."""

    number: int
    file: Path
    home: str

    @property
    def key(self) -> str:
        """The key of its row."""
        return f"group:{self.number}:{self.home}"


@dataclass(frozen=True, slots=True)
class Members:
    """The leaves of one group and the keys of their rows."""

    group: Group
    leaves: tuple[Leaf, ...]
    keys: tuple[str, ...]

    def heads(self, *, closed: bool, several: bool) -> Row:
        """The row above them, which is the only one where the group is closed."""
        file, home = self.group.file, self.group.home
        title = f"{file.name} {UNICODE.arrow} {home}" if several else home
        sign = UNICODE.closed if closed else UNICODE.opened
        return Row(
            self.group.key,
            (
                Cell(f"{sign} {grouped(len(self.leaves))}", "strong"),
                Cell(title, "strong"),
                Cell(counts(self.leaves), "muted"),
                "",
                "",
            ),
        )


@dataclass(frozen=True, slots=True)
class Sorted:
    """A plan's leaves by file and destination, and the leaf behind each row's key."""

    plan: Plan | None = None
    only_changes: bool = False
    members: tuple[Members, ...] = ()
    leaves: Mapping[str, Leaf] = field(default_factory=dict)

    @property
    def several(self) -> bool:
        """Whether leaves of several files are among each other."""
        return self.plan is not None and len(self.plan.sources) > 1


@dataclass(frozen=True, slots=True)
class Tree:
    """The rows of a plan as they are shown, and what stands behind their keys."""

    rows: LazyRows
    leaves: Mapping[str, Leaf]
    groups: Mapping[str, tuple[Group, tuple[Leaf, ...]]]


def by_destination(plan: Plan, *, only_changes: bool = False) -> Sorted:
    """The plan's leaves by file and destination, what needs a look first.

    With ``only_changes`` what stays as it is is left out.
    """
    numbers = {each.path: number for number, each in enumerate(plan.sources)}
    found: dict[Group, list[Leaf]] = {}
    # of ten thousand nodes all leaves but settings are of a few sorts
    known: dict[tuple[Path, Action, Kind | None], list[Leaf]] = {}
    for leaf in plan.rows:
        if only_changes and leaf.action not in _CHANGING:
            continue
        sort = (leaf.file, leaf.action, leaf.kind)
        if (members := known.get(sort)) is None:
            group = Group(numbers.get(leaf.file, 0), leaf.file, home(leaf))
            members = found.setdefault(group, [])
            if leaf.kind is not Kind.SETTING:
                known[sort] = members
        members.append(leaf)
    leaves: dict[str, Leaf] = {}
    groups = [
        Members(group, tuple(found[group]), tuple(_keys(group, found[group], leaves)))
        for group in sorted(found, key=lambda each: (each.number, _rank(found[each]), each.home))
    ]
    return Sorted(plan, only_changes, tuple(groups), leaves)


def _keys(group: Group, members: Sequence[Leaf], leaves: dict[str, Leaf]) -> Iterator[str]:
    for leaf in members:
        key = f"{group.number}:{leaf.path}"
        while key in leaves:  # two values of a file may ask for one place
            key += "'"
        leaves[key] = leaf
        yield key


def tree(
    found: Sorted,
    *,
    folded: frozenset[str] = frozenset(),
    unfolded: frozenset[str] = frozenset(),
) -> Tree:
    """The leaves below the headings of their groups.

    ``folded`` and ``unfolded`` are keys of groups; of the others those are folded that have many
    leaves.
    """
    keys: list[str] = []
    starts: list[int] = []
    heads: list[Row] = []
    opened: list[tuple[Leaf, ...]] = []
    for each in found.members:
        key = each.group.key
        closed = key in folded or (len(each.leaves) > MANY and key not in unfolded)
        starts.append(len(keys))
        heads.append(each.heads(closed=closed, several=found.several))
        opened.append(() if closed else each.leaves)
        keys += (key,) if closed else (key, *each.keys)

    def make(at: int) -> Row:
        number = bisect_right(starts, at) - 1
        below = at - starts[number]
        return _leaf_row(keys[at], opened[number][below - 1]) if below else heads[number]

    def texts() -> list[str]:
        told: list[str] = []
        for head, leaves in zip(heads, opened, strict=True):
            told += (searchable(head), *map(_text, leaves))
        return told

    groups = {each.group.key: (each.group, each.leaves) for each in found.members}
    return Tree(LazyRows(keys, make, texts).made_ready(), found.leaves, groups)


def _rank(members: Sequence[Leaf]) -> int:
    """What needs a decision before what changes, that before what stays."""
    actions = {leaf.action for leaf in members}
    if actions & {Action.REFUSED, Action.CONFLICT}:
        return 0
    if Action.SEAL in actions:
        return 1
    return 2 if actions & {Action.ADD, Action.CHANGE} else 3


def _leaf_row(key: str, leaf: Leaf) -> Row:
    return Row(
        key,
        (
            # found by its destination too, which only the heading shows
            Cell(f"  {leaf.action}", TONES[leaf.action], f"{leaf.action} {home(leaf)}"),
            leaf.path,
            leaf.shown,
            Cell("" if leaf.present is None else shown(leaf.present), "muted"),
            Cell(str(leaf.line) if leaf.line else "", "muted"),
            Cell(why(leaf), "muted"),
        ),
    )


def _text(leaf: Leaf) -> str:
    """What a filter looks at in a leaf's row, in a third of the time where it is plain."""
    present = "" if leaf.present is None else shown(leaf.present)
    told = why(leaf) if leaf.reason or leaf.fixed or leaf.reading or leaf.readings else ""
    line = leaf.line or ""
    parts = (leaf.path, leaf.shown, present, line, told)
    text = f"  {leaf.action}\n{leaf.action} {home(leaf)}\n" + "\n".join(map(str, parts))
    if text.isascii() and text.replace("\n", "").isprintable():
        return text.casefold()
    return searchable(_leaf_row("", leaf))


def roots_of(leaves: Iterable[Leaf]) -> list[str]:
    """The first parts of some leaves' paths, each once, as a pattern has them."""
    return list(dict.fromkeys(_root(leaf.path) for leaf in leaves))


def _root(path: str) -> str:
    if path.startswith('"'):
        return quote(split(path)[0])
    return path.partition(".")[0]
