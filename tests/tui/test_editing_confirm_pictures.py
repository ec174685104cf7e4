"""The countdown of an edit that reverts by itself, and the last look before it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from textual.pilot import Pilot

from store.locations import Locations
from store.manager import ConfigManager
from store.uptime import Uptime
from tests.support import foreign, reverters
from tests.support.clock import FixedClock
from tests.support.deck import ACTOR, Driver, console, told_state
from tests.tui.test_editing_undo import asked
from tui.app import NodedeckApp

Compare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
GONE_BY = 13.5
_MADE = 100.0


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Locations]:
    """An edit that waits, of which so many seconds are gone; nothing moves by itself."""
    clock = FixedClock()
    found = told_state(tmp_path_factory.mktemp("waits"), clock.now)
    made, now = Uptime("pictures", _MADE), Uptime("pictures", _MADE + GONE_BY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("store.detached.started", reverters.nobody)
        patch.setattr("store.operations.pending.uptime", lambda: made)
        with ConfigManager.open(found, actor=ACTOR, clock=clock) as manager:
            with manager.unless_confirmed(60.0, reason="memory errors"):
                manager.set_value("nodes.dk03-a.max_concurrent", "250", reason="memory errors")
            newest = manager.snapshot().change_id
        at = "UPDATE audit_log SET at='2025-03-01T11:59:47.000Z' WHERE id=?"
        foreign.write(found.database, (at, (newest,)))
        patch.setattr("store.operations.pending.uptime", lambda: now)
        patch.setattr("tui.editing.countdown.uptime", lambda: now)
        yield found


@SIZES
@pytest.mark.parametrize("keep", [False, True], ids=["countdown", "keep"])
def test_confirming(
    snap_compare: Compare,
    places: Locations,
    clock: FixedClock,
    size: tuple[int, int],
    keep: bool,
) -> None:
    async def run(pilot: Pilot[int]) -> None:
        assert isinstance(pilot.app, NodedeckApp)
        driver = Driver(pilot.app, pilot)
        await driver.settle()
        await driver.until_shown("nodes.dk03-a reverts in 47 s unless it is kept: K")
        if keep:
            await driver.press("K")
            await asked(driver)
        await driver.settle()

    app = console(places, clock=clock)
    assert snap_compare(app, terminal_size=size, run_before=run)
