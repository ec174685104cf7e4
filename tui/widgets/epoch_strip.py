"""The last epochs as a strip of signs: a gap in it is a reward that was lost."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from store.models import EpochMark
from tui.glyphs import UNICODE
from tui.text import grouped

_LEGEND = (
    (UNICODE.ok, "$text-success", " claimed  "),
    (UNICODE.bad, "$text-error", " unclaimed  "),
    (UNICODE.none, "$text-warning", " no seed"),
)
_LEGEND_CELLS = sum(len(sign + told) for sign, _, told in _LEGEND)
_GAP = 3
_FEWEST = 8
"""Epochs that the legend must leave room for."""


class EpochStrip(Static):
    """As many of the last epochs as there is room for, and a legend where there is more."""

    DEFAULT_CSS = """
    EpochStrip { height: 1; text-wrap: nowrap; }
    """

    marks: reactive[tuple[EpochMark, ...]] = reactive(())

    def render(self) -> Content:
        """The line in the width that it has."""
        return strip_line(self.marks, self.content_size.width)


def strip_line(marks: Sequence[EpochMark], width: int) -> Content:
    """Epochs between the numbers of the first and the last one shown, newest to the right."""
    if not marks:
        return Content("")
    last = grouped(marks[-1].epoch)
    room = width - 2 * (len(last) + 1)
    legend = room - _GAP - _LEGEND_CELLS >= min(_FEWEST, len(marks))
    shown = marks[-max(1, room - (_GAP + _LEGEND_CELLS if legend else 0)) :]
    signs = [_sign(mark, newest=mark is marks[-1]) for mark in shown]
    first = grouped(shown[0].epoch)
    parts = [(f"{first:>{len(last)}} ", "$text-muted"), *signs, (f" {last}", "$text-muted")]
    if legend:
        parts.append((" " * _GAP, ""))
        for sign, style, told in _LEGEND:
            parts += [(sign, style), (told, "$text-muted")]
    return Content.assemble(*parts)


def _sign(mark: EpochMark, *, newest: bool) -> tuple[str, str]:
    """The sign of an epoch; the reward of the newest can still be claimed."""
    if mark.claimed is None:
        return UNICODE.none, "$text-warning"
    if mark.claimed:
        return UNICODE.ok, "$text-success"
    return UNICODE.bad, "$text-warning" if newest else "$text-error"
