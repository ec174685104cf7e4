"""``:`` in the deck: from the key to the committed value, and how nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.widgets import Button, Input

from store.locations import Locations
from tests.support import foreign
from tests.support.deck import ACTOR, Driver, console, demo_state, opened
from tests.support.terminal import nodedeck, terminal
from tests.tui.test_editing_form import value
from tests.tui.test_editing_undo import asked, newest, said
from tui.command_line.asking import QuestionScreen
from tui.command_line.output_view import OutputView
from tui.command_line.screen import CommandInput, CommandScreen

NODE = "nodes.dk03-c"


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


def line(driver: Driver) -> CommandInput:
    assert isinstance(driver.app.screen, CommandScreen)
    return driver.app.screen.query_one(CommandInput)


async def typed(driver: Driver, text: str) -> None:
    """Type a line; all of it at once, as from a paste."""
    line(driver).insert_text_at_cursor(text)
    await driver.pilot.pause()


async def run(driver: Driver, text: str) -> None:
    """Run a line to its end."""
    await typed(driver, text)
    await driver.press("enter")
    await driver.until(ended(driver), "the end of the verb")


def ended(driver: Driver) -> Callable[[], object]:
    return lambda: driver.app._typed_lines is not None and not driver.app._typed_lines.running


async def test_from_the_key_to_the_committed_value(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("3", "down", "colon")
        await typed(driver, f"set {NODE}.max_con")
        await driver.press("tab")
        await driver.until(lambda: line(driver).value.endswith("max_concurrent "), "completion")
        await driver.press(*"7 --reason swaps", "enter")
        await driver.until_shown("→ 7, change #")
        change = newest(places)
        assert (change.path, change.new["max_concurrent"]) == (NODE, 7)
        assert (change.actor, change.reason) == (ACTOR, "swaps")
        # the deck, still in sight, follows by itself
        await driver.until(lambda: str(change.id) in driver.rows("audit"), "the feed")
        await driver.until(lambda: "7" in driver.cells("nodes")[NODE], "the cell")
        # the same again, out of what was typed, and what fails in between
        assert line(driver).value == ""
        await run(driver, f"set {NODE}.max_concurrent much")
        await driver.until_shown("exit 2: not a call that can be done")
        await driver.press("up", "up")
        assert line(driver).value == f"set {NODE}.max_concurrent 7 --reason swaps"
        await driver.press("down", "down")
        assert line(driver).value == ""
        await run(driver, f"set {NODE}.max_concurrent 8 --expect-version 1")
        await driver.until_shown("exit 5: somebody else changed it first")
        assert newest(places).id == change.id
        await driver.press("escape")
        assert driver.app.screen_stack == [driver.deck]
        assert driver.deck.pane("nodes").table.has_focus
        assert driver.deck.pane("nodes").table.cursor_row == 1


async def test_opened_and_left_it_changes_nothing(places: Locations) -> None:
    before = newest(places)
    async with opened(console(places)) as driver:
        await driver.press("5", *["colon"] * 10)
        assert line(driver).value == ":" * 9
        await driver.press("enter")
        await driver.until_shown("No such command ':::::::::'")
        await typed(driver, f"set {NODE}.max_concurrent 7")
        await driver.press("escape")
        assert driver.app.screen_stack == [driver.deck]
        assert driver.deck.active == "audit"
        assert driver.deck.pane("audit").table.has_focus
        # the next one is empty, and an empty one does nothing
        await driver.press("colon", "enter", "tab")
        assert line(driver).value == ""
        await driver.until_shown("it goes on with", "status")
        await driver.press("escape")
        # a colon that is typed into a text is one, and over a dialog there is no line
        await driver.press("slash", "colon")
        assert driver.deck.pane("audit").table.filter == ":"
        await driver.press("escape")
        await driver.press("5", "u")
        await asked(driver)
        await driver.press("colon")
        await asked(driver)
    assert newest(places) == before


async def question(driver: Driver) -> QuestionScreen:
    """The dialog that a removal opens, on its safe answer."""
    await driver.press("colon")
    await typed(driver, "node remove dk03-c")
    await driver.press("enter")
    await driver.until(lambda: isinstance(driver.app.screen, QuestionScreen), "a question")
    screen = driver.app.screen
    assert isinstance(screen, QuestionScreen)
    await driver.until(lambda: screen.focused, "the focus")
    assert isinstance(screen.focused, Button)
    assert screen.focused.id == "cancel"
    return screen


async def test_what_a_verb_asks_is_asked_with_cancel_first(places: Locations) -> None:
    before = newest(places)
    async with opened(console(places)) as driver:
        await question(driver)
        await driver.press("enter")
        await driver.until_shown("Cancelled; nothing was changed.")
        await driver.press("escape")
        field = (await question(driver)).query_one("#typed", Input)
        field.focus()
        field.insert_text_at_cursor("dk03-")
        await driver.press("enter", "ctrl+c")
        await driver.until_shown("Cancelled; nothing was changed.")
        assert newest(places) == before
        await driver.press("escape")
        field = (await question(driver)).query_one("#typed", Input)
        field.focus()
        field.insert_text_at_cursor("dk03-c")
        await driver.press("enter", "right", "enter")
        await driver.until(lambda: NODE not in driver.rows("nodes"), "the node to go")
    assert newest(places).action == "D"


async def test_a_verb_that_never_ends_is_ended_and_not_the_console(places: Locations) -> None:
    nasty = "[red]x[/]\x1b]0;title\x07"
    async with opened(console(places)) as driver:
        await driver.press("colon")
        await typed(driver, "watch nodes.*.host")
        await driver.press("enter")
        await driver.until_shown("running, ctrl+c ends it", "Watching what follows")
        await run_refused(driver, "get current_height")
        foreign.write(places.database, ("UPDATE inference_nodes SET host=?", (nasty,)))
        await driver.until_shown(r"[red]x[/]\x1b]0;title\x07")
        assert "\x1b" not in driver.screen()
        await driver.press("ctrl+c")
        await driver.until(ended(driver), "its end")
        assert not driver.app._exit
        # left with esc it ends, too
        await run_away(driver, "watch")
        await driver.press("colon")
        await run(driver, "list")
        view = driver.app.screen.query_one(OutputView)
        assert view.scroll_offset.y == 0
        await driver.press("pagedown")
        assert view.scroll_offset.y > 0
        await driver.press("ctrl+c")
        assert driver.app._exit


async def run_refused(driver: Driver, text: str) -> None:
    await typed(driver, text)
    await driver.press("enter")
    await driver.until_shown("'watch' has not ended yet; nothing was done.")
    assert line(driver).value == text
    line(driver).value = ""


async def run_away(driver: Driver, text: str) -> None:
    await typed(driver, text)
    await driver.press("enter")
    await driver.until_shown("Watching what follows")
    await driver.press("escape")
    assert driver.app.screen is driver.deck
    await driver.until(ended(driver), "its end")
    assert said(driver) == ""


def test_keys_typed_right_behind_the_colon_belong_to_the_line(places: Locations) -> None:
    height = str(value(places, "current_height"))
    with terminal(nodedeck(places.database)) as screen:
        screen.until_text("live")
        assert height not in screen.screen.text()
        # 'e' and 'g' are keys of the deck, too
        screen.type(b":get current_height\r")
        screen.until_text(height)
        assert "Edit" not in screen.screen.text()


async def test_what_goes_on_behind_a_closed_line_is_told(places: Locations) -> None:
    with foreign.connect(places.database) as other:
        async with opened(console(places)) as driver:
            await driver.press("colon")
            other.execute("BEGIN IMMEDIATE")
            await typed(driver, f"set {NODE}.max_concurrent 7")
            await driver.press("enter")
            await driver.until_shown("running")
            await driver.press("escape")
            await driver.press("q")
            await driver.until(lambda: "'set' has not ended yet" in said(driver), "the warning")
            other.execute("ROLLBACK")
            await driver.until(lambda: "→ 7, change #" in said(driver), "the sentence")
    assert value(places, f"{NODE}.max_concurrent") == 7


async def test_nothing_is_written_read_only_and_in_the_past(places: Locations) -> None:
    before = newest(places)
    async with opened(console(places, read_only=True)) as driver:
        await driver.press("colon")
        await run(driver, f"set {NODE}.max_concurrent 7")
        await driver.until_shown("This call is read-only; nothing was changed.", "exit 6: refused")
    async with opened(console(places), size=(80, 24)) as driver:
        await driver.press("t", "colon")
        await driver.until_shown("Verbs answer as of now")
        await run(driver, f"set {NODE}.max_concurrent 7")
        await driver.until_shown("Nothing is written in the past; nothing was changed.")
        await driver.press("escape")
        assert driver.deck.visit is not None
        await driver.press("escape")
        assert driver.deck.visit is None
    assert newest(places) == before
