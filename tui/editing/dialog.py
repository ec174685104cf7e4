"""What the small dialogs share: a box in the middle, and a way out under the cursor."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import Button


class Dialog(ModalScreen[ScreenResultType]):
    """A question over a screen: whatever opened it, the keys at hand leave everything as it is.

    ``esc`` and the button that has the focus dismiss it with None.
    """

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > Vertical {
        width: 96; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $warning; background: $surface;
    }
    Dialog #buttons { height: 1; margin-top: 1; }
    Dialog Button { margin-right: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "cancel", id="dialog.cancel"),
        Binding("right", "app.focus_next", "next", show=False, id="dialog.next"),
        Binding("left", "app.focus_previous", "before", show=False, id="dialog.before"),
    ]

    def buttons(
        self,
        verb: str,
        *,
        id: str = "commit",
        back: str = "Cancel",
        back_id: str = "cancel",
        disabled: bool = False,
        between: Iterable[tuple[str, str]] = (),
    ) -> ComposeResult:
        """The way back, other ways out by id and word, then what does it."""
        with Horizontal(id="buttons"):
            yield Button(back, id=back_id, classes="safe", variant="primary", compact=True)
            for other, told in between:
                yield Button(told, id=other, compact=True)
            yield Button(verb, id=id, variant="warning", compact=True, disabled=disabled)

    def on_mount(self) -> None:
        """Stand on the way back."""
        self.stand_back()

    def stand_back(self) -> None:
        """Put the cursor on the way back."""
        self.query_one(".safe").focus()

    @on(Button.Pressed, ".safe")
    def _went_back(self) -> None:
        self.action_cancel()

    def action_cancel(self) -> None:
        """Leave everything as it is."""
        self.dismiss(None)
