"""Every kind of screen as a picture, in the sizes and colours that operators have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.filter import LineFilter
from textual.pilot import Pilot

from store.locations import Locations
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.deck import ACTOR, HOST, Driver, told_state
from tests.support.sixteen import Sixteen
from tui.app import NodedeckApp
from tui.session import Session
from tui.terminal import PlainGlyphs
from tui.theme import FEW_COLOURS
from tui.widgets.table import Table

Compare = Callable[..., bool]
SIZES = ((80, 24), (120, 40))
at_sizes = pytest.mark.parametrize("size", SIZES, ids=["80x24", "120x40"])
_NESTED = (
    '{"weight": {"value": "25", "exponent": -1}, "models": [{"id": "a", "on": true}, 7, null]}'
)


@pytest.fixture
def places(tmp_path: Path, clock: FixedClock) -> Locations:
    found = told_state(tmp_path, clock.now)
    # epochs that are over: one lost, one without a seed
    foreign.write(
        found.database,
        *(
            foreign.seed("previous", at, at, claimed=at != 149, is_active=0)
            for at in range(140, 156)
            if at != 152
        ),
    )
    return found


class _Sixteen(NodedeckApp):
    def get_line_filters(self) -> list[LineFilter]:
        return [*super().get_line_filters(), Sixteen()]


def console(
    places: Locations,
    clock: FixedClock,
    *,
    kind: type[NodedeckApp] = NodedeckApp,
    glyphs: PlainGlyphs | None = None,
    theme: str = "nodedeck-dark",
) -> NodedeckApp:
    app = kind(Session(places, ACTOR), clock=clock, host=HOST, glyphs=glyphs)
    app.theme = theme
    return app


def after(*keys: str) -> Callable[[Pilot[int]], Awaitable[None]]:
    """Press keys once the first picture is there; wait after each until what it opens is read."""

    async def run(pilot: Pilot[int]) -> None:
        assert isinstance(pilot.app, NodedeckApp)
        driver = Driver(pilot.app, pilot)
        await driver.settle()
        for key in keys:
            await driver.press(key)
            if key == "enter":
                screen = driver.app.screen
                await driver.until(lambda at=screen: filled(at.query(Table)), "what opened")  # type: ignore[misc]
        await driver.settle()

    return run


def filled(tables: object) -> bool:
    """Whether any table has rows, or the cursor is in one."""
    return any(table.rows for table in tables)  # type: ignore[attr-defined]


def test_deck_at_100x30(snap_compare: Compare, places: Locations, clock: FixedClock) -> None:
    app = console(places, clock)
    assert snap_compare(app, terminal_size=(100, 30), run_before=after())


@at_sizes
@pytest.mark.parametrize("pane", ["2", "5"], ids=["seeds", "audit"])
def test_zoomed(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int], pane: str
) -> None:
    app = console(places, clock)
    assert snap_compare(app, terminal_size=size, run_before=after(pane, "z"))


@at_sizes
def test_node(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int]
) -> None:
    app = console(places, clock)
    assert snap_compare(app, terminal_size=size, run_before=after("3", "j", "j", "enter"))


@at_sizes
def test_json(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int]
) -> None:
    row = {"param_type": "a", "param_data": _NESTED}
    foreign.write(
        places.database,
        foreign.insert("network_params", row),
        ("UPDATE audit_log SET at=? WHERE id=(SELECT max(id) FROM audit_log)", (_STAMP,)),
    )
    app = console(places, clock)
    keys = ("4", "G", "k", "k", "enter", "tab", "j", "j")
    assert snap_compare(app, terminal_size=size, run_before=after(*keys))


_STAMP = "2025-03-01T11:58:00.000Z"


@at_sizes
def test_removed(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int]
) -> None:
    app = console(places, clock)

    async def removed(pilot: Pilot[int]) -> None:
        await after("3", "enter")(pilot)
        driver = Driver(app, pilot)
        foreign.write(
            places.database,
            "DELETE FROM inference_nodes WHERE id='dk03-a'",
            ("UPDATE audit_log SET at=? WHERE id=(SELECT max(id) FROM audit_log)", (_STAMP,)),
        )
        await driver.until_shown("was removed")
        table = app.screen.query_one("#past Table", Table)
        await driver.until(lambda: not table._flashes.next_end(), "the end of the flash")
        await driver.settle()

    assert snap_compare(app, terminal_size=size, run_before=removed)


@at_sizes
def test_change(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int]
) -> None:
    app = console(places, clock)
    assert snap_compare(app, terminal_size=size, run_before=after("5", "j", "j", "enter"))


def test_before_and_after(snap_compare: Compare, places: Locations, clock: FixedClock) -> None:
    app = console(places, clock)
    keys = ("5", "j", "j", "enter", "enter")
    assert snap_compare(app, terminal_size=(80, 24), run_before=after(*keys))


@at_sizes
def test_findings(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int]
) -> None:
    clock.advance(90)
    app = console(places, clock)
    assert snap_compare(app, terminal_size=size, run_before=after("f"))


def test_help_at_120x40(snap_compare: Compare, places: Locations, clock: FixedClock) -> None:
    app = console(places, clock)
    assert snap_compare(app, terminal_size=(120, 40), run_before=after("question_mark"))


@at_sizes
def test_sixteen_colours(
    snap_compare: Compare, places: Locations, clock: FixedClock, size: tuple[int, int]
) -> None:
    app = console(places, clock, kind=_Sixteen, theme=FEW_COLOURS)
    assert snap_compare(app, terminal_size=size, run_before=after("2"))


def test_sixteen_colours_of_findings(
    snap_compare: Compare, places: Locations, clock: FixedClock
) -> None:
    clock.advance(90)
    app = console(places, clock, kind=_Sixteen, theme=FEW_COLOURS)
    assert snap_compare(app, terminal_size=(80, 24), run_before=after("f"))


@at_sizes
def test_no_color(
    snap_compare: Compare,
    places: Locations,
    clock: FixedClock,
    size: tuple[int, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    clock.advance(90)
    app = console(places, clock)
    assert snap_compare(app, terminal_size=size, run_before=after("2"))


def test_ascii(snap_compare: Compare, places: Locations, clock: FixedClock) -> None:
    app = console(places, clock, glyphs=PlainGlyphs("ascii"))
    assert snap_compare(app, terminal_size=(120, 40), run_before=after("2"))


def test_light_detail(snap_compare: Compare, places: Locations, clock: FixedClock) -> None:
    app = console(places, clock, theme="nodedeck-light")
    assert snap_compare(app, terminal_size=(80, 24), run_before=after("3", "j", "enter"))
