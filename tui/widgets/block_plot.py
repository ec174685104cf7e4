"""Block times of the last hour as a plot, a point a minute."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from rich.text import Text
from textual.app import RenderResult
from textual.color import Color
from textual_plotext import PlotextPlot

from store import blocks
from tui.text import duration

WINDOW_MINUTES: Final = 65
"""An hour and the minutes until the window moves on."""
MOVES_EVERY: Final = 5
"""Minutes for which the window stays, so that a minute adds a point and does not move them all."""
_TICKS_EVERY: Final = 15
_TOPS: Final = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
NOTHING: Final = "No block times yet: the log needs two whole minutes with a block in each."


class BlockPlot(PlotextPlot):
    """Seconds per block over the clock; drawn anew only where a minute has something to add."""

    DEFAULT_CSS = """
    BlockPlot {
        height: 1fr; color: $text-muted;
        border-top: solid $foreground 20%; border-title-color: $text-muted;
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.theme = "clear"
        self._since: datetime | None = None
        self._paces: tuple[float | None, ...] = ()

    def show(self, since: datetime, paces: Sequence[float | None]) -> None:
        """Show seconds per block, minute by minute from a local time on; None leaves a gap."""
        if (since, tuple(paces)) != (self._since, self._paces):
            self._since, self._paces = since, tuple(paces)
            self.border_title = caption(since, paces)
            self.refresh()

    def render(self) -> RenderResult:
        """The plot, or what there will be."""
        known = [pace for pace in self._paces if pace is not None]
        if self._since is None or not known or self.size.width < 20 or self.size.height < 5:
            return Text(NOTHING)
        self._draw(self._since, top_of(blocks.scale(self._paces)))
        return super().render()

    def _draw(self, since: datetime, top: float) -> None:
        plot = self.plt
        plot.clear_figure()
        line = Color.parse(self.app.theme_variables["primary"]).rgb
        for xs, ys in runs(self._paces):
            # what is longer than the axis goes along its top, and the caption names it
            plot.plot(xs, [min(pace, top) for pace in ys], marker="braille", color=line)
        plot.frame(False)
        plot.xaxes(True, False)
        plot.yaxes(True, False)
        plot.xlim(0, WINDOW_MINUTES)
        plot.ylim(0, top)
        plot.yticks([0, top / 2, top], [f"{tick:g} s" for tick in (0, top / 2, top)])
        ticks = quarters(since)
        labels = [f"{since + timedelta(minutes=tick):%H:%M}" for tick in ticks]
        plot.xticks(ticks, labels)


def caption(since: datetime, paces: Sequence[float | None]) -> str:
    """What the plot shows, and the longest of it."""
    told = "seconds per block, minute by minute"
    known = [(pace, at) for at, pace in enumerate(paces) if pace is not None]
    if not known:
        return f" {told} "
    longest, at = max(known)
    return f" {told}; longest {duration(longest)} at {since + timedelta(minutes=at):%H:%M} "


def window(now: datetime) -> datetime:
    """Where the plot begins: an hour ago or up to five minutes more, on the clock's fives."""
    whole = now.replace(second=0, microsecond=0)
    return whole - timedelta(minutes=60 + whole.minute % MOVES_EVERY)


def quarters(since: datetime) -> list[float]:
    """The minutes of the window that are quarters of an hour."""
    return list(map(float, range(-since.minute % _TICKS_EVERY, WINDOW_MINUTES + 1, _TICKS_EVERY)))


def top_of(most: float) -> float:
    """The upper end of the axis: a round number of seconds that holds the longest."""
    return next((top for top in _TOPS if top >= most), most)


def runs(paces: Sequence[float | None]) -> list[tuple[list[float], list[float]]]:
    """The minutes that follow each other without a gap, as places and seconds."""
    pairs = [(at + 0.5, pace) for at, pace in enumerate(paces)]
    return [
        ([at for at, _ in run], [pace for _, pace in run if pace is not None])
        for there, run in ((key, list(part)) for key, part in groupby(pairs, _there))
        if there
    ]


def _there(pair: tuple[float, float | None]) -> bool:
    return pair[1] is not None
