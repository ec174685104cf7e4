"""What the settings look like, at both sizes; time, host and data stand still."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from store.locations import Locations
from store.manager import ConfigManager
from tests.support.clock import FixedClock
from tests.support.deck import Driver, console, told_state
from tests.tui.test_deck_pictures import Compare
from tui.app import NodedeckApp

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
_CACHE = {
    "capacity_mb": {
        "type": "integer",
        "minimum": 64,
        "maximum": 4096,
        "default": 512,
        "description": "Memory of the cache, in megabytes.",
        "help_text": "Takes effect at the next start.\nHalf of what the host has free is enough.",
    },
    "mode": {"enum": ["lru", "lfu"], "default": "lru", "description": "Which entry goes first."},
    "token": {"type": "string", "writeOnly": True, "description": "Who may fill it."},
}


@pytest.fixture
def places(tmp_path: Path, clock: FixedClock) -> Locations:
    found = told_state(tmp_path, clock.now)
    with ConfigManager.open(found, actor="setup") as manager:
        manager.load_schema({"type": "object", "properties": _CACHE}, service="cache")
        manager.save_profile("cache", "calm")
        manager.set_value("cache.page_mask", "255")
        manager.set_flag("new-router", 25, description="The router of June.")
    return found


def after(app: NodedeckApp, *keys: str) -> object:
    """Open the cache's settings, and press keys, each once the one before has come to rest."""

    async def run(pilot: Pilot[int]) -> None:
        driver = Driver(app, pilot)
        await driver.settle()
        await driver.press("6")
        await driver.until_shown("scheduler.queue_depth")
        await driver.press("slash", *"cache", "enter", "g")
        for key in keys:
            await driver.press(key)
        await driver.settle()

    return run


@SIZES
@pytest.mark.parametrize(
    "keys",
    [
        pytest.param((), id="list"),
        pytest.param(("e", "end", "backspace"), id="field"),
        pytest.param(
            ("e", "end", "0", "backspace", "backspace", "0", "enter", "ctrl+s"), id="preview"
        ),
        pytest.param(("P",), id="profiles"),
    ],
)
def test_settings(
    snap_compare: Compare,
    places: Locations,
    clock: FixedClock,
    size: tuple[int, int],
    keys: tuple[str, ...],
) -> None:
    app = console(places, clock=clock)
    assert snap_compare(app, terminal_size=size, run_before=after(app, *keys))
