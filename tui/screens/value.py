"""A value, or the two sides of a change, in full: JSON as a tree, text in lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from store import codec, history
from store.masks import masked
from tui.glyphs import UNICODE
from tui.store_thread import in_thread
from tui.text import clean, shorten_middle
from tui.widgets.json_tree import JsonTree
from tui.widgets.key_line import KeyLine
from tui.widgets.table import Table
from tui.widgets.table_model import Column, Row

_HEADING_CELLS: Final = 200
_LINE: Final = 76
"""Characters of one line: what the smallest usual terminal shows beside the border."""
_TEXT: Final = (Column("text", "", grow=1, min_width=_LINE, max_width=4 * _LINE),)


class ValueScreen(Screen[None]):
    """Everything of one value; of a change, before and after below each other."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "next part", id="value.next"),
        Binding("shift+tab", "app.focus_previous", "part before", show=False, id="value.previous"),
        Binding("escape", "app.back", "back", id="value.back"),
    ]

    def __init__(self, path: str, parts: Sequence[tuple[str, Any]]) -> None:
        """Show values under their titles; they must be masked where they are no text."""
        super().__init__()
        self._path = path
        self._parts = tuple(parts)

    def compose(self) -> ComposeResult:
        """The path and a box for each value."""
        heading = shorten_middle(clean(self._path, limit=10 * _HEADING_CELLS), _HEADING_CELLS)
        yield Static(Content(heading), classes="heading")
        for title, _ in self._parts:
            with Vertical(classes="pane part") as box:
                box.border_title = Content(clean(title))
        yield KeyLine()

    async def on_mount(self) -> None:
        """Take the values apart, in a thread: they may be large."""
        parts, values = history.parts_of(self._path), [value for _, value in self._parts]
        taken = await in_thread(lambda: [_taken(parts, one) for one in values], name="value")
        for box, value in zip(self.query(".part"), taken, strict=True):
            if isinstance(value, list | dict):
                tree = JsonTree()
                await box.mount(tree)
                tree.show(value)
            else:
                table = Table(_TEXT, show_header=False, empty="Empty text.")
                await box.mount(table)
                table.set_rows(_rows(value), flash=False)
        self.query(Table).first().focus()

    def on_table_selected(self, event: Table.Selected) -> None:
        """Show a leaf of a tree in full where it is more than a line."""
        tree = event.table
        branch = tree.branch(event.key) if isinstance(tree, JsonTree) else None
        if branch is not None and isinstance(branch.value, str) and len(branch.value) > _LINE // 2:
            self.app.push_screen(ValueScreen(branch.name, ((branch.name, branch.value),)))


def _taken(parts: Sequence[str], value: Any) -> Any:
    """A container as it is, also out of text that holds one; anything else as text."""
    if isinstance(value, list | dict) and value:
        return value
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return masked(parts, json.loads(value)) or value
        except (ValueError, RecursionError):
            return value
    return UNICODE.none if value is None else codec.shown(value)


def _rows(text: str) -> list[Row]:
    """Text in lines as it has them, long ones broken where they are full."""
    lines = text.split("\n") if text else []
    pieces = [line[at : at + _LINE] for line in lines for at in range(0, len(line) or 1, _LINE)]
    return [Row(str(number), (piece,)) for number, piece in enumerate(pieces)]
