"""One line to edit a setting in: checked as it is typed, the reason of a refusal under it."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input, Static

from store.settings_board import SettingLine
from tui.clipboard import plain
from tui.settings_edit.checking import check, choices, neighbour, starting_text
from tui.text import clean

_NAME_CELLS = 40


class ValueInput(Input):
    """An input that takes no control characters, also not from a paste."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "stage", id="setting.stage")
    ]

    def replace(self, text: str, start: int, end: int) -> None:
        """Put text in place of a part of the value, without what would act on the terminal."""
        super().replace(plain(text), start, end)


class EditLine(Vertical):
    """The field of one setting; what comes of it is told to the screen."""

    DEFAULT_CSS = """
    EditLine { height: auto; padding: 0 1; background: $surface; }
    EditLine Horizontal { height: 1; }
    EditLine .sign { width: auto; max-width: 50%; color: $text-accent; text-style: bold; }
    EditLine Input { width: 1fr; background: $surface; }
    EditLine .told { height: auto; max-height: 3; color: $text-muted; }
    EditLine .told.-fault { color: $text-error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", id="setting.cancel"),
        Binding("up", "choose(-1)", "choice before", show=False, id="setting.choice_before"),
        Binding("down", "choose(1)", "next choice", show=False, id="setting.choice_after"),
    ]

    class Entered(Message):
        """A value that fits was entered."""

        def __init__(self, line: SettingLine, value: Any) -> None:
            super().__init__()
            self.line = line
            self.value = value

    class Cancelled(Message):
        """The field is left without a word."""

    def __init__(self, line: SettingLine, value: Any, *, known: bool) -> None:
        """Make the field of a setting that begins with a value, where there is one."""
        super().__init__()
        self.line = line
        self._text, self._note = starting_text(line, value, known=known)

    def compose(self) -> ComposeResult:
        """The name, the field, and what it takes."""
        with Horizontal():
            name = clean(self.line.path, limit=_NAME_CELLS)
            yield Static(f"{name}  ", classes="sign", markup=False)
            field = ValueInput(
                self._text, password=self.line.secret, compact=True, select_on_focus=False
            )
            field.cursor_blink = False
            yield field
        yield Static(classes="told", markup=False)

    def on_mount(self) -> None:
        """Take the keys at once: what is typed fast must not go to the table."""
        self._tell("")
        self.screen.set_focus(self._field)

    @property
    def _field(self) -> ValueInput:
        return self.query_one(ValueInput)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        # an empty field is where one begins to type, and is judged when it is entered
        self._tell(check(self.line, event.value).fault if event.value else "")

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        checked = check(self.line, event.value)
        if checked.fault:
            self._tell(checked.fault)
        else:
            self.post_message(self.Entered(self.line, checked.value))

    def _tell(self, fault: str) -> None:
        """Say why the text does not fit, else what does."""
        told = self.query_one(".told", Static)
        told.set_class(bool(fault), "-fault")
        told.update(clean(fault or self._hint()))

    def _hint(self) -> str:
        rule = self.line.rule
        offered = "up and down choose" if choices(self.line) else ""
        parts = (str(rule.type), rule.constraints.words(), offered, self._note)
        return "; ".join(part for part in parts if part)

    def action_cancel(self) -> None:
        """Leave the field; what was staged before stays staged."""
        self.post_message(self.Cancelled())

    def action_choose(self, step: int) -> None:
        """Put the next of the only values there are in the field."""
        if offered := choices(self.line):
            self._field.value = neighbour(offered, self._field.value, step)
            self._field.cursor_position = len(self._field.value)
