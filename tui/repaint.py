"""What the terminal shows, cell by cell, so that a repaint sends only what differs.

Textual sends a changed region from the left edge of its widget on, and twice where a colour fades:
a kilobyte for each block. Over a slow line that is felt, and most of it says what stands there
already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from rich.cells import get_character_cell_size
from rich.console import Console
from rich.control import Control
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.strip import Strip

_WORTH_A_MOVE: Final = 40
"""Cells of one style that cost as much as going to another place and naming the style again."""


class Cell(NamedTuple):
    """One place of the terminal: a character with its marks, or "" in a wide one's second half."""

    text: str
    style: Style | None


class Run(NamedTuple):
    """Cells to be sent together, from a place on."""

    x: int
    y: int
    cells: tuple[Cell, ...]


class Shown:
    """The cells that were sent; what was never sent is unknown and differs from everything."""

    def __init__(self) -> None:
        """Begin with a terminal of which nothing is known."""
        self._lines: dict[int, dict[int, Cell]] = {}

    def forget(self) -> None:
        """Know nothing any more: somebody else may have written to the terminal."""
        self._lines.clear()

    def told_apart(self, update: CompositorUpdate) -> CompositorUpdate | None:
        """The update without what the terminal shows already, None where nothing is left.

        An update of the whole screen stays whole: it is how a garbled terminal is put right.
        """
        if isinstance(update, LayoutUpdate):
            return _Whole(self, update)
        if isinstance(update, ChopsUpdate):
            runs = list(self._differences(update))
            return _Differences(self, runs) if runs else None
        return _Unknown(self, update)

    def keep(self, runs: Sequence[Run]) -> None:
        """Note what is about to be sent."""
        for run in runs:
            line = self._lines.setdefault(run.y, {})
            line.update(zip(range(run.x, run.x + len(run.cells)), run.cells, strict=True))

    def _differences(self, update: ChopsUpdate) -> Iterator[Run]:
        for y, start, end in update.spans:
            known = self._lines.get(y, {})
            for chop_end, (x, strip) in zip(
                update.chop_ends[y], update.chops[y].items(), strict=False
            ):
                if strip is None or x >= end or chop_end <= start:
                    continue
                cells = cells_of(strip if chop_end <= end else strip.crop(0, end - x))
                yield from differing(known, x, y, cells)


def differing(known: dict[int, Cell], x: int, y: int, cells: Sequence[Cell]) -> Iterator[Run]:
    """The runs of cells that differ from the known ones, near ones of a style joined."""
    first: int | None = None
    last = 0
    for at, cell in enumerate(cells):
        if known.get(x + at) == cell:
            continue
        if first is not None and not _joined(cells, last, at):
            yield Run(x + first, y, tuple(cells[first : last + 1]))
            first = None
        first, last = at if first is None else first, at
    if first is not None:
        yield Run(x + first, y, tuple(cells[first : last + 1]))


def _joined(cells: Sequence[Cell], last: int, at: int) -> bool:
    """Whether going on is shorter than going there; always within a wide character."""
    style = cells[last].style
    return at == last + 1 or (
        at - last <= _WORTH_A_MOVE and all(cell.style == style for cell in cells[last + 1 : at + 1])
    )


def cells_of(strip: Strip) -> list[Cell]:
    """The cells of a strip."""
    cells: list[Cell] = []
    for text, style, control in strip:
        if control:
            continue
        look = None if style is None else _look(style)
        if text.isascii():
            cells.extend(Cell(character, look) for character in text)
            continue
        for character in text:
            width = get_character_cell_size(character)
            if width:
                cells.append(Cell(character, look))
                cells.extend(Cell("", look) for _ in range(1, width))
            else:
                _put_mark(cells, character)
    return cells


def _put_mark(cells: list[Cell], mark: str) -> None:
    """Put a mark on the last character; without one it would land on what stands to the left."""
    at = next((at for at in range(len(cells) - 1, -1, -1) if cells[at].text), None)
    if at is not None:
        cells[at] = cells[at]._replace(text=cells[at].text + mark)


@lru_cache(maxsize=1024)
def _look(style: Style) -> Style:
    """A style without what does not show, such as the places that a selection is counted from."""
    return style.clear_meta_and_links()


def _strip(cells: Sequence[Cell]) -> Strip:
    segments: list[Segment] = []
    for text, style in cells:
        if segments and segments[-1].style == style:
            segments[-1] = Segment(segments[-1].text + text, style)
        else:
            segments.append(Segment(text, style))
    return Strip(segments)


class _Differences(CompositorUpdate):
    """Runs of cells, each with the way there."""

    def __init__(self, shown: Shown, runs: Sequence[Run]) -> None:
        self._shown = shown
        self._runs = runs

    def render_segments(self, console: Console) -> str:
        """The bytes for the terminal, which shows them from now on."""
        self._shown.keep(self._runs)
        return "".join(
            Control.move_to(run.x, run.y).segment.text + _strip(run.cells).render(console)
            for run in self._runs
        )


class _Whole(CompositorUpdate):
    """The whole screen, sent as it is."""

    def __init__(self, shown: Shown, update: LayoutUpdate) -> None:
        self._shown = shown
        self._update = update

    def render_segments(self, console: Console) -> str:
        """The bytes for the terminal, which shows them from now on, and nothing else."""
        region = self._update.region
        self._shown.forget()
        self._shown.keep(
            [
                Run(region.x, y, tuple(cells_of(Strip.join(strips))))
                for y, strips in enumerate(self._update.strips, region.y)
            ]
        )
        return self._update.render_segments(console)


class _Unknown(CompositorUpdate):
    """An update that is not understood here, sent as it is."""

    def __init__(self, shown: Shown, update: CompositorUpdate) -> None:
        self._shown = shown
        self._update = update

    def render_segments(self, console: Console) -> str:
        """The bytes for the terminal, of which nothing is known from now on."""
        self._shown.forget()
        return self._update.render_segments(console)
