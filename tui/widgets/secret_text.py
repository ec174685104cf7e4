"""The clear text of a secret: held by one widget, which lets go of it at once when told to."""

from __future__ import annotations

from rich.cells import get_character_cell_size
from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from store.codec import MASK
from tui.text import clean


class SecretText(Widget):
    """A value in lines, long ones broken where they are full; the mask once it was covered.

    Each character is a segment of its own: the libraries below remember the texts they measured,
    and would remember the secret long after it is gone from the screen.
    """

    DEFAULT_CSS = """
    SecretText { height: auto; text-style: bold; }
    """

    def __init__(self, value: str) -> None:
        """Show a value, which may have several lines."""
        super().__init__()
        self._value = value

    @property
    def value(self) -> str:
        """The value, empty once it was covered."""
        return self._value

    def cover(self) -> None:
        """Forget the value, and paint the mask in its place."""
        self._value = ""
        self._styles_cache.clear()
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many lines as the value takes in this width."""
        return max(1, len(self._lines(width)))

    def render_line(self, y: int) -> Strip:
        """One line, as it is: what would act on the terminal by its name."""
        lines, style = self._lines(self.size.width), self.rich_style
        if y >= len(lines):
            return Strip.blank(self.size.width, style)
        cells = sum(map(get_character_cell_size, lines[y]))
        return Strip(
            [Segment(character, style) for character in lines[y]], cells
        ).adjust_cell_length(self.size.width, style)

    def _lines(self, width: int) -> list[str]:
        if not self._value:
            return [MASK]
        return [piece for line in self._value.split("\n") for piece in _folded(clean(line), width)]


def _folded(line: str, width: int) -> list[str]:
    """A line in pieces of at most ``width`` cells, of which none is lost, blanks neither."""
    pieces, room = [""], width
    for character in line:
        cells = get_character_cell_size(character)
        if cells > room:
            pieces.append("")
            room = width
        pieces[-1] += character
        room -= cells
    return pieces
