"""What all panes share: a border with a number and a title, and one table fed from pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.reactive import reactive

from store.errors import NodedeckError
from tui.picture import Picture
from tui.text import clean
from tui.widgets.table import Table
from tui.widgets.table_model import Column, Row

READING: Final = "Reading the database."
UNREAD: Final = (
    "Not known: the database is not read. The line above says why, and what to do about it."
)


class Pane(Vertical):
    """A live part of the deck: pictures in, rows out."""

    NUMBER = 0
    TITLE = ""
    COLUMNS: Sequence[Column] = ()
    EMPTY = ""
    SHOW_HEADER = True
    QUIET: ClassVar[frozenset[str]] = frozenset()
    """Columns that never flash, such as ages."""

    picture: reactive[Picture | None] = reactive(None, repaint=False)
    trouble: reactive[NodedeckError | None] = reactive(None, repaint=False)

    def __init__(self, clock: Callable[[], datetime], *, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self.clock = clock
        self._titled = f"{self.NUMBER} {self.TITLE}"
        self.border_title = self._titled

    def compose(self) -> ComposeResult:
        """One table."""
        yield Table(self.COLUMNS, empty=self._when_empty(), show_header=self.SHOW_HEADER)

    @property
    def table(self) -> Table:
        """The pane's table."""
        return self.query_one(Table)

    def watch_picture(self, old: Picture | None, new: Picture | None) -> None:
        """Show a new picture; what differs from the one before flashes."""
        if new is not None and self.is_mounted:
            self.table.set_empty(self._when_empty())
            self.refill(new, flash=old is not None)

    def watch_trouble(self) -> None:
        """Do not take an unread database for an empty one."""
        if self.is_mounted:
            self.table.set_empty(self._when_empty())

    def _when_empty(self) -> str:
        """What no rows mean: nothing there and what would bring it, or nothing known."""
        if self.trouble is not None:
            return UNREAD
        return READING if self.picture is None else self.EMPTY

    def refill(self, picture: Picture, *, flash: bool = False) -> None:
        """Bring the rows in line with a picture, and with the time that has passed."""
        rows = distinct(self.rows(picture))
        self.table.set_rows(self._marked(rows) if flash else rows, flash=flash)

    def retell(self) -> None:
        """Show ages anew."""
        if self.picture is not None:
            self.refill(self.picture)

    def target(self, key: str) -> str:
        """The path of the entity that a row is about."""
        return key.rstrip("\0")

    def rows(self, picture: Picture) -> list[Row]:
        """The rows of a picture."""
        raise NotImplementedError

    def entitle(self, note: str) -> None:
        """Put a note behind the title; it may hold data, so it goes in as content."""
        title = clean(f"{self.NUMBER} {self.TITLE}  {note}").rstrip()
        if title != self._titled:  # a title that is set anew repaints the whole pane
            self._titled = title
            self.border_title = Content(title)

    def _marked(self, rows: list[Row]) -> list[Row]:
        """The rows with the cells that differ from those shown named, so that they flash."""
        shown = {row.key: row for row in self.table.rows}
        return [
            row if (was := shown.get(row.key)) is row or not (news := self._changed(row, was))
            else replace(row, changed=news)
            for row in rows
        ]  # fmt: skip

    def _changed(self, row: Row, was: Row | None) -> frozenset[str]:
        return frozenset(
            column.key
            for at, column in enumerate(self.COLUMNS)
            if column.key not in self.QUIET
            and (was is None or row.cell(at).text != was.cell(at).text)
        )


def distinct(rows: Sequence[Row]) -> list[Row]:
    """The rows under keys of their own: ids that differ in the database may look the same here.

    Two ids with other bytes that are not UTF-8 do, and so do a blob and the text of its literal.
    """
    taken: dict[str, Row] = {}
    for row in rows:
        key = row.key
        while key in taken:
            key += "\0"
        taken[key] = row if key == row.key else replace(row, key=key)
    return list(taken.values())
