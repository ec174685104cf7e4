"""The settings screen's questions: may this be written, may these edits go? Cancel comes first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui.settings_edit.edit_line import ValueInput
from tui.settings_edit.rows import DIFFERENCE_COLUMNS
from tui.text import clean
from tui.widgets.table import Table
from tui.widgets.table_model import Column, Row

Commit = Callable[[str], Awaitable[str]]
"""Writes with a reason; the sentence that says why nothing was written, empty where it was."""
READ_ONLY: Final = "This console is read-only; nothing was changed."
_MOVES: Final = (
    Binding("tab,right", "app.focus_next", "next", show=False),
    Binding("shift+tab,left", "app.focus_previous", "before", show=False),
)


class PreviewScreen(ModalScreen[bool]):
    """What would be written, an optional reason, and Cancel under the cursor.

    It is dismissed with whether it was written. After a refusal it stays and says why; then it can
    only be left, since what it shows is no longer what would be replaced.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", id="preview.cancel"),
        *_MOVES,
        # where the question would be asked again, and must not be answered
        Binding("ctrl+s,f2", "stay", "save", show=False, id="preview.stay"),
    ]

    def __init__(
        self,
        title: str,
        rows: Sequence[Row],
        commit: Commit,
        *,
        verb: str,
        columns: Sequence[Column] = DIFFERENCE_COLUMNS,
    ) -> None:
        super().__init__()
        self._title = title
        self._columns = columns
        self._rows = rows
        self._commit = commit
        self._verb = verb
        self._busy = False

    def compose(self) -> ComposeResult:
        """The differences, the reason, the sentence of a refusal, the two buttons."""
        with Vertical(id="preview") as box:
            box.border_title = Content(clean(self._title))
            box.border_subtitle = "tab moves, esc cancels"
            yield Table(self._columns, empty="Nothing differs.")
            with Horizontal(id="why"):
                yield Static("reason (optional)  ", markup=False, classes="sign")
                reason = ValueInput(id="reason", compact=True, select_on_focus=False)
                reason.cursor_blink = False
                yield reason
            yield Static(id="fault", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Cancel", id="cancel", compact=True)
                yield Button(self._verb, id="write", variant="warning", compact=True)

    def on_mount(self) -> None:
        """Show the differences, and stand on Cancel."""
        self.query_one("#fault").display = False
        self.query_one(Table).set_rows(self._rows, flash=False)
        self.query_one("#cancel").focus()

    def action_stay(self) -> None:
        """Do nothing: the key that asked is no answer."""

    def action_cancel(self) -> None:
        """Write nothing."""
        if not self._busy:
            self.dismiss(False)

    @on(Input.Submitted, "#reason")
    def _reason_given(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#cancel").focus()

    @on(Button.Pressed, "#cancel")
    def _cancelled(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_cancel()

    @on(Button.Pressed, "#write")
    def _confirmed(self, event: Button.Pressed) -> None:
        event.stop()
        if not self._busy:
            self._busy = True
            self.run_worker(self._write(), name="write", group="write", exclusive=False)

    async def _write(self) -> None:
        """Write once; a refusal is said here, and leaves only the way back."""
        reason = self.query_one("#reason", Input).value.strip()
        refused = await self._commit(reason)
        self._busy = False
        if not refused:
            self.dismiss(True)
            return
        fault = self.query_one("#fault", Static)
        fault.display = True
        fault.update(clean(refused))
        self.query_one("#write").disabled = True
        self.query_one("#cancel").focus()


class LeaveScreen(ModalScreen[bool]):
    """May staged edits be thrown away? Staying is under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stay", "stay", id="leave.stay"),
        *_MOVES,
    ]

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def compose(self) -> ComposeResult:
        """The question and its two answers."""
        noun = "edit is" if self._count == 1 else "edits are"
        with Vertical(id="leaving") as box:
            box.border_title = "Leave?"
            yield Static(f"{self._count} staged {noun} not saved.", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Stay", id="stay", compact=True)
                yield Button("Throw away", id="discard", variant="warning", compact=True)

    def on_mount(self) -> None:
        """Stand on the safe answer."""
        self.query_one("#stay").focus()

    def action_stay(self) -> None:
        """Keep the edits, and stay."""
        self.dismiss(False)

    @on(Button.Pressed)
    def _answered(self, event: Button.Pressed) -> None:
        event.stop()
        self.dismiss(event.button.id == "discard")
