"""What all steps of the wizard share: a body, a line for a fault, buttons, and the ways on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Button, Checkbox, Static

from tui.text import clean
from tui.wizard.bench import Bench

READ_ONLY = "This console is read-only; nothing was changed."


class Step(Vertical):
    """One step; it asks the screen to go on or back, and keeps nothing that the draft has not."""

    DEFAULT_CSS = """
    Step { height: 1fr; }
    Step #body { height: 1fr; padding: 0 1; border: round $primary; }
    Step .said { height: auto; max-height: 4; }
    Step .-apart { margin-bottom: 1; }
    Step .about { height: 2; color: $text-muted; }
    Step .note { height: auto; max-height: 4; color: $text-warning; }
    Step #fault { color: $text-error; height: auto; max-height: 5; padding: 0 2; }
    Step #fault.-working { color: $text-muted; }
    Step #buttons { height: 1; padding: 0 2; }
    Step Button { margin-right: 2; }
    """
    TITLE: ClassVar[str] = ""

    class Moved(Message):
        """The operator wants to go on by so many steps, back where it is negative."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Left(Message):
        """The operator is done with the wizard."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self.bench = bench
        self.draft = bench.draft

    def compose(self) -> ComposeResult:
        """The step's own parts, then a fault where there is one, then the buttons."""
        with Vertical(id="body") as body:
            body.border_title = self.TITLE
            yield from self.parts()
        yield Static(id="fault", markup=False)
        yield Horizontal(*self.buttons(), id="buttons")

    def on_mount(self) -> None:
        """Find no fault yet."""
        self.say("")

    def parts(self) -> Iterable[Widget]:
        """What the step shows."""
        raise NotImplementedError

    def buttons(self) -> Iterable[Button]:
        """The ways on and back."""
        return (button("Back", "back"), button("Next", "next", "primary"))

    def start(self) -> Widget | None:
        """What the keys go to first; never what changes something."""
        return self.query_one("#next")

    @property
    def is_there(self) -> bool:
        """Whether it is on the screen, with its parts: work may end while it is being left."""
        return self.is_mounted and self.is_attached and self.display

    def say(self, text: str, *, working: bool = False) -> None:
        """Show a fault, or what is being done; an empty text takes it away."""
        if not self.is_there:
            return
        said = self.query_one("#fault", Static)
        said.update(clean(text))
        said.set_class(working, "-working")
        said.display = bool(text)

    async def onward(self) -> bool:
        """Do what going on needs; whether to go on. A fault is said."""
        return True

    @on(Button.Pressed, "#next")
    def _on(self) -> None:
        self.post_message(self.Moved(1))

    @on(Button.Pressed, "#back")
    def _back(self) -> None:
        self.post_message(self.Moved(-1))


class Switch(Checkbox):
    """A checkbox that can be read without colour: empty where it is off."""

    DEFAULT_CSS = """
    Switch { height: 1; }
    Switch > .toggle--button { color: $background; background: $foreground 70%; }
    Switch.-on > .toggle--button { color: $background; background: $text-success; }
    """

    BUTTON_INNER = " "

    def watch_value(self) -> None:
        """Put the cross in, or take it out."""
        self.BUTTON_INNER = "X" if self.value else " "
        super().watch_value()


def button(label: str, id: str, variant: str = "default") -> Button:
    """A button of the wizard, one line high."""
    return Button(label, id=id, variant=variant, compact=True)  # type: ignore[arg-type]


def said(text: str, *, id: str | None = None, classes: str = "said") -> Static:
    """A sentence, whatever data is in it."""
    return Static(clean(text), markup=False, classes=classes, id=id)
