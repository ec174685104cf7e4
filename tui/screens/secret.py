"""A look at a secret: why, then the value for some seconds, then the mask again."""

from __future__ import annotations

import math
import time
from collections.abc import Awaitable, Callable
from typing import ClassVar, Final

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from tui import reveal
from tui.signals import before_stopping
from tui.text import clean, shorten_middle
from tui.widgets.filter_line import FilterInput
from tui.widgets.secret_text import SecretText

Look = Callable[[str], Awaitable[str]]
"""Looks for this reason; the sentence that says why not, empty where the value is shown."""

_PATH_CELLS: Final = 200
_TICK_SECONDS: Final = 0.25
_NO_REASON: Final = "A look at a secret needs a reason; nothing was shown."
_BOX: Final = """
    {0} {{ align: center middle; background: $background 60%; }}
    {0} .box {{
        width: 76; max-width: 100%; height: auto; max-height: 100%; padding: 0 1;
        border: round $warning; background: $surface;
    }}
    {0} .path {{ height: auto; max-height: 3; text-style: bold; }}
    {0} .told {{ height: auto; color: $text-muted; }}
"""


class ReasonScreen(ModalScreen[None]):
    """Asks why; a look that fails is said under the field, and nothing is shown."""

    DEFAULT_CSS = (
        _BOX.format("ReasonScreen")
        + """
    ReasonScreen Input { margin: 1 0 0 0; }
    ReasonScreen #refused { height: auto; color: $text-error; }
    ReasonScreen #buttons { height: 1; margin: 1 0 0 0; }
    ReasonScreen Button { margin-right: 2; }
    """
    )
    # a key that is still held down must do no more than cancel
    AUTO_FOCUS = "#cancel"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "cancel", id="reason.cancel")
    ]

    def __init__(self, path: str, told: str, look: Look) -> None:
        """Ask about the secret at a path; ``told`` says what is known of it."""
        super().__init__()
        self._path = path
        self._told = told
        self._look = look
        self._looking = False

    def compose(self) -> ComposeResult:
        """The path, the field, the sentence, and the buttons, of which Cancel comes last."""
        with Vertical(classes="box") as box:
            box.border_title = "Reveal a secret"
            box.border_subtitle = "tab to the reason, enter reveals, esc cancels"
            yield Static(clean(_short(self._path)), classes="path", markup=False)
            yield Static(clean(self._told), classes="told", markup=False)
            field = FilterInput(placeholder="why? it goes on record, too", id="reason")
            field.cursor_blink = False
            yield field
            yield Static(id="refused", markup=False)
            with Horizontal(id="buttons"):
                yield Button("Reveal", id="reveal", variant="warning", compact=True)
                yield Button("Cancel", id="cancel", compact=True)

    @on(Button.Pressed, "#cancel")
    def _cancelled(self) -> None:
        self.dismiss()

    @on(Button.Pressed, "#reveal")
    @on(Input.Submitted)
    async def _confirmed(self) -> None:
        """Look, once; or say why not."""
        reason = self.query_one("#reason", Input).value
        if not reason.strip():
            self._refuse(_NO_REASON)
        elif not self._looking:
            self._looking = True
            if refused := await self._look(reason):
                self._looking = False
                self._refuse(refused)

    def _refuse(self, sentence: str) -> None:
        self.query_one("#refused", Static).update(clean(sentence))


class RevealScreen(ModalScreen[None]):
    """The value, until the seconds are over, a key masks it, or anything else comes between."""

    DEFAULT_CSS = (
        _BOX.format("RevealScreen")
        + """
    RevealScreen VerticalScroll { height: auto; max-height: 16; margin: 1 0; }
    """
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,x,q", "mask", "mask", id="reveal.mask"),
        Binding("y", "copy", "copy", id="reveal.copy"),
    ]

    def __init__(
        self, path: str, value: str, *, copy: Callable[[str], str], wipe: Callable[[], None]
    ) -> None:
        """Show the value of a path; ``copy`` takes it to the clipboard and says that it did.

        ``wipe`` takes it off the terminal at once, before anybody else gets that.
        """
        super().__init__()
        self._path = path
        self._text = SecretText(value)
        self._copy = copy
        self._wipe = wipe
        self._until = time.monotonic() + reveal.SECONDS
        self._copied = ""

    def compose(self) -> ComposeResult:
        """The path, the value, and how long it stays."""
        with Vertical(classes="box") as box:
            box.border_title = "Secret"
            box.border_subtitle = "esc masks it now, y copies it to the clipboard"
            yield Static(clean(_short(self._path)), classes="path", markup=False)
            with VerticalScroll():
                yield self._text
            yield Static(self._countdown(), id="countdown", classes="told", markup=False)

    def on_mount(self) -> None:
        """Count down, and watch for what should end it early."""
        self.set_interval(_TICK_SECONDS, self._tick, name="countdown")
        self.watch(self.app, "app_focus", self._focus_changed, init=False)
        self._size = self.app.size
        self._stop_guarding = before_stopping(self._wipe)

    def on_unmount(self) -> None:
        """A stop needs no care any more."""
        self._stop_guarding()

    @property
    def covered(self) -> bool:
        """Whether the value is gone."""
        return not self._text.value

    def cover(self) -> None:
        """Forget the value at once: what is painted from now on has the mask in its place."""
        if self.covered:
            return
        self._text.cover()
        self.query_one("#countdown", Static).update("It is masked again.")
        self.call_later(self.action_mask)

    def action_mask(self) -> None:
        """Forget the value, and go."""
        self._text.cover()
        if self.is_current:
            self.dismiss()

    def action_copy(self) -> None:
        """Take the value to the clipboard, and say so here."""
        if not self.covered:
            self._copied = self._copy(self._text.value)
            self._tick()

    def _tick(self) -> None:
        if self.covered:
            return
        if time.monotonic() >= self._until:
            self.action_mask()
            return
        said, told = self.query_one("#countdown", Static), self._countdown()
        if str(said.content) != told:
            said.update(told)

    def _countdown(self) -> str:
        left = max(1, math.ceil(self._until - time.monotonic()))
        return f"Masked again in {left} s. {self._copied}".rstrip()

    def _focus_changed(self, focused: bool) -> None:
        """Somebody turned to another window: who walks past should not read it."""
        if not focused:
            self.action_mask()

    def on_resize(self, _: events.Resize) -> None:
        """A terminal that is resized may rewrap what it shows, and keep it."""
        if self.app.size != self._size:
            self.action_mask()

    def on_screen_suspend(self) -> None:
        """Nothing stays in clear below another screen."""
        self._text.cover()


def _short(path: str) -> str:
    return shorten_middle(clean(path, limit=10 * _PATH_CELLS), _PATH_CELLS)
