"""What this terminal can show: which characters, and whether in colours."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from rich.cells import get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from tui import charset
from tui.glyphs import PLAIN

GLYPH_CHOICES: Final = ("unicode", "ascii")


class PlainGlyphs(LineFilter):
    """Puts ASCII in the place of signs, lines and blocks, cell for cell, as a line is painted.

    Below the widgets, so that what Textual draws itself, such as borders, is no exception. With an
    ``encoding``, data that it lacks becomes a question mark for each cell.
    """

    def __init__(self, encoding: str = "utf-8") -> None:
        super().__init__()
        self._encoding = encoding

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments in characters that the terminal has."""
        return [
            segment if segment.text.isascii() else Segment(self._plain(segment.text), *segment[1:])
            for segment in segments
        ]

    def _plain(self, text: str) -> str:
        return "".join(_shown(character, self._encoding) for character in text.translate(PLAIN))


@lru_cache(maxsize=4096)
def _shown(character: str, encoding: str) -> str:
    try:
        character.encode(encoding)
    except UnicodeEncodeError:
        return "?" * get_character_cell_size(character)
    return character


class _OwnColours(LineFilter):
    """Takes every colour away, for ``NO_COLOR``: the terminal's own are left.

    Textual turns colours into greys, which are colours to a terminal, and dark ones on any.
    """

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The segments in the terminal's colours; bold, underline and reverse stay."""
        return [
            Segment(text, style and _colourless(style), control)
            for text, style, control in segments
        ]


@lru_cache(maxsize=1024)
def _colourless(style: Style) -> Style:
    return style.without_color + Style(dim=False)


NO_COLOURS: Final = _OwnColours()


def plain_glyphs(
    chosen: str | None, environ: Mapping[str, str], encoding: str
) -> PlainGlyphs | None:
    """The filter for a terminal, None where it shows everything.

    ``encoding`` is that of the stream that the terminal is at, which no choice can change.
    Without a choice the locale decides, and the console of Linux, whose fonts lack the signs, gets
    ASCII too.
    """
    if not charset.is_utf(encoding):
        return PlainGlyphs(encoding)
    if chosen == "unicode":
        return None
    if not charset.is_unicode(environ):
        return PlainGlyphs("ascii")
    plain = chosen == "ascii" or charset.has_few_glyphs(environ)
    return PlainGlyphs() if plain else None
