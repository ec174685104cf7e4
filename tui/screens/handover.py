"""What the shift hands over, read off the screen or copied as Markdown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from store.errors import NodedeckError
from store.handover import Handover
from store.manager import ConfigManager
from tui.handover import Place, written
from tui.store_thread import StoreThread
from tui.text import clean
from tui.widgets.key_line import KeyLine
from tui.widgets.trouble_line import TroubleLine

HOURS: Final = (1, 8, 24)
"""The periods that can be chosen."""
_USUAL: Final = 8
_MOVES: Final = {
    "down,j": "down",
    "up,k": "up",
    "pagedown,ctrl+d": "page_down",
    "pageup,ctrl+u": "page_up",
    "home,g": "home",
    "end,G": "end",
}
_COPIED: Final = (
    "The handover was sent to the terminal's clipboard (OSC 52); inside tmux that needs"
    " 'set-clipboard on'."
)


class HandoverScreen(Screen[None]):
    """The handover's Markdown, shown literally: nothing in it is markup or a link here."""

    DEFAULT_CSS = """
    HandoverScreen #period { height: 1; padding: 0 1; }
    HandoverScreen #paper { height: 1fr; padding: 0 1; border: round $foreground 30%; }
    HandoverScreen #paper:focus { border: round $primary; }
    HandoverScreen #text { height: auto; width: 1fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,H", "app.back", "back", id="handover.back"),
        Binding("Y", "copy", "copy as Markdown", id="handover.copy"),
        Binding("left,h", "choose(-1)", "shorter", id="handover.shorter"),
        Binding("right,l", "choose(1)", "longer", id="handover.longer"),
        *(
            Binding(keys, f"scroll('{where}')", where, show=False, id=f"handover.{where}")
            for keys, where in _MOVES.items()
        ),
    ]

    def __init__(self, place: Place, store: StoreThread, clock: Callable[[], datetime]) -> None:
        super().__init__()
        self._place = place
        self._store = store
        self._clock = clock
        self._hours = _USUAL
        self._text = ""

    def compose(self) -> ComposeResult:
        """The choice of the period, and the paper."""
        yield TroubleLine()
        yield Static(id="period", markup=False)
        with VerticalScroll(id="paper", can_focus=True):
            yield Static("Reading the database.", id="text", markup=False)
        yield KeyLine()

    async def on_mount(self) -> None:
        """Read the usual period."""
        self.query_one("#paper").focus()
        await self._read()

    @property
    def text(self) -> str:
        """The Markdown that is shown, empty until it has been read."""
        return self._text

    async def _read(self) -> None:
        hours = self._hours
        self.query_one("#period", Static).update(_choice(hours))
        paper = self.query_one("#text", Static)
        since = self._clock() - timedelta(hours=hours)

        def made(manager: ConfigManager) -> Handover:
            return manager.handover(since)

        try:
            handover = await self._store.call(made)
        except NodedeckError as fault:
            self._text = ""
            paper.update(Content(clean(fault)))
            return
        self._text = written(handover, self._place)
        paper.update(_painted(self._text))

    async def action_choose(self, step: int) -> None:
        """Take the next longer or shorter period, where there is one."""
        place = HOURS.index(self._hours) + step
        if 0 <= place < len(HOURS):
            self._hours = HOURS[place]
            await self._read()
            self.query_one("#paper", VerticalScroll).scroll_home(animate=False)

    def action_scroll(self, where: str) -> None:
        """Move the paper by a line, a page, or to an end."""
        paper = self.query_one("#paper", VerticalScroll)
        getattr(paper, f"scroll_{where}")(animate=False)

    def action_copy(self) -> None:
        """Send the Markdown to the clipboard of the operator's own terminal."""
        if self._text:
            self.app.copy_to_clipboard(self._text)
            self.notify(_COPIED, markup=False)


def _choice(hours: int) -> Content:
    """The periods, the chosen one in brackets, so that it shows without colour."""
    parts: list[tuple[str, str]] = [("Since  ", "$text-muted")]
    for each in HOURS:
        chosen = each == hours
        shown = f"[{each} h]" if chosen else f" {each} h "
        parts.append((shown, "bold $text-primary" if chosen else ""))
    return Content.assemble(*parts)


def _painted(text: str) -> Content:
    """The lines as they are, headings set off."""
    parts: list[tuple[str, str]] = []
    for line in text.splitlines():
        style = "bold $text-accent" if line.startswith("#") else ""
        parts.append((f"{clean(line)}\n", style))
    return Content.assemble(*parts)
