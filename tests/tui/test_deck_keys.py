"""Every command of the table does what it says, by each of its keys and from the palette."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.command import CommandPalette
from textual.screen import Screen

from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.deck import Driver, console, demo_state, opened
from tests.support.secrets import NODE_KEY, with_secrets
from tests.support.table_checks import (
    MANY,
    copies,
    filters,
    matches,
    moves,
    opens_the_row,
    pages,
    sideways,
    sorts,
)
from tests.support.travel_checks import compares, goes_to_the_past, hours, steps
from tests.tui.test_backups_screen import opens_backups
from tests.tui.test_editing_form import fill
from tui.command_line.screen import CommandScreen
from tui.commands import COMMANDS, PANES
from tui.editing.form import FormScreen
from tui.editing.leaving import LeaveScreen
from tui.editing.review import ReviewScreen
from tui.screens.findings import FindingsScreen
from tui.screens.handover import HandoverScreen
from tui.screens.help import HelpScreen
from tui.screens.secret import ReasonScreen
from tui.screens.settings import SettingsScreen
from tui.screens.wizard import WizardScreen

CHANGES_STATE = ("quit", "keep", "reveal", "staged.", "travel.hour")
"""Commands whose checks end the console or leave something else than they found."""


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


@pytest.fixture
def crowded(places: Locations) -> Locations:
    """The demo with more nodes than any pane has lines."""
    nodes = (foreign.node(f"n{number:02}", inference_port=number + 1) for number in range(MANY))
    foreign.write(places.database, "DELETE FROM inference_nodes", *nodes)
    return places


# what each command does; one without a line here fails the test below


async def helps(driver: Driver, key: str) -> None:
    await driver.press(key)
    assert isinstance(driver.app.screen, HelpScreen)


async def opens_palette(driver: Driver, key: str) -> None:
    await driver.press(key)
    assert isinstance(driver.app.screen, CommandPalette)


async def opens_the_line(driver: Driver, key: str) -> None:
    await driver.press(key)
    assert isinstance(driver.app.screen, CommandScreen)
    await driver.press("escape")
    assert driver.app.screen_stack == [driver.deck]


async def quits(driver: Driver, key: str) -> None:
    await driver.press(key)
    assert driver.app.return_code == 0
    assert driver.app._exit


async def goes_back(driver: Driver, key: str) -> None:
    await driver.press("z", key)
    assert not driver.deck.single
    await driver.press("question_mark", key)
    assert driver.app.screen is driver.deck
    await driver.press(key)
    assert driver.app.screen is driver.deck


def focuses(pane: str) -> Callable[[Driver, str], Awaitable[None]]:
    async def check(driver: Driver, key: str) -> None:
        driver.deck.focus_on(PANES[PANES.index(pane) - 1])
        await driver.press(key)
        assert driver.deck.active == pane
        assert driver.deck.pane(pane).table.has_focus

    return check


def travels(step: int) -> Callable[[Driver, str], Awaitable[None]]:
    async def check(driver: Driver, key: str) -> None:
        place = PANES.index(driver.deck.active)
        for turn in range(1, len(PANES) + 1):
            await driver.press(key)
            name = PANES[(place + step * turn) % len(PANES)]
            assert driver.deck.active == name
            assert driver.deck.pane(name).table.has_focus

    return check


async def zooms(driver: Driver, key: str) -> None:
    await driver.press("3", key)
    assert shown(driver) == ["nodes"]
    await driver.press(key)
    assert shown(driver) == list(PANES)


async def imports(driver: Driver, key: str) -> None:
    await driver.press(key)
    assert isinstance(driver.app.screen, WizardScreen)


async def opens_settings(driver: Driver, key: str) -> None:
    await driver.press(key)
    assert isinstance(driver.app.screen, SettingsScreen)
    await driver.press(key, "escape")
    assert driver.app.screen_stack == [driver.deck]


async def pauses(driver: Driver, key: str) -> None:
    await driver.press(key)
    assert " paused " in driver.screen()
    await driver.press(key)
    assert "● live" in driver.screen()


async def finds(driver: Driver, key: str) -> None:
    await driver.press(key)
    assert isinstance(driver.app.screen, FindingsScreen)
    await driver.press("escape")
    assert driver.app.screen_stack == [driver.deck]


async def hands_over(driver: Driver, key: str) -> None:
    await driver.press(key)
    assert isinstance(driver.app.screen, HandoverScreen)
    await driver.press("escape")
    assert driver.app.screen_stack == [driver.deck]


async def reveals(driver: Driver, key: str) -> None:
    with_secrets(driver.app.session.locations, NODE_KEY.replace("dk03-a", "n00"))
    await driver.press("3", "g", "enter")
    await driver.until_shown("inference_port")
    await driver.press("G", key)
    await driver.until(lambda: isinstance(driver.app.screen, ReasonScreen), "the question")


async def edits(driver: Driver, key: str) -> None:
    await driver.press("3", key)
    assert isinstance(driver.app.screen, FormScreen)
    await driver.press("escape")
    assert driver.app.screen_stack == [driver.deck]


NODE_KEYS: dict[str, type[Screen[Any]]] = {
    "add": FormScreen, "copy": FormScreen, "switch": ReviewScreen, "remove": ReviewScreen,
}  # fmt: skip


def on_a_node(screen: type[Screen[Any]]) -> Callable[[Driver, str], Awaitable[None]]:
    async def check(driver: Driver, key: str) -> None:
        await driver.press("3", key)
        assert isinstance(driver.app.screen, screen)
        await driver.press("escape")
        assert driver.app.screen_stack == [driver.deck]

    return check


async def keeps(driver: Driver, key: str) -> None:
    with ConfigManager.open(driver.app.session.locations, actor="somebody") as manager:
        with manager.unless_confirmed(600.0):
            manager.set_value("nodes.n01.version", "v7")
        await driver.until_shown("nodes.n01 reverts in", "K")
        await driver.press(key)
        assert isinstance(driver.app.screen, ReviewScreen)
        await driver.press("tab", "enter")
        await driver.until(lambda: not manager.reversals(), "the confirmation")
        assert manager.get("nodes.n01.version").value == "v7"


async def staged(driver: Driver, keys: str) -> None:
    """Leave an edit of a node staged, and press keys."""
    await driver.press("3", "e")
    await fill(driver, "version", "v9")
    await driver.press("escape", "tab", "enter")
    await driver.until_shown("1 edit is staged")
    await driver.press(keys)


async def saves_what_is_staged(driver: Driver, key: str) -> None:
    await staged(driver, key)
    await driver.until(lambda: isinstance(driver.app.screen, ReviewScreen), "the last look")
    assert ("unless confirmed" in driver.screen()) is (key == "ctrl+o")
    await driver.press("escape")
    assert driver.app.screen_stack == [driver.deck]


async def drops_what_is_staged(driver: Driver, key: str) -> None:
    await staged(driver, key)
    assert isinstance(driver.app.screen, LeaveScreen)
    await driver.press("tab", "enter")
    assert not driver.app.staged
    assert "staged" not in driver.screen()


async def marks(driver: Driver, key: str) -> None:
    await driver.press("5", key)
    assert len(driver.deck.audit.marked) == 1
    await driver.press(key)
    assert not driver.deck.audit.marked


async def asks_to_undo(driver: Driver, key: str) -> None:
    await driver.press("5", key)
    assert isinstance(driver.app.screen, ReviewScreen)
    await driver.press("escape")
    assert driver.app.screen_stack == [driver.deck]


CHECKS: dict[str, Callable[[Driver, str], Awaitable[None]]] = {
    "help": helps,
    "palette": opens_palette,
    "line": opens_the_line,
    "quit": quits,
    "back": goes_back,
    **{f"focus.{pane}": focuses(pane) for pane in PANES},
    "focus.next": travels(1),
    "focus.previous": travels(-1),
    "zoom": zooms,
    "travel": goes_to_the_past,
    "travel.earlier": steps("left_square_bracket", back=True),
    "travel.later": steps("left_square_bracket", back=False),
    "travel.hour_back": hours(-1),
    "travel.hour_on": hours(1),
    "travel.compare": compares,
    "findings": finds,
    "handover": hands_over,
    "settings": opens_settings,
    "import": imports,
    "backups": opens_backups,
    "reveal": reveals,
    "edit": edits,
    **{f"node.{name}": on_a_node(screen) for name, screen in NODE_KEYS.items()},
    "staged.save": saves_what_is_staged,
    "staged.try": saves_what_is_staged,
    "staged.drop": drops_what_is_staged,
    "keep": keeps,
    "mark": marks,
    "undo": asks_to_undo,
    "table.up": moves(5, 4),
    "table.down": moves(5, 6),
    "table.left": sideways("host", "id"),
    "table.right": sideways("id", "host"),
    "table.open": opens_the_row,
    "table.page_up": pages(-1),
    "table.page_down": pages(1),
    "table.half_up": pages(-0.5),
    "table.half_down": pages(0.5),
    "table.first": moves(MANY // 2, 0),
    "table.last": moves(MANY // 2, MANY - 1),
    "pause": pauses,
    "table.filter": filters,
    "table.next": matches(30),
    "table.previous": matches(39),  # past the first to the last
    "table.sort": sorts,
    "table.copy": copies("n01"),
    "table.copy_row": copies("enabled\tn01\t"),
}
KEYS = [*((command.id, key) for command in COMMANDS for key in command.keys.split(",")),
        ("quit", "ctrl+c")]  # fmt: skip
ALONE = [pair for pair in KEYS if pair[0].startswith(CHANGES_STATE)]


@pytest.mark.parametrize(("command", "key"), ALONE)
async def test_the_key_does_what_its_command_says(
    crowded: Locations, command: str, key: str
) -> None:
    async with opened(console(crowded)) as driver:
        await CHECKS[command](driver, key)


@pytest.mark.parametrize("scope", sorted({command.scope for command in COMMANDS}))
async def test_each_other_key_does_what_its_command_says(crowded: Locations, scope: str) -> None:
    """One after the other, each from the deck as it opens."""
    here = [command.id for command in COMMANDS if command.scope == scope]
    async with opened(console(crowded)) as driver:
        for command, key in KEYS:
            if command in here and (command, key) not in ALONE:
                try:
                    await CHECKS[command](driver, key)
                    await start_over(driver)
                except AssertionError as fault:
                    fault.add_note(f"{command} by {key}")
                    raise


async def start_over(driver: Driver) -> None:
    """Leave the deck as it was when it opened."""
    deck, nodes = driver.deck, driver.deck.pane("nodes").table
    for _ in range(5):
        if driver.app.screen is not deck or deck.visit or len(shown(driver)) < len(PANES):
            await driver.press("escape")
    assert driver.app.screen_stack == [deck]
    assert deck.visit is None
    assert shown(driver) == list(PANES)
    assert not nodes.filter
    assert not driver.app.staged
    await driver.press("3")
    nodes.move_to("nodes.n00")
    while nodes.cursor_column != deck.pane("nodes").COLUMNS[0].key:
        await driver.press("left")
    await driver.press("1")
    driver.app.copy_to_clipboard("")


def shown(driver: Driver) -> list[str]:
    """The panes that are on the screen."""
    return [name for name in PANES if driver.deck.pane(name).region.area]


def test_no_check_outlives_its_command() -> None:
    assert CHECKS.keys() == {command.id for command in COMMANDS}


async def test_the_palette_has_every_command_and_runs_it(places: Locations) -> None:
    async with opened(console(places)) as driver:
        offered = {one.title: one for one in driver.app.get_system_commands(driver.app.screen)}
        wanted = {
            command.title.capitalize()
            for command in COMMANDS
            if command.id not in ("palette", "back")
        }
        assert offered.keys() == wanted | {"Theme"}
        await driver.press("ctrl+p", *"audit pane")
        await driver.until_shown("Go to the audit pane.")
        await driver.press("enter")
        await driver.until(lambda: driver.deck.active == "audit", "the command of the palette")
        offered["Zoom"].callback()
        await driver.until(lambda: driver.deck.single, "zooming")
        offered["Help"].callback()
        await driver.until(lambda: isinstance(driver.app.screen, HelpScreen), "help")
