"""The last look keeps its buttons in sight, however much there is to know and be refused."""

from __future__ import annotations

from pathlib import Path

from textual.widgets import Button

from store.errors import Refused
from store.models import FieldChange
from tests.support.deck import console, empty_state, opened
from tui.editing.rehearsal import Preview
from tui.editing.review import ReviewScreen

LONG = "a sentence of many words that an operator has to know before anything is written " * 2


async def test_the_buttons_stay_in_sight(tmp_path: Path) -> None:
    fields = tuple(FieldChange(path=f"nodes.n{n}.host", old="a", new="b") for n in range(40))

    async def refuse(_: str | None) -> object:
        raise Refused(LONG, hint=LONG)

    async with opened(console(empty_state(tmp_path)), size=(80, 24)) as driver:
        preview = Preview(fields, (LONG,) * 6)
        screen = ReviewScreen("Save", preview, refuse, action="Save", typed="x")
        await driver.app.push_screen(screen)
        await driver.settle()
        button = screen.query_one("#commit", Button)
        assert button.region.bottom < 24
        await driver.press("shift+tab", "shift+tab", "x", "tab", "tab", "tab", "enter")
        await driver.until_shown("a sentence of many words that an operator")
        await driver.until(lambda: screen.query_one("#refused").display, "the refusal")
        await driver.settle()
        assert button.region.height == 1
        assert button.region.bottom < 24
        assert screen.focused is not None
        assert screen.focused.id == "cancel"
