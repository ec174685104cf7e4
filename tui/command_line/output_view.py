"""The pane over the command line: plain lines, wrapped as a terminal wraps them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.command_line.transcript import Kind, Line
from tui.text import fit, wrap

_SHARE: Final = 0.6
"""Of the screen's lines, at most so many; the deck stays in sight above."""
_STYLES: Final[dict[Kind, str]] = {
    "data": "view--data",
    "said": "view--said",
    "failed": "view--failed",
}


class OutputView(ScrollView):
    """Lines painted as plain segments, so that nothing in them is markup; as high as they need."""

    DEFAULT_CSS = """
    OutputView { height: auto; background: $surface; scrollbar-size-horizontal: 0; }
    OutputView .view--data { color: $foreground; }
    OutputView .view--said { color: $text-accent; }
    OutputView .view--failed { color: $text-error; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = set(_STYLES.values())
    can_focus = False

    def __init__(self) -> None:
        super().__init__()
        self._lines: tuple[Line, ...] = ()
        self._rows: list[tuple[str, Kind]] = []

    def show(self, lines: Sequence[Line], *, at_end: bool) -> None:
        """Show lines, from their end where that is what is news."""
        self._lines = tuple(lines)
        self._wrap()
        if at_end:
            self.scroll_end(animate=False, immediate=True)
        else:
            self.scroll_to(0, 0, animate=False, immediate=True)

    @property
    def is_at_end(self) -> bool:
        """Whether the last line is in sight."""
        return self.scroll_offset.y >= self.max_scroll_y

    def _wrap(self) -> None:
        width = max(1, self.app.size.width - self._beside)
        self._rows = [(row, line.kind) for line in self._lines for row in _rows(line, width)]
        room = max(1, int(self.app.size.height * _SHARE))
        self.styles.height = min(room, len(self._rows))
        self.display = bool(self._rows)
        self.virtual_size = Size(width, len(self._rows))
        self.refresh()

    @property
    def _beside(self) -> int:
        """The columns that border, padding and scroll bar take."""
        return self.styles.gutter.width + self.styles.scrollbar_size_vertical

    def on_resize(self, _: events.Resize) -> None:
        """Wrap anew where the width is another."""
        if self._lines and self.virtual_size.width != max(1, self.app.size.width - self._beside):
            self._wrap()

    def render_line(self, y: int) -> Strip:
        """One line of what is in sight."""
        at, width = self.scroll_offset.y + y, self.size.width
        text, kind = self._rows[at] if at < len(self._rows) else ("", "data")
        style = self.get_component_rich_style(_STYLES[kind])
        return Strip([Segment(fit(text, width), style)], width)


def _rows(line: Line, width: int) -> list[str]:
    """A line in rows: sentences broken at spaces, data where a row is full."""
    if line.kind != "data":
        return wrap(line.text, width) or [""]
    rows, rest = [], line.text
    while rest:
        row = rest[:width]
        while len(row) > 1 and cell_len(row) > width:
            row = row[:-1]
        rows.append(row)
        rest = rest[len(row) :]
    return rows or [""]
