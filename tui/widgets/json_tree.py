"""A JSON value as a tree: only what is open is ever looked at, so that its size does not matter."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tui.glyphs import UNICODE
from tui.text import grouped
from tui.widgets.table import Table
from tui.widgets.table_model import Cell, Column, Row

BUNCH: Final = 500
"""Items that one branch shows at once; of more, it shows bunches that open in their turn."""
_OPEN_AT_FIRST: Final = 120
_DEEPEST_INDENT: Final = 12
_LONGEST: Final = 2_000

_COLUMNS: Final = (
    Column("name", "name", grow=1, min_width=16, max_width=60),
    Column("value", "value", grow=2, min_width=16, max_width=_LONGEST),
)


@dataclass(frozen=True, slots=True)
class Branch:
    """One line of the tree; ``key`` names the lines above it too. A bunch is part of a branch."""

    key: str
    name: str
    value: Any
    depth: int
    bunch: bool = False

    @property
    def opens(self) -> bool:
        """Whether there is anything below."""
        return isinstance(self.value, Mapping | list) and bool(self.value)

    def children(self) -> Iterator[Branch]:
        """The lines below, in stored order; of many items, bunches of them."""
        inside = self.value
        if len(inside) > BUNCH:
            yield from self._bunches()
        elif isinstance(inside, Mapping):
            for at, (name, below) in enumerate(inside.items()):
                yield Branch(f"{self.key}.{at}", str(name), below, self.depth + 1)
        else:
            first = int(self.name.partition(" ")[0]) if self.bunch else 0
            for at, below in enumerate(inside, first):
                yield Branch(f"{self.key}.{at}", str(at), below, self.depth + 1)

    def _bunches(self) -> Iterator[Branch]:
        size = BUNCH
        while len(self.value) > size * BUNCH:
            size *= BUNCH
        first = int(self.name.partition(" ")[0]) if self.bunch else 0
        mapped = isinstance(self.value, Mapping)
        pairs = list(self.value.items()) if mapped else self.value
        for at in range(0, len(pairs), size):
            part = pairs[at : at + size]
            name = f"{first + at} {UNICODE.ellipsis} {first + at + len(part) - 1}"
            yield Branch(
                f"{self.key}.b{at}", name, dict(part) if mapped else part, self.depth + 1, True
            )


class JsonTree(Table):
    """Branches that ``enter`` or ``right`` opens, and ``enter`` or ``left`` closes."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(_COLUMNS, id=id, show_header=False)
        self._root = Branch("", "", {}, -1)
        self._open: set[str] = set()
        self._lines: dict[str, Branch] = {}

    def show(self, value: Any, *, flash: bool = False) -> None:
        """Show a value; what was open stays open where it still is there."""
        first = not self._lines
        self._root = Branch("", "", value if isinstance(value, Mapping | list) else [value], -1)
        if first:
            self._open_some()
        self._refill(flash=flash)

    def branch(self, key: str) -> Branch | None:
        """The line with a key, where it is shown."""
        return self._lines.get(key)

    def action_select(self) -> None:
        """Open or close a branch; ask for a leaf to be shown in full."""
        here = self._here()
        if here is None or not here.opens:
            super().action_select()
        else:
            self._open ^= {here.key}
            self._refill()

    def action_column(self, columns: int) -> None:
        """To the right: open. To the left: close, or go to the branch above."""
        here = self._here()
        if here is None:
            return
        opened = here.key in self._open
        if here.opens and opened == (columns < 0):
            self.action_select()
        elif columns < 0:
            self.move_to(here.key.rpartition(".")[0])
        elif here.opens:
            self.action_step(1)

    def _here(self) -> Branch | None:
        return self._lines.get(self.cursor_key or "")

    def _refill(self, *, flash: bool = False) -> None:
        self._lines = {branch.key: branch for branch in self._visible(self._root)}
        was = {row.key: row for row in self.rows}
        rows = [_row(branch, branch.key in self._open) for branch in self._lines.values()]
        if flash:
            rows = [
                Row(row.key, row.cells, frozenset({"value"}))
                if row.key in was and was[row.key].cells != row.cells
                else row
                for row in rows
            ]
        self.set_rows(rows, flash=flash)

    def _visible(self, branch: Branch) -> Iterator[Branch]:
        """The lines below a branch that are open; by a stack, since values may be very deep."""
        waiting = [branch.children()] if branch.opens else []
        while waiting:
            line = next(waiting[-1], None)
            if line is None:
                waiting.pop()
                continue
            yield line
            if line.opens and line.key in self._open:
                waiting.append(line.children())

    def _open_some(self) -> None:
        """Open the upper branches as long as all of it stays easy to look over."""
        level, lines = [self._root], 0
        while level:
            below = [child for branch in level for child in branch.children()]
            lines += len(below)
            if lines > _OPEN_AT_FIRST:
                return
            self._open |= {branch.key for branch in level}
            level = [child for child in below if child.opens]


def _row(branch: Branch, is_open: bool) -> Row:
    sign = (UNICODE.opened if is_open else UNICODE.closed) if branch.opens else " "
    indent = "  " * min(branch.depth, _DEEPEST_INDENT)
    deeper = f"{branch.depth} " if branch.depth > _DEEPEST_INDENT else ""
    name = Cell(f"{indent}{deeper}{sign} {branch.name}", "accent" if branch.opens else "muted")
    return Row(branch.key, (name, _told(branch)))


def _told(branch: Branch) -> Cell:
    """A leaf as JSON writes it, text in quotes; of a branch, how much is below."""
    value = branch.value
    if branch.opens:
        count = len(value)
        noun = "field" if isinstance(value, Mapping) else "item"
        return Cell(f"{grouped(count)} {noun}{'' if count == 1 else 's'}", "muted")
    if isinstance(value, str):
        cut = value[:_LONGEST]
        more = UNICODE.ellipsis if len(value) > _LONGEST else ""
        return Cell(f'"{cut}{more}"')
    return Cell(json.dumps(value, default=repr), "strong")
