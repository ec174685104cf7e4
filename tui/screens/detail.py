"""One entity in full: every field with its source and home, and its own history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer, Static

from store import codec, history, masks, paths
from store.documents import Entry
from store.errors import NodedeckError
from store.manager import ConfigManager
from store.models import Change
from store.searching import EXTERNAL
from tui.panes.audit import change_cell, coarse_age
from tui.store_thread import StoreThread
from tui.text import clean
from tui.widgets.table import Table
from tui.widgets.table_model import Cell, Column, Row

HISTORY_ROWS = 200

_FIELD_COLUMNS = (
    Column("field", "field", min_width=12, max_width=34),
    Column("value", "value", grow=1, min_width=16, max_width=400),
    Column("source", "source", min_width=6, priority=1),
    Column("home", "home", min_width=8, priority=2),
)
_HISTORY_COLUMNS = (
    Column("age", "", align="right", width=6),
    Column("change", "change", grow=3, min_width=24, max_width=200),
    Column("actor", "by", min_width=8, max_width=24, priority=1),
    Column("reason", "reason", grow=1, min_width=8, max_width=60, priority=2),
)
_DIFFERENCE_COLUMNS = (
    Column("field", "field", min_width=12, max_width=40),
    Column("old", "before", grow=1, min_width=12, max_width=300),
    Column("new", "after", grow=1, min_width=12, max_width=300),
)


class DetailScreen(Screen[None]):
    """All there is to one path; ``esc`` goes back to where one was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", id="detail.back"),
        Binding("tab", "app.focus_next", "next list", id="detail.next"),
    ]

    def __init__(self, path: str, store: StoreThread, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._path = path
        self._store = store
        self._clock = clock

    def compose(self) -> ComposeResult:
        """The path, its fields, its history."""
        yield Static(Content(clean(self._path)), classes="heading")
        yield Static(id="fault", markup=False)
        with Vertical(classes="pane", id="fields") as fields:
            fields.border_title = "Fields"
            yield Table(_FIELD_COLUMNS, empty="Nothing stands here now.")
        with Vertical(classes="pane", id="past") as past:
            past.border_title = "History"
            yield Table(_HISTORY_COLUMNS, empty="No change of this is in the log.")
        yield Footer(show_command_palette=False)

    async def on_mount(self) -> None:
        """Read the fields and the history."""
        said = self.query_one("#fault", Static)
        said.display = False
        fields, past = (self.query_one(f"#{name} Table", Table) for name in ("fields", "past"))
        fields.focus()
        try:
            entries, changes = await self._store.call(self._read)
        except NodedeckError as fault:
            said.display = True
            said.update(clean(fault))
            return
        fields.set_rows([_field_row(self._path, entry) for entry in entries], flash=False)
        past.set_rows([self._change_row(change) for change in changes], flash=False)

    def _read(self, manager: ConfigManager) -> tuple[list[Entry], list[Change]]:
        parts = paths.split(self._path)
        entries = [
            entry
            for entry in manager.effective().leaves()
            if paths.split(entry.path)[: len(parts)] == parts
        ]
        return entries, manager.history(self._path, limit=HISTORY_ROWS)

    def _change_row(self, change: Change) -> Row:
        seconds = (self._clock() - change.at).total_seconds()
        who = Cell(change.actor, "accent") if change.actor else Cell(EXTERNAL, "muted")
        age = Cell(coarse_age(seconds), "muted")
        return Row(
            str(change.id), (age, change_cell(change), who, Cell(change.reason or "", "muted"))
        )


def _field_row(path: str, entry: Entry) -> Row:
    name = entry.path[len(path) + 1 :] or entry.path
    parts = paths.split(entry.path)
    value = codec.shown(masks.masked(parts, entry.value))
    home = Cell(str(entry.home), "muted")
    return Row(entry.path, (Cell(name, "muted"), value, str(entry.source), home))


class ChangeScreen(Screen[None]):
    """One change: what stood before and after, field by field."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", id="change.back")
    ]

    def __init__(self, change: Change) -> None:
        super().__init__()
        self._change = change

    def compose(self) -> ComposeResult:
        """Who, when and why, and the fields that differ."""
        change = self._change
        who = change.actor or EXTERNAL
        when = change.at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
        why = f', because "{change.reason}"' if change.reason else ""
        heading = f"#{change.id}  {change.path}  {when}  by {who}{why}"
        yield Static(Content(clean(heading)), classes="heading")
        with Vertical(classes="pane", id="differences") as box:
            box.border_title = "What changed"
            yield Table(_DIFFERENCE_COLUMNS, empty="It was rewritten and nothing changed.")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Fill in the fields."""
        table = self.query_one(Table)
        path = self._change.path
        rows = []
        for field in history.fields(self._change):
            name = field.path[len(path) + 1 :] or field.path
            rows.append(
                Row(
                    field.path,
                    (
                        Cell(name, "muted"),
                        Cell(_shown(field.path, field.old), "muted"),
                        Cell(_shown(field.path, field.new), "strong"),
                    ),
                )
            )
        table.set_rows(rows, flash=False)
        table.focus()


def _shown(path: str, value: object) -> str:
    if value is None:
        return "–"
    try:
        parts = paths.split(path)
    except NodedeckError:  # a key that only a foreign writer could make
        parts = (path,)
    return codec.shown(masks.masked(parts, value))
