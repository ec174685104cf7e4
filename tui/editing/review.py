"""The last look before a write: what would change, a reason, and Cancel under the cursor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any, Final

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Static

from store import codec
from store.errors import NodedeckError, VersionConflict
from tui.clipboard import plain
from tui.editing.dialog import Dialog
from tui.editing.lines import LineInput, ReasonInput
from tui.editing.rehearsal import Preview
from tui.glyphs import UNICODE
from tui.text import clean
from tui.widgets.table import Table
from tui.widgets.table_model import Cell, Column, Row

_TITLE_CELLS: Final = 200
_WIDTH: Final = 96
_TABLE_LINES: Final = (3, 11)
_NOTE_LINES: Final = 8
_REFUSED_LINES: Final = 4

Commit = Callable[[str | None], Awaitable[object]]
"""Writes, with the reason; raises NodedeckError where nothing was changed."""


class Outcome(StrEnum):
    """How a review ended, where it was not cancelled."""

    DONE = "done"
    MOVED_ON = "moved on"


class ReviewScreen(Dialog[Outcome]):
    """Shows a preview and writes once its button is pressed; a refusal is said, and nothing moves.

    Where something has to be ``typed`` first, the button waits for exactly that. With
    ``merges`` a conflict closes the dialog, since whoever opened it shows both values. Where no
    ``reason`` is kept, none is asked for.
    """

    DEFAULT_CSS = """
    ReviewScreen > Vertical { border: round $primary; }
    ReviewScreen Table { height: auto; max-height: 11; background: $surface; }
    ReviewScreen #notes { height: auto; max-height: 8; }
    ReviewScreen .note { height: auto; color: $text-warning; }
    ReviewScreen .ask { height: 1; }
    ReviewScreen .ask Static { width: 24; color: $text-muted; }
    ReviewScreen .ask Input { width: 1fr; }
    ReviewScreen #typed-for { height: auto; max-height: 3; color: $text-warning; }
    ReviewScreen #refused { height: auto; max-height: 4; color: $text-error; }
    """

    def __init__(
        self,
        title: str,
        preview: Preview,
        commit: Commit,
        *,
        action: str,
        typed: str = "",
        merges: bool = False,
        reason: bool = True,
    ) -> None:
        super().__init__()
        self._title = title
        self._preview = preview
        self._commit = commit
        self._action = action
        # what cannot be typed need not be
        self._typed = plain(typed)
        self._merges = merges
        self._asks_reason = reason
        self._writing = False
        self.conflict: VersionConflict | None = None
        """Why the dialog closed with ``MOVED_ON``."""

    def compose(self) -> ComposeResult:
        """What changes, what to know of it, the reason, the buttons."""
        with Vertical() as box:
            box.border_title = Content(clean(self._title, limit=_TITLE_CELLS))
            box.border_subtitle = "esc cancels"
            yield Table(_columns(*self._preview.titles), empty="Nothing would change.")
            with VerticalScroll(id="notes", can_focus=False):
                for note in self._preview.notes:
                    yield Static(clean(note), classes="note", markup=False)
            if self._typed:
                with Vertical(id="typed-for"):
                    yield Static(f"Type {clean(self._typed)} to go on:", markup=False)
                with Horizontal(classes="ask"):
                    yield Static("typed", markup=False)
                    yield LineInput(id="typed")
            if self._asks_reason:
                with Horizontal(classes="ask"):
                    yield Static("reason", markup=False)
                    yield ReasonInput()
            yield Static(id="refused", markup=False)
            disabled = bool(self._typed) or not self._preview.fields
            yield from self.buttons(self._action, disabled=disabled)

    def on_mount(self) -> None:
        """Show what would change."""
        self.query_one(Table).set_rows(
            [
                Row(
                    f"{at}",
                    (
                        field.path,
                        Cell(_shown(field.old), "muted"),
                        Cell(_shown(field.new), "strong"),
                    ),
                )
                for at, field in enumerate(self._preview.fields)
            ],
            flash=False,
        )
        self.query_one("#refused").display = False
        self._fit()

    def on_resize(self, _: events.Resize) -> None:
        """Keep the buttons in sight."""
        self._fit()

    def _fit(self) -> None:
        """Give the table the lines that the buttons and all above them leave on a low terminal."""
        width, height = min(_WIDTH, self.app.size.width) - 4, self.app.size.height
        told = [clean(note) for note in self._preview.notes]
        notes = min(_NOTE_LINES, sum(_wrapped(note, width) for note in told))
        typed = 1 + min(3, _wrapped(f"Type {self._typed} to go on:", width)) if self._typed else 0
        refused = _REFUSED_LINES if self.query_one("#refused").display else 0
        least, most = _TABLE_LINES
        frame_reason_buttons = 5
        room = height - frame_reason_buttons - notes - typed - refused
        self.query_one(Table).styles.max_height = max(least, min(most, room))

    @on(Input.Changed, "#typed")
    def _was_typed(self, event: Input.Changed) -> None:
        self.query_one("#commit").disabled = event.value != self._typed

    @on(Input.Submitted)
    def _next(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus_next()

    @property
    def _reason(self) -> str | None:
        return next((one.reason for one in self.query(ReasonInput)), None)

    def action_cancel(self) -> None:
        """Leave everything as it is."""
        if not self._writing:
            super().action_cancel()

    @on(Button.Pressed, "#commit")
    async def _commit_pressed(self) -> None:
        if self._writing or self.app.screen is not self:
            return
        self._writing = True
        try:
            await self._commit(self._reason)
        except NodedeckError as fault:
            self._writing = False
            if self._merges and isinstance(fault, VersionConflict):
                self.conflict = fault
                self.dismiss(Outcome.MOVED_ON)
            else:
                said = self.query_one("#refused", Static)
                said.display = True
                said.update(clean(str(fault)))
                self._fit()
                self.stand_back()
        else:
            self.dismiss(Outcome.DONE)


def _wrapped(text: str, width: int) -> int:
    """The lines that a sentence takes at most: a word that does not fit goes on to the next."""
    return 1 if len(text) <= width else 2 + len(text) // width


def _columns(old: str, new: str) -> tuple[Column, ...]:
    return (
        Column("path", "path", min_width=16, max_width=44),
        Column("old", old, grow=1, min_width=10, max_width=300),
        Column("new", new, grow=1, min_width=10, max_width=300),
    )


def _shown(value: Any) -> str:
    return UNICODE.none if value is None else codec.shown(value)
