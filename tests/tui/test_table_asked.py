"""What one asks of a table by keys: filter, matches, sort, copy; hostile text and odd sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from textual import events, on
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.pilot import Pilot

from tests.support.table import COLUMNS, HOSTILE, line, make_rows, screen
from tui.clipboard import LIMIT_BYTES, plain
from tui.widgets.filter_line import FilterInput, FilterLine
from tui.widgets.table import Cell, Column, Row, Table

MATCHING = [1, *range(10, 20)]


class AskedApp(App[None]):
    """One table in a box, and what it told."""

    def __init__(self, columns: Sequence[Column] = COLUMNS, **options: Any) -> None:
        super().__init__()
        self.table = Table(columns, **options)
        self.sought: list[str] = []
        self.backs = 0

    BINDINGS = [("escape", "back", "back")]  # noqa: RUF012

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self.table

    def on_mount(self) -> None:
        self.table.focus()

    async def action_back(self) -> None:
        self.backs += 1

    @on(Table.Sought)
    def note(self, event: Table.Sought) -> None:
        self.sought.append(event.text)

    def notices(self) -> list[str]:
        return [notice.message for notice in self._notifications]


async def press(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await pilot.pause()


def keys_of(table: Table) -> list[str]:
    return [row.key for row in table.rows]


def shown(app: App[None]) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


# filter


async def test_rows_are_hidden_as_one_types_and_esc_brings_them_back() -> None:
    app = AskedApp()
    async with app.run_test() as pilot:
        app.table.set_rows(make_rows(50))
        app.table.move_to("k12")
        await press(pilot, "slash", *"node-1")
        assert keys_of(app.table) == [f"k{n}" for n in MATCHING]
        assert "11 of 50" in shown(app)
        assert app.table.cursor_key == "k12"
        await press(pilot, "x")
        assert "No row matches." in shown(app)
        assert "0 of 50" in shown(app)
        await press(pilot, "backspace")
        assert app.table.cursor_key == "k12", "the row comes back with the cursor on it"
        await press(pilot, "escape")
        assert (len(app.table.rows), app.table.cursor_key, app.table.filter) == (50, "k12", "")
        assert not app.query(FilterLine)
        assert app.table.has_focus
        assert app.backs == 0
        await press(pilot, "escape")
        assert app.backs == 1


async def test_enter_keeps_the_filter_and_slash_goes_on_with_it() -> None:
    app = AskedApp()
    async with app.run_test() as pilot:
        app.table.set_rows(make_rows(50))
        await press(pilot, "slash", *"NODE-1", "enter")
        assert app.table.has_focus
        assert len(app.table.rows) == len(MATCHING)
        await press(pilot, "slash", "7")
        assert keys_of(app.table) == ["k17"]
        await press(pilot, "enter", "escape")
        assert len(app.table.rows) == 50
        assert app.backs == 0


async def test_enter_on_an_empty_line_closes_it() -> None:
    app = AskedApp()
    async with app.run_test() as pilot:
        await press(pilot, "slash", "enter")
        assert not app.query(FilterLine)
        assert app.table.has_focus


async def test_the_arrows_move_through_what_was_found_while_typing() -> None:
    app = AskedApp()
    async with app.run_test() as pilot:
        app.table.set_rows(make_rows(50))
        await press(pilot, "slash", *"node-1", "down", "down", "up")
        assert app.table.cursor_key == "k10"
        await press(pilot, "escape")
        assert app.table.cursor_key == "k10"


async def test_news_arrive_under_a_filter() -> None:
    app = AskedApp()
    async with app.run_test() as pilot:
        app.table.set_rows(make_rows(5))
        await press(pilot, "slash", *"node-3")
        rows = [*make_rows(5), *make_rows(1, start=30)]
        rows[3] = Row("k3", ("node-3", "moved", "3"))
        app.table.set_rows(rows)
        await pilot.pause()
        assert keys_of(app.table) == ["k3", "k30"]
        assert "moved" in shown(app)
        assert "2 of 6" in shown(app)
        app.table.set_rows(make_rows(3))
        await pilot.pause()
        assert keys_of(app.table) == []
        assert "0 of 3" in shown(app)
        with pytest.raises(ValueError, match="'k1'"):
            app.table.set_rows([*make_rows(3), Row("k1", ())])
        assert keys_of(app.table) == []


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
async def test_a_filter_is_never_markup_and_never_acts(text: str) -> None:
    app = AskedApp()
    async with app.run_test() as pilot:
        app.table.set_rows([Row("k0", (plain(text), "", "")), Row("k1", ("other", "", ""))])
        await press(pilot, "slash")
        app.query_one(FilterInput).post_message(events.Paste(text))
        await pilot.pause()
        assert app.query_one(FilterLine).value == plain(text)
        assert keys_of(app.table) == ["k0"]
        assert all(part.isprintable() for part in shown(app).split("\n"))
        app.table.tell_filter(text, text)
        await pilot.pause()
        assert all(part.isprintable() for part in shown(app).split("\n"))
        await press(pilot, "enter")
        assert app.is_running


async def test_a_filter_over_no_rows_finds_none() -> None:
    app = AskedApp(empty="Nothing yet.")
    async with app.run_test() as pilot:
        await press(pilot, "slash", "x")
        assert "0 of 0" in shown(app)
        await press(pilot, "enter", "n", "N", "s", "y", "Y", "escape")
        assert "Nothing yet." in shown(app)


async def test_a_filter_outlives_a_resize() -> None:
    app = AskedApp()
    async with app.run_test(size=(120, 40)) as pilot:
        app.table.set_rows(make_rows(50))
        app.table.move_to("k15")
        await press(pilot, "slash", *"node-1", "enter", "s")
        for size in ((60, 20), (20, 5), (120, 40)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            assert len(app.table.rows) == len(MATCHING)
            assert app.table.cursor_key == "k15"
            assert "node-15" in shown(app)
        assert "/ node-1" in shown(app)
        assert "11 of 50" in shown(app)
        assert "id ↑" in shown(app)


async def test_a_filter_writes_nothing_while_nobody_types() -> None:
    app = AskedApp()
    async with app.run_test() as pilot:
        app.table.set_rows(make_rows(5))
        await press(pilot, "slash", "n")
        assert (
            app.query_one(FilterInput)._blink_timer is None
            or not app.query_one(FilterInput).cursor_blink
        )


async def test_rows_that_somebody_else_finds_are_only_asked_for() -> None:
    app = AskedApp(sought_as="words  path:x")
    async with app.run_test() as pilot:
        app.table.set_rows(make_rows(5))
        await press(pilot, "slash")
        assert "words  path:x" in shown(app)
        await press(pilot, "n", "o")
        assert app.sought[-1] == "no"
        assert len(app.table.rows) == 5
        app.table.tell_filter("", "No time [red]. Write it like 2h.")
        await pilot.pause()
        assert "No time [red]. Write it like 2h." in shown(app)
        app.table.tell_filter("3 found")
        await pilot.pause()
        assert "No time" not in shown(app)
        assert "3 found" in shown(app)
        await press(pilot, "escape")
        assert app.sought[-1] == ""


# matches


async def test_matches_are_gone_through_and_round() -> None:
    app = AskedApp()
    async with app.run_test() as pilot:
        app.table.set_rows(make_rows(50))
        await press(pilot, "n")
        assert app.notices() == ["There is no filter to go by; / begins one."]
        await press(pilot, "slash", *"node-4", "enter")
        for key, row in (("n", "k40"), ("n", "k41"), ("N", "k40"), ("N", "k4"), ("N", "k49")):
            await press(pilot, key)
            assert app.table.cursor_key == row
        await press(pilot, "n")
        assert app.table.cursor_key == "k4"
        await press(pilot, "escape", "n")
        assert (app.table.cursor_key, len(app.table.rows)) == ("k40", 50)
        await press(pilot, "N")
        assert app.table.cursor_key == "k4"
        app.table.set_rows([Row("other", ("other",))])
        await press(pilot, "n")
        assert app.notices()[-1] == "No row matches."


# sort


async def test_three_presses_sort_up_down_and_not_and_the_cursor_stays() -> None:
    app = AskedApp()
    async with app.run_test() as pilot:
        rows = [Row(f"k{n}", (f"node-{n}", "h", text)) for n, text in enumerate(("9", "", "10"))]
        app.table.set_rows(rows)
        await press(pilot, "right", "right", "down")
        for order, title in (
            (["k0", "k2", "k1"], "height ↑"),
            (["k2", "k0", "k1"], "height ↓"),
            (["k0", "k1", "k2"], "height"),
        ):
            await press(pilot, "s")
            assert keys_of(app.table) == order
            assert app.table.cursor_key == "k1"
            assert line(app.table, 0).rstrip().endswith(title)


async def test_news_keep_the_order() -> None:
    app = AskedApp()
    async with app.run_test() as pilot:
        app.table.set_rows(make_rows(3))
        app.table.move_to("k2")
        await press(pilot, "right", "right", "s", "s")
        assert keys_of(app.table) == ["k2", "k1", "k0"]
        app.table.set_rows([*make_rows(3), Row("k7", ("node-7", "", "7")), Row("k8", ("", "", ""))])
        assert keys_of(app.table) == ["k7", "k2", "k1", "k0", "k8"]
        assert app.table.cursor_key == "k2"


async def test_a_table_without_titles_shows_them_while_it_is_sorted() -> None:
    columns = (Column("name", "", min_width=12), Column("on", "", width=1))
    app = AskedApp(columns, show_header=False)
    async with app.run_test() as pilot:
        app.table.set_rows([Row("b", ("b", "2")), Row("a", ("a", "1"))])
        await press(pilot, "s")
        assert [text.rstrip() for text in screen(app.table)[:3]] == [
            "name ↑",
            "a             1",
            "b             2",
        ]
        await press(pilot, "right", "s")
        assert screen(app.table)[0].rstrip() == "              ↑"
        await press(pilot, "s", "s")
        assert screen(app.table)[0].rstrip() == "b             2"


async def test_a_narrow_column_keeps_its_mark() -> None:
    app = AskedApp((Column("a", "abc", width=4), Column("b", "abcdef", width=4)))
    async with app.run_test() as pilot:
        app.table.set_rows([Row("k", ("1", "2"))])
        await press(pilot, "s")
        assert line(app.table, 0).rstrip() == "abc↑  abc…"
        await press(pilot, "right", "s")
        assert line(app.table, 0).rstrip() == "abc   ab…↑"


async def test_rows_with_one_order_say_so() -> None:
    app = AskedApp(always_sorted="By [time] only.")
    async with app.run_test() as pilot:
        app.table.set_rows(make_rows(3))
        await press(pilot, "s")
        assert app.notices() == ["By [time] only."]
        assert keys_of(app.table) == ["k0", "k1", "k2"]


# copy


async def test_the_whole_value_is_copied_not_what_fits() -> None:
    columns = (Column("a", "a", width=6), Column("b", "b", width=200), Column("c", "c", priority=1))
    app = AskedApp(columns)
    async with app.run_test(size=(40, 10)) as pilot:
        app.table.set_rows(
            [Row("k", ("a long [red]text\x1b[0m", Cell("1…9", whole="123456789"), "dropped"))]
        )
        await press(pilot, "y")
        assert app.clipboard == "a long [red]text[0m"
        assert app.notices() == ["Copied a long [red]text[0m. Control characters left out: 1."]
        await press(pilot, "right", "y")
        assert app.clipboard == "123456789"
        await press(pilot, "Y")
        assert app.clipboard == "a long [red]text[0m\t123456789\tdropped"
        assert app.notices()[-1].startswith("Copied the row, 3 cells.")


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text[:20]))
async def test_hostile_text_is_copied_without_what_acts(text: str) -> None:
    app = AskedApp((Column("a", "a"),))
    async with app.run_test(notifications=True) as pilot:
        app.table.set_rows([Row("k", (text,))])
        await press(pilot, "y")
        assert app.clipboard == plain(text).strip()
        assert all(part.isprintable() for part in shown(app).split("\n"))
        assert "Copied" in shown(app)


async def test_a_value_longer_than_terminals_take_is_cut_and_said_to_be() -> None:
    app = AskedApp((Column("a", "a"),))
    async with app.run_test() as pilot:
        app.table.set_rows([Row("k", ("語" * LIMIT_BYTES,))])
        await press(pilot, "y")
        assert len(app.clipboard.encode()) == LIMIT_BYTES
        assert "Cut at 74,994 bytes" in app.notices()[0]
        assert len(app.notices()[0]) < 150


async def test_nothing_is_copied_where_nothing_stands() -> None:
    app = AskedApp()
    async with app.run_test() as pilot:
        app.copy_to_clipboard("before")
        await press(pilot, "y", "Y")
        app.table.set_rows([Row("k", ("", "", ""))])
        await press(pilot, "y", "Y")
        assert app.clipboard == "before"
        assert app.notices() == ["There is nothing here to copy."] * 4
