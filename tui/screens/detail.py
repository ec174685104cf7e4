"""One path in full: every field with its source and home, tables, a tree, and its own history."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from store import codec, history
from store.errors import NodedeckError
from store.models import Change
from store.searching import EXTERNAL
from tui.glyphs import UNICODE
from tui.inspection import HISTORY_ROWS, Field, Inspection, inspect, newest
from tui.marks import Marks
from tui.panes.audit import change_cell, coarse_age, marked_age
from tui.panes.base import READING
from tui.screens.change import ChangeScreen
from tui.screens.value import ValueScreen
from tui.store_thread import StoreThread
from tui.text import age, clean, grouped, shorten_middle
from tui.widgets.json_tree import JsonTree
from tui.widgets.key_line import KeyLine
from tui.widgets.table import Table
from tui.widgets.table_model import Cell, Column, Row
from tui.widgets.trouble_line import TroubleLine

_HEADING_CELLS: Final = 200
_RETELL_SECONDS: Final = 5.0
_FIELD_COLUMNS: Final = (
    Column("field", "field", min_width=12, max_width=34),
    Column("value", "value", grow=1, min_width=16, max_width=400),
    Column("source", "source", min_width=6, priority=1),
    Column("home", "home", min_width=8, priority=2),
)
_MODEL_COLUMNS: Final = (
    Column("model", "model", grow=2, min_width=16, max_width=80),
    Column("args", "arguments", grow=1, min_width=12, max_width=400),
)
_HARDWARE_COLUMNS: Final = (
    Column("count", "count", align="right", min_width=5, max_width=12),
    Column("type", "type", grow=1, min_width=12, max_width=80),
)
_HISTORY_COLUMNS: Final = (
    Column("age", "age", align="right", width=6),
    Column("change", "change", grow=3, min_width=24, max_width=200),
    Column("actor", "by", min_width=8, max_width=24, priority=1),
    Column("reason", "reason", grow=1, min_width=8, max_width=60, priority=2),
)
_COLUMNS: Final = {
    "fields": _FIELD_COLUMNS,
    "models": _MODEL_COLUMNS,
    "hardware": _HARDWARE_COLUMNS,
    "past": _HISTORY_COLUMNS,
}


class DetailScreen(Marks, Screen[None]):
    """All there is to one path, kept up to date; ``esc`` goes back to where one was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", "next list", id="detail.next"),
        Binding("shift+tab", "app.focus_previous", "list before", show=False, id="detail.previous"),
        Binding("escape", "app.back", "back", id="detail.back"),
    ]

    def __init__(self, path: str, store: StoreThread, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._path = path
        self._store = store
        self._clock = clock
        self._shown: Inspection | None = None
        self._told: list[Cell] = []

    def compose(self) -> ComposeResult:
        """The path, its fields, what a node has besides, the tree, the history."""
        heading = shorten_middle(clean(self._path, limit=10 * _HEADING_CELLS), _HEADING_CELLS)
        yield Static(Content(heading), classes="heading")
        yield TroubleLine()
        yield Static(id="fault", markup=False)
        with _part("fields", "Fields"):
            yield Table(_FIELD_COLUMNS, empty=READING)
        with Horizontal(id="equipment"):
            with _part("models", "Models"):
                yield Table(_MODEL_COLUMNS, empty="No models. The node serves nothing.")
            with _part("hardware", "Hardware"):
                yield Table(_HARDWARE_COLUMNS, empty="No hardware is told of this node.")
        with _part("tree", "Value"):
            yield JsonTree()
        with _part("past", "History"):
            yield Table(_HISTORY_COLUMNS, empty="No change of this is in the log.")
        yield KeyLine()

    async def on_mount(self) -> None:
        """Read, and read again whenever something was committed."""
        for part in ("#fault", "#equipment", "#tree"):
            self.query_one(part).display = False
        self._table("fields").focus()
        await self._read()
        self.watch(self.app.screen_stack[0], "picture", self._look_again, init=False)
        self.set_interval(_RETELL_SECONDS, self._retell, name="coarse ages")

    def _look_again(self) -> None:
        self._read_again()

    @work(name="detail", group="detail", exclusive=True)
    async def _read_again(self) -> None:
        await self._read()

    async def _read(self) -> None:
        """Read the path where its entity has changed; a fault leaves what was shown."""
        path, mark = self._path, None if self._shown is None else self._shown.mark
        try:
            found = await self._store.call(
                lambda manager: None if newest(manager, path) == mark else inspect(manager, path)
            )
        except NodedeckError as fault:
            if not self.query_one(TroubleLine).says(str(fault)):
                self._say(str(fault))
            return
        if found is None:
            return
        # what was taken away did not change, and is no news a second time
        flash = self._shown is not None and found.value is not None
        self._shown = found
        self._told = [change_cell(change) for change in found.changes]
        self._show(found, flash=flash)

    def _show(self, found: Inspection, *, flash: bool) -> None:
        """Bring every part in line with what was read."""
        self._say_removed(found)
        told = f"{grouped(found.leaves)}" if found.leaves > len(found.fields) else ""
        self._entitle(
            "fields", "Fields", f"the first {len(found.fields)} of {told}" if told else ""
        )
        self._fill("fields", [_field_row(self._path, one, found) for one in found.fields], flash)
        self.query_one("#equipment").display = bool(found.models or found.hardware)
        self._fill("models", _model_rows(found.models or {}), flash)
        self._fill("hardware", _hardware_rows(found.hardware or []), flash)
        self.query_one("#tree").display = found.nested
        if found.nested:
            self.query_one(JsonTree).show(found.value, flash=flash)
        self._retell(flash=flash)
        self._tell_count(found)
        self._table("fields").set_empty("Nothing stands here now.")

    def _tell_count(self, found: Inspection) -> None:
        count = len(found.changes)
        noun = "change" if count == 1 else "changes"
        kept = f"the newest {count}" if count == HISTORY_ROWS else f"{count} {noun}"
        marked = f"  {len(self.marked)} marked" if self.marked else ""
        self._entitle("past", "History", f"{kept}{marked}" if count else "")

    def _retell(self, *, flash: bool = False) -> None:
        """Show the ages anew."""
        if self._shown is None:
            return
        rows = []
        for change, told in zip(self._shown.changes, self._told, strict=True):
            seconds = (self._clock() - change.at).total_seconds()
            who = Cell(change.actor, "accent") if change.actor else Cell(EXTERNAL, "muted")
            why = Cell(change.reason or "", "muted")
            when = marked_age(coarse_age(seconds), marked=change.id in self.marked)
            rows.append(Row(str(change.id), (when, told, who, why)))
        self._fill("past", rows, flash)
        if self._shown.removed is not None:
            self._say_removed(self._shown)

    def _fill(self, part: str, rows: Sequence[Row], flash: bool) -> None:
        """Show a table's rows; of rows that were there, the cells that differ flash."""
        table = self._table(part)
        if flash:
            was = {row.key: row for row in table.rows}
            rows = [_marked(row, was.get(row.key), _COLUMNS[part]) for row in rows]
        table.set_rows(rows, flash=flash)

    def _table(self, part: str) -> Table:
        return self.query_one(f"#{part} Table", Table)

    def _entitle(self, part: str, title: str, note: str) -> None:
        self.query_one(f"#{part}").border_title = Content(f"{title}  {note}".rstrip())

    def _say_removed(self, found: Inspection) -> None:
        if found.value is not None or found.removed is None:
            self._say("")
            return
        gone = found.removed
        ago = age(max(0.0, (self._clock() - gone.at).total_seconds() // 5 * 5))
        path = shorten_middle(clean(self._path), 60)
        self._say(
            f"{UNICODE.critical} {path} was removed {ago} ago by {gone.actor or EXTERNAL};"
            " what stood here last is below."
        )

    def _say(self, text: str) -> None:
        said = self.query_one("#fault", Static)
        said.display = bool(text)
        if str(said.content) != clean(text):
            said.update(clean(text))

    def secret_here(self) -> str | None:
        """The field under the cursor, None in the other lists."""
        table = self._table("fields")
        return table.cursor_key if table.has_focus else None

    def on_table_selected(self, event: Table.Selected) -> None:
        """Open a change, or a value in full."""
        found, key, part = self._shown, event.key, event.table.parent
        if found is None or part is None:
            return
        if part.id == "past":
            change = next(one for one in found.changes if str(one.id) == key)
            self.app.push_screen(ChangeScreen(change))
            return
        title, value = self._value(str(part.id), key, found)
        self.app.push_screen(ValueScreen(title, (("Value", value),)))

    def pointed_path(self) -> str:
        """The path under the cursor; the whole one where the cursor is on no part of it."""
        focused = next((one for one in self.query(Table) if one.has_focus), None)
        part = getattr(focused.parent, "id", "") if focused is not None else ""
        if part in ("models", "hardware"):
            return f"{self._path}.{part}"
        key = focused.cursor_key if focused is not None and part == "fields" else None
        return key or self._path

    def pointed_change(self) -> Change | None:
        """The change under the cursor, None where the cursor is not in the history."""
        table = self._table("past")
        if self._shown is None or not table.has_focus:
            return None
        return next((one for one in self._shown.changes if str(one.id) == table.cursor_key), None)

    def show_marks(self) -> None:
        """Draw the marks, and how many there are."""
        if self._shown is not None:
            self._tell_count(self._shown)
            self._retell()

    def _value(self, part: str, key: str, found: Inspection) -> tuple[str, Any]:
        """What a row stands for, and under which name."""
        if part == "models" and found.models is not None:
            return key, found.models[key]
        if part == "hardware" and found.hardware is not None:
            return f"{self._path}.hardware", found.hardware[int(key)]
        if part == "tree" and (branch := self.query_one(JsonTree).branch(key)) is not None:
            return f"{self._path}  {branch.name}", branch.value
        field = next(one for one in found.fields if one.path == key)
        return field.path, field.value


def _part(name: str, title: str) -> Vertical:
    box = Vertical(classes="pane", id=name)
    box.border_title = title
    return box


def _marked(row: Row, was: Row | None, columns: Sequence[Column]) -> Row:
    if was == row:
        return row
    changed = (
        column.key
        for at, column in enumerate(columns)
        if column.key != "age" and (was is None or was.cell(at).text != row.cell(at).text)
    )
    return replace(row, changed=frozenset(changed))


def _field_row(path: str, field: Field, found: Inspection) -> Row:
    # of a path that is one value the heading has the rest
    name = field.path[len(path) + 1 :] or history.parts_of(field.path)[-1]
    faint = found.value is None or field.value == ""
    text = codec.shown(field.value) or '""'
    value = Cell(f"{text}  {field.note}".rstrip(), "muted" if faint else "", whole=text)
    cells = (Cell(name, "muted"), value, field.source, Cell(field.home, "muted"))
    return Row(field.path, cells)


def _model_rows(models: dict[str, Any]) -> list[Row]:
    rows = []
    for name, model in models.items():
        args = model.get("args") if isinstance(model, dict) and set(model) <= {"args"} else None
        plain = isinstance(args, list) and all(isinstance(one, str) for one in args)
        told = " ".join(args) if plain and args is not None else codec.shown(model)
        rows.append(Row(name, (name, Cell(told if told else UNICODE.none, "muted"))))
    return rows


def _hardware_rows(hardware: list[Any]) -> list[Row]:
    rows = []
    for at, item in enumerate(hardware):
        if isinstance(item, dict) and set(item) <= {"type", "count"}:
            cells = (codec.shown(item.get("count", "")), codec.shown(item.get("type", "")))
        else:
            cells = ("", codec.shown(item))
        rows.append(Row(str(at), cells))
    return rows
