"""The table: keys, the cursor, and rows that come and go."""

import pytest
from textual import events

from tests.support.table import (
    HEADER,
    PAGE,
    SCREEN,
    TableApp,
    line,
    make_rows,
    screen,
    show,
    top_key,
    until,
)
from tui.widgets.table import Row, Table


@pytest.mark.parametrize(
    ("keys", "row"),
    [
        (["down"], 51),
        (["j", "j"], 52),
        (["up"], 49),
        (["k", "k"], 48),
        (["pagedown"], 50 + PAGE),
        (["pageup"], 50 - PAGE),
        (["ctrl+d"], 50 + PAGE // 2),
        (["ctrl+u"], 50 - PAGE // 2),
        (["home"], 0),
        (["g"], 0),
        (["end"], 199),
        (["G"], 199),
        (["G", "down"], 199),
        (["g", "up"], 0),
    ],
)
async def test_keys_move_the_cursor_and_keep_it_in_sight(keys: list[str], row: int) -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(200))
        assert table.move_to("k50")
        await pilot.pause()
        app.take("highlighted")
        await pilot.press(*keys)
        await pilot.pause()
        assert table.cursor_row == row
        assert table.cursor_key == f"k{row}"
        assert table.scroll_offset.y <= row < table.scroll_offset.y + PAGE
        assert app.take("highlighted")[-1] == f"k{row}"


async def test_page_keys_keep_the_cursor_on_its_line_of_the_screen() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(200))
        await pilot.press("down", "down", "pagedown")
        assert table.scroll_offset.y == PAGE
        assert table.cursor_row == PAGE + 2


@pytest.mark.parametrize(
    ("keys", "column"),
    [(["right"], "host"), (["l", "l", "l"], "height"), (["l", "h"], "id"), (["left"], "id")],
)
async def test_keys_move_the_column_cursor(keys: list[str], column: str) -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(3))
        await pilot.press(*keys)
        assert table.cursor_column == column


async def test_every_key_has_an_id_to_remap_it_by() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN):
        bindings = [
            binding for found in app.table._bindings.key_to_bindings.values() for binding in found
        ]
        assert all(binding.id and binding.id.startswith("table.") for binding in bindings)
        shown = {binding.id for binding in bindings if binding.show}
        assert shown == {"table.open", "table.filter"}


async def test_enter_selects_and_an_empty_table_has_nothing_to_select() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        await pilot.press("enter", "down", "G", "pagedown", "right")
        await pilot.pause()
        assert app.told == []
        table = await show(pilot, make_rows(3))
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.take("selected") == ["k1"]
        assert table.cursor_key == "k1"


async def test_a_click_moves_the_cursor_and_a_second_one_selects() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(5))
        await pilot.click(Table, offset=(12, HEADER + 2))
        assert (table.cursor_key, table.cursor_column) == ("k2", "host")
        assert app.take("selected") == []
        await pilot.click(Table, offset=(0, HEADER + 2))
        await pilot.pause()
        assert app.take("selected") == ["k2"]
        for empty_place in ((3, 0), (3, HEADER + 5)):
            await pilot.click(Table, offset=empty_place)
        assert table.cursor_key == "k2"
        assert app.take("selected") == []


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(200))
        wheel = events.MouseScrollDown(table, 5, 5, 0, 1, 0, shift=False, meta=False, ctrl=False)
        table.post_message(wheel)
        await until(pilot, lambda: table.scroll_offset.y > 0)
        assert table.cursor_key == "k0"
        assert line(table, HEADER).startswith(f"node-{table.scroll_offset.y} ")
        await pilot.press("down")
        assert table.cursor_key == "k1"
        assert table.scroll_offset.y <= 1


async def test_the_cursor_stays_on_its_key_when_rows_come_and_go() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(100))
        table.move_to("k40")
        await pilot.pause()
        app.take("highlighted")
        top, seen = top_key(table), screen(table)
        await show(pilot, make_rows(110, start=-10))
        assert (table.cursor_key, top_key(table)) == ("k40", top)
        assert screen(table) == seen
        assert table.max_scroll_y == 110 - PAGE
        assert app.take("highlighted") == []
        without = [row for row in table.rows if row.key not in ("k40", "k41")]
        await show(pilot, without)
        assert table.cursor_key == "k39"
        assert app.take("highlighted") == ["k39"]
        await show(pilot, make_rows(5))
        assert table.cursor_key == "k4"
        assert table.scroll_offset.y == 0
        await show(pilot, [])
        assert table.cursor_key is None
        assert app.take("highlighted") == ["k4", None]
        await show(pilot, make_rows(1))
        assert app.take("highlighted") == ["k0"]


async def test_of_two_neighbours_the_one_below_takes_the_cursor() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(10))
        table.move_to("k4")
        await show(pilot, [row for row in make_rows(10) if row.key != "k4"])
        assert table.cursor_key == "k5"


async def test_a_scroll_away_from_the_cursor_is_left_alone_by_news() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(200))
        table.scroll_to(y=100, animate=False, force=True)
        await pilot.pause()
        await show(pilot, make_rows(203, start=-3))
        assert (top_key(table), table.cursor_key) == ("k100", "k0")


async def test_a_cursor_pushed_off_the_screen_by_news_stays_in_sight() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(30))
        table.move_to("k20")
        rows = make_rows(30)
        await show(pilot, [*rows[:5], *make_rows(10, start=500), *rows[5:]])
        assert table.cursor_key == "k20"
        assert table.scroll_offset.y <= table.cursor_row < table.scroll_offset.y + PAGE


async def test_two_rows_with_one_key_are_refused_and_nothing_changes() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(3))
        with pytest.raises(ValueError, match="'k1'"):
            table.set_rows([*make_rows(2), Row("k1", ("again",))])
        assert table.rows == tuple(make_rows(3))
