"""A dialog of a few fields in which something of an import is decided, or nothing is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import ClassVar, Final

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from tui.editing.dialog import Dialog
from tui.editing.fields import FieldBox
from tui.editing.specs import FieldSpec
from tui.text import clean, shorten_middle

Decide = Callable[[Mapping[str, str]], Awaitable[tuple[str, str]]]
"""Takes the texts that are others by now, by the fields' paths.

Answers with the path of a field and why it does not fit, both empty where all is well.
"""
_TITLE_CELLS: Final = 70


class DecideScreen(Dialog[bool]):
    """Facts, fields, and the way back; dismissed with whether something was decided."""

    DEFAULT_CSS = """
    DecideScreen > Vertical { border: round $primary; }
    DecideScreen VerticalScroll { height: auto; max-height: 16; }
    DecideScreen .fact { height: auto; max-height: 3; color: $text-muted; }
    DecideScreen #facts { height: auto; margin-bottom: 1; }
    DecideScreen #fault { height: auto; max-height: 4; color: $text-error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,f2", "decide", "decide", id="decide.do"),
    ]

    def __init__(
        self, title: str, facts: Sequence[str], fields: Sequence[FieldSpec], decide: Decide
    ) -> None:
        super().__init__()
        self._title = title
        self._facts = facts
        self._fields = fields
        self._decide = decide
        self._busy = False

    def compose(self) -> ComposeResult:
        """What there is to know, the fields, a fault, the buttons."""
        with Vertical() as box:
            box.border_title = Content(shorten_middle(clean(self._title), _TITLE_CELLS))
            box.border_subtitle = "ctrl+s decides, esc cancels"
            with Vertical(id="facts"):
                for fact in self._facts:
                    yield Static(clean(fact), classes="fact", markup=False)
            with VerticalScroll(can_focus=False):
                for field in self._fields:
                    yield FieldBox(field)
            yield Static(id="fault", markup=False)
            yield from self.buttons("Decide", id="decided")

    def on_mount(self) -> None:
        """Find no fault yet."""
        self._say("")

    def stand_back(self) -> None:
        """Stand in the first field, where nothing but typing changes anything."""
        self.query(FieldBox).first().control.focus()

    def _say(self, text: str) -> None:
        fault = self.query_one("#fault", Static)
        fault.update(clean(text))
        fault.display = bool(text)

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    def action_cancel(self) -> None:
        """Leave everything as it was decided before."""
        if not self._busy:
            super().action_cancel()

    @on(Button.Pressed, "#decided")
    def action_decide(self) -> None:
        """Decide what the fields say."""
        if not self._busy and self.app.screen is self:
            self.run_worker(self._deciding(), name="decide", group="import", exclusive=False)

    async def _deciding(self) -> None:
        boxes = {box.spec.path: box for box in self.query(FieldBox)}
        refused = [box.check() for box in boxes.values()]
        if any(refused):
            return
        staged = {path: box.text for path, box in boxes.items() if box.staged}
        if not staged:
            self.dismiss(False)
            return
        self._busy = True
        try:
            path, fault = await self._decide(staged)
        finally:
            self._busy = False
        if not fault:
            self.dismiss(True)
        elif path in boxes:
            boxes[path].refuse(fault)
            boxes[path].control.focus()
        else:
            self._say(fault)
