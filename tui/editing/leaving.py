"""Leaving with staged edits asks."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class LeaveScreen(ModalScreen[bool]):
    """Stay, or drop what was staged; ``esc``, the key that opened it, stays."""

    DEFAULT_CSS = """
    LeaveScreen { align: center middle; }
    LeaveScreen #leave {
        width: 60; max-width: 100%; height: auto; padding: 0 1;
        border: round $warning; background: $surface;
    }
    LeaveScreen #buttons { height: 1; margin-top: 1; }
    LeaveScreen Button { margin-right: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stay", "stay", id="leave.stay")]

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def compose(self) -> ComposeResult:
        """The question and its two answers."""
        noun = "edit is" if self._count == 1 else "edits are"
        with Vertical(id="leave") as box:
            box.border_title = "Leave the form?"
            yield Static(f"{self._count} staged {noun} not saved.", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Stay", id="stay", variant="primary", compact=True)
                yield Button("Drop and leave", id="drop", variant="warning", compact=True)

    def on_mount(self) -> None:
        """Stand on the way back to the form."""
        self.query_one("#stay").focus()

    @on(Button.Pressed, "#stay")
    def action_stay(self) -> None:
        """Go back to the form."""
        self.dismiss(False)

    @on(Button.Pressed, "#drop")
    def _drop(self) -> None:
        self.dismiss(True)
