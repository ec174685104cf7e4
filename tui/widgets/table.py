"""The one table of the product: rows to move through, filter, sort and copy from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar, TypeAlias

from textual import on
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.widget import Widget

from store.collecting import held_back
from tui import clipboard
from tui.commands import bindings
from tui.glyphs import UNICODE, Glyphs
from tui.store_thread import in_thread
from tui.text import clean, grouped, shorten_middle
from tui.widgets import table_messages
from tui.widgets.filter_line import FilterLine
from tui.widgets.table_lazy import LazyRows
from tui.widgets.table_model import Cell, Column, Edge, KeyedRows, Row, Tone
from tui.widgets.table_moves import TableMoves
from tui.widgets.table_order import Order
from tui.widgets.table_paint import CSS

__all__ = ["Cell", "Column", "Edge", "Row", "Table", "Tone"]

_NOTICE_SECONDS = 3.0
_NOTICE_CELLS = 40
_FILTER_HINT = "text in any column"


class Table(TableMoves, inherit_bindings=False):
    """Rows of which those are shown that match a filter, in an order that a reader chose.

    The cursor stays on its row, or goes to the nearest one that is left. Where somebody else finds
    the rows, as in a log too long to be here, the table tells what is ``Sought`` and shows what it
    is given.
    """

    DEFAULT_CSS = CSS
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("table"),
        Binding("escape", "unfilter", "clear filter", show=False, id="table.unfilter"),
    ]

    Sought: TypeAlias = table_messages.Sought

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        empty: str = "",
        show_header: bool = True,
        cursor: bool = True,
        glyphs: Glyphs = UNICODE,
        sought_as: str = "",
        always_sorted: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Make a table without rows, which shows `empty` until some come.

        `sought_as` says what can be typed as a filter where somebody else finds the rows;
        `always_sorted` is the sentence for whoever tries to sort rows that have one order only.
        """
        super().__init__(
            columns,
            empty=empty,
            show_header=show_header,
            cursor=cursor,
            glyphs=glyphs,
            id=id,
            classes=classes,
        )
        self._empty_at_all = empty
        self._show_header = show_header
        self._glyphs = glyphs
        self._sought_as = sought_as
        self._always_sorted = always_sorted
        self._given: Sequence[Row] = ()
        self._order = Order()
        self._filter = ""
        self._last_filter = ""
        self._line: FilterLine | None = None
        # where the reader put the cursor, for when a filter lets that row be seen again
        self._chosen: str | None = None
        # how often an arrangement was asked for: the last one counts
        self._asked = 0

    @property
    def filter(self) -> str:
        """The filter as it was typed; empty where there is none."""
        return self._filter

    def set_rows(self, rows: Sequence[Row], *, flash: bool = True, relayout: bool = False) -> None:
        """Show those of these rows that match the filter, in the order chosen.

        For the rest as without filter and sort. Raises ValueError for two rows with one key, also
        where one of them is hidden. Those that are made when they are looked at are arranged in a
        thread; until that is done the rows of before are shown.
        """
        if isinstance(rows, LazyRows) and self._order:
            self._given = rows
            self._arrange_later()
            return
        shown = self._order.arrange(rows, self._columns)
        if shown is not rows:
            KeyedRows(rows)
        self._given = rows
        self._asked += 1
        super().set_rows(shown, flash=flash, relayout=relayout)
        self._tell_count()

    def on_unmount(self) -> None:
        """Let go of what many rows are made of; nobody may look for who holds it for long."""
        if isinstance(self._given, LazyRows):
            self._given, self._data = (), KeyedRows()

    def tell_filter(self, count: str, fault: str = "") -> None:
        """Say what the filter found so far, or what is wrong with it, beside what was typed."""
        if self._line is not None:
            self._line.tell(count, fault)

    # filter

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave esc to whoever is around a table without a filter."""
        return action != "unfilter" or self._line is not None

    async def action_filter(self) -> None:
        """Open the line for a filter, or go back to it."""
        if self._line is not None:
            self._line.edit()
            return
        if not isinstance(self.parent, Widget):
            raise NoMatches("a table stands in a container, which has room for its filter")
        self._chosen = self.cursor_key
        self._line = FilterLine(self, self._sought_as or _FILTER_HINT)
        if isinstance(rows := self._given, LazyRows):  # the first letter then finds them read
            read = in_thread(lambda: rows.texts, name="read")
            self.run_worker(read, name="read", group="table", exclusive=False)
        await self.parent.mount(self._line, after=self)
        self._line.edit()
        self._tell_count()

    @on(FilterLine.Edited)
    def _edited(self, event: FilterLine.Edited) -> None:
        if self._line is not None and event.text != self._filter:
            self._sift(event.text)

    @on(FilterLine.Kept)
    def _kept(self) -> None:
        self.focus()

    @on(FilterLine.Stepped)
    def _stepped(self, event: FilterLine.Stepped) -> None:
        self.action_step(event.rows)

    @on(FilterLine.Cleared)
    async def action_unfilter(self) -> None:
        """Show all rows again, and close the line."""
        line, self._line = self._line, None
        if line is not None:
            self.focus()
            await line.remove()
            if self._filter:
                self._sift("")

    def _sift(self, text: str) -> None:
        """Show what a filter lets through."""
        self._filter = text
        self._empty = "No row matches." if text.strip() else self._empty_at_all
        if self._sought_elsewhere:
            self._fit_columns()
            self.post_message(self.Sought(self, text))
            return
        self._last_filter = text if text.strip() else self._last_filter
        self._order = self._order.filtered(text)
        self._rearrange(self._to_chosen)

    def _to_chosen(self) -> None:
        """Put the cursor where the reader had it, if that row is shown again."""
        if self._chosen is not None and (place := self._data.place(self._chosen)) is not None:
            self._go(place)

    @property
    def _sought_elsewhere(self) -> bool:
        return bool(self._sought_as)

    def _rearrange(self, then: Callable[[], None]) -> None:
        """Bring the rows there are into the filter and the order of now, and do what follows."""
        if isinstance(self._given, LazyRows):
            self._arrange_later(then)
            return
        self.set_rows(self._given, flash=False)
        self._fit_columns()
        self.refresh()
        then()

    def _arrange_later(self, then: Callable[[], None] | None = None) -> None:
        self._asked += 1
        self.run_worker(self._arranging(then), name="arrange", group="table", exclusive=False)

    async def _arranging(self, then: Callable[[], None] | None) -> None:
        """Arrange rows in a thread; what was asked last is shown."""
        asked, rows, order, columns = self._asked, self._given, self._order, self._columns

        def work() -> Sequence[Row]:
            if asked != self._asked:
                return ()
            shown = order.arrange(rows, columns)
            return shown.made_ready() if isinstance(shown, LazyRows) else shown

        shown = await in_thread(held_back()(work), name="arrange")
        if asked == self._asked and self.is_attached:
            super().set_rows(shown, flash=False)
            self._tell_count()
            self._fit_columns()
            self.refresh()
            if then is not None:
                then()

    def _tell_count(self) -> None:
        if self._line is not None and not self._sought_elsewhere:
            self._line.tell(f"{grouped(len(self.rows))} of {grouped(len(self._given))}")

    def _go(self, row: int) -> None:
        super()._go(row)
        self._chosen = self.cursor_key

    async def action_match(self, step: int) -> None:
        """Go to the next row that matches, or the one before; past the last to the first.

        After a filter was cleared it is the one that was, so that a match is seen among the rest.
        """
        order = self._order if self._filter else Order().filtered(self._last_filter)
        if not (self._filter or order.wanted):
            self._say("There is no filter to go by; / begins one.")
            return
        rows, here = self.rows, self.cursor_row
        if isinstance(rows, LazyRows):
            place = await in_thread(lambda: order.next_match(rows, here, step), name="match")
        else:
            place = order.next_match(rows, here, step)
        if place is None:
            self._say("No row matches.")
        elif rows is self.rows:
            self._go(place)

    # sort

    def set_empty(self, text: str) -> None:
        """Show another text where there are no rows at all."""
        if text == self._empty_at_all:
            return
        if self._empty == self._empty_at_all:
            self._empty = text
        self._empty_at_all = text
        self._fit_columns()
        self.refresh()

    def action_sort(self) -> None:
        """Sort by the column of the cursor: ascending, descending, then as the rows come."""
        if self._always_sorted:
            self._say(self._always_sorted)
            return
        if (column := self.cursor_column) is None:
            return
        self._order = self._order.turned(column)
        sort = self._order.sort
        sign = self._glyphs.descending if sort and sort.descending else self._glyphs.ascending
        self._painter.mark(*((sort.column, sign) if sort else ("", "")))
        # a table without titles shows them while one of them carries the sign
        self._header_lines = int(self._show_header or sort is not None)
        for index, one in enumerate(self._columns):
            if sort and one.key == sort.column:
                self._needs.ask(index, len(one.title or one.key) + 2)
        self._rearrange(self._reveal_cursor)

    # copy

    def action_copy_cell(self) -> None:
        """Copy the whole value of the cell under the cursor."""
        places = [at for at, one in enumerate(self._columns) if one.key == self.cursor_column]
        self._copy(places, "")

    def action_copy_row(self) -> None:
        """Copy the row under the cursor, also the columns there is no room for."""
        self._copy(range(len(self._columns)), f"the row, {len(self._columns)} cells")

    def _copy(self, places: Sequence[int], name: str) -> None:
        row = self._data.get(self.cursor_key) if self.cursor_key is not None else None
        cells = [row.cell(at) for at in places] if row is not None else []
        copied = clipboard.clipping(
            [cell.text if cell.whole is None else cell.whole for cell in cells]
        )
        if not copied.text.strip():
            self._say("There is nothing here to copy.")
            return
        self.app.copy_to_clipboard(copied.text)
        told = f"Copied {name or shorten_middle(clean(copied.text), _NOTICE_CELLS)}."
        if copied.removed:
            told += f" Control characters left out: {grouped(copied.removed)}."
        if copied.cut:
            told += f" Cut at {grouped(clipboard.LIMIT_BYTES)} bytes, all that terminals take."
        self._say(told)

    def _say(self, sentence: str) -> None:
        self.app.notify(sentence, markup=False, timeout=_NOTICE_SECONDS)
