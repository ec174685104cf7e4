"""The imports done so far on this host, each of which can be taken back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from store.importing.past import Import
from store.importing.rollback import State
from tui.glyphs import UNICODE
from tui.text import age, clean, grouped
from tui.widgets.key_line import KeyLine
from tui.widgets.table import Cell, Column, Row, Table
from tui.wizard import taking_back
from tui.wizard.bench import Bench, TakenBack
from tui.wizard.endings import TakenBackScreen
from tui.wizard.step import READ_ONLY, said

_COLUMNS: Final = (
    Column("number", "id", align="right", min_width=3, max_width=6),
    Column("at", "when", min_width=8, max_width=14),
    Column("actor", "who", min_width=8, max_width=24, priority=1),
    Column("files", "files", grow=1, min_width=14, max_width=60),
    Column("counts", "leaves", grow=1, min_width=10, max_width=40, priority=2),
    Column("taken", "taken back", min_width=10, max_width=22),
)
_NONE: Final = "No import was done into this database yet."
_WORDS: Final = {State.NOW: "values of now", State.BEFORE: "all of before"}


class EarlierScreen(Screen[None]):
    """Receipts, newest first; enter asks what of one is to come back."""

    DEFAULT_CSS = """
    EarlierScreen #body { height: 1fr; padding: 0 1; border: round $primary; }
    EarlierScreen .about { height: 4; color: $text-muted; }
    EarlierScreen #fault { height: auto; max-height: 5; padding: 0 2; color: $text-error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,i", "app.back", "back", key_display="esc", id="earlier.back"),
    ]

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self._found: Mapping[str, Import] = {}

    def compose(self) -> ComposeResult:
        """The imports, all there is to the one under the cursor, a fault, the keys."""
        with Vertical(id="body") as box:
            box.border_title = Content("Imports done so far; enter takes one back, after a look")
            yield Table(_COLUMNS, empty="Looking for receipts.", id="imports")
            yield said("", id="about", classes="about")
        yield Static(id="fault", markup=False)
        yield KeyLine()

    async def on_mount(self) -> None:
        """Read the receipts."""
        self._say("")
        self._table.focus()
        await self._read()

    @property
    def _table(self) -> Table:
        return self.query_one("#imports", Table)

    async def _read(self) -> None:
        fault, found = await self._bench.imports()
        if not self.is_attached:
            return
        self._say(fault)
        self._found = {str(each.number): each for each in found}
        now = self._bench.clock()
        table = self._table
        table.set_empty(_NONE)
        table.set_rows(
            [_row(each, age((now - each.at).total_seconds()) if each.at else "") for each in found],
            flash=False,
        )
        self._tell()

    def _say(self, text: str) -> None:
        fault = self.query_one("#fault", Static)
        fault.update(clean(text))
        fault.display = bool(text)

    def on_table_highlighted(self) -> None:
        """Follow the cursor."""
        self._tell()

    def _tell(self) -> None:
        found = self._found.get(self._table.cursor_key or "")
        self.query_one("#about", Static).update(clean("" if found is None else about(found)))

    @on(Table.Selected)
    def _opened(self, event: Table.Selected) -> None:
        if self._bench.session.read_only:
            self._say(READ_ONLY)
        elif self.app.screen is self:
            self._say("")
            number = self._found[event.key].number
            taking_back.ask(self.app, self._bench, number, self._was_taken_back)

    def _was_taken_back(self, taken: TakenBack) -> None:
        self.app.push_screen(TakenBackScreen(taken))
        self.run_worker(self._read(), name="imports", group="import", exclusive=False)


def _row(found: Import, when: str) -> Row:
    names = ", ".join(file.rpartition("/")[2] for file in found.files)
    taken = ", ".join(_WORDS[state] for state in State if state in found.taken_back)
    return Row(
        str(found.number),
        (
            Cell(str(found.number), "strong"),
            Cell(when, "", str(found.at or "")),
            found.actor,
            Cell(names, "strong", ", ".join(found.files)),
            Cell(counts(found), "muted"),
            Cell(f"{UNICODE.ok} {taken}" if taken else "no", "good" if taken else "muted"),
        ),
    )


def counts(found: Import) -> str:
    """How many leaves each action of an import concerned."""
    return ", ".join(f"{grouped(many)} {action}" for action, many in found.totals.items() if many)


def about(found: Import) -> str:
    """All there is to say of an import, for below a table that has no room for it."""
    at = f"{found.at:%Y-%m-%d %H:%M:%S} UTC" if found.at else "at an unknown time"
    taken = "; ".join(
        f"Taken back by receipt {receipt}, {_WORDS[state]}"
        for state, receipt in found.taken_back.items()
    )
    left = " or ".join(_WORDS[state] for state in found.left)
    sentences = (
        f"Import {found.number}, {at}, by {found.actor} on {found.host}",
        taken,
        f"Can come back: {left}" if left else "Nothing of it is left to take back",
        f"Reason: {found.reason}" if found.reason else "",
        f"{', '.join(found.files)}: {counts(found) or 'nothing in it'}",
    )
    return f"{'. '.join(filter(None, sentences))}."
