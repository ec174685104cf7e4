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
from tests.support.wizard import (
    CHECK,
    CHOOSE,
    DONE,
    REVIEW,
    RUN,
    SORT_OUT,
    Wizard,
    held_at_write,
    left_alone,
)
from tui.app import NodedeckApp
from tui.demo import demo_files
from tui.wizard.taking_back import StateScreen

Compare = Callable[..., bool]
NAMES = ("api-config.yaml", "dev_config.toml", "node-config.json", "svc.yaml")
SIZES = ((80, 24), (120, 40))
_SERVICE = """\
gateway:
  enabled: on
  umask: 017
  password: hunter2-and-more
  url: https://gateway.example
"""


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Locations:
    """Files in the current directory, named without it, and a database that moved on."""
    for name in NAMES[:3]:
        shutil.copy(demo_files() / name, tmp_path / name)
    (tmp_path / "svc.yaml").write_text(_SERVICE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("socket.gethostname", lambda: "gx-07")
    monkeypatch.setattr("tui.wizard.likely.likely_files", lambda _: list(map(Path, NAMES)))
    places = Locations(Path("api-config.yaml"), Path("state.db"))
    run(places.config, places)
    with ConfigManager.open(places, actor="") as manager:
        manager.set_height(2_415_400)
        manager.set_value("nodes.dk03-a.max_concurrent", "500")
    text = places.config.read_text()
    places.config.write_text(text.replace("inference_port: 5050", "inference_port: 70000", 1))
    left_alone(tmp_path)
    return places


def until(step: int, *keys: str) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Open the wizard on two files, go to a step, and press keys there."""

    async def drive(pilot: Pilot[int]) -> None:
        assert isinstance(pilot.app, NodedeckApp)
        driver = Wizard(pilot.app, pilot)
        await driver.press("7")
        await driver.reach(CHOOSE)
        await driver.offered()
        await driver.press("space", "down", "down", "down", "space")
        await driver.on_to(min(step, REVIEW))
        if step >= REVIEW:
            await driver.until_shown("current_height" if step < REVIEW else "gateway.url")
        if step > REVIEW:
            await driver.start()
            await driver.reach(step)
        if keys:
            step_screen = pilot.app.screen
            await driver.until(lambda: step_screen.focused, "the focus")
            await driver.press(*keys)
            await driver.until(lambda: pilot.app.screen is not step_screen, "the dialog")
            if isinstance(pilot.app.screen, StateScreen):
                await driver.looked()
            await driver.until(lambda: "Looking" not in driver.screen(), "what it looks for")
        await driver.settle()

    return drive


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
@pytest.mark.parametrize(
    "step",
    (CHOOSE, SORT_OUT, CHECK, REVIEW, DONE),
    ids=["choose", "sort", "check", "review", "done"],
)
def test_step(snap_compare: Compare, host: Locations, step: int, size: tuple[int, int]) -> None:
    app = console(host, clock=FixedClock())
    assert snap_compare(app, terminal_size=size, run_before=until(step))


def test_progress(snap_compare: Compare, host: Locations, monkeypatch: pytest.MonkeyPatch) -> None:
    held = held_at_write(monkeypatch)

    async def drive(pilot: Pilot[int]) -> None:
        await until(RUN)(pilot)
        assert isinstance(pilot.app, NodedeckApp)
        await Wizard(pilot.app, pilot).until_shown("1 of")

    try:
        assert snap_compare(
            console(host, clock=FixedClock()), terminal_size=(80, 24), run_before=drive
        )
    finally:
        held.set()


@pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
def test_earlier(snap_compare: Compare, host: Locations, size: tuple[int, int]) -> None:
    app = console(host, clock=FixedClock())
    assert snap_compare(app, terminal_size=size, run_before=until(CHOOSE, "i"))


@pytest.mark.parametrize(
    ("step", "keys"),
    [(CHOOSE, ("e",)), (CHECK, ("e",)), (CHECK, ("G", "e")), (DONE, ("tab", "tab", "enter"))],
    ids=["file", "refused", "reading", "rollback"],
)
def test_dialog(snap_compare: Compare, host: Locations, step: int, keys: tuple[str, ...]) -> None:
    app = console(host, clock=FixedClock())
    assert snap_compare(app, terminal_size=(80, 24), run_before=until(step, *keys))
