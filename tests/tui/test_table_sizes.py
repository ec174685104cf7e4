"""The table in a room that changes: edges, resizes, columns that fit, many rows."""

import pytest
from textual.geometry import Size

from tests.support.table import (
    COLUMNS,
    PAGE,
    SCREEN,
    TableApp,
    line,
    make_rows,
    screen,
    show,
    top_key,
)
from tui.widgets.table import Column, Row, Table
from tui.widgets.table_layout import GAP, Needs, arrange, lay_out


async def test_an_edge_that_comes_near_is_told_once_until_rows_change() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(200))
        assert app.take("edge") == []
        await pilot.press("down", "down")
        assert app.take("edge") == ["top"]
        table.move_to("k100")
        await pilot.press("down")
        assert app.take("edge") == []
        table.scroll_to(y=150, animate=False, force=True)
        await pilot.pause()
        assert app.take("edge") == []
        table.scroll_to(y=165, animate=False, force=True)
        await pilot.pause()
        assert app.take("edge") == ["bottom"]
        await pilot.press("G", "down")
        assert app.take("edge") == []
        await show(pilot, make_rows(400))
        await pilot.press("G", "down")
        assert app.take("edge") == ["bottom"]
        await show(pilot, make_rows(450, start=-50))
        await pilot.press("g")
        assert app.take("edge") == ["top"]


async def test_a_resize_keeps_cursor_key_and_top_row() -> None:
    columns = (*COLUMNS, Column("note", "note", grow=1, min_width=10))
    app = TableApp(columns)
    async with app.run_test(size=(120, 30)) as pilot:
        table = await show(pilot, make_rows(300))
        table.move_to("k150")
        await pilot.press("up", "up", "up", "right", "right")
        before = (table.cursor_key, table.cursor_column, top_key(table), screen(table))
        await pilot.resize_terminal(60, 30)
        await pilot.pause()
        assert (table.cursor_key, top_key(table)) == (before[0], before[2])
        assert table.max_scroll_x == 0
        await pilot.resize_terminal(120, 30)
        await pilot.pause()
        assert before == (table.cursor_key, table.cursor_column, top_key(table), screen(table))


async def test_a_cursor_in_sight_stays_there_when_the_screen_gets_lower() -> None:
    app = TableApp()
    async with app.run_test(size=(80, 30)) as pilot:
        table = await show(pilot, make_rows(100))
        table.move_to("k25")
        await pilot.resize_terminal(80, 10)
        await pilot.pause()
        assert table.cursor_key == "k25"
        assert table.scroll_offset.y <= 25 < table.scroll_offset.y + 9


async def test_too_many_columns_are_dropped_by_priority_and_then_scrolled() -> None:
    columns = (
        Column("a", "a", width=30),
        Column("b", "b", width=30, priority=1),
        Column("c", "c", width=30, priority=2),
        Column("d", "d", width=30),
    )
    app = TableApp(columns)
    async with app.run_test(size=(128, 10)) as pilot:
        table = await show(pilot, [Row("k", ("aa", "bb", "cc", "dd"))])
        assert line(table, 1).split() == ["aa", "bb", "cc", "dd"]
        await pilot.resize_terminal(100, 10)
        await pilot.pause()
        assert line(table, 1).split() == ["aa", "bb", "dd"]
        await pilot.resize_terminal(40, 10)
        await pilot.pause()
        assert line(table, 1).split() == ["aa", "dd"]
        assert table.show_horizontal_scrollbar
        await pilot.press("right")
        await pilot.pause()
        assert table.cursor_column == "d"
        assert table.scroll_offset.x == 62 - 40
        await pilot.press("left")
        assert table.scroll_offset.x == 0


