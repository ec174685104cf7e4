"""Screens of another moment: what differs from now, and one entity as it was."""

from __future__ import annotations

from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from store import codec, history
from store.errors import NodedeckError
from store.manager import ConfigManager
from store.masks import masked
from store.models import Change
from store.searching import EXTERNAL
from store.travel import Comparison, Visit
from tui.glyphs import UNICODE
from tui.panes.audit import coarse_age, summary
from tui.store_thread import StoreThread
from tui.text import clean
from tui.widgets.key_line import KeyLine
from tui.widgets.table import Table
from tui.widgets.table_model import Cell, Column, Row

NOT_IN_THE_LOG = (
    "Not in the log, so unknown of then: seed rows that were not active, metadata of settings,"
    " what a secret was, the config file, the environment."
)
_HISTORY_ROWS = 200
_COMPARED = (
    Column("path", "path", min_width=16, max_width=44),
    Column("then", "then", grow=1, min_width=12, max_width=300),
    Column("now", "now", grow=1, min_width=12, max_width=300),
)
_FIELDS = (
    Column("field", "field", min_width=12, max_width=34),
    Column("value", "value then", grow=1, min_width=16, max_width=400),
)
_HISTORY = (
    Column("age", "", align="right", width=8),
    Column("change", "change", grow=3, min_width=24, max_width=200),
    Column("actor", "by", min_width=8, max_width=24, priority=1),
    Column("reason", "reason", grow=1, min_width=8, max_width=60, priority=2),
)


class CompareScreen(Screen[None]):
    """Every leaf that differs between a moment and now, secrets masked."""

    DEFAULT_CSS = """
    CompareScreen #unknown { height: auto; padding: 0 1; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,d", "app.back", "back", id="compare.back")
    ]

    def __init__(self, compared: Comparison) -> None:
        super().__init__()
        self._compared = compared

    def compose(self) -> ComposeResult:
        """The differences, and what could not be compared."""
        unknown = self._compared.unknown
        lost = f" Forgotten by the log: {', '.join(unknown)}." if unknown else ""
        with Vertical(classes="pane", id="compared") as box:
            box.border_title = f"Then and now: {len(self._compared.fields)} differ"
            yield Table(_COMPARED, empty="Nothing that the log knows differs from now.")
        yield Static(clean(f"{NOT_IN_THE_LOG}{lost}"), id="unknown", markup=False)
        yield KeyLine()

    def on_mount(self) -> None:
        """Fill the table."""
        table = self.query_one(Table)
        rows = [
            Row(
                field.path,
                (field.path, Cell(_shown(field.old), "muted"), Cell(_shown(field.new), "strong")),
            )
            for field in self._compared.fields
        ]
        table.set_rows(rows, flash=False)
        table.focus()


class PastEntityScreen(Screen[None]):
    """One entity as it was at a moment, with its history up to then."""

    DEFAULT_CSS = """
    PastEntityScreen #said { height: auto; padding: 0 1; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.back", "back", id="past.back"),
        Binding("tab", "app.focus_next", "next list", id="past.next"),
    ]

    def __init__(self, path: str, visit: Visit, store: StoreThread) -> None:
        super().__init__()
        self._path = path
        self._visit = visit
        self._store = store

    def compose(self) -> ComposeResult:
        """The path, its fields then, its history until then."""
        yield Static(Content(clean(self._path)), classes="heading")
        with Vertical(classes="pane", id="fields") as fields:
            fields.border_title = "Fields then"
            yield Table(_FIELDS, empty="Nothing stood here then.")
        with Vertical(classes="pane", id="past") as past:
            past.border_title = "History until then"
            yield Table(_HISTORY, empty="No change of this is in the log until then.")
        yield Static(NOT_IN_THE_LOG, id="said", markup=False)
        yield KeyLine()

    async def on_mount(self) -> None:
        """Read both from the log."""
        fields, past = (self.query_one(f"#{name} Table", Table) for name in ("fields", "past"))
        fields.focus()
        try:
            values, changes = await self._store.call(self._read)
        except NodedeckError as fault:
            self.query_one("#said", Static).update(clean(fault))
            return
        fields.set_rows([self._field(path, value) for path, value in values], flash=False)
        past.set_rows([self._change(change) for change in changes], flash=False)

    def _read(self, manager: ConfigManager) -> tuple[list[tuple[str, Any]], list[Change]]:
        upto = self._visit.evidence.snapshot.change_id
        parts = history.parts_of(self._path)
        document = manager.document_as_of(upto)
        values = [
            (entry.path, entry.value)
            for entry in document.leaves()
            if history.parts_of(entry.path)[: len(parts)] == parts
        ]
        if parts[0] in document.unknown:
            document.get(self._path)  # says why it is unknown
        return values, manager.history(self._path, before=upto + 1, limit=_HISTORY_ROWS)

    def _field(self, path: str, value: Any) -> Row:
        name = path[len(self._path) + 1 :] or path
        shown = _shown(masked(history.parts_of(path), value))
        return Row(path, (Cell(name, "muted"), shown))

    def _change(self, change: Change) -> Row:
        age = coarse_age((self._visit.at - change.at).total_seconds())
        who = Cell(change.actor, "accent") if change.actor else Cell(EXTERNAL, "muted")
        reason = Cell(change.reason or "", "muted")
        return Row(str(change.id), (Cell(age, "muted"), summary(change), who, reason))


def _shown(masked: Any) -> str:
    return UNICODE.none if masked is None else codec.shown(masked)
