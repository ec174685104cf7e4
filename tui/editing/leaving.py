"""Leaving with staged edits asks."""

from __future__ import annotations

from enum import StrEnum

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Button, Static

from tui.editing.dialog import Dialog


class Leaving(StrEnum):
    """What becomes of staged edits."""

    KEEP = "keep"
    DROP = "drop"


class LeaveScreen(Dialog[Leaving]):
    """Stay, keep what was staged, or drop it; ``esc``, the key that opened it, stays."""

    DEFAULT_CSS = "LeaveScreen > Vertical { width: 60; }"

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
        kept = ((Leaving.KEEP, "Keep staged"),) if self._keeps else ()
        with Vertical() as box:
            box.border_title = self._question
            yield Static(f"{self._count} staged {noun} not saved.", markup=False)
            yield from self.buttons(
                self._drop_told, id=Leaving.DROP, back="Stay", back_id="stay", between=kept
            )

    @on(Button.Pressed, f"#{Leaving.KEEP}, #{Leaving.DROP}")
    def _answered(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(Leaving(event.button.id or ""))
