"""The import wizard, driven by keys."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, Static

from store import collecting
from store.importing import apply as engine
from store.importing.plan import Row as Leaf
from store.importing.progress import Phase
from store.locations import Locations
from tests.support.clock import FixedClock
from tests.support.deck import Driver, console, opened
from tui.screens.wizard import WizardScreen
from tui.widgets.table import Table
from tui.wizard.draft import Draft
from tui.wizard.taking_back import StateScreen

CHOOSE, SORT_OUT, CHECK, REVIEW, RUN, DONE = range(6)
BACKUP = "config.yaml.pre-migration.20250301T120000Z"
"""The copy that an import makes of ``config.yaml`` by the fixed clock."""
_PARTS = ("file", "plan", "problems", "apply", "phases", "told")


@pytest.fixture(autouse=True)
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a host's files, not the current one."""
    folder = tmp_path / "host"
    folder.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return folder


def held_at_write(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Let imports stop behind their first value until the event is set."""
    held, apply = threading.Event(), engine.apply

    def slow(*given: Any, progress: Any, **named: Any) -> Any:
        def heard(phase: Phase, done: int, total: int) -> None:
            progress(phase, done, total)
            if phase is Phase.WRITE and done:
                held.wait()

        return apply(*given, progress=heard, **named)

    monkeypatch.setattr(engine, "apply", slow)
    return held


class Wizard(Driver):
    """A driver that knows the wizard's parts."""

    @property
    def screen_now(self) -> WizardScreen:
        screen = self.app.screen
        assert isinstance(screen, WizardScreen), screen
        return screen

    @property
    def draft(self) -> Draft:
        return self.screen_now.step.draft

    @property
    def table(self) -> Table:
        return self.screen_now.query_one(Table)

    @property
    def fault(self) -> str:
        for said in self.screen_now.query("#fault").results(Static):
            if said.display and not said.has_class("-working"):
                return str(said.content)
        return ""

    @property
    def focused(self) -> str | None:
        return self.app.focused.id if self.app.focused else None

    def focus(self, selector: str) -> None:
        """Give the keys to a part of the screen, at once."""
        self.app.screen.set_focus(self.app.screen.query_one(selector))

    def step(self) -> int:
        """The step whose parts are all on the screen."""
        if not isinstance(self.app.screen, WizardScreen):
            return -1
        there = [step for step, id in enumerate(_PARTS) if self.screen_now.query(f"#{id}")]
        if len(there) != 1 or not (self.focused or there == [RUN]):
            return -1
        (step,) = there
        filled = step != SORT_OUT or bool(self.table.rows)
        return step if filled and not self.screen_now.moving else -1

    async def reach(self, step: int) -> None:
        await self.until(lambda: self.step() == step, f"step {step}")
        await self.pilot.pause()

    async def offered(self) -> None:
        """Wait until the files were looked for."""
        await self.until(lambda: "Looking" not in self.screen(), "the files")

    async def looked(self) -> None:
        """Wait until the dialog about a rollback knows what each state would do."""
        await self.until(lambda: isinstance(self.app.screen, StateScreen), "the dialog")
        told = list(self.app.screen.query(".would").results(Static))
        await self.until(lambda: all("Looking" not in str(each.content) for each in told), "a look")

    async def name(self, file: str | Path) -> None:
        """Name a file by its path, and stay on the step."""
        self.focus("#file")
        self.screen_now.query_one("#file", Input).value = str(file)
        await self.press("enter")

    async def choose(self, file: str | Path) -> None:
        """Name a file by its path, and go on with it."""
        await self.name(file)
        await self.until(lambda: self.focused == "files", "the file among the files")
        await self.press("enter")
        await self.reach(SORT_OUT)

    async def on_to(self, step: int) -> None:
        """Go on step by step."""
        while (now := self.step()) < step:
            await self.press("ctrl+s")
            await self.reach(now + 1)

    async def start(self) -> None:
        """Press the button that imports."""
        assert self.focused == "back"
        await self.press("tab")
        while self.focused != "apply":
            await self.press("tab")
        await self.press("enter")

    def column(self, column: int) -> list[str]:
        return [row.cell(column).text.strip() for row in self.table.rows]

    def row(self, path: str) -> list[str]:
        """The cells of the row that has a path in one of its first three cells."""
        for row in self.table.rows:
            texts = [cell.text.strip() for cell in map(row.cell, range(5))]
            if path in texts[:3]:
                return texts
        raise AssertionError(f"no row of {path}; the screen:\n{self.screen()}")

    async def go_to(self, path: str) -> None:
        """Put the cursor on the row of a path."""
        key = next(
            row.key
            for row in self.table.rows
            if path in [row.cell(at).text.strip() for at in range(3)]
        )
        self.table.move_to(key)
        await self.pilot.pause()


@asynccontextmanager
async def wizard(
    at: Locations, *, read_only: bool = False, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Wizard]:
    app = console(at, clock=FixedClock(), read_only=read_only)
    async with opened(app, size=size, read=False) as driver:
        await driver.press("7")
        wizard = Wizard(app, driver.pilot)
        await wizard.reach(CHOOSE)
        await wizard.offered()
        yield wizard
    # what one test set aside is none of the next one's
    collecting._aside = False
    gc.unfreeze()


def leaves() -> list[Leaf]:
    """The leaves of plans that are in memory and held by something, a thread of another test's."""
    gc.unfreeze()
    gc.collect()
    return _leaves()


@contextmanager
def uncollected(others: list[Leaf]) -> Iterator[Callable[[], list[Leaf]]]:
    """Collect no circles meanwhile; yields what finds the leaves of plans, but for ``others``."""
    known = set(map(id, others))
    gc.unfreeze()
    gc.disable()
    try:
        yield lambda: [each for each in _leaves() if id(each) not in known]
    finally:
        gc.enable()


def _leaves() -> list[Leaf]:
    return [each for each in gc.get_objects() if isinstance(each, Leaf)]


def left_alone(folder: Path) -> None:
    """Let the files of a folder be old enough that no daemon can be at them."""
    for path in folder.iterdir():
        os.utime(path, (1_700_000_000, 1_700_000_000))
