"""The field of one setting: a form's field, staged when it is left forwards."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from store.settings_board import SettingLine
from tui.editing.fields import FieldBox
from tui.settings_edit.checking import meant, spec_of_line, starting_text
from tui.settings_edit.staging import Staged


class SettingField(Vertical):
    """One setting's field over the screen's lists; what comes of it is told to the screen.

    ``enter`` stages, but where it begins a new line of JSON; ``tab`` stages everywhere.
    """

    DEFAULT_CSS = """
    SettingField { height: auto; max-height: 12; padding: 0 1; background: $surface; }
    SettingField FieldBox .label { width: auto; max-width: 50%; padding: 0 2 0 0; }
    SettingField FieldBox .refused { padding: 0; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "stage", "stage", key_display="enter", id="setting.stage"),
        Binding("tab", "stage", "stage", id="setting.done"),
        Binding("shift+tab", "stage", show=False, id="setting.done_before"),
        Binding("escape", "cancel", "cancel", id="setting.cancel"),
    ]

    class Entered(Message):
        """A value that fits was entered."""

        def __init__(self, line: SettingLine, value: Any) -> None:
            super().__init__()
            self.line = line
            self.value = value

    class Cancelled(Message):
        """The field is left without a word."""

    def __init__(self, line: SettingLine, staged: Staged | None = None) -> None:
        """Make the field of a setting, which begins with what is staged for it, if anything is."""
        super().__init__()
        self.line = line
        spec = spec_of_line(line, staged)
        self._box = FieldBox(spec, starting_text(spec, line, staged))

    def compose(self) -> ComposeResult:
        """The field alone; what fits stands in the panel."""
        yield self._box

    def on_mount(self) -> None:
        """Take the keys at once: what is typed fast must not go to the table."""
        self._box.control.focus()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_stage()

    def action_stage(self) -> None:
        """Hand on what was typed, or say under the field why it does not fit."""
        if (entered := self.entered()) is not None:
            self.post_message(entered)

    def entered(self) -> Entered | None:
        """What was typed, None where it does not fit, which is said."""
        spec, text = self._box.spec, self._box.text
        refusal = spec.refusal(text)
        self._box.refuse(refusal)
        return None if refusal else self.Entered(self.line, meant(spec, self.line, text))

    def action_cancel(self) -> None:
        """Leave the field; what was staged before stays staged."""
        self.post_message(self.Cancelled())
