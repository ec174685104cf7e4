"""What a verb asks before it goes on, as a dialog: Cancel is under the cursor."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui.clipboard import plain
from tui.command_line.running import Question
from tui.editing.lines import LineInput
from tui.text import clean


class QuestionScreen(ModalScreen[bool]):
    """A question whose safe answer is under the cursor; the other may wait for a name."""

    DEFAULT_CSS = """
    QuestionScreen { align: center middle; }
    QuestionScreen #question {
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $warning; background: $surface;
    }
    QuestionScreen .asked { height: auto; max-height: 10; }
    QuestionScreen #typed { margin-top: 1; background: $background; }
    QuestionScreen #buttons { height: 1; margin-top: 1; }
    QuestionScreen Button { margin-right: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", id="question.cancel"),
        Binding("right", "app.focus_next", "next", show=False, id="question.next"),
        Binding("left", "app.focus_previous", "before", show=False, id="question.before"),
    ]

    def __init__(self, question: Question) -> None:
        super().__init__()
        self._question = question
        # what cannot be typed need not be
        self._typed = plain(question.typed)

    def compose(self) -> ComposeResult:
        """The question, what to type where that is asked, and the two answers."""
        with Vertical(id="question") as box:
            box.border_title = "The verb asks"
            box.border_subtitle = "tab moves, esc cancels"
            yield Static(clean(self._question.text), classes="asked", markup=False)
            if self._typed:
                told = f"Type {clean(self._typed)} to go on:"
                yield Static(told, classes="asked", markup=False)
                yield LineInput(id="typed")
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel", variant="primary", compact=True)
                yield Button(
                    "Yes", id="yes", variant="warning", compact=True, disabled=bool(self._typed)
                )

    def on_mount(self) -> None:
        """Stand on Cancel."""
        self.query_one("#cancel").focus()

    @on(Input.Changed, "#typed")
    def _was_typed(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one("#yes").disabled = event.value != self._typed

    @on(Input.Submitted, "#typed")
    def _next(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    @on(Button.Pressed, "#cancel")
    def action_cancel(self) -> None:
        """Say no."""
        self.dismiss(False)

    @on(Button.Pressed, "#yes")
    def _agreed(self) -> None:
        self.dismiss(True)
