"""Where to? A moment of the log, typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.editing.lines import LineInput
from tui.text import clean

Go = Callable[[str], Awaitable[str]]
"""Goes to what was typed; the sentence that says why not, empty where it went."""


class JumpScreen(ModalScreen[None]):
    """One field; a moment that cannot be shown is said under it, and nothing moves."""

    DEFAULT_CSS = """
    JumpScreen { align: center middle; }
    JumpScreen #jump {
        width: 64; max-width: 100%; height: auto; padding: 0 1;
        border: round $primary; background: $surface;
    }
    JumpScreen Input, JumpScreen Input:focus { height: 1; border: none; margin: 1 0; padding: 0 1; }
    JumpScreen #refused { height: auto; color: $text-error; }
    JumpScreen #examples { height: auto; color: $text-muted; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "cancel", id="jump.cancel")
    ]

    def __init__(self, go: Go) -> None:
        super().__init__()
        self._go = go

    def compose(self) -> ComposeResult:
        """The field, what may be typed, and the sentence."""
        with Vertical(id="jump") as box:
            box.border_title = "Go to"
            box.border_subtitle = "enter goes, esc cancels"
            yield LineInput(placeholder="10:42", id="when")
            yield Static("10:42, 2h ago, 2025-06-01T08:00Z or #812", id="examples", markup=False)
            yield Static(id="refused", markup=False)

    async def on_input_submitted(self, event: Input.Submitted) -> None:
        """Go there, or say why not."""
        refused = await self._go(event.value)
        if refused:
            self.query_one("#refused", Static).update(clean(refused))
        else:
            self.dismiss()
