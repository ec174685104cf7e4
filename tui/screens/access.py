"""One look at a secret, or one act on it: who, when, from where, why, and what came of it."""

from __future__ import annotations

from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from store.sealing.access import EVERYTHING, Access
from tui.glyphs import UNICODE
from tui.text import clean, shorten_middle
from tui.widgets.key_line import KeyLine
from tui.widgets.table import Table
from tui.widgets.table_model import Cell, Column, Row

_HEADING_CELLS: Final = 200
_COLUMNS: Final = (
    Column("name", "", width=10),
    Column("value", "", grow=1, min_width=20, max_width=1_000),
)


class AccessScreen(Screen[None]):
    """A row of the access log in full."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", id="access.back")
    ]

    def __init__(self, access: Access) -> None:
        super().__init__()
        self._access = access

    def compose(self) -> ComposeResult:
        """The path and what was done, then everything that is on record."""
        yield Static(Content(heading(self._access)), classes="heading")
        with Vertical(classes="pane", id="access") as box:
            box.border_title = f"Access log  #{self._access.id}"
            yield Table(_COLUMNS, show_header=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Fill in what is on record."""
        table = self.query_one(Table)
        table.set_rows([_row(*told) for told in facts(self._access)], flash=False)
        table.focus()


def heading(access: Access) -> str:
    """What was done, and to which secret."""
    what = "all secrets" if access.path == EVERYTHING else access.path
    return shorten_middle(clean(f"{access.act}  {what}", limit=10 * _HEADING_CELLS), _HEADING_CELLS)


def facts(access: Access) -> list[tuple[str, str]]:
    """Everything that the access log has of an act."""
    when = "" if access.at is None else access.at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    return [
        ("when", when),
        ("who", access.actor),
        ("terminal", access.terminal),
        ("address", access.address),
        ("why", access.reason),
        ("result", access.result),
    ]


def _row(name: str, value: str) -> Row:
    told = Cell(value) if value else Cell(UNICODE.none, "muted")
    return Row(name, (Cell(name, "muted"), told))
