"""Filter and sort as functions: what matches, and which of two cells comes first."""

from __future__ import annotations

import itertools
import random
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.glyphs import UNICODE
from tui.text import age, duration, grouped
from tui.widgets.table_model import Cell, Column, Row
from tui.widgets.table_order import Order, Sort, sort_key

COLUMNS = (Column("id", "id"), Column("value", "value"))
ABSENT = ["", "  ", "-", UNICODE.none, "unset"]


def rows(*values: str | Cell) -> list[Row]:
    return [Row(f"k{at}", (f"row-{at}", value)) for at, value in enumerate(values)]


def values(order: Order, given_rows: list[Row]) -> list[str]:
    return [row.cell(1).text for row in order.arrange(given_rows, COLUMNS)]


@pytest.mark.parametrize(
    "ascending",
    [
        ["-9223372036854775808", "-1", "0", "7", "10", "9223372036854775807"],
        ["999", "1,000", "1,934,882"],
        ["0.0023", "0.64", "1", "10,752"],
        ["8 %", "62 %", "100 %"],
        ["in 3 s", "now", "3 s", "59 s ago", "4 m", "1 h 00 m", "2 d 4 h"],
        ["250 ms", "5.4 s", "4 m"],
        ["10.0.0.9", "10.0.0.21", "gpu7"],
        ["node-2", "Node-9", "node-10", "node-011"],
        ["5", "v2", "v10"],
        ["9" * 5_000, "1" + "0" * 5_000],
        ["x" + "9" * 5_000, "x1" + "0" * 5_000],
    ],
    ids=lambda texts: texts[0][:12],
)
def test_cells_are_ordered_as_a_person_would(ascending: list[str]) -> None:
    mixed = [*ascending, *ABSENT]
    random.Random(5).shuffle(mixed)  # noqa: S311
    for descending, wanted in ((False, ascending), (True, ascending[::-1])):
        found = values(Order(sort=Sort("value", descending)), rows(*mixed))
        assert found[: len(ascending)] == wanted
        assert set(found[len(ascending) :]) == set(ABSENT)


@given(st.lists(st.integers() | st.integers(-9, 9)))
def test_numbers_are_ordered_as_numbers(numbers: list[int]) -> None:
    given_rows = rows(*map(grouped, numbers))
    order = Order(sort=Sort("value"))
    assert values(order, given_rows) == [grouped(number) for number in sorted(numbers)]


@given(st.text())
def test_any_text_has_a_place_beside_any_other(text: str) -> None:
    keys = [key for other in ("", "1", "a1", "3 s", text) if (key := sort_key(other)) is not None]
    assert sorted(keys)


@given(st.floats(0, 10**9))
def test_lengths_of_time_are_ordered_by_what_they_show(seconds: float) -> None:
    for shown in (age, duration):
        mine, longer = sort_key(shown(seconds)), sort_key(shown(seconds * 1.1 + 1))
        assert mine is not None
        assert longer is not None
        assert (mine[0], longer[0]) == (0, 0)
        assert mine[1] <= longer[1]
        assert abs(mine[1] - Decimal(seconds)) <= max(Decimal(60), Decimal(seconds) / 10)


@given(st.lists(st.sampled_from(["3", "20", "", "b", "B"])), st.booleans())
def test_equal_rows_stay_as_they_were(texts: list[str], descending: bool) -> None:
    given_rows = rows(*texts)
    found = Order(sort=Sort("value", descending)).arrange(given_rows, COLUMNS)
    for one, other in itertools.pairwise(found):
        if sort_key(one.cell(1).text) == sort_key(other.cell(1).text):
            assert int(one.key[1:]) < int(other.key[1:])


def test_a_third_press_clears_and_another_column_begins_anew() -> None:
    order = Order()
    for wanted in (Sort("id"), Sort("id", descending=True), None, Sort("id")):
        order = order.turned("id")
        assert order.sort == wanted
    assert order.turned("value").sort == Sort("value")


def test_without_filter_and_sort_the_rows_are_as_given() -> None:
    given_rows = rows("b", "a")
    assert Order().arrange(given_rows, COLUMNS) is given_rows
    assert Order(sort=Sort("gone")).arrange(given_rows, COLUMNS) is given_rows
    assert Order().filtered("  ").arrange(given_rows, COLUMNS) is given_rows


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("mistral", ["k0"]),
        ("MISTRAL row-0", ["k0"]),
        ("row", ["k0", "k1", "k2"]),
        ("row mistral nothing", []),
        ('"two words"', ["k1"]),
        ("words two", ["k1"]),
        ("path:x", []),
        ("[red]", ["k2"]),
        (r"\x1b", ["k2"]),
        ("whole/value", ["k0"]),
    ],
)
def test_every_word_must_stand_in_some_cell(text: str, found: list[str]) -> None:
    given_rows = rows(
        Cell("Mistral", whole="the whole/value"), "two words", Cell("[red]\x1b[31m", "warning")
    )
    order = Order().filtered(text)
    assert [row.key for row in order.arrange(given_rows, COLUMNS)] == found


@given(st.text(), st.text())
def test_a_row_is_found_by_each_word_that_it_shows(text: str, query: str) -> None:
    row = rows(Cell(text))[0]
    assert Order().filtered(query).matches(row) in (True, False)
    for word in text.split():
        if word.isprintable() and '"' not in word:
            assert Order().filtered(word).matches(row)
