"""A plan as rows of tables: the tree of all leaves, the problems, and what would change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from store import entities
from store.codec import shown
from store.importing import plan as planning
from store.importing.plan import Action, Plan
from store.importing.plan import Row as Leaf
from store.paths import Kind, quote, split
from tui.glyphs import UNICODE
from tui.text import grouped
from tui.widgets.table_model import Cell, Column, Row, Tone

TREE_COLUMNS: Final = (
    Column("action", "action", min_width=10, max_width=12),
    Column("path", "goes to, path", grow=2, min_width=30, max_width=60),
    Column("value", "value", grow=1, min_width=16),
    Column("present", "database now", min_width=12, max_width=20, priority=1),
    Column("line", "line", align="right", min_width=4, priority=3),
    Column("reason", "why", grow=1, min_width=12, max_width=80, priority=4),
)
PROBLEM_COLUMNS: Final = (
    Column("action", "", min_width=8, max_width=8),
    Column("place", "at", grow=1, min_width=22, max_width=26),
    Column("path", "path", grow=1, min_width=16, max_width=40),
    Column("value", "value", min_width=6, max_width=16, priority=1),
    Column("reason", "what is wrong, what was decided", grow=3, min_width=20, max_width=120),
)
DIFF_COLUMNS: Final = (
    Column("sign", "", width=1),
    Column("path", "path", grow=1, min_width=18, max_width=48),
    Column("present", "now", grow=1, min_width=8, max_width=40),
    Column("value", "then", grow=1, min_width=10, max_width=60),
    Column("home", "in", min_width=8, max_width=24, priority=2),
)
MANY: Final = 500
"""A group of more leaves begins folded: it is opened by who wants to see it."""

_TONES: Final[dict[Action, Tone]] = {
    Action.ADD: "good",
    Action.CHANGE: "warning",
    Action.CONFLICT: "critical",
    Action.EQUAL: "muted",
    Action.SEAL: "accent",
    Action.STAY: "accent",
    Action.SKIP: "muted",
    Action.REFUSED: "critical",
}
_MEANINGS: Final = {
    Action.ADD: "added",
    Action.CHANGE: "changed",
    Action.EQUAL: "already so",
    Action.CONFLICT: "differ and stay as the database has them",
    Action.SEAL: "could be sealed",
    Action.STAY: "stay in the file",
    Action.SKIP: "left out",
    Action.REFUSED: "do not fit and stay in the file",
}
_WAITING: Final = {
    Action.CONFLICT: "on which files differ and none is taken",
    Action.SKIP: "wait in the file for those",
}
_CHANGING: Final = frozenset(
    (Action.ADD, Action.CHANGE, Action.CONFLICT, Action.SEAL, Action.REFUSED)
)
_FILE: Final = "stays in file"


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
class Tree:
    """The rows of a plan as they are shown, and what stands behind their keys."""

    rows: tuple[Row, ...]
    leaves: dict[str, Leaf]
    groups: dict[str, tuple[Group, tuple[Leaf, ...]]]


def home(leaf: Leaf) -> str:
    """Where a leaf goes: it stays, is sealed, or a table, of a setting with its service."""
    if leaf.action is Action.SEAL:
        return "secret"
    if leaf.destination == "file":
        return _FILE
    if leaf.kind is Kind.SETTING:
        service, _ = entities.setting_key(leaf.path)
        return f"settings {service}"
    return leaf.table or "database"


def tree(
    plan: Plan,
    *,
    only_changes: bool = False,
    folded: frozenset[str] = frozenset(),
    unfolded: frozenset[str] = frozenset(),
) -> Tree:
    """The plan's leaves by file and destination, what needs a look first.

    With ``only_changes`` what stays as it is is left out. ``folded`` and ``unfolded`` are keys of
    groups; of the others those are folded that have many leaves.
    """
    found: dict[Group, list[Leaf]] = {}
    numbers = {each.path: number for number, each in enumerate(plan.sources)}
    for leaf in plan.rows:
        if not only_changes or leaf.action in _CHANGING:
            group = Group(numbers.get(leaf.file, 0), leaf.file, home(leaf))
            found.setdefault(group, []).append(leaf)
    rows: list[Row] = []
    leaves: dict[str, Leaf] = {}
    groups: dict[str, tuple[Group, tuple[Leaf, ...]]] = {}
    several = len(plan.sources) > 1
    for group in sorted(found, key=lambda each: (each.number, _rank(found[each]), each.home)):
        members = found[group]
        groups[group.key] = (group, tuple(members))
        closed = group.key in folded or (len(members) > MANY and group.key not in unfolded)
        rows.append(_heading(group, members, closed=closed, several=several))
        if closed:
            continue
        for leaf in members:
            key = f"{group.number}:{leaf.path}"
            while key in leaves:  # two values of a file may ask for one place
                key += "'"
            leaves[key] = leaf
            rows.append(_leaf_row(key, leaf))
    return Tree(tuple(rows), leaves, groups)


def _rank(members: Sequence[Leaf]) -> int:
    """What needs a decision before what changes, that before what stays."""
    actions = {leaf.action for leaf in members}
    if actions & {Action.REFUSED, Action.CONFLICT}:
        return 0
    if Action.SEAL in actions:
        return 1
    return 2 if actions & {Action.ADD, Action.CHANGE} else 3


def _heading(group: Group, members: Sequence[Leaf], *, closed: bool, several: bool) -> Row:
    title = f"{group.file.name} {UNICODE.arrow} {group.home}" if several else group.home
    sign = UNICODE.closed if closed else UNICODE.opened
    return Row(
        group.key,
        (
            Cell(f"{sign} {grouped(len(members))}", "strong"),
            Cell(title, "strong"),
            Cell(counts(members), "muted"),
            "",
            "",
        ),
    )


def _leaf_row(key: str, leaf: Leaf) -> Row:
    return Row(
        key,
        (
            # found by its destination too, which only the heading shows
            Cell(f"  {leaf.action}", _TONES[leaf.action], f"{leaf.action} {home(leaf)}"),
            leaf.path,
            shown(leaf.value),
            Cell("" if leaf.present is None else shown(leaf.present), "muted"),
            Cell(str(leaf.line) if leaf.line else "", "muted"),
            Cell(why(leaf), "muted"),
        ),
    )


def why(leaf: Leaf) -> str:
    """The reason of a leaf's fate, what was decided about it, and how its readers differ."""
    mended = "the value is yours" if leaf.fixed else ""
    read_as = f"read as {leaf.reading} reads it" if leaf.reading else ""
    return "; ".join(filter(None, (leaf.reason, mended, read_as, *leaf.readings)))


