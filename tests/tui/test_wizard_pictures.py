"""What the import wizard looks like, step by step; time, paths and data stand still."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from store.locations import Locations
from store.manager import ConfigManager
from tests.store.importing.samples import run
from tests.support.clock import FixedClock
from tests.support.deck import console
from tests.tui.test_wizard import CHOOSE, CONFIRM, DONE, SORT_OUT, Wizard
from tui.app import NodedeckApp
from tui.demo import demo_files

Compare = Callable[..., bool]
NAMES = ("api-config.yaml", "dev_config.toml", "node-config.json")
SIZES = ((80, 24), (120, 40))


class _Here(type(Path())):  # type: ignore[misc]
    """A path whose current directory has no name."""

    @classmethod
    def cwd(cls) -> Path:
        return Path()


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Locations:
    """The demo's files in the current directory, named without it: it differs on every run."""
    for name in NAMES:
        shutil.copy(demo_files() / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tui.screens.wizard.Path", _Here)
    monkeypatch.setattr("tui.screens.wizard.likely_files", lambda _: list(map(Path, NAMES)))
    return Locations(Path("api-config.yaml"), Path("state.db"))


def until(step: int, *keys: str) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Open the wizard, go to a step, and press keys there."""

    async def drive(pilot: Pilot[int]) -> None:
        assert isinstance(pilot.app, NodedeckApp)
        driver = Wizard(pilot.app, pilot)
        await driver.press("7")
        await driver.reach(CHOOSE)
        for number in range(1, step + 1):
            if number == DONE:
                await driver.press("tab", "enter")
            else:
                await driver.press("ctrl+s")
            await driver.reach(number)
        await driver.press(*keys)
        await pilot.pause()

    return drive


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize("step", range(4), ids=["choose", "plan", "confirm", "result"])
def test_step(snap_compare: Compare, host: Locations, step: int, size: tuple[int, int]) -> None:
    app = console(host, clock=FixedClock())
    assert snap_compare(app, terminal_size=size, run_before=until(step))


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_conflicts(snap_compare: Compare, host: Locations, size: tuple[int, int]) -> None:
    _filled(host)
    app = console(host, clock=FixedClock())
    assert snap_compare(app, terminal_size=size, run_before=until(SORT_OUT))


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_the_file_wins_and_is_cut(
    snap_compare: Compare, host: Locations, size: tuple[int, int]
) -> None:
    _filled(host)
    app = console(host, clock=FixedClock())

    async def drive(pilot: Pilot[int]) -> None:
        await until(SORT_OUT, "shift+tab", "space")(pilot)
        driver = Wizard(app, pilot)
        await driver.until(lambda: driver.table.rows[0].cell(0).text == "change", "a new plan")
        await driver.press("ctrl+s")
        await driver.reach(CONFIRM)
        await driver.press("shift+tab", "space")
        await pilot.pause()

    assert snap_compare(app, terminal_size=size, run_before=drive)


def test_toml(snap_compare: Compare, host: Locations) -> None:
    app = console(Locations(Path("dev_config.toml"), host.database), clock=FixedClock())
    assert snap_compare(app, terminal_size=(80, 24), run_before=until(CONFIRM))


def test_a_fault(snap_compare: Compare, host: Locations) -> None:
    text = host.config.read_text().replace("inference_port: 5050", "inference_port: [5050", 1)
    host.config.write_text(text)
    app = console(host, clock=FixedClock())

    async def drive(pilot: Pilot[int]) -> None:
        await until(CHOOSE, "enter")(pilot)
        driver = Wizard(app, pilot)
        await driver.until(lambda: driver.fault, "the fault")
        await pilot.pause()

    assert snap_compare(app, terminal_size=(80, 24), run_before=drive)


def _filled(host: Locations) -> None:
    """Import the file, then let the database move on."""
    run(host.config, host)
    with ConfigManager.open(host, actor="") as manager:
        manager.set_height(2_415_400)
        manager.set_value("nodes.dk03-a.max_concurrent", "500")
