"""A table in an app of its own, and what tests of it share."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from textual import on
from textual.app import App, ComposeResult
from textual.geometry import Region, Size
from textual.pilot import Pilot

from tui.widgets.table import Cell, Column, Row, Table

COLUMNS = (
    Column("id", "id", min_width=8),
    Column("host", "host", width=12),
    Column("height", "height", align="right", width=10),
)
HEADER = 1
SCREEN = Size(80, 24)
PAGE = SCREEN.height - HEADER
HOSTILE = [
    "[red]x[/red]",
    "[@click=app.quit]x[/]",
    "[/]",
    "\x1b[31mred",
    "\x9b31m",
    "nul\x00",
    "zero\u200bwidth",
    "\u202eright",
    "日本語の名前です",
    "z" + "\u0301" * 40,
    "x" * 10_000,
    "trailing\\",
]


def make_rows(count: int, start: int = 0) -> list[Row]:
    return [
        Row(f"k{n}", (f"node-{n}", f"10.0.0.{n}", Cell(str(n), "strong")))
        for n in range(start, start + count)
    ]


class TableApp(App[None]):
    """One table, and the messages that came from it."""

    CSS = "Table { height: 1fr; }"

    def __init__(self, columns: Sequence[Column] = COLUMNS, **options: Any) -> None:
        super().__init__()
        self.table = Table(columns, **options)
        self.told: list[tuple[str, str | None]] = []
        self.clicks = 0

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.focus()

    @on(Table.Highlighted)
    def note_highlighted(self, message: Table.Highlighted) -> None:
        assert message.control is self.table
        self.told.append(("highlighted", message.key))

    @on(Table.Selected)
    def note_selected(self, message: Table.Selected) -> None:
        self.told.append(("selected", message.key))

    @on(Table.NearEdge)
    def note_edge(self, message: Table.NearEdge) -> None:
        self.told.append(("edge", message.edge))

    def take(self, kind: str) -> list[str | None]:
        """Return what was told of one kind since the last time."""
        found = [value for what, value in self.told if what == kind]
        self.told = [item for item in self.told if item[0] != kind]
        return found


def line(table: Table, y: int) -> str:
    return table.render_line(y).text


def screen(table: Table) -> list[str]:
    return [line(table, y) for y in range(table.size.height)]


def top_key(table: Table) -> str:
    return table.rows[table.scroll_offset.y].key


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await pilot.pause(0.01)


async def show(pilot: Pilot[None], rows: Sequence[Row], **options: Any) -> Table:
    table = pilot.app.query_one(Table)
    table.set_rows(rows, **options)
    await pilot.pause()
    return table


def spy_on_refresh(table: Table, monkeypatch: pytest.MonkeyPatch) -> list[Region | None]:
    """Collect the regions that the table repaints; None stands for all of it."""
    painted: list[Region | None] = []
    refresh = table.refresh

    def spy(*regions: Region, repaint: bool = True, **options: Any) -> Table:
        if repaint:
            painted.extend(regions or [None])
        return refresh(*regions, repaint=repaint, **options)

    monkeypatch.setattr(table, "refresh", spy)
    return painted
