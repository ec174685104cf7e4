"""What is left out of a repaint stands on the terminal already."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, InlineUpdate, LayoutUpdate
from textual.app import App
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip

from store.locations import Locations
from tests.support.clock import FixedClock
from tests.support.deck import Driver, console, opened, outsider, told_state
from tests.support.screen import Emulator
from tui.app import NodedeckApp
from tui.repaint import Shown

WIDTH, HEIGHT = 12, 2
HEIGHT_BYTES = 600

TERMINAL = Console(color_system="truecolor", force_terminal=True, _environ={})
STYLES = (None, Style(bold=True), Style(color="red"), Style(color="#102030", bgcolor="#010203"))
CHARACTERS = ("a", "b", " ", "1", "░", "█", "世", "e\u0301")
TEXTS = st.lists(st.sampled_from(CHARACTERS), min_size=1, max_size=8).map("".join)
SEGMENTS = st.lists(st.tuples(TEXTS, st.sampled_from(STYLES)), max_size=5).map(
    lambda pieces: [Segment(text, style) for text, style in pieces]
)


def strip(segments: list[Segment], width: int) -> Strip:
    return Strip(segments).crop_extend(0, width, None)


@st.composite
def spans(draw: st.DrawFn) -> ChopsUpdate:
    """A repaint of some lines, each cut where two widgets meet."""
    cut = draw(st.integers(1, WIDTH - 1))
    chops = [
        {0: strip(draw(SEGMENTS), cut), cut: strip(draw(SEGMENTS), WIDTH - cut)}
        for _ in range(HEIGHT)
    ]
    regions = []
    for y in range(HEIGHT):
        start = draw(st.integers(0, WIDTH - 1))
        regions.append((y, start, draw(st.integers(start + 1, WIDTH))))
    return ChopsUpdate(chops, regions, [[cut, WIDTH]] * HEIGHT)


def whole(segments: list[Segment]) -> LayoutUpdate:
    return LayoutUpdate([[strip(segments, WIDTH)]] * HEIGHT, Region(0, 0, WIDTH, HEIGHT))


@given(first=SEGMENTS, updates=st.lists(spans(), max_size=6))
def test_the_terminal_shows_what_a_whole_repaint_would_show(
    first: list[Segment], updates: list[ChopsUpdate]
) -> None:
    shown, ours, theirs = Shown(), Emulator(WIDTH, HEIGHT), Emulator(WIDTH, HEIGHT)
    for update in (whole(first), *updates):
        less = shown.told_apart(update)
        ours.feed(less.render_segments(TERMINAL) if less else "")
        theirs.feed(update.render_segments(TERMINAL))
        assert ours.places == theirs.places


def one_line(text: str) -> ChopsUpdate:
    return ChopsUpdate([{0: Strip([Segment(text)])}], [(0, 0, len(text))], [[len(text)]])


def test_only_what_differs_is_sent() -> None:
    shown = Shown()
    assert _sent(shown, one_line("height 1,000")) == "\x1b[1;1Hheight 1,000"
    assert shown.told_apart(one_line("height 1,000")) is None
    assert _sent(shown, one_line("height 1,001")) == "\x1b[1;12H1"


def test_an_update_that_was_not_sent_is_not_taken_for_shown() -> None:
    shown = Shown()
    assert shown.told_apart(one_line("lost")) is not None
    assert _sent(shown, one_line("lost")) == "\x1b[1;1Hlost"


def test_a_whole_screen_and_a_forgotten_one_are_sent_again() -> None:
    shown = Shown()
    for _ in range(2):
        assert "ab" in _sent(shown, whole([Segment("ab")]))
    assert shown.told_apart(one_line("ab")) is None
    shown.forget()
    assert "ab" in _sent(shown, one_line("ab"))


def test_an_update_of_another_kind_is_sent_and_leaves_nothing_known() -> None:
    shown = Shown()
    _sent(shown, one_line("ab"))
    assert "other" in _sent(shown, InlineUpdate([Strip([Segment("other")])]))
    assert "ab" in _sent(shown, one_line("ab"))


def test_places_that_only_a_selection_counts_from_are_no_difference() -> None:
    shown = Shown()
    moved = Strip([Segment("ab", Style(meta={"offset": (3, 0)}))])
    _sent(shown, ChopsUpdate([{0: Strip([Segment("ab", Style())])}], [(0, 0, 2)], [[2]]))
    assert shown.told_apart(ChopsUpdate([{0: moved}], [(0, 0, 2)], [[2]])) is None


def _sent(shown: Shown, update: CompositorUpdate) -> str:
    less = shown.told_apart(update)
    assert less is not None
    return less.render_segments(TERMINAL)


class Watched:
    """Two terminals, one sent everything, the other only what differs."""

    def __init__(self) -> None:
        self.shown = Shown()
        self.ours, self.theirs = Emulator(200, 60), Emulator(200, 60)
        self.bytes = 0

    def take(self, update: CompositorUpdate) -> None:
        if (less := self.shown.told_apart(update)) is not None:
            text = less.render_segments(TERMINAL)
            self.bytes += len(text.encode())
            self.ours.feed(text)
        self.theirs.feed(update.render_segments(TERMINAL))
        assert self.ours.places == self.theirs.places


@contextmanager
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    pair, display = Watched(), App._display

    def both(self: App[int], screen: Screen[object], update: RenderableType | None) -> None:
        if isinstance(update, CompositorUpdate):
            pair.take(update)
        display(self, screen, update)

    with monkeypatch.context() as patch:
        patch.setattr(App, "_display", both)
        yield pair


@pytest.fixture
def places(tmp_path_factory: pytest.TempPathFactory, clock: FixedClock) -> Locations:
    return told_state(tmp_path_factory.mktemp("told"), clock.now)


async def test_a_console_in_use_leaves_the_same_screen(
    monkeypatch: pytest.MonkeyPatch, places: Locations, clock: FixedClock
) -> None:
    keys = ("1", "2", "3", "4", "5", "z", "j", "down", "G", "g", "pagedown", "l", "f", "escape",
            "question_mark", "escape", "enter", "escape", "tab")  # fmt: skip
    rng = random.Random(5)  # noqa: S311 - a failure has to be repeatable
    with watched(monkeypatch), outsider(places.database) as other:
        async with opened(console(places, clock=clock)) as driver:
            for round_ in range(60):
                await driver.press(rng.choice(keys))
                if round_ % 10 == 9:
                    other.height(3_000_000 + round_)
                if round_ % 20 == 19:
                    await driver.pilot.resize_terminal(*rng.choice(((80, 24), (120, 40))))


@pytest.mark.parametrize("fading", ["none", "basic"])
async def test_a_new_height_costs_little_and_an_unchanged_screen_nothing(
    monkeypatch: pytest.MonkeyPatch,
    places: Locations,
    clock: FixedClock,
    fading: Literal["none", "basic"],
) -> None:
    app = console(places, clock=clock)
    app.animation_level = fading
    with watched(monkeypatch) as pair, outsider(places.database) as other:
        async with opened(app) as driver:
            for height in range(3_000_000, 3_000_005):
                before = pair.bytes
                other.height(height)
                await shown(driver, height)
            assert 0 < pair.bytes - before < HEIGHT_BYTES
            before = pair.bytes
            driver.app.screen.query_one("#chain").refresh()
            await driver.pilot.pause(0.1)
            assert pair.bytes == before


async def shown(driver: Driver, height: int) -> None:
    """Wait for a height and until the flash of it is over."""
    await driver.until_shown(f"{height:,}")
    assert isinstance(driver.app, NodedeckApp)
    tables = [driver.deck.pane(name).table for name in ("chain", "audit")]
    await driver.until(
        lambda: not any(t._flashes.next_end() for t in tables), "the end of the flash"
    )
