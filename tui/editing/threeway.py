"""Somebody was first: what a field was, what they made of it, what you typed; pick one each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from store import codec
from tui.editing.dialog import Dialog
from tui.editing.fields import Choice
from tui.editing.staging import Clash
from tui.glyphs import UNICODE
from tui.text import clean, shorten_middle

_VALUE_CELLS: Final = 60

Picked = Mapping[str, bool]
"""By path whether one's own text is kept; else theirs stands."""


class ThreeWayScreen(Dialog[Picked]):
    """The fields that clash; theirs stand until one's own are picked."""

    DEFAULT_CSS = """
    ThreeWayScreen .told { height: auto; max-height: 5; color: $text-warning; margin-bottom: 1; }
    ThreeWayScreen VerticalScroll { height: auto; max-height: 14; }
    ThreeWayScreen .clash { height: auto; margin-bottom: 1; }
    ThreeWayScreen .label { text-style: bold; height: auto; max-height: 2; }
    ThreeWayScreen .was { color: $text-muted; padding: 0 1; height: auto; max-height: 2; }
    ThreeWayScreen #buttons { margin-top: 0; }
    """

    def __init__(self, clashes: Sequence[Clash], told: str) -> None:
        super().__init__()
        self._clashes = clashes
        self._told = told

    def compose(self) -> ComposeResult:
        """Who was first, then a block a field, then the buttons."""
        with Vertical() as box:
            box.border_title = "Somebody was first"
            box.border_subtitle = "tab goes on, space picks, esc goes back"
            yield Static(clean(self._told), classes="told", markup=False)
            with VerticalScroll(can_focus=False):
                for clash in self._clashes:
                    with Vertical(classes="clash"):
                        yield Static(Content(clean(clash.label)), classes="label")
                        yield Static(f"was     {_short(clash.was)}", classes="was", markup=False)
                        theirs, yours = _options(clash)
                        yield Choice((theirs, yours), theirs)
            yield from self.buttons("Go on with these", id="go-on", back="Back")

    @on(Button.Pressed, "#go-on")
    def _go_on(self) -> None:
        choices = zip(self._clashes, self.query(Choice).results(Choice), strict=True)
        self.dismiss({clash.path: one.chosen == _options(clash)[1] for clash, one in choices})


def _options(clash: Clash) -> tuple[str, str]:
    return f"theirs {_short(clash.theirs)}", f"yours {_short(clash.yours)}"


def _short(value: Any) -> str:
    text = UNICODE.none if value is None else codec.shown(value)
    return shorten_middle(clean(text, limit=10 * _VALUE_CELLS), _VALUE_CELLS)
