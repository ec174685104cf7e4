"""A changed cell flashes, fades where things may move, and is as usual again."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot

from store.locations import Locations
from tui.app import NodedeckApp
from tui.preferences import Preferences
from tui.session import Session
from tui.theme import FEW_COLOURS, THEMES
from tui.widgets import table_base
from tui.widgets.table import Cell, Column, Row, Table
from tui.widgets.table_model import Flashes

_A, _B, _NONE = frozenset({"a"}), frozenset({"b"}), frozenset[str]()
_ROWS = [Row(f"k{at}", ("one", Cell("two", "strong"))) for at in range(3)]
_CHANGED = [_ROWS[0], Row("k1", ("one", "2"), _B), _ROWS[2]]


def test_a_flash_fades_and_ends() -> None:
    flashes = Flashes()
    flashes.start("row", _A, until=1.0)
    assert _shown(flashes) == (_A, _NONE, 1.0)
    flashes.expire(0.9, fade=0.5)
    assert _shown(flashes) == (_A, _NONE, 1.0)
    flashes.expire(1.0, fade=0.5)
    assert _shown(flashes) == (_NONE, _A, 1.5)
    flashes.expire(1.5, fade=0.5)
    assert _shown(flashes) == (_NONE, _NONE, None)


def test_without_a_fade_a_flash_ends_at_once() -> None:
    flashes = Flashes()
    flashes.start("row", _A, until=1.0)
    flashes.expire(1.0)
    assert _shown(flashes) == (_NONE, _NONE, None)


def test_a_cell_that_fades_flashes_again_only_where_it_changed() -> None:
    flashes = Flashes()
    flashes.start("row", _A | _B, until=1.0)
    flashes.expire(1.0, fade=0.5)
    flashes.start("row", _B, until=2.0)
    assert _shown(flashes) == (_B, _A, 1.5)
    flashes.expire(1.5, fade=0.5)
    assert _shown(flashes) == (_B, _NONE, 2.0)


def _shown(flashes: Flashes) -> tuple[frozenset[str], frozenset[str], float | None]:
    return flashes.columns("row"), flashes.fading("row"), flashes.next_end()


class _App(App[None]):
    def __init__(self, theme: str) -> None:
        super().__init__()
        for one in THEMES:
            self.register_theme(one)
        self.theme = theme
        self.animation_level = "basic"

    def compose(self) -> ComposeResult:
        yield Table((Column("a", "a", width=6), Column("b", "b", width=6)), cursor=False)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_base, "FLASH_SECONDS", 0.1)
    monkeypatch.setattr(table_base, "FADE_SECONDS", 0.1)


async def _until(pilot: Pilot[None], done: Callable[[], bool]) -> None:
    for _ in range(2000):
        if done():
            return
        await pilot.pause(0.005)
    raise AssertionError("it did not come to that")


async def _steps(theme: str, monkeypatch: pytest.MonkeyPatch) -> tuple[list[Style], list[Region]]:
    """The styles of the changed cell, one after the other, and the repaints that led there."""
    app = _App(theme)
    async with app.run_test(size=(40, 10)) as pilot:
        table = app.query_one(Table)
        table.set_rows(_ROWS)
        await pilot.pause()
        table.set_rows(_CHANGED)
        seen, painted = [_style(table)], list[Region]()
        refresh = table.refresh

        def paint(*regions: Region, **options: bool) -> Table:
            refresh(*regions, **options)
            painted.extend(regions)
            seen.append(_style(table))
            return table

        monkeypatch.setattr(table, "refresh", paint)
        await _until(pilot, lambda: table._flashes.next_end() is None)
        return list(seen), list(painted)


def _style(table: Table) -> Style:
    segments = [one for one in table.render_line(2) if "2" in one.text]
    assert segments[0].style is not None
    return segments[0].style


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
@pytest.mark.usefixtures("short")
async def test_a_change_is_strong_then_faint_then_as_usual(
    theme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    styles, painted = await _steps(theme, monkeypatch)
    assert len(painted) == 2  # the repaints of the flashing cell alone
    assert painted[0] == painted[1]
    assert (painted[0].width, painted[0].height) == (6, 1)
    strong, faint, usual = styles
    assert strong.bold
    assert not faint.bold
    assert strong.bgcolor != faint.bgcolor == usual.bgcolor
    assert faint.color != usual.color


@pytest.mark.usefixtures("short")
async def test_without_colours_a_change_is_told_by_attributes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    styles, _ = await _steps(FEW_COLOURS, monkeypatch)
    told = [(bool(one.bold), bool(one.underline)) for one in styles]
    assert told == [(True, True), (False, True), (False, False)]


@pytest.mark.parametrize("chosen", [False, True])
async def test_animations_are_a_choice(
    tmp_path_factory: pytest.TempPathFactory, chosen: bool
) -> None:
    folder = tmp_path_factory.mktemp("none")
    places = Locations(folder / "config.yaml", folder / "state.db")
    app = NodedeckApp(Session(places, "x"), chosen=Preferences(animations=chosen), host="h")
    assert (app.animation_level != "none") is chosen
