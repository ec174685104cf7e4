"""What a verb asks before it goes on, as a dialog: Cancel is under the cursor."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Button, Input, Static

from tui.clipboard import plain
from tui.command_line.running import Question
from tui.editing.dialog import Dialog
from tui.editing.lines import LineInput
from tui.text import clean


class QuestionScreen(Dialog[bool]):
    """A question whose safe answer is under the cursor; the other may wait for a name."""

    DEFAULT_CSS = """
    QuestionScreen > Vertical { width: 76; }
    QuestionScreen .asked { height: auto; max-height: 10; }
    QuestionScreen #typed { margin-top: 1; background: $background; }
    """

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question
        # what cannot be typed need not be
        self._typed = plain(question.typed)

    def compose(self) -> ComposeResult:
        """The question, what to type where that is asked, and the two answers."""
        with Vertical() as box:
            box.border_title = "The verb asks"
            box.border_subtitle = "tab moves, esc cancels"
            yield Static(clean(self._question.text), classes="asked", markup=False)
            if self._typed:
                told = f"Type {clean(self._typed)} to go on:"
                yield Static(told, classes="asked", markup=False)
                yield LineInput(id="typed")
            yield from self.buttons("Yes", id="yes", disabled=bool(self._typed))

    @on(Input.Changed, "#typed")
    def _was_typed(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one("#yes").disabled = event.value != self._typed

    @on(Input.Submitted, "#typed")
    def _next(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    @on(Button.Pressed, "#yes")
    def _agreed(self) -> None:
        self.dismiss(True)
