"""The dialog that makes a backup: its name, how far the copy is, and what came of it."""

from __future__ import annotations

from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Static

from store.backup import Backup, folder_of
from store.errors import Cancelled, NodedeckError
from tui.backups.desk import Desk
from tui.editing.dialog import Dialog
from tui.editing.lines import LineInput
from tui.glyphs import UNICODE
from tui.text import clean

_BAR: Final = 20


class Copied(Message):
    """A copy came further; ``done`` and ``total`` are pages."""

    def __init__(self, done: int, total: int) -> None:
        super().__init__()
        self.done = done
        self.total = total

    def can_replace(self, message: Message) -> bool:
        """Let a burst end in one message."""
        return isinstance(message, Copied)


class MakeScreen(Dialog[Backup]):
    """Asks what a backup is called and makes it; dismissed with it, or None where none was made."""

    DEFAULT_CSS = """
    MakeScreen > Vertical { border: round $primary; }
    MakeScreen .told { height: auto; max-height: 4; color: $text-muted; }
    MakeScreen .ask { height: 1; margin-top: 1; }
    MakeScreen .ask Static { width: 8; color: $text-muted; }
    MakeScreen .ask Input { width: 1fr; }
    MakeScreen #far { height: 1; }
    MakeScreen #refused { height: auto; max-height: 6; color: $text-error; }
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._busy = False
        self._stops = False

    def compose(self) -> ComposeResult:
        """Where it goes, its name, the course of it, a fault, the buttons."""
        places = self._desk.session.locations
        config = f" and {places.config.name}" if places.config.is_file() else ""
        with Vertical() as box:
            box.border_title = Content(clean(f"A backup of {places.database.name}", limit=80))
            box.border_subtitle = "enter makes it, esc cancels"
            yield Static(
                clean(
                    f"{places.database.name}{config} as they are now, into {folder_of(places)}."
                    " A running daemon need not be stopped."
                ),
                classes="told",
                markup=False,
            )
            with Horizontal(classes="ask"):
                yield Static("name", markup=False)
                yield LineInput(placeholder="optional: what for? before-upgrade", id="name")
            yield Static(id="far", markup=False)
            yield Static(id="refused", markup=False)
            yield from self.buttons("Make it")

    def on_mount(self) -> None:
        """Nothing is under way yet."""
        for part in ("#far", "#refused"):
            self.query_one(part).display = False

    def stand_back(self) -> None:
        """Put the cursor on the name: what makes a backup takes nothing away."""
        self.query_one("#name").focus()

    def action_cancel(self) -> None:
        """Make none; one that is being copied is broken off, and nothing is left of it."""
        self._stops = True
        if not self._busy:
            super().action_cancel()

    @on(Input.Submitted, "#name")
    @on(Button.Pressed, "#commit")
    def _wanted(self, event: Input.Submitted | Button.Pressed) -> None:
        event.stop()
        if not self._busy:
            self._busy = True
            name = self.query_one("#name", Input).value.strip()
            self.run_worker(self._make(name), name="create", group="backup", exclusive=False)

    async def _make(self, name: str) -> None:
        def told(done: int, total: int) -> None:
            if self._stops:
                raise Cancelled()
            self.post_message(Copied(done, total))

        self._tell("#refused", "")
        try:
            made = await self._desk.create(name, told)
        except Cancelled as fault:
            self.app.notify(clean(fault), markup=False)
            self.dismiss(None)
        except NodedeckError as fault:
            self._busy = False
            self._tell("#far", "")
            self._tell("#refused", str(fault))
        else:
            self.dismiss(made)

    def on_copied(self, event: Copied) -> None:
        """Show how far the copy is; the check behind it is short."""
        share = event.done / event.total if event.total else 1.0
        filled = int(share * _BAR)
        bar = UNICODE.bar_full * filled + UNICODE.bar_empty * (_BAR - filled)
        what = "copying" if share < 1 else "copied; its digest is taken"
        self._tell("#far", f"{bar} {int(share * 100):3} %  {what}")

    def _tell(self, part: str, text: str) -> None:
        said = self.query_one(part, Static)
        said.display = bool(text)
        said.update(clean(text))
