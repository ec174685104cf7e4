"""How wide each column of a table is, and which ones there is room for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from textual.geometry import Size

from tui.text import MAX_MARKS, clean
from tui.widgets.table_model import Cell, Column, Row

GAP = 2
"""Cells between two columns."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a column that is shown: its number, first cell from the left, and width."""

    index: int
    column: Column
    x: int
    width: int

    @property
    def end(self) -> int:
        """The first cell to the right of the column, its gap not counted."""
        return self.x + self.width


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns that are shown, and the cells and rows there are beside the scrollbars."""

    slots: tuple[Slot, ...] = ()
    width: int = 0
    rows: int = 0

    @property
    def columns_end(self) -> int:
        """The cells that the columns take, which may be more than there are."""
        return self.slots[-1].end if self.slots else 0


class Needs:
    """The widths that titles and content ask for, which only grow as rows come."""

    def __init__(self, columns: Sequence[Column]) -> None:
        """Begin with what the titles ask for."""
        self._columns = tuple(columns)
        self.widths = [
            column.width
            or min(max(cell_len(clean(column.title)), column.min_width), column.max_width)
            for column in columns
        ]

    def grow(self, rows: Iterable[Row]) -> bool:
        """Take the content of `rows` into account; return whether a column needs more now."""
        elastic = [index for index, column in enumerate(self._columns) if not column.width]
        before = list(self.widths)
        for row in rows:
            for index in elastic:
                need, limit = self.widths[index], self._columns[index].max_width
                if need >= limit or index >= len(row.cells):
                    continue
                cell = row.cells[index]
                text = cell.text if isinstance(cell, Cell) else cell
                # Most text is short and plain, and there may be a hundred thousand rows of it.
                if len(text) <= need and text.isascii() and text.isprintable():
                    continue
                self.widths[index] = min(max(need, content_width(text, limit)), limit)
        return self.widths != before

    def ask(self, index: int, cells: int) -> None:
        """Let a column be that wide, as far as its own limits allow."""
        column = self._columns[index]
        if not column.width:
            self.widths[index] = min(max(self.widths[index], cells), column.max_width)


def shown_text(text: str, width: int) -> str:
    """Return cleaned text of which at least `width` cells are there, if it is that long."""
    return clean(text, limit=(width + 1) * (MAX_MARKS + 1))


def content_width(text: str, limit: int) -> int:
    """Return the cells that cleaned text takes; exact up to `limit` cells."""
    return cell_len(shown_text(text, limit))


def lay_out(
    columns: Sequence[Column], needs: Sequence[int], rows: int, room: Size, bars: Size
) -> Layout:
    """Return how `rows` rows of these columns lie in a room of cells and lines under the header.

    `bars` are the width of the vertical and the height of the horizontal scrollbar. Whether they
    are needed is worked out here, before they are on the screen, so that nothing moves twice.
    """
    width, height = room
    slots = arrange(columns, needs, width)
    if rows > height or (Layout(slots).columns_end > width and rows > height - bars.height):
        width -= bars.width
        slots = arrange(columns, needs, width)
    if Layout(slots).columns_end > width:
        height -= bars.height
    return Layout(slots, width, max(0, height))


def arrange(columns: Sequence[Column], needs: Sequence[int], width: int) -> tuple[Slot, ...]:
    """Return the columns that are shown in `width` cells, with their places.

    Where even the columns without a priority need more, they all get what they need and the
    result is wider than `width`.
    """
    least = [
        min(column.min_width, need) if column.grow else need
        for column, need in zip(columns, needs, strict=True)
    ]
    shown = _drop(columns, least, width)
    widths = {index: least[index] for index in shown}
    left = width - _total(widths.values())
    growing = [index for index in shown if columns[index].grow]
    # Content is served first; only what then remains widens columns beyond it.
    wants = {index: needs[index] - least[index] for index in growing}
    left = _share(columns, widths, wants, left)
    _share(columns, widths, dict.fromkeys(growing, max(left, 0)), left)
    slots: list[Slot] = []
    x = 0
    for index in shown:
        slots.append(Slot(index, columns[index], x, widths[index]))
        x += widths[index] + GAP
    return tuple(slots)


def _drop(columns: Sequence[Column], widths: Sequence[int], room: int) -> list[int]:
    """Return the numbers of the columns that fit, those of high priority numbers left out."""
    shown = list(range(len(columns)))
    while _total(widths[index] for index in shown) > room:
        droppable = [index for index in shown if columns[index].priority > 0]
        if not droppable:
            break
        shown.remove(max(droppable, key=lambda index: (columns[index].priority, index)))
    return shown


def _share(
    columns: Sequence[Column], widths: dict[int, int], wants: dict[int, int], left: int
) -> int:
    """Widen columns by their share of `left`, none beyond its want; return what remains."""
    open_wants = {index: want for index, want in wants.items() if want > 0}
    while left > 0 and open_wants:
        shares = sum(columns[index].grow for index in open_wants)
        # Rounding down may leave nothing to give out; then single cells go from left to right.
        gifts = {index: left * columns[index].grow // shares for index in open_wants}
        if not any(gifts.values()):
            gifts = dict.fromkeys(list(open_wants)[:left], 1)
        for index, gift in gifts.items():
            given = min(gift, open_wants[index])
            widths[index] += given
            left -= given
            open_wants[index] -= given
        open_wants = {index: want for index, want in open_wants.items() if want > 0}
    return left


def _total(widths: Iterable[int]) -> int:
    """Return the cells of columns beside each other, gaps included."""
    columns = list(widths)
    return sum(columns) + GAP * max(0, len(columns) - 1)