async def test_columns_widen_with_news_and_narrow_only_with_other_data() -> None:
    app = TableApp((Column("a", "a"), Column("b", "b", width=3)))
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, [Row("k", ("short", "b"))])
        assert line(table, 1).index("b") == 5 + GAP
        await show(pilot, [Row("k", ("much longer", "b"))])
        assert line(table, 1).index("b") == 11 + GAP
        await show(pilot, [Row("k", ("short", "b"))])
        assert line(table, 1).index("b") == 11 + GAP
        await show(pilot, [Row("k", ("short", "b"))], relayout=True)
        assert line(table, 1).index("b") == 5 + GAP


async def test_other_columns_show_the_same_rows() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(3))
        table.set_columns((Column("only", "Only"),))
        await pilot.pause()
        assert line(table, 0).strip() == "Only"
        assert line(table, 1).strip() == "node-0"
        assert table.cursor_column == "only"


async def test_without_a_cursor_keys_scroll() -> None:
    app = TableApp(cursor=False, show_header=False)
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(100))
        assert line(table, 0).startswith("node-0 ")
        await pilot.press("down", "down", "enter")
        assert table.scroll_offset.y == 2
        assert table.cursor_key is None
        await pilot.press("G")
        assert table.scroll_offset.y == 100 - SCREEN.height
        await pilot.click(Table, offset=(2, 2))
        assert {kind for kind, _ in app.told} == {"edge"}


async def test_a_place_asked_for_before_the_first_layout_is_in_sight() -> None:
    app = TableApp()
    app.table.set_rows(make_rows(100))
    app.table.move_to("k70")
    async with app.run_test(size=SCREEN) as pilot:
        await pilot.pause()
        table = app.table
        assert table.scroll_offset.y <= 70 < table.scroll_offset.y + PAGE
        assert not table.move_to("no such row")
        assert table.cursor_key == "k70"


async def test_a_hundred_thousand_rows() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(100_000))
        await pilot.press("G")
        assert table.cursor_key == "k99999"
        assert line(table, SCREEN.height - 1).startswith("node-99999")
        await pilot.press("pageup")
        assert table.cursor_row == 99_999 - PAGE


def test_left_over_width_goes_to_content_first_and_then_by_shares() -> None:
    columns = (
        Column("a", "a", width=10),
        Column("b", "b", grow=1, min_width=5),
        Column("c", "c", grow=3, min_width=5),
    )
    room = 2 * GAP
    assert [slot.width for slot in arrange(columns, [10, 8, 5], 20 + room)] == [10, 5, 5]
    assert [slot.width for slot in arrange(columns, [10, 8, 5], 23 + room)] == [10, 8, 5]
    assert [slot.width for slot in arrange(columns, [10, 8, 5], 31 + room)] == [10, 10, 11]
    assert [slot.x for slot in arrange(columns, [10, 8, 5], 23 + room)] == [0, 12, 22]


@pytest.mark.parametrize("width", range(0, 90))
def test_whatever_the_width_growing_columns_fill_it(width: int) -> None:
    columns = (Column("a", "a", grow=2), Column("b", "b", grow=1), Column("c", "c", priority=1))
    slots = arrange(columns, [20, 30, 10], width)
    assert slots[-1].end == max(width, 2 * 3 + GAP)


def test_scrollbars_are_reckoned_with_before_they_are_there() -> None:
    columns, bars = (Column("a", "a", width=20),), Size(1, 1)
    assert lay_out(columns, [20], 5, Size(20, 5), bars).rows == 5
    crowded = lay_out(columns, [20], 6, Size(20, 5), bars)
    assert (crowded.width, crowded.rows) == (19, 4)
    narrow = lay_out(columns, [20], 5, Size(10, 5), bars)
    assert (narrow.width, narrow.rows) == (9, 4)


def test_needs_keep_within_the_limits_of_a_column() -> None:
    needs = Needs((Column("a", "title", max_width=12), Column("b", "b", min_width=4)))
    assert needs.widths == [5, 4]
    assert needs.grow([Row("k", ("日本語", "x\x1b")), Row("l", ("z" * 500,))])
    assert needs.widths == [12, 5]
    assert not needs.grow([Row("k", ("short", "x"))])
