"""The line of keys: the most useful first, and none of them cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.cells import cell_len
from textual import events
from textual.app import ComposeResult
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from tui.commands import COMMANDS

FIRST: Final = ("table.open", "table.filter")
"""Commands that every screen with a table has, in the place where fingers look for them."""
USEFUL: Final = ("findings", "edit", "zoom", "travel", "focus.next", "settings")
"""Commands by how often somebody needs to be reminded of them; the footer's others follow."""
LAST: Final = ("help", "quit")
"""Commands that stand at the end of the line however narrow it is."""
_AROUND: Final = 3
"""Cells around a key and behind what it does."""
_OURS: Final = {command.id for command in COMMANDS}


class KeyLine(Footer):
    """A footer that leaves out the keys for which there is no room; the help has them all."""

    def __init__(self) -> None:
        super().__init__(show_command_palette=False)
        self._keys: list[FooterKey] = []
        self._lasting = 0

    def compose(self) -> ComposeResult:
        """The keys that can be pressed now, in their order, as far as they fit."""
        active = self.screen.active_bindings
        ranked = [
            (_rank(active[key.key].binding.id or ""), key)
            for key in super().compose()
            if isinstance(key, FooterKey)
        ]
        ranked.sort(key=lambda pair: pair[0])
        self._keys = [key for _, key in ranked]
        self._lasting = sum(rank >= _rank(LAST[0]) for rank, _ in ranked)
        self._fit()
        yield from self._keys

    def on_resize(self, _: events.Resize) -> None:
        """Fit the keys into the new width."""
        self._fit()

    def _fit(self) -> None:
        room = self.app.size.width + 1  # the cell behind the last key may be cut
        fitting = fit([_width(key) for key in self._keys], room, self._lasting)
        for key, fits in zip(self._keys, fitting, strict=True):
            key.display = fits


def fit(widths: Sequence[int], room: int, lasting: int) -> list[bool]:
    """Which of the keys fit into so many cells: the last few always, the others in order."""
    first = len(widths) - lasting
    room -= sum(widths[first:])
    fitting = []
    for width in widths[:first]:
        room -= width
        fitting.append(room >= 0)
    return fitting + [True] * lasting


def _rank(name: str) -> int:
    """The place of a command in the line; a screen's own keys come early."""
    if name not in _OURS:
        return len(FIRST)
    for start, names in ((0, FIRST), (10, USEFUL), (30, LAST)):
        if name in names:
            return start + names.index(name)
    return 20


def _width(key: FooterKey) -> int:
    return cell_len(key.key_display) + cell_len(key.description) + _AROUND
