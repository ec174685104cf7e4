"""A plan as rows of tables: the problems, and what would change; a leaf in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from store import entities
from store.codec import shown
from store.importing import plan as planning
from store.importing.plan import Action, Plan
from store.importing.plan import Row as Leaf
from store.paths import Kind
from tui.glyphs import UNICODE
from tui.text import grouped
from tui.widgets.table_lazy import LazyRows
from tui.widgets.table_model import Cell, Column, Row, Tone

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
TONES: Final[dict[Action, Tone]] = {
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
_FIRST: Final = {Action.REFUSED: 0, Action.CONFLICT: 1}
_FILE: Final = "stays in file"


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


def why(leaf: Leaf) -> str:
    """The reason of a leaf's fate, what was decided about it, and how its readers differ."""
    mended = "the value is yours" if leaf.fixed else ""
    read_as = f"read as {leaf.reading} reads it" if leaf.reading else ""
    return "; ".join(filter(None, (leaf.reason, mended, read_as, *leaf.readings)))


def about(leaf: Leaf) -> str:
    """All there is to say about a leaf, for below a table that has no room for it."""
    now = "" if leaf.present is None else f"database now: {shown(leaf.present)}"
    parts = (f"{place(leaf)} {UNICODE.arrow} {home(leaf)}: {leaf.shown}", why(leaf), now)
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


def problems(plan: Plan) -> tuple[LazyRows, Mapping[str, Leaf]]:
    """What should be looked at, the refused first, and the leaves behind the rows' keys."""
    found = sorted(filter(is_problem, plan.rows), key=lambda leaf: _FIRST.get(leaf.action, 2))
    leaves: dict[str, Leaf] = {}
    for leaf in found:
        key = f"{leaf.file}:{leaf.path}"
        while key in leaves:
            key += "'"
        leaves[key] = leaf
    keys = list(leaves)
    return LazyRows(keys, lambda at: _problem(keys[at], found[at])).made_ready(), leaves


def _problem(key: str, leaf: Leaf) -> Row:
    tone: Tone = "good" if leaf.fixed or leaf.reading else TONES[leaf.action]
    told = "fixed" if leaf.fixed and leaf.action is not Action.REFUSED else str(leaf.action)
    if leaf.action not in _FIRST and not leaf.fixed:
        told = "chosen" if leaf.reading else "reading"
    now = f"database: {shown(leaf.present)}" if leaf.action is Action.CONFLICT else ""
    reason = "; ".join(filter(None, (why(leaf), now if leaf.present is not None else "")))
    return Row(key, (Cell(told, tone), place(leaf), leaf.path, leaf.shown, reason))


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
            Cell(leaf.shown, "strong"),
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
