"""What a table shows: keyed rows with a cursor, drawn line by line, patched in place."""

from collections.abc import Sequence
from itertools import zip_longest
from time import monotonic
from typing import ClassVar, TypeAlias

from rich.style import Style
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.glyphs import UNICODE, Glyphs
from tui.text import clean, wrap
from tui.widgets import table_messages
from tui.widgets.table_layout import Layout, Needs, lay_out
from tui.widgets.table_lazy import LazyRows
from tui.widgets.table_model import Column, Edges, Flashes, KeyedRows, Row
from tui.widgets.table_paint import COMPONENTS, Look, Painter, changed_slots

FLASH_SECONDS = 0.8
FADE_SECONDS = 0.4
_FLASH_TOLERANCE = 0.05


class TableBase(ScrollView, can_focus=True, inherit_bindings=False):
    """Rows under a header, with a cursor that stays on its row while rows come and go."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = COMPONENTS

    cursor_row: reactive[int] = reactive(0, repaint=False, init=False)

    Highlighted: TypeAlias = table_messages.Highlighted
    Selected: TypeAlias = table_messages.Selected
    NearEdge: TypeAlias = table_messages.NearEdge

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        empty: str = "",
        show_header: bool = True,
        cursor: bool = True,
        glyphs: Glyphs = UNICODE,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """Make a table without rows, which shows `empty` until some come."""
        super().__init__(id=id, classes=classes)
        self._columns = tuple(columns)
        self._empty = empty
        self._header_lines = int(show_header)
        self._has_cursor = cursor
        self._data = KeyedRows()
        self._needs = Needs(columns)
        self._empty_lines: list[str] = []
        self._column_key: str | None = None
        self._flashes = Flashes()
        self._flash_timer_runs = False
        self._edges = Edges()
        # Without cells and rows until the table has its first size.
        self._layout = Layout()
        self._holding = False
        self._painter = Painter(self._style_of, glyphs.ellipsis)

    @property
    def rows(self) -> Sequence[Row]:
        """The rows, in order."""
        return self._data.rows

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor; None without rows or without a cursor."""
        return self.rows[self.cursor_row].key if self._has_cursor and self.rows else None

    @property
    def cursor_column(self) -> str | None:
        """The key of the column the cursor is in; the first one shown where that was dropped."""
        shown = [slot.column.key for slot in self._layout.slots]
        return self._column_key if self._column_key in shown else next(iter(shown), None)

    def set_rows(self, rows: Sequence[Row], *, flash: bool = True, relayout: bool = False) -> None:
        """Show these rows instead, repainting only the cells that differ.

        The cursor stays on its key and the top line on its row, or on the nearest neighbour that
        is left. Cells named in `changed` of a row that is new or different flash. Columns become
        wider where content needs it; narrower only with `relayout`, meant for other data rather
        than news of the same. Raises ValueError for two rows with one key, changing nothing.
        """
        old, new, fresh = self._compared(rows)
        before, cursor_before = self._looks(), self.cursor_key
        was_visible, top = self._cursor_is_visible(), self.scroll_offset.y
        if relayout:
            self._needs = Needs(self._columns)
        wider = self._needs.grow(rows if relayout and not isinstance(rows, LazyRows) else fresh)
        if flash and self.is_mounted and not isinstance(rows, LazyRows):
            self._start_flashes(fresh)
        self._edges.forget(old, new)
        self._data = new
        moved = (wider or relayout or len(old) != len(new)) and self._fit_columns()
        if moved or not old.rows or not new.rows:
            self.refresh()
        self.set_reactive(TableBase.cursor_row, old.follow(self.cursor_row, new) or 0)
        if self._layout.rows:
            # Rows may have come above: then the lines stay as they are, though the scroll moves.
            self._holding = True
            self._scroll_now(y=old.follow(top, new) or 0)
            if was_visible:
                self._reveal_cursor()
            self._holding = False
        if flash and isinstance(rows, LazyRows):  # of those only what is seen can flash
            top = self.scroll_offset.y
            self._start_flashes(rows[top : top + self._layout.rows])
        self._repaint_changes(before)
        if self.cursor_key != cursor_before:
            self.post_message(self.Highlighted(self, self.cursor_key))

    def _compared(self, rows: Sequence[Row]) -> tuple[KeyedRows, KeyedRows, Sequence[Row]]:
        """The rows of before, those of now, and which of them are new or different.

        Of rows that are made when they are looked at, a sample stands for all.
        """
        old = self._data
        if isinstance(rows, LazyRows):
            return old, rows.keyed, rows.sample
        new = KeyedRows(rows)
        fresh = [row for row in new.rows if (was := old.get(row.key)) is None or was != row]
        return old, new, fresh

    def set_columns(self, columns: Sequence[Column]) -> None:
        """Show other columns; the rows stay, their cells in the order of the new columns."""
        self._columns = tuple(columns)
        self._needs = Needs(columns)
        self._needs.grow(self.rows.sample if isinstance(self.rows, LazyRows) else self.rows)
        self._fit_columns()
        self.refresh()

    def move_to(self, key: str) -> bool:
        """Put the cursor on a row and bring it into view; return whether there is such a row."""
        place = self._data.place(key)
        if place is None:
            return False
        self._go(place)
        return True

    def validate_cursor_row(self, row: int) -> int:
        """Keep the cursor on the rows there are."""
        return max(0, min(row, len(self._data) - 1))

    def watch_cursor_row(self, old: int, new: int) -> None:
        """Repaint the two lines concerned and tell of the move."""
        self._repaint_row(old)
        self._reveal_cursor()
        self._repaint_row(new)
        if self._has_cursor:
            self.post_message(self.Highlighted(self, self.cursor_key))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Repaint after a scroll, unless it only kept the lines where they were."""
        if self._holding:
            if self.show_vertical_scrollbar:
                self.vertical_scrollbar.position = new_value
            return
        super().watch_scroll_y(old_value, new_value)
        self._tell_edges()

    def _style_of(self, component: str) -> Style:
        """Return the style of a component class; of "", the table's own."""
        return self.get_component_rich_style(component) if component else self.rich_style

    def notify_style_update(self) -> None:
        """Forget everything painted in the styles that were."""
        super().notify_style_update()
        self._painter.forget_styles()

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a part of the table."""
        self._painter.follow_background()
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen."""
        width, left, line = self.size.width, self.scroll_offset.x, y - self._header_lines
        if line < 0:
            return self._painter.header(left, width)
        look = self._look(line)
        if look is not None:
            return self._painter.row(look, left, width)
        text = "" if self.rows or line >= len(self._empty_lines) else self._empty_lines[line]
        return self._painter.vacant(text, width)

    def on_resize(self) -> None:
        """Fit the columns into the new width, and keep the cursor in sight if it was."""
        was_visible = self._cursor_is_visible()
        self._fit_columns()
        self.refresh()
        if was_visible:
            self._reveal_cursor()

    def on_focus(self) -> None:
        """Show the cursor as the one that keys move."""
        self._repaint_row(self.cursor_row)

    def on_blur(self) -> None:
        """Show the cursor as one that only marks a place."""
        self._repaint_row(self.cursor_row)

    def _go(self, row: int) -> None:
        """Put the cursor on a row and see to what follows, also where it already was there."""
        self.cursor_row = row
        self._reveal_cursor()
        self._tell_edges()

    def _scroll_now(self, *, x: int | None = None, y: int | None = None) -> None:
        """Scroll at once; forced, since a table that just grew has no scrollbar yet."""
        self.scroll_to(x, y, animate=False, force=True, immediate=True)

    def _cursor_is_visible(self) -> bool:
        """Return whether the cursor is on the screen, or will be on the first one."""
        top = self.scroll_offset.y
        return self._has_cursor and (
            not self._layout.rows or top <= self.cursor_row < top + self._layout.rows
        )

    def _reveal_cursor(self) -> None:
        """Scroll as little as brings the cursor into view."""
        top, row = self.scroll_offset.y, self.cursor_row
        if self._layout.rows and not top <= row < top + self._layout.rows:
            self._scroll_now(y=row if row < top else row - self._layout.rows + 1)

    def _fit_columns(self) -> bool:
        """Fit columns and rows into the size there is; return whether any column changed place."""
        had, rows, header, styles = self._layout, len(self._data), self._header_lines, self.styles
        bars = Size(styles.scrollbar_size_vertical, styles.scrollbar_size_horizontal)
        room = self.size - Size(0, header)
        self._layout = lay_out(self._columns, self._needs.widths, rows, room, bars)
        self._painter.lay_out(self._layout.slots)
        parts = (wrap(clean(part), self._layout.width) for part in self._empty.split("\n"))
        self._empty_lines = [line for part in parts for line in part or [""]]
        # The header does not scroll, yet it takes a line from the rows that do.
        lines = header + (rows or len(self._empty_lines))
        if (size := Size(self._layout.columns_end, lines)) != self.virtual_size:
            # Set plainly, it would repaint every line for one row more.
            self.set_reactive(TableBase.virtual_size, size)
            # A layout may miss that a scrollbar is no longer needed: the size beside it fits too.
            self._refresh_scrollbars()
            self.refresh(repaint=False, layout=True)
        return self._layout.slots != had.slots

    def _look(self, line: int) -> Look | None:
        """Return how the row on a line of the screen looks; None where there is no row."""
        place = self.scroll_offset.y + line
        if place >= len(self._data):
            return None
        row = self.rows[place]
        cursor = None
        if self._has_cursor and place == self.cursor_row:
            cursor = self.cursor_column if self.has_focus else ""
        flashes = self._flashes
        return Look(row.cells, flashes.columns(row.key), cursor, flashes.fading(row.key))

    def _looks(self) -> list[Look | None]:
        """Return how every line on the screen looks."""
        return [self._look(line) for line in range(self._layout.rows)]

    def _repaint_row(self, row: int) -> None:
        """Repaint the line of a row, if it is on the screen."""
        line = row - self.scroll_offset.y
        if 0 <= line < self._layout.rows:
            self.refresh(Region(0, line + self._header_lines, self._layout.width, 1))

    def _repaint_changes(self, before: Sequence[Look | None]) -> None:
        """Repaint the parts of lines that look different than before."""
        width, left = self._layout.width, self.scroll_offset.x
        for y, (old, new) in enumerate(zip_longest(before, self._looks()), self._header_lines):
            if old is None or new is None or old.cursor != new.cursor:
                if old != new:
                    self.refresh(Region(0, y, width, 1))
            elif slots := changed_slots(old, new, self._layout.slots):
                cells = Region(slots[0].x - left, y, slots[-1].end - slots[0].x, 1)
                self.refresh(cells.intersection(Region(0, y, width, 1)))

    def _start_flashes(self, rows: Sequence[Row]) -> None:
        """Let the changed cells of rows flash, all under one timer."""
        until = monotonic() + FLASH_SECONDS
        for row in rows:
            if row.changed:
                self._flashes.start(row.key, row.changed, until)
        self._wait_for_flashes()

    def _wait_for_flashes(self) -> None:
        """Set the timer for the next step of a flash, unless it runs or nothing flashes."""
        end = self._flashes.next_end()
        if end is not None and not self._flash_timer_runs:
            self._flash_timer_runs = True
            self.set_timer(max(end - monotonic(), 0), self._end_flashes)

    def _end_flashes(self) -> None:
        """Let the cells whose time is over fade, where things may move, else be as usual."""
        self._flash_timer_runs = False
        before = self._looks()
        # Flashes that end a moment later go along, so that a burst does not repaint twice.
        fade = 0.0 if self.app.animation_level == "none" else FADE_SECONDS
        self._flashes.expire(monotonic() + _FLASH_TOLERANCE, fade)
        self._repaint_changes(before)
        self._wait_for_flashes()

    def _tell_edges(self) -> None:
        """Tell of the edges that cursor or scroll came near to."""
        first = self.scroll_offset.y
        last = first + self._layout.rows - 1
        if self._has_cursor:
            first, last = min(first, self.cursor_row), max(last, self.cursor_row)
        for edge in self._edges.news(first, last, self._layout.rows, len(self._data)):
            self.post_message(self.NearEdge(self, edge))
