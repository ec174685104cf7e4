"""What a table is made of: columns, rows, cells, and the cells that flash for a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tui.text import Align

Tone = Literal["", "good", "warning", "critical", "muted", "strong", "accent"]
Edge = Literal["top", "bottom"]

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Column:
    """One column; widths are in cells.

    With `width` 0 a column is as wide as its content asks for, between `min_width` and
    `max_width`. A column that grows yields too: it may be given as little as `min_width`, and
    gets its `grow` share of what the others leave. Of the columns with a `priority`, the
    highest number is dropped first when there is not room for all.
    """

    key: str
    title: str
    width: int = 0
    grow: int = 0
    align: Align = "left"
    min_width: int = 3
    max_width: int = 60
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """Raw text, which the table cleans, and the tone it is shown in.

    Where the text shows only a part of a value, or another form of it, `whole` is the value: what
    is copied, and what a filter looks at too.
    """

    text: str
    tone: Tone = ""
    whole: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row in the order of the columns, under a key that no other row has.

    `changed` holds the keys of the columns that flash when this row arrives.
    """

    key: str
    cells: tuple[Cell | str, ...]
    changed: frozenset[str] = _NOTHING

    def cell(self, index: int) -> Cell:
        """Return the cell of a column, an empty one where the row is too short."""
        if index >= len(self.cells):
            return Cell("")
        cell = self.cells[index]
        return Cell(cell) if isinstance(cell, str) else cell


class Keys:
    """The keys of rows in order, and where each stands."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take the keys; raises ValueError where two of them are the same."""
        self.inorder = keys
        self.places = {key: place for place, key in enumerate(keys)}
        if len(self.places) != len(keys):
            twice = next(key for place, key in enumerate(keys) if self.places[key] != place)
            raise ValueError(
                f"two rows of the table have the key {twice!r}; the rows shown were left as they "
                "were; give every row a key of its own"
            )


class KeyedRows:
    """Rows in order that can be found by key."""

    def __init__(self, rows: Sequence[Row] = (), keys: Keys | None = None) -> None:
        """Take the rows, as they are where their keys are known; raises what ``Keys`` raises."""
        self.rows = tuple(rows) if keys is None else rows
        self._keys = Keys([row.key for row in self.rows]) if keys is None else keys

    def __len__(self) -> int:
        return len(self.rows)

    def place(self, key: str) -> int | None:
        """Return where the row with this key stands, or None."""
        return self._keys.places.get(key)

    def get(self, key: str) -> Row | None:
        """Return the row with this key, or None."""
        place = self._keys.places.get(key)
        return None if place is None else self.rows[place]

    def follow(self, place: int, later: "KeyedRows") -> int | None:
        """Return where the row at `place` stands in `later` rows, or its nearest neighbour there.

        Of two neighbours equally near the one below is taken; None if no row is left.
        """
        keys = self._keys.inorder
        for distance in range(len(keys)):
            for near in (place + distance, place - distance):
                if 0 <= near < len(keys):
                    found = later.place(keys[near])
                    if found is not None:
                        return found
        return None


_Cells = dict[str, tuple[frozenset[str], float]]


class Flashes:
    """Which cells flash or fade, and until when; times are seconds of one steady clock."""

    def __init__(self) -> None:
        """Begin with no cell flashing."""
        self._strong: _Cells = {}
        self._faint: _Cells = {}

    def start(self, row: str, columns: frozenset[str], until: float) -> None:
        """Let cells of a row flash, those that already do along with the new ones.

        A cell that fades and did not change again goes on fading.
        """
        self._strong[row] = (self.columns(row) | columns, until)
        if row in self._faint:
            left = self._faint[row][0] - columns
            self._faint[row] = (left, self._faint[row][1])

    def columns(self, row: str) -> frozenset[str]:
        """Return the columns of a row that flash."""
        return self._strong[row][0] if row in self._strong else _NOTHING

    def fading(self, row: str) -> frozenset[str]:
        """Return the columns of a row that flashed and are not as usual yet."""
        return self._faint[row][0] if row in self._faint else _NOTHING

    def expire(self, now: float, fade: float = 0.0) -> None:
        """Let the cells whose time is over fade for so many seconds; without any, forget them."""
        self._faint = {row: cells for row, cells in self._faint.items() if cells[1] > now}
        over = {row: cells for row, cells in self._strong.items() if cells[1] <= now}
        for row, (columns, _) in over.items():
            del self._strong[row]
            if fade:
                self._faint[row] = (self.fading(row) | columns, now + fade)

    def next_end(self) -> float | None:
        """Return when the next step of a flash is due, or None if nothing flashes or fades."""
        cells = (*self._strong.values(), *self._faint.values())
        return min((until for _, until in cells), default=None)


class Edges:
    """Which ends of the rows were already told to be near."""

    def __init__(self) -> None:
        """Begin with neither told."""
        self._told: set[Edge] = set()

    def forget(self, old: KeyedRows, new: KeyedRows) -> None:
        """Be ready to tell of an end again where another row stands now."""
        ends: tuple[tuple[Edge, int], ...] = (("top", 0), ("bottom", -1))
        for edge, place in ends:
            if not (old.rows and new.rows and old.rows[place].key == new.rows[place].key):
                self._told.discard(edge)

    def news(self, first: int, last: int, page: int, rows: int) -> list[Edge]:
        """Return the ends less than a page away from where the reader is, each told once.

        The reader is on the rows from `first` to `last`; `page` and `rows` are numbers of rows.
        """
        if not page or not rows:
            return []
        near: list[Edge] = []
        if first < page:
            near.append("top")
        if last >= rows - page:
            near.append("bottom")
        news = [edge for edge in near if edge not in self._told]
        self._told.update(news)
        return news
