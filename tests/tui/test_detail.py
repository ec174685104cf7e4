"""What ``enter`` opens: all there is to a row, kept up to date, and the way back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store.locations import Locations
from tests.support import foreign
from tests.support.deck import ACTOR, Driver, console, demo_state, opened, outsider
from tui.app import NodedeckApp
from tui.screens.change import ChangeScreen
from tui.screens.detail import DetailScreen
from tui.screens.value import ValueScreen
from tui.session import Session
from tui.widgets.json_tree import JsonTree
from tui.widgets.table import Table

PROMPT_SECONDS = 5.0
"""A key on the largest value; a tenth of a second is usual, but other work may hold the machine."""


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


def table(driver: Driver, part: str) -> Table:
    return driver.app.screen.query_one(f"#{part} Table", Table)


def cells(driver: Driver, part: str) -> dict[str, list[str]]:
    """The texts of a part's rows by key."""
    return {
        row.key: [row.cell(at).text for at in range(len(row.cells))]
        for row in table(driver, part).rows
    }


def fault(driver: Driver) -> str:
    said = driver.app.screen.query_one("#fault")
    return str(said.render()) if said.display else ""


async def open_row(driver: Driver, pane: str, key: str) -> None:
    """Go to a row of a pane by its key, and open it."""
    driver.deck.focus_on(pane)
    assert driver.deck.pane(pane).table.move_to(key)
    await driver.press("enter")
    screen = driver.app.screen
    assert isinstance(screen, DetailScreen | ChangeScreen)
    if isinstance(screen, DetailScreen):
        await driver.until(lambda: screen._shown or fault(driver), "the detail")
        await driver.pilot.pause()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_node_in_full(places: Locations, size: tuple[int, int]) -> None:
    async with opened(console(places), size=size) as driver:
        await open_row(driver, "nodes", "nodes.dk03-a")
        found = cells(driver, "fields")
        assert found["nodes.dk03-a.host"] == ["host", "192.0.2.21", "database", "database"]
        assert found["nodes.dk03-a.max_concurrent"][1] == "480"
        assert {path.rpartition(".")[2] for path in found} == {
            *("host", "inference_segment", "inference_port", "poc_segment", "poc_port"),
            *("max_concurrent", "version", "is_enabled"),
        }
        models = cells(driver, "models")
        assert models["Qwen/Qwen3-235B-A22B-Instruct-2507-FP8"][1].startswith("--tensor-parallel")
        assert list(cells(driver, "hardware").values()) == [["8", "NVIDIA H100 80GB HBM3 | 79GB"]]
        assert [row[1:3] for row in cells(driver, "past").values()] == [["added", ACTOR]]
        for part in ("fields", "models", "hardware", "past", "fields"):
            assert table(driver, part).has_focus
            assert table(driver, part).region.bottom < size[1]
            await driver.press("tab")
        await driver.press("shift+tab", "shift+tab")
        assert table(driver, "past").has_focus


