"""The line under a table into which a filter is typed, how many rows it finds, and its faults."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.clipboard import plain
from tui.text import clean


class FilterInput(Input):
    """An input that takes no control characters, also not from a paste."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "keep filter", key_display="enter", id="filter.keep")
    ]

    def replace(self, text: str, start: int, end: int) -> None:
        """Put text in place of a part of the value, without what would act on the terminal."""
        super().replace(plain(text), start, end)


class FilterLine(Vertical):
    """One line for the filter of a table; what happens in it is told to the table."""

    DEFAULT_CSS = """
    FilterLine { height: auto; }
    FilterLine Horizontal { height: 1; }
    FilterLine .sign { width: 2; color: $text-accent; text-style: bold; }
    FilterLine Input { width: 1fr; background: $background; }
    FilterLine .count { width: auto; max-width: 50%; padding: 0 0 0 1; color: $text-muted; }
    FilterLine .fault { height: auto; max-height: 3; color: $text-error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "clear filter", id="filter.clear"),
        Binding("up", "step(-1)", "row up", show=False, id="filter.up"),
        Binding("down", "step(1)", "row down", show=False, id="filter.down"),
    ]

    class Edited(Message):
        """Another text stands in the line."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Kept(Message):
        """The filter is as it should be; the keys go back to the table."""

    class Cleared(Message):
        """The filter is no longer wanted."""

    class Stepped(Message):
        """The cursor of the table should move by some rows while the line is being typed."""

        def __init__(self, rows: int) -> None:
            super().__init__()
            self.rows = rows

    def __init__(self, table: Widget, hint: str) -> None:
        """Make an empty line for a table; `hint` says what can be typed."""
        super().__init__()
        self._table = table
        self._hint = hint
        self._fault = ""

    def compose(self) -> ComposeResult:
        """The line, and under it what is wrong with what was typed."""
        with Horizontal():
            yield Static("/", classes="sign", markup=False)
            line = FilterInput(placeholder=self._hint, compact=True, select_on_focus=False)
            line.cursor_blink = False
            yield line
            yield Static(classes="count", markup=False)
        yield Static(classes="fault", markup=False)

    def on_mount(self) -> None:
        """Find no fault yet."""
        self.query_one(".fault").display = False

    @property
    def value(self) -> str:
        """The text in the line."""
        return self.query_one(FilterInput).value

    def edit(self) -> None:
        """Take the keys at once: what is typed fast must not go to the table."""
        self.screen.set_focus(self.query_one(FilterInput))

    def tell(self, count: str, fault: str = "") -> None:
        """Say how many rows there are, or what is wrong with the filter; costs nothing if said."""
        if not self.is_mounted:
            return
        told = self.query_one(".count", Static)
        if str(told.content) != (text := clean(count)):
            told.update(text)
        if fault != self._fault:
            self._fault = fault
            said = self.query_one(".fault", Static)
            said.display = bool(fault)
            said.update(clean(fault))

    @on(Input.Changed)
    def _edited(self, event: Input.Changed) -> None:
        event.stop()
        self._table.post_message(self.Edited(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._table.post_message(self.Kept() if event.value.strip() else self.Cleared())

    def action_clear(self) -> None:
        """Give the filter up."""
        self._table.post_message(self.Cleared())

    def action_step(self, rows: int) -> None:
        """Move through what was found without leaving the line."""
        self._table.post_message(self.Stepped(rows))
