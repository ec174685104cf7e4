"""The line of keys: the most useful first, and none of them cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Protocol, runtime_checkable

from rich.cells import cell_len
from textual import actions, events
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

from tui.commands import COMMANDS

FIRST: Final = ("table.open", "table.filter")
"""Commands that every screen with a table has, in the place where fingers look for them."""
USEFUL: Final = ("findings", "edit", "zoom", "travel", "focus.next", "settings")
"""Commands by how often somebody needs to be reminded of them; the footer's others follow."""
LAST: Final = ("help", "quit")
"""Commands that stand at the end of the line however narrow it is."""
_OURS: Final = {command.id for command in COMMANDS}


@dataclass(frozen=True, slots=True)
class Key:
    """A key that can be pressed now, as it is called, and what it does."""

    name: str
    shown: str
    does: str
    rank: int
    enabled: bool

    @property
    def width(self) -> int:
        """Cells that it takes: one on each side of the key, and one behind what it does."""
        return cell_len(self.shown) + cell_len(self.does) + 3


@runtime_checkable
class Refusing(Protocol):
    """An app that does some actions only at times, such as none that writes in the past."""

    def refusal(self, name: str) -> str:
        """Why an action is not done here and now, empty where it is."""


class KeyLine(Widget):
    """The keys that can be pressed now, as far as they fit; the help has them all.

    One line of text rather than a widget for each key, since keys change with the focus. A click on
    a key presses it.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-line--key", "key-line--does", "key-line--off"}
    DEFAULT_CSS = """
    KeyLine {
        dock: bottom; height: 1;
        color: $footer-foreground; background: $footer-background;
        & > .key-line--key {
            color: $footer-key-foreground; background: $footer-key-background; text-style: bold;
        }
        & > .key-line--does {
            color: $footer-description-foreground; background: $footer-description-background;
        }
        & > .key-line--off { text-style: dim; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: list[Key] = []

    def on_mount(self) -> None:
        """Follow the keys that the focus makes possible."""
        self.screen.bindings_updated_signal.subscribe(self, self._follow)

    @property
    def shown(self) -> list[Key]:
        """The keys that fit into the line, in their order."""
        room = self.app.size.width + 1  # the cell behind the last key may be cut
        lasting = sum(key.rank >= _rank(LAST[0]) for key in self._keys)
        fitting = fit([key.width for key in self._keys], room, lasting)
        return [key for key, fits in zip(self._keys, fitting, strict=True) if fits]

    def render(self) -> Content:
        """The line of text."""
        key_style = self.get_visual_style("key-line--key", partial=True)
        does_style = self.get_visual_style("key-line--does", partial=True)
        off = self.get_visual_style("key-line--off", partial=True)
        parts: list[Content] = []
        for key in self.shown:
            part = Content.assemble((f" {key.shown} ", key_style), (f"{key.does} ", does_style))
            parts.append(part if key.enabled else part.stylize(off))
        return Content("").join(parts)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Press the key under the pointer."""
        at = 0
        for key in self.shown:
            at += key.width
            if event.x < at:
                if key.enabled:
                    self.app.simulate_key(key.name)
                else:
                    self.app.bell()
                return

    def _follow(self, screen: Screen[object]) -> None:
        if screen is not self.screen:
            return
        found: dict[str, Key] = {}
        for _, binding, enabled, _ in screen.active_bindings.values():
            if binding.show and binding.action not in found and not self._refused(binding.action):
                found[binding.action] = Key(
                    binding.key,
                    self.app.get_key_display(binding),
                    binding.description,
                    _rank(binding.id or ""),
                    enabled,
                )
        keys = sorted(found.values(), key=lambda key: key.rank)
        if keys != self._keys:
            self._keys = keys
            self.refresh()

    def _refused(self, action: str) -> bool:
        app: object = self.app
        return isinstance(app, Refusing) and bool(app.refusal(actions.parse(action)[1]))


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
