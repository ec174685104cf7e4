"""Leaving with staged edits asks."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Button, Static

from tui.editing.dialog import Dialog


class LeaveScreen(Dialog[bool]):
    """Stay, or drop what was staged; ``esc``, the key that opened it, stays."""

    DEFAULT_CSS = "LeaveScreen > Vertical { width: 60; }"

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def compose(self) -> ComposeResult:
        """The question and its two answers."""
        noun = "edit is" if self._count == 1 else "edits are"
        with Vertical() as box:
            box.border_title = "Leave?"
            yield Static(f"{self._count} staged {noun} not saved.", markup=False)
            yield from self.buttons("Drop and leave", id="drop", back="Stay", back_id="stay")

    @on(Button.Pressed, "#drop")
    def _drop(self) -> None:
        self.dismiss(True)
