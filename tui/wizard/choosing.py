"""The first step: which files, and what each is taken for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import ClassVar, Final

from textual import on
from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.widgets import Button, Input

from store import paths
from store.errors import InvalidValue
from store.importing.plan import Role, Strategy
from tui.editing.lines import LineInput
from tui.editing.specs import FieldKind, FieldSpec
from tui.glyphs import UNICODE
from tui.text import clean, grouped
from tui.widgets.table import Cell, Column, Row, Table
from tui.wizard.bench import Bench
from tui.wizard.deciding import DecideScreen
from tui.wizard.draft import Draft
from tui.wizard.earlier import EarlierScreen
from tui.wizard.likely import Offer
from tui.wizard.step import Step, button

_COLUMNS: Final = (
    Column("mark", "", width=1),
    Column("name", "file", min_width=14, max_width=34),
    Column("role", "read as", min_width=10, max_width=34, grow=1),
    Column("wins", "who wins", width=8),
    Column("size", "bytes", align="right", min_width=6, priority=1),
    Column("folder", "in", grow=1, min_width=12, priority=2),
)
_ROLES: Final = tuple(str(role) for role in Role if role is not Role.DATABASE)
_GUESSED: Final = "what it looks like"
"""The role of a file that could not be looked into."""
_WINS: Final = {
    Strategy.MERGE: "database",
    Strategy.REPLACE: "file",
    Strategy.KEEP: "left out",
}


class Choosing(Step):
    """Marks files; a path can be typed, and each file is asked how it is to be read."""

    TITLE = "Which files shall go into the database? Nothing is changed yet."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "mark", id="import.mark"),
        Binding("e", "how", "read as …", key_display="e", id="import.how"),
        Binding("i", "earlier", "earlier", id="import.earlier"),
    ]

    def __init__(self, bench: Bench) -> None:
        super().__init__(bench)
        self._offers: dict[str, Offer] = {}

    def parts(self) -> Iterable[Widget]:
        """The files, and a line to type another's path."""
        yield Table(_COLUMNS, empty="Looking for files.", id="files")
        entry = LineInput(placeholder="or type a path: YAML, TOML, JSON, a database", id="file")
        yield entry

    def buttons(self) -> Iterable[Button]:
        """On, and what was imported before."""
        return (button("Next", "next", "primary"), button("Earlier imports", "earlier"))

    def start(self) -> Widget:
        """The files."""
        return self._table

    @property
    def _table(self) -> Table:
        return self.query_one("#files", Table)

    def on_mount(self) -> None:
        """Look for files."""
        self.run_worker(self._look(), name="offers", group="import", exclusive=False)

    async def _look(self, at: Path | None = None) -> None:
        offers = await self.bench.offers()
        self._offers = {str(each.path): each for each in offers}
        table = self._table
        table.set_empty("No YAML, TOML or JSON file is beside the config file or here.")
        self._show()
        place = at or next(iter(self.draft.marked), None)
        if place is not None:
            table.move_to(str(place))

    def _show(self) -> None:
        rows = [_row(each, self.draft) for each in self._offers.values()]
        self._table.set_rows(rows, flash=False)
        self.say("")

    def action_mark(self) -> None:
        """Mark the file under the cursor, or unmark it."""
        if (key := self._table.cursor_key) is not None:
            self.draft.mark(self._offers[key].path)
            self._show()

    @on(Button.Pressed, "#earlier")
    def action_earlier(self) -> None:
        """Show the imports done so far, to take one back."""
        self.app.push_screen(EarlierScreen(self.bench))

    def action_how(self) -> None:
        """Ask how the file under the cursor is to be read."""
        if (key := self._table.cursor_key) is None:
            return
        offer, choice = self._offers[key], self.draft.choices.of(self._offers[key].path)
        fields = [
            FieldSpec(
                "strategy", "who wins", FieldKind.SELECT,
                _WINS[choice.strategy or Strategy.MERGE], str, tuple(_WINS.values()),
            ),
        ]  # fmt: skip
        if offer.role is not Role.DATABASE:
            role = str(choice.role or offer.role or _GUESSED)
            roles = _ROLES if role in _ROLES else (_GUESSED, *_ROLES)
            hint = "of settings: their service"
            fields = [
                FieldSpec("role", "read as", FieldKind.SELECT, role, str, roles),
                FieldSpec("prefix", "prefix", FieldKind.TEXT, choice.prefix, _prefix, (), hint),
                *fields,
            ]

        async def decide(texts: Mapping[str, str]) -> tuple[str, str]:
            decided: dict[str, object] = dict(texts)
            if "role" in texts:
                decided["role"] = Role(texts["role"])
            if "strategy" in texts:
                decided["strategy"] = _strategy(texts["strategy"])
            self.draft.decide_file(offer.path, **decided)
            if offer.path not in self.draft.marked:
                self.draft.mark(offer.path)
            return "", ""

        def done(decided: bool | None) -> None:
            if decided:
                self._show()

        self.app.push_screen(DecideScreen(str(offer.path), (), fields, decide), done)

    @on(Table.Selected, "#files")
    def _opened(self, event: Table.Selected) -> None:
        if not self.draft.marked:
            self.draft.mark(self._offers[event.key].path)
            self._show()
        self.post_message(self.Moved(1))

    @on(Input.Submitted, "#file")
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        text = event.value.strip()
        if text:
            self.run_worker(self._add(text), name="add", group="import", exclusive=False)
        else:
            self.post_message(self.Moved(1))

    async def _add(self, text: str) -> None:
        path, fault = await self.bench.add(text)
        if path is None:
            self.say(fault)
            return
        self.query_one("#file", Input).value = ""
        await self._look(path)
        self._table.focus()

    async def onward(self) -> bool:
        """Read and plan."""
        if text := self.query_one("#file", Input).value.strip():
            path, fault = await self.bench.add(text)
            if path is None:
                self.say(fault)
                return False
            self.query_one("#file", Input).value = ""
        self.say("Reading and planning.", working=True)
        fault = await self.bench.plan()
        self.say(fault)
        if not fault:
            self._show()
        return not fault


def _row(offer: Offer, draft: Draft) -> Row:
    choice = draft.choices.of(offer.path)
    role = str(choice.role or offer.role or "")
    prefix = f" {UNICODE.arrow} {choice.prefix}" if choice.prefix else ""
    marked = offer.path in draft.marked
    told = Cell(f"not read: {offer.fault}", "critical") if offer.fault and not choice.role else role
    return Row(
        str(offer.path),
        (
            Cell(UNICODE.ok if marked else "", "good"),
            Cell(offer.path.name, "strong" if marked else ""),
            told if isinstance(told, Cell) else Cell(f"{told}{prefix}"),
            Cell(_WINS[choice.strategy or Strategy.MERGE], "muted"),
            grouped(offer.size),
            Cell(str(offer.path.parent), "muted"),
        ),
    )


def _prefix(text: str) -> object:
    if paths.is_reserved(text):
        raise InvalidValue(f"{clean(text)} is a name of the node configuration")
    return text


def _strategy(text: str) -> Strategy:
    return next(each for each, told in _WINS.items() if told == text)
