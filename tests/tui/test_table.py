"""The table: keys, keyed updates, repaints, flashes, hostile text, edges, sizes."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from rich.cells import cell_len
from textual import events, on
from textual.app import App, ComposeResult
from textual.geometry import Region, Size
from textual.pilot import Pilot

from tui.glyphs import ASCII
from tui.text import clean
from tui.widgets import table_base
from tui.widgets.table import Cell, Column, Row, Table
from tui.widgets.table_layout import GAP, Needs, arrange, lay_out

COLUMNS = (
    Column("id", "id", min_width=8),
    Column("host", "host", width=12),
    Column("height", "height", align="right", width=10),
)
HEADER = 1
SCREEN = Size(80, 24)
PAGE = SCREEN.height - HEADER
HOSTILE = [
    "[red]x[/red]",
    "[@click=app.quit]x[/]",
    "[/]",
    "\x1b[31mred",
    "\x9b31m",
    "nul\x00",
    "zero\u200bwidth",
    "\u202eright",
    "日本語の名前です",
    "z" + "\u0301" * 40,
    "x" * 10_000,
    "trailing\\",
]


def make_rows(count: int, start: int = 0) -> list[Row]:
    return [
        Row(f"k{n}", (f"node-{n}", f"10.0.0.{n}", Cell(str(n), "strong")))
        for n in range(start, start + count)
    ]


class TableApp(App[None]):
    """One table, and the messages that came from it."""

    CSS = "Table { height: 1fr; }"

    def __init__(self, columns: Sequence[Column] = COLUMNS, **options: Any) -> None:
        super().__init__()
        self.table = Table(columns, **options)
        self.told: list[tuple[str, str | None]] = []
        self.clicks = 0

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.focus()

    @on(Table.Highlighted)
    def note_highlighted(self, message: Table.Highlighted) -> None:
        assert message.control is self.table
        self.told.append(("highlighted", message.key))

    @on(Table.Selected)
    def note_selected(self, message: Table.Selected) -> None:
        self.told.append(("selected", message.key))

    @on(Table.NearEdge)
    def note_edge(self, message: Table.NearEdge) -> None:
        self.told.append(("edge", message.edge))

    def take(self, kind: str) -> list[str | None]:
        """Return what was told of one kind since the last time."""
        found = [value for what, value in self.told if what == kind]
        self.told = [item for item in self.told if item[0] != kind]
        return found


def line(table: Table, y: int) -> str:
    return table.render_line(y).text


def screen(table: Table) -> list[str]:
    return [line(table, y) for y in range(table.size.height)]


def top_key(table: Table) -> str:
    return table.rows[table.scroll_offset.y].key


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await pilot.pause(0.01)


async def show(pilot: Pilot[None], rows: Sequence[Row], **options: Any) -> Table:
    table = pilot.app.query_one(Table)
    table.set_rows(rows, **options)
    await pilot.pause()
    return table


def spy_on_refresh(table: Table, monkeypatch: pytest.MonkeyPatch) -> list[Region | None]:
    """Collect the regions that the table repaints; None stands for all of it."""
    painted: list[Region | None] = []
    refresh = table.refresh

    def spy(*regions: Region, repaint: bool = True, **options: Any) -> Table:
        if repaint:
            painted.extend(regions or [None])
        return refresh(*regions, repaint=repaint, **options)

    monkeypatch.setattr(table, "refresh", spy)
    return painted


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


async def test_the_whole_screen_is_right_after_rows_came_and_went() -> None:
    app = TableApp(empty="Nothing here.\nNothing at all.\nReally.")
    async with app.run_test(size=SCREEN) as pilot:
        for count in (3, 0, 40, 1, 100, 0, 2):
            table = await show(pilot, make_rows(count))
            painted = [strip.text for strip in app.screen._compositor.render_strips()]
            for y, shown in enumerate(screen(table)):
                assert painted[y][: table._layout.width] == shown[: table._layout.width]


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
