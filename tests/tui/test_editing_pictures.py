"""What edits, as pictures: the form, its refusals, the last look, leaving, staged, the undo."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from store.locations import Locations
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.deck import Driver, console, told_state
from tui.app import NodedeckApp
from tui.editing.fields import FieldBox

Compare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
PICTURES = {
    "undo": (("5", "G", "u"), "", False, ()),
    "form": (("3", "e"), "", False, ()),
    "new": (("3", "c"), "", False, ()),
    "refused": (("3", "e"), "many", False, ("ctrl+s",)),
    "review": (("3", "e"), "250", False, ("ctrl+s",)),
    "three_ways": (("3", "e"), "250", True, ("ctrl+s",)),
    "leaving": (("3", "e"), "250", False, ("escape",)),
    "staged": (("3", "e"), "250", False, ("escape", "tab", "enter")),
    "removal": (("3", "D"), "", False, ()),
}


@pytest.fixture
def places(tmp_path: Path, clock: FixedClock) -> Locations:
    return told_state(tmp_path, clock.now)


@SIZES
@pytest.mark.parametrize("name", PICTURES)
def test_editing(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int], name: str
) -> None:
    keys, text, clash, then = PICTURES[name]

    async def run(pilot: Pilot[int]) -> None:
        assert isinstance(pilot.app, NodedeckApp)
        driver = Driver(pilot.app, pilot)
        await driver.settle()
        await driver.press(*keys)
        if text:
            boxes = driver.app.screen.query(FieldBox)
            field = next(one for one in boxes if one.spec.label == "max_concurrent").control
            assert isinstance(field, Input)
            field.focus()
            field.value = text
            await pilot.pause()
            if clash:
                foreign.write(
                    places.database,
                    "UPDATE inference_nodes SET max_concurrent=64",
                    "UPDATE audit_log SET at='2025-03-01T12:00:00.000Z' WHERE actor IS NULL",
                )
            await driver.press(*then)
            driver.app.clear_notifications()  # they go by themselves, at a time of their own
        await driver.settle()

    app = console(places, clock=clock)
    assert snap_compare(app, terminal_size=size, run_before=run)
