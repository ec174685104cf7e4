"""How keys and mouse move through a table."""

from __future__ import annotations

from textual import events

from tui.widgets.table_base import TableBase
from tui.widgets.table_layout import Slot

_SIDEWAYS_CELLS = 8


class TableMoves(TableBase, inherit_bindings=False):
    """The moves of a cursor over rows and columns; without a cursor, of the scroll."""

    def action_step(self, lines: int) -> None:
        """Move the cursor by some lines; without a cursor, scroll."""
        self._travel(lines)

    def action_page(self, pages: float) -> None:
        """Move cursor and scroll together by some screens, or parts of one."""
        lines = max(1, int(self._layout.rows * abs(pages)))
        self._travel(lines if pages > 0 else -lines, scroll=True)

    def action_first(self) -> None:
        """Move to the first row."""
        self._travel(-len(self._data))

    def action_last(self) -> None:
        """Move to the last row."""
        self._travel(len(self._data))

    def action_column(self, columns: int) -> None:
        """Move the cursor by some columns; without a cursor, scroll sideways."""
        if not self._has_cursor:
            self._scroll_now(x=self.scroll_offset.x + columns * _SIDEWAYS_CELLS)
            return
        here = next(
            (n for n, s in enumerate(self._layout.slots) if s.column.key == self.cursor_column), 0
        )
        if self._layout.slots:
            self._go_to_column(
                self._layout.slots[max(0, min(here + columns, len(self._layout.slots) - 1))]
            )

    def action_select(self) -> None:
        """Open the row under the cursor."""
        if (key := self.cursor_key) is not None:
            self.post_message(self.Selected(self, key))

    def on_click(self, event: events.Click) -> None:
        """Move the cursor to a cell, or open the row where the cursor already is."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < self._header_lines or not self._has_cursor:
            return
        row = self.scroll_offset.y + offset.y - self._header_lines
        if row >= len(self._data):
            return
        x = self.scroll_offset.x + offset.x
        hit = [slot for slot in self._layout.slots if slot.x <= x]
        if hit:
            self._go_to_column(hit[-1])
        if row == self.cursor_row:
            self.action_select()
        else:
            self._go(row)

    def _travel(self, lines: int, *, scroll: bool = False) -> None:
        """Move the cursor, or the scroll, or both."""
        if scroll or not self._has_cursor:
            self._scroll_now(y=self.scroll_offset.y + lines)
        if self._has_cursor:
            self._go(self.cursor_row + lines)

    def _go_to_column(self, slot: Slot) -> None:
        """Put the cursor into a column and bring that into view."""
        self._column_key = slot.column.key
        left, width = self.scroll_offset.x, self._layout.width
        if slot.x < left:
            self._scroll_now(x=slot.x)
        elif slot.end > left + width:
            self._scroll_now(x=min(slot.x, slot.end - width))
        self._repaint_row(self.cursor_row)
