"""Each dialog opens with the safe choice focused, and the key that opened it changes nothing."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from textual.screen import ModalScreen
from textual.widgets import Input

import tui
from store import backup
from store.history import Position
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign, reverters
from tests.support.deck import ACTOR, Driver, console, demo_state, opened
from tests.support.secrets import NODE_KEY, with_secrets
from tests.support.settings import CAPACITY
from tests.support.settings import staged as stage_a_setting
from tests.support.wizard import CHOOSE, DONE, REVIEW, Wizard
from tests.tui.test_editing_form import fill
from tui.backups.making import MakeScreen
from tui.command_line.asking import QuestionScreen
from tui.command_line.screen import CommandScreen
from tui.editing import leaving
from tui.editing.dialog import Dialog
from tui.editing.form import FormScreen
from tui.editing.review import ReviewScreen
from tui.editing.threeway import ThreeWayScreen
from tui.screens.help import HelpScreen
from tui.screens.jump import JumpScreen
from tui.screens.secret import ReasonScreen, RevealScreen
from tui.widgets.table import Table
from tui.wizard.deciding import DecideScreen
from tui.wizard.endings import TakenBackScreen
from tui.wizard.taking_back import StateScreen

Arrange = Callable[[Driver], Awaitable[None]]
SAFE: Final = frozenset({"cancel", "stay"})
NO_ANSWER: Final = (
    CommandScreen, DecideScreen, FormScreen, HelpScreen, JumpScreen, MakeScreen, RevealScreen,
)  # fmt: skip
"""Dialogs in which no key writes: another one does, after a question; a name is typed in one."""


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Locations]:
    found = with_secrets(demo_state(tmp_path), NODE_KEY)
    with ConfigManager.open(found, actor=ACTOR) as manager:
        manager.set_value("nodes.dk03-a.version", "v7")
    yield found
    reverters.kill(found.database)


def to(pane: str) -> Arrange:
    async def arrange(driver: Driver) -> None:
        driver.deck.focus_on(pane)
        driver.deck.pane(pane).table.action_first()

    return arrange


async def typed_into_a_form(driver: Driver) -> None:
    await to("nodes")(driver)
    await driver.press("e")
    await fill(driver, "version", "v9")


async def with_an_edit_staged(driver: Driver) -> None:
    await typed_into_a_form(driver)
    await driver.press("escape", "tab", "enter")


async def with_somebody_first(driver: Driver) -> None:
    await typed_into_a_form(driver)
    theirs = "UPDATE inference_nodes SET version=version||'+' WHERE id='dk03-a'"
    foreign.write(driver.app.session.locations.database, theirs)


async def with_an_unconfirmed_edit(driver: Driver) -> None:
    where = driver.app.session.locations
    with (
        ConfigManager.open(where, actor="somebody") as manager,
        manager.unless_confirmed(600.0),
    ):
        manager.set_value("nodes.dk03-c.version", "v8")
    await driver.until_shown("nodes.dk03-c reverts in")


async def with_a_verb_that_asks(driver: Driver) -> None:
    await driver.press("colon")
    driver.app.screen.query_one(Input).value = "node remove dk03-a"


async def in_the_past(driver: Driver) -> None:
    await driver.press("t")


async def on_a_secret(driver: Driver) -> None:
    await to("audit")(driver)
    audit = driver.deck.audit
    audit.table.move_to(next(key for key in driver.rows("audit") if audit.target(key) == NODE_KEY))


async def with_a_reason_to_look(driver: Driver) -> None:
    await on_a_secret(driver)
    await driver.press("x")
    await driver.until(lambda: isinstance(driver.app.screen, ReasonScreen), "the question")
    field = driver.app.screen.query_one(Input)
    field.value = "to see"
    field.focus()


async def with_a_setting_staged(driver: Driver) -> None:
    await driver.press("6")
    await driver.until(
        lambda: bool(driver.app.screen.query_one("#settings Table", Table).rows), "them"
    )
    await stage_a_setting(driver, CAPACITY, "1024")


async def with_files_to_import(driver: Driver) -> None:
    await driver.press("7")
    wizard = Wizard(driver.app, driver.pilot)
    await wizard.reach(CHOOSE)
    await wizard.offered()


async def on_a_backup(driver: Driver) -> None:
    await driver.press("8")
    await driver.until(lambda: driver.app.screen.query_one(Table).rows, "the backups")
    later = "UPDATE chain_state SET value=value+1 WHERE key='current_height'"
    foreign.write(driver.app.session.locations.database, later)


async def with_an_import_done(driver: Driver) -> None:
    await with_files_to_import(driver)
    wizard = Wizard(driver.app, driver.pilot)
    file = driver.app.session.locations.config.with_name("one.json")
    file.write_text('{"svc": {"port": 1}}')
    await wizard.choose(file)
    await wizard.on_to(REVIEW)
    await wizard.start()
    await wizard.reach(DONE)
    wizard.focus("#rollback")


DIALOGS: Final[tuple[tuple[type[ModalScreen[Any]], Arrange, str], ...]] = (
    (HelpScreen, to("chain"), "question_mark"),
    (FormScreen, to("nodes"), "e"),
    (FormScreen, to("params"), "e"),
    (FormScreen, to("nodes"), "a"),
    (FormScreen, to("nodes"), "c"),
    (ReviewScreen, to("nodes"), "o"),
    (ReviewScreen, to("nodes"), "D"),
    (ReviewScreen, to("audit"), "u"),
    (ReviewScreen, typed_into_a_form, "ctrl+s"),
    (ReviewScreen, typed_into_a_form, "ctrl+o"),
    (leaving.LeaveScreen, typed_into_a_form, "escape"),
    (leaving.LeaveScreen, typed_into_a_form, "ctrl+c"),
    (ThreeWayScreen, with_somebody_first, "ctrl+s"),
    (ReviewScreen, with_an_edit_staged, "ctrl+s"),
    (leaving.LeaveScreen, with_an_edit_staged, "r"),
    (leaving.LeaveScreen, with_an_edit_staged, "q"),
    (ReasonScreen, on_a_secret, "x"),
    (RevealScreen, with_a_reason_to_look, "enter"),
    (ReviewScreen, with_a_setting_staged, "ctrl+s"),
    (leaving.LeaveScreen, with_a_setting_staged, "escape"),
    (JumpScreen, in_the_past, "t"),
    (CommandScreen, to("chain"), "colon"),
    (QuestionScreen, with_a_verb_that_asks, "enter"),
    (ReviewScreen, with_an_unconfirmed_edit, "K"),
    (DecideScreen, with_files_to_import, "e"),
    (MakeScreen, on_a_backup, "a"),
    (ReviewScreen, on_a_backup, "R"),
    (ReviewScreen, on_a_backup, "D"),
    (StateScreen, with_an_import_done, "enter"),
)

TELLING: Final = {TakenBackScreen}
"""What tells of something that is done, and has nothing to choose."""


def dialogs(parent: type[ModalScreen[Any]] = ModalScreen) -> set[type[ModalScreen[Any]]]:
    """Every dialog class of the console, whatever module it is in."""
    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        importlib.import_module(module.name)
    found: set[type[ModalScreen[Any]]] = set()
    waiting = [parent]
    while waiting:
        for each in waiting.pop().__subclasses__():
            waiting.append(each)
            if each.__module__.startswith("tui.") and each is not Dialog:
                found.add(each)
    return found


def test_no_dialog_is_left_out() -> None:
    assert dialogs() == {dialog for dialog, _, _ in DIALOGS} | TELLING


def state(places: Locations) -> tuple[Position, bytes, list[int], set[str]]:
    kept = {each.name for each in backup.listed(places)}
    with ConfigManager.open(places, actor="tests") as manager:
        waiting = [one.id for one in manager.reversals()]
        return manager.position(), places.config.read_bytes(), waiting, kept


async def home(driver: Driver) -> None:
    """Leave whatever is open, and drop what is staged."""
    for _ in range(20):
        if driver.app.screen is driver.deck and not driver.app.staged and not driver.deck.visit:
            return
        if "Leave nodedeck?" in driver.screen():
            await driver.press("escape")
        elif isinstance(driver.app.screen, leaving.LeaveScreen):
            driver.app.screen.query_one("#drop").focus()
            await driver.press("enter")
        elif driver.app.screen is driver.deck and driver.app.staged:
            await driver.press("r")
        else:
            await driver.press("escape")
    raise AssertionError(f"there is no way home:\n{driver.screen()}")


async def test_the_key_that_opens_it_ten_times(places: Locations) -> None:
    async with opened(console(places)) as driver:
        for dialog, arrange, key in DIALOGS:
            told = f"{dialog.__name__} by {key}"
            await arrange(driver)
            before = state(places)
            await driver.press(key)
            await driver.until(
                lambda: isinstance(driver.app.screen, dialog) and driver.app.screen.focused,  # noqa: B023
                told,
            )
            focused = driver.app.screen.focused
            assert dialog in NO_ANSWER or (focused and focused.id in SAFE), told
            await driver.pilot.press(*[key] * 9)
            await driver.pilot.pause()
            assert driver.app.is_running, told
            assert state(places) == before, told
            await home(driver)
            assert state(places) == before, told