async def test_what_others_commit_shows_while_it_is_open(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await open_row(driver, "nodes", "nodes.dk03-a")
        path = "nodes.dk03-a.max_concurrent"
        with outsider(places.database) as other:
            other.commit("UPDATE inference_nodes SET max_concurrent=481 WHERE id='dk03-a'")
            await driver.until(lambda: cells(driver, "fields")[path][1] == "481", "the new value")
            assert "value" in table(driver, "fields")._flashes.columns(path)
            assert [row[1:3] for row in cells(driver, "past").values()] == [
                ["max_concurrent 480 → 481", "external"],
                ["added", ACTOR],
            ]
            models = json.dumps({"phi-4": {"args": []}, "odd": {"args": "x", "more": [1]}})
            other.commit(("UPDATE inference_nodes SET models=? WHERE id='dk03-a'", (models,)))
            await driver.until(lambda: "phi-4" in cells(driver, "models"), "the new models")
            assert cells(driver, "models")["odd"][1] == '{"args":"x","more":[1]}'


async def test_a_removed_node_says_so_and_keeps_what_stood_there_last(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await open_row(driver, "nodes", "nodes.dk03-c")
        assert fault(driver) == ""
        models, stood = cells(driver, "models"), list(cells(driver, "fields"))
        assert models
        with outsider(places.database) as other:
            other.commit("DELETE FROM inference_nodes WHERE id='dk03-c'")
            await driver.until(lambda: "was removed" in fault(driver), "the removal")
            assert "nodes.dk03-c was removed 0 s ago by external" in fault(driver)
            assert cells(driver, "fields")["nodes.dk03-c.host"] == ["host", "192.0.2.23", "", ""]
            assert cells(driver, "models") == models
            assert set(cells(driver, "fields")) == set(stood)
            assert driver.app.screen.query_one("#equipment").display
            other.commit(foreign.node("dk03-c", host="10.9.9.9"))
            await driver.until(lambda: not fault(driver), "the return")
            assert cells(driver, "fields")["nodes.dk03-c.host"][1:3] == ["10.9.9.9", "database"]
        await driver.press("escape")
        assert driver.app.screen is driver.deck


async def test_esc_returns_to_the_row_though_rows_came_meanwhile(places: Locations) -> None:
    async with opened(console(places), size=(80, 24)) as driver:
        await open_row(driver, "nodes", "nodes.dk03-c")
        with outsider(places.database) as other:
            other.commit(
                "UPDATE inference_nodes SET rowid=rowid+100",
                *(foreign.node(f"n{number:02}") for number in range(30)),
            )
            await driver.until(lambda: len(driver.rows("nodes")) == 33, "the new rows")
        await driver.press("escape")
        assert driver.app.screen is driver.deck
        pane = driver.deck.pane("nodes").table
        assert (pane.cursor_key, pane.has_focus) == ("nodes.dk03-c", True)
        assert "dk03-c" in driver.screen()


async def test_a_commit_elsewhere_reads_nothing_again(
    places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(console(places)) as driver:
        await open_row(driver, "nodes", "nodes.dk03-a")

        def refuse(*_: object) -> None:
            raise AssertionError("read again")

        monkeypatch.setattr("tui.screens.detail.inspect", refuse)
        with outsider(places.database) as other:
            other.height(2_600_000)
            await driver.until(
                lambda: driver.cells("chain")["current_height"][1].strip() == "2,600,000", "it"
            )
            await driver.until(
                lambda: not [one for one in driver.app.workers if one.group == "detail"], "an end"
            )
        assert cells(driver, "fields")["nodes.dk03-a.host"][1] == "192.0.2.21"


async def test_an_override_shows_as_the_source_and_one_that_is_none_as_a_sentence(
    places: Locations,
) -> None:
    from store.documents import overrides

    laid = overrides({"DAPI_NODES__DK03-B": "x"}, {"nodes.dk03-a.host": "1.1.1.1"})
    app = NodedeckApp(Session(places, "x", overrides=laid), host="h")
    async with opened(app) as driver:
        await open_row(driver, "nodes", "nodes.dk03-a")
        assert cells(driver, "fields")["nodes.dk03-a.host"][1:3] == ["1.1.1.1", "flag"]
    laid = overrides({}, {"nodes.dk03-a.max_concurrent": "many"})
    app = NodedeckApp(Session(places, "x", overrides=laid), host="h")
    async with opened(app) as driver:
        await open_row(driver, "nodes", "nodes.dk03-a")
        assert "must be a 64-bit integer" in fault(driver)
        assert "--override" in fault(driver)


# a change


async def test_an_audit_row_opens_as_before_and_after_of_what_changed(places: Locations) -> None:
    foreign.write(
        places.database,
        "UPDATE inference_nodes SET host='10.1.1.1', max_concurrent=7 WHERE id='dk03-a'",
    )
    async with opened(console(places)) as driver:
        newest = next(k for k, row in driver.cells("audit").items() if row[1] == "nodes.dk03-a")
        await open_row(driver, "audit", newest)
        await driver.until_shown("nodes.dk03-a changed", "by external", "2 fields")
        assert list(cells(driver, "differences").values()) == [
            ["host", "192.0.2.21", "10.1.1.1"],
            ["max_concurrent", "480", "7"],
        ]
        await driver.press("enter")
        await driver.until_shown("Before", "192.0.2.21", "After", "10.1.1.1")
        await driver.press("escape", "escape")
        assert driver.app.screen is driver.deck
        assert driver.deck.pane("audit").table.cursor_key == newest


async def test_a_change_of_a_detail_opens_and_leads_back(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await open_row(driver, "nodes", "nodes.dk03-a")
        await driver.press("tab", "tab", "tab", "enter")
        assert isinstance(driver.app.screen, ChangeScreen)
        await driver.press("escape")
        assert isinstance(driver.app.screen, DetailScreen)
        assert table(driver, "past").has_focus


# values in full

NESTED = {
    "min": {"value": "1", "exponent": -2},
    "list": [1, True, None, {"deep": ["x"]}],
    "empty": {},
    "api_token": "hunter2hunter2",
}


def put_params(places: Locations, value: Any) -> None:
    row = {
        "param_type": "poc",
        "param_data": value if isinstance(value, str) else json.dumps(value),
    }
    foreign.write(places.database, foreign.insert("network_params", row))


def lines(driver: Driver) -> list[tuple[str, str]]:
    """The tree's lines, without their signs."""
    rows = driver.app.screen.query_one(JsonTree).rows
    return [(row.cell(0).text.strip("▾▸ "), row.cell(1).text) for row in rows]


async def test_nested_json_is_a_tree_that_keys_open_and_close(places: Locations) -> None:
    put_params(places, NESTED)
    async with opened(console(places)) as driver:
        await open_row(driver, "params", "poc_params")
        assert lines(driver) == [
            ("min", "2 fields"),
            ("value", '"1"'),
            ("exponent", "-2"),
            ("list", "4 items"),
            ("0", "1"),
            ("1", "true"),
            ("2", "null"),
            ("3", "1 field"),
            ("deep", "1 item"),
            ("0", '"x"'),
            ("empty", "{}"),
            ("api_token", '"********"'),
        ]
        await driver.press("tab")
        tree = driver.app.screen.query_one(JsonTree)
        assert tree.has_focus
        await driver.press("enter")
        assert lines(driver)[:2] == [("min", "2 fields"), ("list", "4 items")]
        await driver.press("l", "l")
        assert tree.rows[tree.cursor_row].cell(0).text.strip() == "value"
        await driver.press("h", "h")
        assert lines(driver)[1][0] == "list"
        await driver.press("j", "h")
        assert [name for name, _ in lines(driver)] == ["min", "list", "empty", "api_token"]
        with outsider(places.database) as other:
            value = json.dumps(NESTED | {"empty": {"now": 1}})
            other.commit(
                ("UPDATE network_params SET param_data=? WHERE param_type='poc'", (value,))
            )
            await driver.until(lambda: ("empty", "1 field") in lines(driver), "the new value")
            assert [name for name, _ in lines(driver)] == ["min", "list", "empty", "api_token"]


async def test_a_field_opens_in_full(places: Locations) -> None:
    text = "one\n" + "w" * 200
    foreign.write(
        places.database,
        ("UPDATE inference_nodes SET version=? WHERE id='dk03-a'", (text,)),
    )
    async with opened(console(places), size=(80, 24)) as driver:
        await open_row(driver, "nodes", "nodes.dk03-a")
        table(driver, "fields").move_to("nodes.dk03-a.version")
        await driver.press("enter")
        assert isinstance(driver.app.screen, ValueScreen)
        await driver.until(lambda: driver.app.screen.query(Table), "the text")
        await driver.pilot.pause()
        shown = [row.cell(0).text for row in driver.app.screen.query_one(Table).rows]
        assert shown == ["one", "w" * 76, "w" * 76, "w" * 48]
        await driver.press("escape")
        assert table(driver, "fields").cursor_key == "nodes.dk03-a.version"


def many_models() -> str:
    return json.dumps({f"org/model-{at:05}": {"args": ["--x", str(at)]} for at in range(10_000)})


def deep(levels: int) -> str:
    return '{"a":' * levels + '"bottom"' + "}" * levels


def five_megabytes() -> dict[str, Any]:
    below = {f"key{at}": {"name": "n" * 40, "list": list(range(10))} for at in range(48_000)}
    return {"all": below}


async def prompt(driver: Driver, *keys: str) -> None:
    """Press keys, none of which may take as long as looking at all of the value would."""
    for key in keys:
        began = time.monotonic()
        await driver.press(key)
        assert time.monotonic() - began < PROMPT_SECONDS, key


@pytest.mark.soak
async def test_ten_thousand_models_stay_responsive(places: Locations) -> None:
    foreign.write(
        places.database,
        ("UPDATE inference_nodes SET models=? WHERE id='dk03-a'", (many_models(),)),
    )
    async with opened(console(places), size=(80, 24)) as driver:
        await open_row(driver, "nodes", "nodes.dk03-a")
        await prompt(driver, "tab", "G")
        await driver.until_shown("org/model-09999")
        await prompt(driver, "g", "pagedown", "enter", "escape", "escape")


@pytest.mark.soak
async def test_five_megabytes_of_json_stay_responsive(places: Locations) -> None:
    value = five_megabytes()
    assert len(json.dumps(value)) > 5_000_000
    put_params(places, value)
    async with opened(console(places), size=(80, 24)) as driver:
        await open_row(driver, "params", "poc_params")
        assert "the first 2000 of 96,000" in driver.screen()
        await prompt(driver, "G", "tab", "G")
        assert lines(driver)[-1] == ("47500 … 47999", "500 fields")
        await prompt(driver, "l", "G", "l")
        assert lines(driver)[-3:-1] == [("key47999", "2 fields"), ("name", f'"{"n" * 40}"')]
        await prompt(driver, "l", "escape")
        assert driver.app.screen is driver.deck


@pytest.mark.parametrize("levels", [60, 100, 100_000])
async def test_json_of_any_depth_opens(places: Locations, levels: int) -> None:
    put_params(places, deep(levels))
    async with opened(console(places), size=(80, 24)) as driver:
        await open_row(driver, "params", "poc_params")
        await prompt(driver, "enter")
        await driver.until(lambda: driver.app.screen.query(Table), "the value")
        await driver.pilot.pause()
        await prompt(driver, "G")
        text = "bottom" if levels <= 100 else "}" * 70
        await driver.until_shown(text)


@pytest.mark.parametrize(
    "make", [lambda: list(range(300_000)), lambda: {str(at): at for at in range(600)}]
)
def test_many_items_come_in_bunches(make: Callable[[], Any]) -> None:
    from tui.widgets.json_tree import BUNCH, Branch

    value = make()
    level = [Branch("", "", value, -1)]
    leaves = []
    while level:
        below = []
        for branch in level:
            children = list(branch.children())
            assert len(children) <= BUNCH
            assert len({child.key for child in children}) == len(children)
            leaves += [child for child in children if not child.opens]
            below += [child for child in children if child.opens]
        level = below
    assert [leaf.value for leaf in leaves] == list(
        value if isinstance(value, list) else value.values()
    )
    assert [leaf.name for leaf in leaves] == [str(at) for at in range(len(value))]
    assert len({leaf.key for leaf in leaves}) == len(value)
