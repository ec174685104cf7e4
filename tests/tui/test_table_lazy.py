"""Rows that are made when they are looked at: the same table, however many there are."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import Counter

import pytest

from tests.support.table import until
from tests.tui.test_table_asked import AskedApp, keys_of, press, shown
from tui.widgets.table import Cell, Column, Row
from tui.widgets.table_lazy import LazyRows, searchable
from tui.widgets.table_order import Order, Sort

MANY = 30_000
COLUMNS = (Column("id", "id", grow=1, max_width=40), Column("value", "value"))


class Made:
    """Makes rows and remembers which."""

    def __init__(self) -> None:
        self.places: list[int] = []
        self.by: Counter[int] = Counter()

    def __call__(self, at: int) -> Row:
        self.places.append(at)
        self.by[threading.get_ident()] += 1
        return Row(f"k{at}", (f"row {at}", Cell(str(-at), whole=f"whole-{at}")))


def lazy(count: int = MANY, made: Made | None = None) -> LazyRows:
    return LazyRows([f"k{at}" for at in range(count)], made or Made())


def test_only_what_is_looked_at_is_made() -> None:
    made = Made()
    rows = lazy(made=made)
    assert len(rows) == MANY
    assert (rows[-1].key, [row.key for row in rows[1:3]]) == (f"k{MANY - 1}", ["k1", "k2"])
    assert made.places == [MANY - 1, 1, 2]
    assert rows.keyed.place("k7") == 7
    assert len(made.places) == 3
    assert max(len(row.key) for row in rows.sample) == len(f"k{MANY - 1}")
    assert len(made.places) < 600
    with pytest.raises(IndexError):
        rows[MANY]
    with pytest.raises(ValueError, match="two rows of the table have the key 'a'"):
        _ = LazyRows(["a", "a"], Made()).keyed


@pytest.mark.parametrize(
    "order",
    [
        Order(),
        Order().filtered("row 2 whole-2"),
        Order(sort=Sort("value")),
        Order(sort=Sort("id", descending=True)).filtered("7"),
        Order().filtered("absent"),
    ],
)
def test_they_are_arranged_as_rows_that_are_there(order: Order) -> None:
    there = list(lazy(300))
    found = order.arrange(lazy(300), COLUMNS)
    assert list(found) == list(order.arrange(there, COLUMNS))
    assert isinstance(found, LazyRows)
    assert found.texts == [searchable(row) for row in found]
    for step in (1, -1):
        for place in (0, 150, 299):
            words = Order().filtered("19")
            at = words.next_match(there, place, step)
            assert words.next_match(lazy(300), place, step) == at


def test_they_go_with_the_last_that_holds_them() -> None:
    rows = lazy(1_000)
    chosen = Order().filtered("9").arrange(rows, COLUMNS)
    assert isinstance(chosen, LazyRows)
    for each in (rows, chosen):
        assert len(each.made_ready().texts) == len(each)
    del each
    gone = weakref.ref(rows), weakref.ref(chosen)
    gc.disable()  # it is the circles that only a collection finds
    try:
        del rows, chosen
        assert [each() for each in gone] == [None, None]
    finally:
        gc.enable()


async def test_a_table_of_them_is_filtered_sorted_and_walked_outside_the_loop() -> None:
    made, ours = Made(), threading.get_ident()
    app = AskedApp(COLUMNS)
    async with app.run_test(size=(60, 12)) as pilot:
        table = app.table
        table.set_rows(lazy(made=made).made_ready(), flash=False)
        await press(pilot, "G")
        assert f"row {MANY - 1}" in shown(app)
        made.by.clear()
        await press(pilot, "slash", *"999")
        await until(pilot, lambda: len(table.rows) == sum("999" in str(at) for at in range(MANY)))
        assert table.cursor_key == "k29999"
        await press(pilot, "enter", "s", "s")
        await until(pilot, lambda: keys_of(table)[:2] == ["k29999", "k29998"])
        await press(pilot, "j", "s", "escape")
        await until(pilot, lambda: len(table.rows) == MANY)
        assert table.cursor_key == "k29998"
        await press(pilot, "N")
        await until(pilot, lambda: table.cursor_key == "k29997")
        # the loop made what was on the screen, and the widths' sample at most
        assert made.by[ours] < 3_000 < MANY <= made.by.total() - made.by[ours]
        table.set_rows(lazy(5).made_ready(), flash=False)
        assert len(table.rows) == 5