def about(leaf: Leaf) -> str:
    """All there is to say about a leaf, for below a table that has no room for it."""
    now = "" if leaf.present is None else f"database now: {shown(leaf.present)}"
    parts = (f"{place(leaf)} {UNICODE.arrow} {home(leaf)}: {shown(leaf.value)}", why(leaf), now)
    return "; ".join(filter(None, parts))


def place(leaf: Leaf) -> str:
    """Where a leaf stands: ``config.yaml:12:9``."""
    spot = f":{leaf.line}:{leaf.column}" if leaf.line else ""
    return f"{leaf.file.name}{spot}"


def is_problem(leaf: Leaf) -> bool:
    """Whether somebody should look at a leaf before it is imported."""
    if leaf.action in (Action.REFUSED, Action.CONFLICT) or leaf.fixed or leaf.reading:
        return True
    return bool(leaf.readings) and leaf.action not in (Action.EQUAL, Action.STAY, Action.SKIP)


def problems(plan: Plan) -> tuple[tuple[Row, ...], dict[str, Leaf]]:
    """What should be looked at, the refused first, and the leaves behind the rows' keys."""
    order = {Action.REFUSED: 0, Action.CONFLICT: 1}
    found = sorted(filter(is_problem, plan.rows), key=lambda leaf: order.get(leaf.action, 2))
    leaves: dict[str, Leaf] = {}
    rows = []
    for leaf in found:
        key = f"{leaf.file}:{leaf.path}"
        while key in leaves:
            key += "'"
        leaves[key] = leaf
        tone: Tone = "good" if leaf.fixed or leaf.reading else _TONES[leaf.action]
        told = "fixed" if leaf.fixed and leaf.action is not Action.REFUSED else str(leaf.action)
        if leaf.action not in order and not leaf.fixed:
            told = "chosen" if leaf.reading else "reading"
        now = f"database: {shown(leaf.present)}" if leaf.action is Action.CONFLICT else ""
        reason = "; ".join(filter(None, (why(leaf), now if leaf.present is not None else "")))
        rows.append(Row(key, (Cell(told, tone), place(leaf), leaf.path, shown(leaf.value), reason)))
    return tuple(rows), leaves


def changes(plan: Plan, most: int) -> tuple[tuple[Row, ...], int]:
    """What would be written, leaf by leaf and ``most`` of them, and how many there are in all.

    ``plan`` is one that is decided about.
    """
    found = list(_written(plan))
    rows = (_change(f"{number}", leaf) for number, leaf in enumerate(found[:most]))
    return tuple(rows), len(found)


def _written(plan: Plan) -> Iterator[planning.Row]:
    return (row for row in plan.rows if row.action in (Action.ADD, Action.CHANGE, Action.SEAL))


def _change(key: str, leaf: Leaf) -> Row:
    changed = leaf.action is Action.CHANGE
    sign = Cell("~" if changed else "+", "warning" if changed else "good")
    now = UNICODE.none if leaf.present is None else shown(leaf.present)
    return Row(
        key,
        (
            sign,
            leaf.path,
            Cell(now, "muted"),
            Cell(shown(leaf.value), "strong"),
            Cell(home(leaf), "muted"),
        ),
    )


def counts(leaves: Sequence[Leaf]) -> str:
    """How many of some leaves each action concerns, in a few words."""
    found = planning.totals_of(leaves)
    return ", ".join(f"{grouped(count)} {action}" for action, count in found.items() if count)


def totals(plan: Plan) -> str:
    """The plan's totals as a sentence's part; what waits for a decision between files by itself."""
    waiting = planning.totals_of(row for row in plan.rows if row.contested)
    told: list[str] = []
    for action, count in plan.totals.items():
        if rest := count - waiting[action]:
            told.append(f"{grouped(rest)} {_MEANINGS[Action(action)]}")
        if waiting[action]:
            told.append(f"{grouped(waiting[action])} {_WAITING[Action(action)]}")
    return ", ".join(told) or "nothing in it"


def root_of(leaf: Leaf) -> str:
    """The first part of a leaf's path, as a pattern has it."""
    return quote(split(leaf.path)[0])
