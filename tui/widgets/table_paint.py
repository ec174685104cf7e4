"""Rows of a table as strips of plain segments: no markup is read and no link is made."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.cache import LRUCache
from textual.strip import Strip

from tui.text import clean, fit
from tui.widgets.table_layout import GAP, Slot, shown_text
from tui.widgets.table_model import Cell, Row

COMPONENTS = {
    "table--header",
    "table--cursor",
    "table--cursor-cell",
    "table--cursor-blurred",
    "table--flash",
    "table--fading",
    "table--good",
    "table--warning",
    "table--critical",
    "table--muted",
    "table--strong",
    "table--accent",
    "table--empty",
}

CSS = """
Table {
    height: 1fr;
    scrollbar-size: 1 1;
    & > .table--header { color: $text-muted; text-style: bold; }
    & > .table--cursor { color: $primary; background: $background; text-style: reverse bold; }
    & > .table--cursor-cell {
        color: $primary; background: $background; text-style: reverse bold underline;
    }
    & > .table--cursor-blurred { background: $surface; text-style: bold; }
    & > .table--flash { background: $accent-muted; text-style: bold; }
    & > .table--fading { color: $text-accent; }
    &:nocolor > .table--flash { text-style: bold underline; }
    &:nocolor > .table--fading { text-style: underline; }
    & > .table--good { color: $text-success; }
    & > .table--warning { color: $text-warning; }
    & > .table--critical { color: $text-error; text-style: bold; }
    & > .table--muted { color: $text-muted; }
    & > .table--strong { text-style: bold; }
    & > .table--accent { color: $text-accent; }
    & > .table--empty { color: $text-muted; }
}
"""

StyleOf = Callable[[str], Style]
"""Gives the style of a component class; of "": the widget's own."""

_STRIPS_KEPT = 512


class Look(NamedTuple):
    """Everything that decides how the line of a row looks: equal looks, equal lines.

    `cursor` is None for a row without the cursor, "" under the cursor of a table without focus,
    else the key of the column the cursor is in.
    """

    cells: tuple[Cell | str, ...]
    flash: frozenset[str]
    cursor: str | None
    fading: frozenset[str] = frozenset()


class Painter:
    """Draws lines, and remembers them until columns or styles change."""

    def __init__(self, look_up: StyleOf, ellipsis: str) -> None:
        """Draw in the styles that `look_up` gives, with `ellipsis` where text is cut."""
        self._look_up = look_up
        self._ellipsis = ellipsis
        self._slots: tuple[Slot, ...] = ()
        self._styles: dict[str, Style] = {}
        self._strips: LRUCache[Look, Strip] = LRUCache(_STRIPS_KEPT)
        self._marked: tuple[str, str] = ("", "")

    def mark(self, column: str, sign: str) -> None:
        """Put a sign behind the title of a column, and of no other; "" for none."""
        self._marked = (column, sign)

    def lay_out(self, slots: tuple[Slot, ...]) -> None:
        """Draw the columns in these places from now on."""
        if slots != self._slots:
            self._slots = slots
            self._strips.clear()

    def forget_styles(self) -> None:
        """Look all styles up again."""
        self._styles.clear()
        self._strips.clear()

    def follow_background(self) -> None:
        """Forget the styles if what the table stands on has changed; nobody else tells of it."""
        if self._styles.get("") != (now := self._look_up("")):
            self.forget_styles()
            self._styles[""] = now

    def row(self, look: Look, left: int, width: int) -> Strip:
        """Return `width` cells of a row's line, from the cell `left` on."""
        strip = self._strips.get(look)
        if strip is None:
            strip = self._strips[look] = self._paint(look)
        return strip.crop_extend(left, left + width, self._style(_line_class(look)))

    def header(self, left: int, width: int) -> Strip:
        """Return `width` cells of the line of titles, from the cell `left` on."""
        style = self._style("table--header")
        titles = map(self._title, self._slots)
        return _strip([((" " * GAP).join(titles), style)]).crop_extend(left, left + width, style)

    def vacant(self, text: str, width: int) -> Strip:
        """Return a line that is no row's, with text or without."""
        return _strip([(fit(text, width, ellipsis=self._ellipsis), self._style("table--empty"))])

    def _paint(self, look: Look) -> Strip:
        """Draw the line of a row."""
        row = Row("", look.cells)
        gap = (" " * GAP, self._style(_line_class(look)))
        pieces: list[tuple[str, Style]] = []
        for slot in self._slots:
            cell = row.cell(slot.index)
            text = self._fit(shown_text(cell.text, slot.width), slot)
            name = _cell_class(look, slot.column.key, cell)
            style = self._style(name) if name else gap[1]
            if name and look.cursor == "" and slot.column.key not in look.flash | look.fading:
                style = gap[1] + Style(color=style.color, bold=style.bold)
            pieces += [(text, style), gap]
        return _strip(pieces[:-1])

    def _title(self, slot: Slot) -> str:
        """Return the title of a column in its width; the sign behind it is never cut."""
        title, (marked, sign) = clean(slot.column.title), self._marked
        if slot.column.key != marked:
            return self._fit(title, slot)
        # a column without a title is told by its key where there is room
        title = title or (name if cell_len(name := clean(marked)) + 2 <= slot.width else "")
        whole = f"{title} {sign}".lstrip()
        if cell_len(whole) <= slot.width:
            return self._fit(whole, slot)
        return fit(title, slot.width - 1, slot.column.align, ellipsis=self._ellipsis) + sign

    def _fit(self, text: str, slot: Slot) -> str:
        """Return text in exactly the width of its column."""
        return fit(text, slot.width, slot.column.align, ellipsis=self._ellipsis)

    def _style(self, name: str) -> Style:
        """Return a style, looked up once."""
        style = self._styles.get(name)
        if style is None:
            style = self._styles[name] = self._look_up(name)
        return style


def changed_slots(old: Look, new: Look, slots: Sequence[Slot]) -> list[Slot]:
    """Return the slots whose cells look different; all where the cursor came or went."""
    if old.cursor != new.cursor:
        return list(slots)
    before, after = Row("", old.cells), Row("", new.cells)
    flipped = (old.flash ^ new.flash) | (old.fading ^ new.fading)
    return [
        slot
        for slot in slots
        if slot.column.key in flipped or before.cell(slot.index) != after.cell(slot.index)
    ]


def _line_class(look: Look) -> str:
    """Return the component class of a line as a whole, "" for the table's own style."""
    if look.cursor is None:
        return ""
    return "table--cursor" if look.cursor else "table--cursor-blurred"


def _cell_class(look: Look, key: str, cell: Cell) -> str:
    """Return the component class of one cell, "" for that of its line."""
    if key in look.flash:
        return "table--flash"
    if key in look.fading:
        return "table--fading"
    if look.cursor:
        # Colours laid over the cursor's bar would make it hard to read; glyphs carry the tone.
        return "table--cursor-cell" if key == look.cursor else ""
    return f"table--{cell.tone}" if cell.tone else ""


def _strip(pieces: Sequence[tuple[str, Style]]) -> Strip:
    """Return pieces as a strip, neighbours of one style as one segment to save bytes."""
    segments: list[Segment] = []
    for text, style in pieces:
        if segments and segments[-1].style == style:
            segments[-1] = Segment(segments[-1].text + text, style)
        else:
            segments.append(Segment(text, style))
    return Strip(segments)
