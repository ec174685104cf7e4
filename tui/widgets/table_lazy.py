"""Rows by the ten thousand: each is made when it is looked at, and made again the next time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, overload

from tui.text import clean
from tui.widgets.table_model import KeyedRows, Keys, Row

_SAMPLED: Final = 400
"""Rows that tell how wide the columns should be, where looking at all would take long."""


class LazyRows(Sequence[Row]):
    """Rows in order under known keys; ``make`` makes the one at a place.

    What walks over all of them is worked out once, in whatever thread asks first. They are in no
    circle, so that what they are made of goes with the last that holds them.
    """

    def __init__(
        self,
        keys: Sequence[str],
        make: Callable[[int], Row],
        texts: Callable[[], list[str]] | None = None,
    ) -> None:
        """Take as many rows as there are keys; ``texts`` finds what a filter looks at."""
        self._keys = keys
        self._make = make
        self._make_texts = texts
        self._lock = threading.Lock()
        self._index: Keys | None = None
        self._sample: tuple[Row, ...] | None = None
        self._texts: list[str] | None = None

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[Row, ...]: ...
    def __getitem__(self, at: int | slice) -> Row | tuple[Row, ...]:
        """The row at a place, or those of some places."""
        if isinstance(at, slice):
            return tuple(self._make(place) for place in range(*at.indices(len(self))))
        place = at + len(self) if at < 0 else at
        if not 0 <= place < len(self):  # without it no walk over them would end
            raise IndexError(f"there is no row {at} among {len(self)}")
        return self._make(place)

    @property
    def keyed(self) -> KeyedRows:
        """The rows as they are found by key; raises ValueError where two have the same."""
        with self._lock:
            if self._index is None:
                self._index = Keys(self._keys)
            return KeyedRows(self, self._index)

    @property
    def sample(self) -> tuple[Row, ...]:
        """Some rows from all over, and the one with the longest key, for the columns' widths."""
        with self._lock:
            if self._sample is None:
                places = list(range(0, len(self), max(1, len(self) // _SAMPLED)))
                if places:
                    places.append(max(range(len(self)), key=lambda at: len(self._keys[at])))
                self._sample = tuple(map(self._make, places))
            return self._sample

    @property
    def texts(self) -> list[str]:
        """What a filter looks at, row by row."""
        with self._lock:
            if self._texts is None:
                make = self._make_texts
                self._texts = list(map(searchable, self)) if make is None else make()
            return self._texts

    def chosen(self, places: Sequence[int]) -> LazyRows:
        """The rows of some places, in that order."""
        keys, make = self._keys, self._make
        return LazyRows(
            [keys[at] for at in places],
            lambda at: make(places[at]),
            lambda: list(map(self.texts.__getitem__, places)),
        )

    def made_ready(self) -> LazyRows:
        """These rows, with what showing them asks for worked out: for a thread to call."""
        _ = self.keyed, self.sample
        return self


def searchable(row: Row) -> str:
    """What a filter looks at: each cell's text as it is and as one sees it, and the whole of it."""
    texts = []
    for at in range(len(row.cells)):
        cell = row.cell(at)
        texts.append(cell.text)
        if (seen := clean(cell.text)) != cell.text:
            texts.append(seen)
        if cell.whole is not None:
            texts.append(cell.whole)
    return "\n".join(texts).casefold()
