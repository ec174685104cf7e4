"""Imports of before, listed and taken back in the wizard by keyboard alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Button

from store.errors import BadDocument, CannotCut, UsageError, VersionConflict
from store.importing.rollback import State
from store.manager import ConfigManager
from tests.store.importing.samples import (
    RUNNING,
    SETTINGS,
    database_leaves,
    on_disk,
    places,
    put,
    run,
)
from tests.support.wizard import BACKUP, CHOOSE, Wizard, host, left_alone, wizard
from tui.screens.wizard import WizardScreen
from tui.widgets.table import Table
from tui.wizard import wording
from tui.wizard.bench import TakenBack
from tui.wizard.earlier import EarlierScreen
from tui.wizard.endings import TakenBackScreen, told
from tui.wizard.taking_back import StateScreen

__all__ = ["host"]


def two_imports(host: Path) -> Path:
    """A config file that was cut, then settings; an operator changed a node since."""
    file = put(host, "config.yaml", RUNNING)
    run(file, places(host), rewrite=True)
    run(put(host, "dev.toml", SETTINGS), places(host))
    with ConfigManager.open(places(host), actor="ops@gx-07") as manager:
        manager.set_value("nodes.node1.max_concurrent", "7")
    left_alone(host)
    return file


def listed(driver: Wizard) -> list[list[str]]:
    table = driver.app.screen.query_one(Table)
    return [[row.cell(at).text for at in (0, 3, 4, 5)] for row in table.rows]


async def to_list(driver: Wizard) -> None:
    assert "i earlier" in driver.screen()
    await driver.press("i")
    await driver.until(lambda: isinstance(driver.app.screen, EarlierScreen), "the list")
    await driver.until(lambda: "Looking for receipts" not in driver.screen(), "the receipts")


async def test_an_earlier_import_is_taken_back_after_a_look(host: Path) -> None:
    file = two_imports(host)
    cut = file.read_text()
    async with wizard(places(host), size=(80, 24)) as driver:
        await to_list(driver)
        assert listed(driver) == [
            ["2", "dev.toml", "10 add", "no"],
            ["1", "config.yaml", "33 add, 3 stay", "no"],
        ]
        await driver.press("down")
        await driver.until_shown("Can come back:")
        for _ in range(3):  # a key that is held down takes nothing back
            await driver.press("enter")
        assert file.read_text() == cut
        if not isinstance(driver.app.screen, StateScreen):
            await driver.press("enter")
        await driver.looked()
        await driver.until_shown("12 values of the", "goes back by this")
        assert driver.focused == "cancel"
        await driver.press("tab", "tab", "enter")
        await driver.until_shown("nodes.node1.max_concurrent", "Type config.yaml")
        commit = driver.app.screen.query_one("#commit", Button)
        assert commit.disabled
        driver.focus("#typed")
        await driver.press(*"config.yaml")
        driver.focus("#commit")
        await driver.press("enter")
        await driver.until(lambda: isinstance(driver.app.screen, TakenBackScreen), "the result")
        await driver.until_shown("receipt 3.", "Nothing of this import is left")
        assert (host / f"{BACKUP}-2").read_text() == cut
        await driver.press("enter")
        await driver.until(lambda: listed(driver)[1][3] == "✓ all of before", "the list anew")
        await driver.press("enter")
        await driver.looked()
        await driver.until_shown("Import 1 was taken back already (receipt 3)")
        assert "--state" not in driver.screen()
        assert all(driver.app.screen.query_one(f"#{state}").disabled for state in State)
        await driver.press("escape")
        await driver.press("escape")
        assert isinstance(driver.app.screen, WizardScreen)
        assert driver.step() == CHOOSE
    assert file.read_text() == RUNNING
    found = database_leaves(places(host))
    assert not any(path.startswith("nodes.") for path in found)
    assert "cache.size" in found or len(found) == 10


async def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(host: Path) -> None:
    two_imports(host)
    (host / BACKUP).write_text("another\n")
    before = on_disk(host)
    async with wizard(places(host)) as driver:
        await driver.press("shift+tab")
        assert driver.focused == "earlier"  # the button says so too
        await driver.press("enter")
        await driver.until_shown("33 add, 3 stay")
        await driver.press("G", "enter")
        await driver.looked()
        await driver.until_shown("is not the copy")
        assert all(driver.app.screen.query_one(f"#{state}").disabled for state in State)
    async with wizard(places(host), read_only=True) as driver:
        await to_list(driver)
        await driver.press("enter")
        await driver.until_shown("This console is read-only; nothing was changed.")
    assert on_disk(host) == before


async def test_without_a_database_there_is_nothing_to_take_back(host: Path) -> None:
    async with wizard(places(host)) as driver:
        await to_list(driver)
        await driver.until_shown("No import was done into this database yet.")
        await driver.press("enter", "escape")
        assert driver.step() == CHOOSE
    assert on_disk(host) == {}


def test_each_ending_says_what_is_what_was_kept_and_what_is_left() -> None:
    now = " ".join(told(TakenBack(1, State.NOW, 2, ("/c/copy",), (State.BEFORE,))))
    assert "Import 1 was taken back; receipt 2." in now
    assert "values of now. The database stays" in now
    assert "/c/copy" in now
    assert "What can still be done: bring back all of before" in now
    before = " ".join(told(TakenBack(1, State.BEFORE, 3, (), ())))
    assert "as it was before" in before
    assert "copy" not in before
    assert "Nothing of this import is left" in before


@pytest.mark.parametrize(
    ("fault", "hints"),
    [
        (CannotCut("It cannot be cut.", hint="Import it without --rewrite."), wording.RUNNING),
        (VersionConflict("It moved on.", hint="--wait waits."), wording.RUNNING),
        (BadDocument("It does not fit.", hint="Use --fix 'a=1'."), wording.RUNNING),
        (UsageError("A bad name.", hint="Use --prefix NAME."), wording.PLANNING),
        (VersionConflict("Done.", hint="'--state before' does."), wording.LOOKING_AT_NOW),
    ],
)
def test_a_fault_names_the_wizards_own_way_on(fault: UsageError, hints: wording.Hints) -> None:
    said = wording.told(fault, hints)
    assert said.startswith(fault.message)
    assert "--" not in said
    assert wording.told(fault, wording.NO_HINTS) == str(fault)
