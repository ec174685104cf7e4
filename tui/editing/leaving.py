"""Leaving with staged edits asks."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class Leaving(StrEnum):
    """What becomes of staged edits."""

    STAY = "stay"
    KEEP = "keep"
    DROP = "drop"


class LeaveScreen(ModalScreen[Leaving]):
    """Stay, keep what was staged, or drop it; ``esc``, the key that opened it, stays."""

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

    def __init__(
        self,
        count: int,
        *,
        question: str = "Leave the form?",
        drop: str = "Drop and leave",
        keeps: bool = False,
    ) -> None:
        """``keeps`` offers to leave them staged, for what can be saved later."""
        super().__init__()
        self._count = count
        self._question = question
        self._drop_told = drop
        self._keeps = keeps

    def compose(self) -> ComposeResult:
        """The question and its answers."""
        noun = "edit is" if self._count == 1 else "edits are"
        with Vertical(id="leave") as box:
            box.border_title = self._question
            yield Static(f"{self._count} staged {noun} not saved.", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Stay", id="stay", variant="primary", compact=True)
                if self._keeps:
                    yield Button("Keep staged", id="keep", compact=True)
                yield Button(self._drop_told, id="drop", variant="warning", compact=True)

    def on_mount(self) -> None:
        """Stand on the way back."""
        self.query_one("#stay").focus()

    def action_stay(self) -> None:
        """Go back, with all as it was."""
        self.dismiss(Leaving.STAY)

    @on(Button.Pressed)
    def _answered(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(Leaving(event.button.id or Leaving.STAY))
