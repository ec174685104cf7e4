"""A terminal of sixteen colours, for pictures: what Rich would send it, in the colours of a VGA."""

from __future__ import annotations

from functools import lru_cache

from rich.color import Color as RichColor
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme
from textual.color import Color
from textual.filter import LineFilter

_LOW, _HIGH = 170, 255
VGA = TerminalTheme(
    (0, 0, 0),
    (_LOW, _LOW, _LOW),
    [
        (0, 0, 0), (_LOW, 0, 0), (0, _LOW, 0), (_LOW, 85, 0),
        (0, 0, _LOW), (_LOW, 0, _LOW), (0, _LOW, _LOW), (_LOW, _LOW, _LOW),
    ],
    [
        (85, 85, 85), (_HIGH, 85, 85), (85, _HIGH, 85), (_HIGH, _HIGH, 85),
        (85, 85, _HIGH), (_HIGH, 85, _HIGH), (85, _HIGH, _HIGH), (_HIGH, _HIGH, _HIGH),
    ],
)  # fmt: skip


class Sixteen(LineFilter):
    """Shows every colour as the one of sixteen that it becomes."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text, style and style + _lowered(style), control)
            for text, style, control in segments
        ]


@lru_cache(maxsize=1024)
def _lowered(style: Style) -> Style:
    return Style.from_color(_lower(style.color, front=True), _lower(style.bgcolor, front=False))


def _lower(colour: RichColor | None, *, front: bool) -> RichColor | None:
    if colour is None:
        return None
    few = colour.downgrade(ColorSystem.STANDARD)
    return RichColor.from_triplet(few.get_truecolor(VGA, front))
