"""Which rows of a table are shown and in what order: the filter and the sort, both pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from store.searching import words
from tui.glyphs import UNICODE
from tui.widgets.table_lazy import LazyRows, searchable
from tui.widgets.table_model import Column, Row

_NUMBER: Final = re.compile(r"([+-]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)(?: ?%)?")
_SPAN: Final = re.compile(r"(?:in )?(?:[0-9][0-9,.]* (?:ms|s|m|h|d) ?)+(?:ago)?")
_SIZE: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?) (B|KB|MB|GB|TB)")
_BYTES: Final = {unit: 1000**power for power, unit in enumerate(("B", "KB", "MB", "GB", "TB"))}
_PART: Final = re.compile(r"([0-9][0-9,.]*) (ms|s|m|h|d)")
_SECONDS: Final = {"ms": "0.001", "s": "1", "m": "60", "h": "3600", "d": "86400"}
_NO_TIME: Final = ("now", "just now")
_ABSENT: Final = ("", "-", UNICODE.none, "unset")
_DIGITS: Final = re.compile(r"([0-9]+)")

Key = tuple[int, Decimal, tuple[str | tuple[int, str], ...]]


@dataclass(frozen=True, slots=True)
class Sort:
    """The column that orders the rows, and which way."""

    column: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """What a reader asked of a table: words that a row must hold, and a column to sort by."""

    wanted: tuple[str, ...] = ()
    sort: Sort | None = None

    def filtered(self, text: str) -> Order:
        """The same with the filter that somebody typed; each word of it must stand in a row."""
        return replace(self, wanted=tuple(word.casefold() for word in words(text)))

    def turned(self, column: str) -> Order:
        """The same after one more press of the sort key: ascending, descending, not at all."""
        if self.sort is None or self.sort.column != column:
            return replace(self, sort=Sort(column))
        return replace(self, sort=None if self.sort.descending else Sort(column, descending=True))

    def __bool__(self) -> bool:
        """Whether anything was asked."""
        return bool(self.wanted) or self.sort is not None

    def next_match(self, rows: Sequence[Row], place: int, step: int) -> int | None:
        """The place of the matching row after the one at a place, of that before with -1 as step.

        Past the last comes the first. None where no row matches.
        """
        texts = rows.texts if isinstance(rows, LazyRows) else None
        for away in range(1, len(rows) + 1):
            at = (place + step * away) % len(rows)
            if self.matches(rows[at]) if texts is None else self._holds(texts[at]):
                return at
        return None

    def matches(self, row: Row) -> bool:
        """Whether every word stands in some cell, in upper case or lower."""
        if not self.wanted:
            return True
        return self._holds(searchable(row))

    def _holds(self, text: str) -> bool:
        return all(word in text for word in self.wanted)

    def arrange(self, rows: Sequence[Row], columns: Sequence[Column]) -> Sequence[Row]:
        """The rows that are wanted, in the order wanted; the same object where all are as given.

        Rows without a value come last in either direction, and equal ones as they were.
        """
        if isinstance(rows, LazyRows):
            return self._arranged(rows, columns)
        if self.wanted:
            rows = [row for row in rows if self.matches(row)]
        places = self._sorted(rows, range(len(rows)), columns)
        return rows if places is None else [rows[at] for at in places]

    def _arranged(self, rows: LazyRows, columns: Sequence[Column]) -> LazyRows:
        if not self:
            return rows
        found: Sequence[int] = range(len(rows))
        if self.wanted:
            found = [at for at, text in enumerate(rows.texts) if self._holds(text)]
        return rows.chosen(self._sorted(rows, found, columns) or found)

    def _sorted(
        self, rows: Sequence[Row], places: Sequence[int], columns: Sequence[Column]
    ) -> list[int] | None:
        """The places of rows in the order wanted, None where that is the one they have."""
        sort = self.sort
        column = next((n for n, one in enumerate(columns) if sort and one.key == sort.column), None)
        if sort is None or column is None:
            return None
        keyed = [(sort_key(rows[at].cell(column).text), at) for at in places]
        there = [(key, at) for key, at in keyed if key is not None]
        there.sort(key=lambda one: one[0], reverse=sort.descending)
        return [at for _, at in there] + [at for key, at in keyed if key is None]


def sort_key(text: str) -> Key | None:
    """What a cell is ordered by; None for one without a value.

    Numbers come before text and count as numbers, `1,934,882` and `62 %` too, lengths of time by
    their length and `1.2 MB` by its bytes. Inside text, digits count as numbers: `node-9` is before
    `node-10`.
    """
    text = text.strip()
    if text in _ABSENT:
        return None
    if number := _NUMBER.fullmatch(text):
        return 0, Decimal(number[1].replace(",", "")), ()
    if size := _SIZE.fullmatch(text):
        return 0, Decimal(size[1]) * _BYTES[size[2]], ()
    if text in _NO_TIME:
        return 0, Decimal(0), ()
    if _SPAN.fullmatch(text) and (seconds := _seconds(text)) is not None:
        return 0, seconds, ()
    pieces = _DIGITS.split(text.casefold())
    # without its zeros in front the longer run of digits is the larger number, however long
    return (
        1,
        Decimal(0),
        tuple(
            (len(run := piece.lstrip("0")), run) if place % 2 else piece
            for place, piece in enumerate(pieces)
        ),
    )


def _seconds(text: str) -> Decimal | None:
    total = Decimal(0)
    for amount, unit in _PART.findall(text):
        plain = amount.replace(",", "")
        if plain.count(".") > 1 or plain.endswith("."):
            return None
        total += Decimal(plain) * Decimal(_SECONDS[unit])
    return -total if text.startswith("in ") else total
