"""What is said once an import was taken back: what is now, what is kept, and what can still be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Static

from store.importing.rollback import State
from tui.editing.dialog import Dialog
from tui.text import clean
from tui.wizard.bench import TakenBack

_IS: Final = {
    State.NOW: "Every file of it has its legacy shape again, with the values of now. The database"
    " stays as it is.",
    State.BEFORE: "What it changed in the database is as it was before, as new changes in the log,"
    " and so is every file of it.",
}
_NEXT: Final = {
    State.NOW: "A daemon that reads the file can be started; what it writes there from now on is"
    " not in the database.",
    State.BEFORE: "A daemon that reads the file can be started; it goes on from where the file was"
    " before the import.",
}
_LEFT: Final = {
    State.NOW: "What can still be done: give the file the values of now once more.",
    State.BEFORE: "What can still be done: bring back all of before, which takes the import's"
    " values out of the database too.",
}


def told(taken: TakenBack) -> Iterator[str]:
    """What a rollback did and what is next, a sentence or two each."""
    yield f"Import {taken.number} was taken back; receipt {taken.receipt}."
    yield _IS[taken.state]
    for copy in taken.copies:
        yield f"A copy of what it was until now: {copy}"
    yield _NEXT[taken.state]
    if taken.left:
        yield from (_LEFT[state] for state in taken.left)
    else:
        yield "Nothing of this import is left to take back."


class TakenBackScreen(Dialog[None]):
    """The result of a rollback."""

    DEFAULT_CSS = """
    TakenBackScreen VerticalScroll { height: auto; max-height: 18; }
    TakenBackScreen .told { height: auto; margin-bottom: 1; }
    """

    def __init__(self, taken: TakenBack) -> None:
        super().__init__()
        self._taken = taken

    def compose(self) -> ComposeResult:
        """The sentences, and the way back."""
        with Vertical() as box:
            box.border_title = f"Import {self._taken.number} was taken back"
            with VerticalScroll(can_focus=False):
                for line in told(self._taken):
                    yield Static(clean(line), classes="told", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Close", id="cancel", classes="safe", variant="primary", compact=True)
