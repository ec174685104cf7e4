"""What the table paints: what differs, flashes, hostile text, themes and plain terminals."""

from typing import Any

import pytest
from rich.cells import cell_len
from textual.geometry import Region

from tests.support.table import (
    HEADER,
    HOSTILE,
    PAGE,
    SCREEN,
    TableApp,
    line,
    make_rows,
    screen,
    show,
    spy_on_refresh,
    until,
)
from tui.glyphs import ASCII
from tui.text import clean
from tui.widgets import table_base
from tui.widgets.table import Cell, Column, Row, Table
from tui.widgets.table_layout import GAP


async def test_only_cells_that_differ_are_repainted(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(100))
        painted = spy_on_refresh(table, monkeypatch)
        rows = make_rows(100)
        await show(pilot, rows)
        assert painted == []
        rows[90] = Row("k90", ("off", "the", "screen"))
        await show(pilot, rows)
        assert painted == []
        rows[3] = Row("k3", ("node-3", "10.9.9.9", Cell("3", "strong")))
        await show(pilot, rows)
        assert painted == [Region(8 + GAP, HEADER + 3, 12, 1)]
        painted.clear()
        await pilot.press("down")
        assert {region and region.y for region in painted} == {HEADER, HEADER + 1}


async def test_rows_added_below_or_above_repaint_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(100))
        table.move_to("k60")
        await pilot.pause()
        painted = spy_on_refresh(table, monkeypatch)
        await show(pilot, make_rows(120, start=-10))
        assert painted == []
        assert table.max_scroll_y == 120 - PAGE
        assert table.vertical_scrollbar.window_virtual_size == 120 + HEADER


async def test_changed_cells_flash_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_base, "FLASH_SECONDS", 0.1)
    app = TableApp()
    app.animation_level = "none"
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(5))
        usual = table.render_line(HEADER + 2)
        timers: list[float] = []
        set_timer = table.set_timer

        def count(delay: float, *args: Any, **options: Any) -> Any:
            timers.append(delay)
            return set_timer(delay, *args, **options)

        monkeypatch.setattr(table, "set_timer", count)
        rows = make_rows(5)
        rows[2] = Row("k2", rows[2].cells, frozenset({"host"}))
        rows[3] = Row("k3", rows[3].cells, frozenset({"id"}))
        table.set_rows(rows)
        flashing = table.render_line(HEADER + 2)
        assert flashing.text == usual.text
        assert flashing != usual
        assert len(timers) == 1
        painted = spy_on_refresh(table, monkeypatch)
        await until(pilot, lambda: table.render_line(HEADER + 2) == usual)
        assert painted == [Region(8 + GAP, HEADER + 2, 12, 1), Region(0, HEADER + 3, 8, 1)]
        table.set_rows(rows)
        assert table.render_line(HEADER + 2) == usual
        assert len(timers) == 1


async def test_flashes_can_be_left_out() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(5))
        usual = table.render_line(HEADER + 2)
        rows = make_rows(5)
        rows[2] = Row("k2", rows[2].cells, frozenset({"host"}))
        table.set_rows(rows, flash=False)
        assert table.render_line(HEADER + 2) == usual


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
async def test_hostile_text_is_shown_as_it_is_and_does_nothing(text: str) -> None:
    columns = (Column("a", text, max_width=40), Column("b", "b", width=6))
    app = TableApp(columns, empty=text)
    async with app.run_test(size=SCREEN) as pilot:
        table = app.table
        await pilot.pause()
        shown = clean(text)
        assert shown[:20] in "".join(screen(table)[HEADER:])
        await pilot.click(Table, offset=(2, HEADER))
        await show(pilot, [Row("k0", ("", "")), Row(text, (text, Cell(text, "warning")))])
        for y in (0, HEADER + 1):
            strip = table.render_line(y)
            assert strip.text.startswith(shown if cell_len(shown) <= 40 else shown[:30])
            assert strip.text.isprintable()
            assert cell_len(strip.text) == SCREEN.width
            assert not any(segment.style and segment.style.meta for segment in strip)
            assert not any(segment.style and segment.style.link for segment in strip)
        for y in (0, HEADER + 1, HEADER + 1):
            await pilot.hover(Table, offset=(5, y))
            await pilot.click(Table, offset=(5, y))
        assert app.is_running
        assert table.cursor_key == text


async def test_half_a_wide_character_is_never_shown() -> None:
    app = TableApp((Column("a", "a", width=6), Column("b", "b", width=3)))
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, [Row("k", ("日本語名", "x"))])
        assert line(table, HEADER).rstrip() == "日本…   x"


async def test_the_whole_screen_is_right_after_rows_came_and_went() -> None:
    app = TableApp(empty="Nothing here.\nNothing at all.\nReally.")
    async with app.run_test(size=SCREEN) as pilot:
        for count in (3, 0, 40, 1, 100, 0, 2):
            table = await show(pilot, make_rows(count))
            painted = [strip.text for strip in app.screen._compositor.render_strips()]
            for y, shown in enumerate(screen(table)):
                assert painted[y][: table._layout.width] == shown[: table._layout.width]


async def test_the_cursor_is_seen_without_colours_and_less_without_focus() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(3))
        focused = table.render_line(HEADER)
        assert all(segment.style and segment.style.reverse for segment in focused)
        app.screen.set_focus(None)
        await pilot.pause()
        blurred = table.render_line(HEADER)
        assert all(segment.style and segment.style.bold for segment in blurred)
        assert not any(segment.style and segment.style.reverse for segment in blurred)


async def test_another_theme_repaints_in_its_colours() -> None:
    app = TableApp()
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, make_rows(3))
        dark = table.render_line(HEADER + 1)
        app.theme = "textual-light"
        await pilot.pause()
        light = table.render_line(HEADER + 1)
        assert light.text == dark.text
        assert light != dark


async def test_a_plain_terminal_gets_plain_signs() -> None:
    app = TableApp((Column("a", "a", width=4),), glyphs=ASCII)
    async with app.run_test(size=SCREEN) as pilot:
        table = await show(pilot, [Row("k", ("abcdefg",))])
        assert line(table, 1).strip() == "abc~"


async def test_an_empty_table_says_what_would_be_here() -> None:
    sentence = "No nodes yet.\nPress a to add one, or 7 to import them from the old file."
    app = TableApp(empty=sentence)
    async with app.run_test(size=(40, 10)) as pilot:
        table = app.table
        await pilot.pause()
        wrapped = ["No nodes yet.", "Press a to add one, or 7 to import them", "from the old file."]
        assert [shown.strip() for shown in screen(table)[1:4]] == wrapped
        await show(pilot, make_rows(1))
        assert [shown.strip() for shown in screen(table)[2:4]] == ["", ""]
        await show(pilot, [])
        assert [shown.strip() for shown in screen(table)[1:4]] == wrapped
