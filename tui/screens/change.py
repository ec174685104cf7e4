"""One change: what stood before and after, field by field."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from store import codec, history
from store.masks import masked
from store.models import Change
from store.searching import EXTERNAL
from tui.glyphs import UNICODE
from tui.screens.value import ValueScreen
from tui.text import clean, shorten_middle
from tui.widgets.key_line import KeyLine
from tui.widgets.table import Table
from tui.widgets.table_model import Cell, Column, Row

_HEADING_CELLS: Final = 200
_COLUMNS: Final = (
    Column("field", "field", min_width=12, max_width=40),
    Column("old", "before", grow=1, min_width=12, max_width=300),
    Column("new", "after", grow=1, min_width=12, max_width=300),
)
_DONE: Final = {"I": "added", "D": "removed", "R": "rewritten"}


class ChangeScreen(Screen[None]):
    """Who, when and why, and the fields that differ; ``enter`` shows one of them in full."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", id="change.back")
    ]

    def __init__(self, change: Change) -> None:
        super().__init__()
        self.change = change
        self._fields = {field.path: field for field in history.fields(change)}

    def compose(self) -> ComposeResult:
        """The change in words, then its fields."""
        change = self.change
        when = change.at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
        done = _DONE.get(change.action, "changed")
        yield Static(Content(f"{_short(change.path)} {done}"), classes="heading")
        said = f"#{change.id}  {when}  by {_short(change.actor or EXTERNAL)}"
        if change.reason:
            said += f"  because: {_short(change.reason)}"
        yield Static(Content(said), classes="subheading")
        with Vertical(classes="pane", id="differences") as box:
            count = len(self._fields)
            box.border_title = f"What changed  {count} field{'' if count == 1 else 's'}"
            yield Table(_COLUMNS, empty="It was rewritten and nothing changed.")
        yield KeyLine()

    def on_mount(self) -> None:
        """Fill in the fields."""
        table, path = self.query_one(Table), self.change.path
        table.set_rows(
            [
                Row(
                    field.path,
                    (
                        Cell(field.path[len(path) + 1 :] or field.path, "muted"),
                        Cell(_shown(field.path, field.old), "muted"),
                        Cell(_shown(field.path, field.new), "strong"),
                    ),
                )
                for field in self._fields.values()
            ],
            flash=False,
        )
        table.focus()

    def secret_here(self) -> str | None:
        """The field under the cursor."""
        return self.query_one(Table).cursor_key

    def on_table_selected(self, event: Table.Selected) -> None:
        """Show what stood before and after in full."""
        field = self._fields[event.key]
        sides = (("Before", field.old), ("After", field.new))
        self.app.push_screen(
            ValueScreen(field.path, tuple((name, _masked(field.path, v)) for name, v in sides))
        )


def _short(text: str) -> str:
    return shorten_middle(clean(text, limit=10 * _HEADING_CELLS), _HEADING_CELLS)


def _masked(path: str, value: Any) -> Any:
    return masked(history.parts_of(path), value)


def _shown(path: str, value: Any) -> str:
    return UNICODE.none if value is None else codec.shown(_masked(path, value))
