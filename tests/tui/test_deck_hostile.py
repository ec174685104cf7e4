"""Whatever stands in the database is shown as it is, and never acted upon."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.widget import Widget

from store import codec
from store.locations import Locations
from tests.support import foreign
from tests.support.deck import Driver, console, empty_state, opened
from tests.support.hostile import EVERYTHING, HOSTILE
from tui.app import NodedeckApp
from tui.commands import PANES
from tui.panes.base import READING
from tui.screens.change import ChangeScreen
from tui.screens.detail import DetailScreen
from tui.session import Session
from tui.text import clean
from tui.widgets.table import Table
from tui.widgets.table_model import Cell


def fill(path: Path, text: str) -> None:
    """Put a text into every free column, as a foreign writer can."""
    row = foreign.insert
    foreign.write(
        path,
        foreign.node(
            text,
            host=text,
            inference_segment=text,
            poc_segment=text,
            models=json.dumps({text: {"args": [text]}}),
            hardware=json.dumps([{"type": text, "count": 2}]),
            version=text,
        ),
        *(foreign.seed(kind, 1, 2, signature=text) for kind in ("previous", "current")),
        row("chain_state", {"key": "current_height", "value": text}),
        row("chain_state", {"key": "last_processed_height", "value": text}),
        row("chain_state", {"key": "current_node_version", "value": text}),
        row("chain_state", {"key": "last_used_version", "value": text}),
        row("chain_state", {"key": "merged_node_config", "value": text}),
        row("chain_state", {"key": text, "value": text}),
        row("network_params", {"param_type": text, "param_data": json.dumps({text: text})}),
        row("network_params", {"param_type": "bandwidth", "param_data": text}),
        row("node_versions", {"height": 5, "version": text}),
        row("upgrade_plans", {"name": text, "height": 9, "binaries": json.dumps({text: text})}),
        row("settings", {"service": text, "key": text, "value_json": json.dumps(text)}),
        row("settings", {"service": "plain", "key": text, "value_json": text}),
        row("settings", {"service": "told", "key": "k", "value_json": "1", "description": text}),
        row("setting_profiles", {"service": text, "name": text, "values_json": text}),
        row("feature_flags", {"name": text, "value_json": text, "description": text}),
        row("mlnode_security", {"node_id": text, "security_key": text}),
        "INSERT OR REPLACE INTO meta(key, value) VALUES('created_by', '[/]\x1b[31m')",
        (
            "UPDATE audit_log SET actor=?, reason=?",
            (text, text),
        ),
    )


def expected(text: str) -> dict[str, set[str]]:
    """The raw text of the cells that must be there, by pane."""
    name = text.rpartition("/")[2] or text
    return {
        "chain": {text},
        "seeds": {text if len(text) < 13 else ""},
        "nodes": {text, name, f"2 × {text}"},
        "params": {text, f"  {text}"},
        "audit": {text},
    }


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return empty_state(tmp_path)


def texts(driver: Driver, pane: str) -> set[str]:
    return {cell for cells in driver.cells(pane).values() for cell in cells}


def shown_in(driver: Driver, pane: str) -> str:
    """The part of the screen where a pane is."""
    region = driver.deck.pane(pane).region
    lines = driver.strips()[region.y : region.bottom]
    return "\n".join(line.crop(region.x, region.right).text for line in lines)


def links(driver: Driver) -> list[Any]:
    """What on the screen would act when it is clicked, the footer aside."""
    found = []
    for strip in driver.strips()[:-1]:
        for segment in strip:
            if segment.style is not None:
                found += [segment.style.link] if segment.style.link else []
                found += [value for key, value in segment.style.meta.items() if "click" in key]
    return found


@pytest.mark.soak
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
async def test_hostile_text_is_shown_literally_everywhere(places: Locations, text: str) -> None:
    fill(places.database, text)
    async with opened(console(places), size=(200, 60)) as driver:
        before = driver.deck.picture
        for number, pane in enumerate(PANES, 1):
            assert texts(driver, pane) >= {one for one in expected(text)[pane] if one}
            assert clean(text)[:6] in shown_in(driver, pane)
            await driver.press(str(number), "G")
        lines = driver.screen().split("\n")
        assert {cell_len(line) for line in lines} == {200}
        assert all(line.isprintable() for line in lines)
        assert links(driver) == []
        assert driver.deck.picture is before
        assert driver.app.screen is driver.deck


async def test_clicking_everywhere_does_no_harm(places: Locations) -> None:
    fill(places.database, HOSTILE["link"])
    foreign.write(places.database, foreign.node("[/]"), foreign.node("[@click=app.bell]y"))
    async with opened(console(places)) as driver:
        for y in range(0, 39, 2):  # the last line is the footer, whose keys do act
            for x in range(y % 7 * 5, 120, 35):
                await driver.pilot.click(offset=(x, y))
                if len(driver.app.screen_stack) > 1:  # a second click on a row opens it
                    assert isinstance(driver.app.screen, DetailScreen | ChangeScreen)
                    await driver.press("escape")
        await driver.settle()
        assert driver.app.is_running
        assert driver.app.screen_stack == [driver.deck]


def assert_harmless(driver: Driver) -> None:
    """Nothing on the screen acts, moves the terminal's cursor, or has another width than it seems.

    The footer, whose keys do act, is the last line where there is one.
    """
    width, height = driver.app.size
    lines = driver.screen().split("\n")
    assert {cell_len(line) for line in lines} == {width}
    assert len(lines) == height
    assert all(line.isprintable() for line in lines)
    assert links(driver) == []
    for widget in driver.app.screen.walk_children(Widget):
        assert widget.tooltip is None  # no screen has any; one that comes must be looked at here
        for title in (widget.border_title, widget.border_subtitle):
            assert str(title or "").isprintable()
    assert not driver.app._notifications


async def go_through(driver: Driver, depth: int = 0) -> int:
    """Open every row of the screen that is there, and of what opens, and come back."""
    opened_screens, screen = 0, driver.app.screen
    for table in screen.query(Table):
        for row in table.rows[: 5 if depth == 0 else 1] if table.region.area else ():
            table.focus()
            table.move_to(row.key)
            await driver.press("enter")
            if driver.app.screen is not screen:
                now = driver.app.screen
                await driver.until(lambda at=now: at.query(Table), "what is behind the row")  # type: ignore[misc]
                await driver.pilot.pause()
                assert_harmless(driver)
                opened_screens += 1
                if depth < 1:
                    opened_screens += await go_through(driver, depth + 1)
                await driver.press("escape")
            assert driver.app.screen is screen
    return opened_screens


async def test_hostile_text_is_shown_literally_wherever_one_goes(places: Locations) -> None:
    fill(places.database, EVERYTHING)
    async with opened(console(places), size=(80, 24)) as driver:
        opened_screens = 0
        for number in "12345":
            await driver.press(number)
            assert_harmless(driver)
            opened_screens += await go_through(driver)
        assert opened_screens > 40
        for key in ("z", "f", "question_mark", "ctrl+p", "7"):
            await driver.press(key)
            await driver.pilot.pause()
            assert_harmless(driver)
            await driver.press("escape")
        assert driver.app.screen_stack == [driver.deck]


@pytest.mark.soak
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
async def test_hostile_text_is_shown_literally_in_what_opens(places: Locations, text: str) -> None:
    fill(places.database, text)
    async with opened(console(places), size=(200, 60)) as driver:
        for number in "12345":
            await driver.press(number, "G", "enter")
            assert isinstance(driver.app.screen, DetailScreen | ChangeScreen)
            await driver.until(lambda: READING not in driver.screen(), "what is there")
            await driver.pilot.pause()
            assert_harmless(driver)
            await driver.press("tab", "enter")
            await driver.pilot.pause()
            assert_harmless(driver)
            while len(driver.app.screen_stack) > 1:
                await driver.press("escape")
        await driver.press("f")
        assert_harmless(driver)


async def test_a_removed_node_with_a_hostile_id_says_so_literally(places: Locations) -> None:
    text = HOSTILE["link"]
    fill(places.database, text)
    async with opened(console(places), size=(120, 40)) as driver:
        await driver.press("3", "enter")
        foreign.write(
            places.database,
            "DELETE FROM inference_nodes",
            ("UPDATE audit_log SET actor=? WHERE id=(SELECT max(id) FROM audit_log)", ("[/]\x1b",)),
        )
        await driver.until_shown(text, "was removed", "by [/]\\x1b")
        assert_harmless(driver)


async def test_a_hostile_place_and_a_hostile_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "[@click=app.quit]x[/] \x1b[31m"
    places = Locations(folder / "c.yaml", folder / "[red]state[b].db")
    app = NodedeckApp(Session(places, "x"), host="[/]\x1b")
    async with opened(app, read=False) as driver:
        await driver.until(driver.notice, "the sentence")
        await driver.pilot.pause()
        assert "[/]\\x1b · [red]state[b].db" in driver.screen()
        assert "[@click=app.quit]x[/] \\x1b[31m" in driver.notice()
        assert links(driver) == []


UNDECODABLE = (
    foreign.node("port", inference_port="http"),
    foreign.node("models", models="{not json"),
    foreign.node("limit", max_concurrent=-3),
    foreign.node("switch", is_enabled=7),
    foreign.insert("chain_state", {"key": "current_height", "value": "-5"}),
    foreign.insert("chain_state", {"key": "last_processed_height", "value": "soon"}),
    foreign.insert("chain_state", {"key": "merged_node_config", "value": "maybe"}),
    foreign.insert("network_params", {"param_type": "validation", "param_data": "{"}),
    foreign.insert("upgrade_plans", {"name": "v9", "height": "later", "binaries": "{}"}),
    foreign.insert("node_versions", {"height": -1, "version": "v1"}),
    foreign.insert(
        "seed_info", {"type": "current", "seed": "abc", "epoch_index": -1, "signature": ""}
    ),
)


async def test_undecodable_values_are_shown_as_they_are_in_the_critical_tone(
    places: Locations,
) -> None:
    foreign.write(places.database, *UNDECODABLE)
    async with opened(console(places)) as driver:

        def cell(pane: str, row: str, column: str) -> Cell:
            at = [one.key for one in driver.deck.pane(pane).COLUMNS].index(column)
            return driver.rows(pane)[row].cell(at)

        assert cell("nodes", "nodes.port", "inference_port") == Cell("http", "critical")
        assert cell("nodes", "nodes.models", "models") == Cell("{not json", "critical")
        assert cell("nodes", "nodes.limit", "max_concurrent") == Cell("-3", "critical")
        assert cell("nodes", "nodes.switch", "is_enabled") == Cell("7", "critical")
        assert cell("chain", "current_height", "value") == Cell("-5", "critical")
        assert cell("chain", "last_processed_height", "value") == Cell("soon", "critical")
        assert cell("chain", "merged_node_config", "value") == Cell("maybe", "critical")
        assert cell("chain", "current_seed.epoch_index", "value") == Cell("-1", "critical")
        assert cell("chain", "upgrade_plan", "note") == Cell("height later", "critical")
        assert cell("chain", "current_node_version", "note").tone == "critical"
        assert "-1" in cell("chain", "current_node_version", "note").text
        assert cell("params", "validation_params", "value") == Cell("{", "critical")
        assert cell("seeds", "current", "epoch_index") == Cell("-1", "critical")
        assert cell("seeds", "current", "seed") == Cell("abc", "critical")
        for text in ("http", "{not json", "soon", "maybe", "height later", "abc"):
            assert text in driver.screen()


NAMES_OF_OURS = (
    *("height", "processed", "block time", "epoch", "version", "upgrade", "merged", "#eta"),
    "a#b",
)


async def test_a_foreign_key_named_like_a_line_of_ours_stands_beside_it(
    places: Locations,
) -> None:
    rows = ({"key": key, "value": f"v {key}"} for key in NAMES_OF_OURS)
    foreign.write(places.database, *(foreign.insert("chain_state", row) for row in rows))
    async with opened(console(places)) as driver:
        shown = {(row[0].strip('"'), row[1]) for row in driver.cells("chain").values()}
        assert shown >= {(key, f"v {key}") for key in NAMES_OF_OURS}


async def test_ids_that_look_the_same_all_get_a_row(places: Locations) -> None:
    ids = ("", '""', b"\x61", "x'61'")
    foreign.write(
        places.database,
        *(foreign.node(one, inference_port=number) for number, one in enumerate(ids, 1)),
        *(
            foreign.insert("network_params", {"param_type": one, "param_data": '{"a":1}'})
            for one in ids[1:]
        ),
    )
    async with opened(console(places)) as driver:
        assert [row[3] for row in driver.cells("nodes").values()] == [*"1234"]
        assert len(driver.cells("params")) == 6


async def test_secrets_are_masked_in_every_pane(places: Locations) -> None:
    secret = "hunter2hunter2"
    foreign.write(
        places.database,
        foreign.insert("chain_state", {"key": "api_token", "value": secret}),
        foreign.insert(
            "network_params",
            {"param_type": "validation", "param_data": json.dumps({"password": secret})},
        ),
        foreign.insert(
            "settings",
            {"service": "s", "key": "secret", "value_json": json.dumps(secret), "is_secret": 1},
        ),
    )
    async with opened(console(places)) as driver:
        for pane in PANES:
            assert not [text for text in texts(driver, pane) if secret in text]
        assert codec.MASK in texts(driver, "chain") & texts(driver, "params")


@pytest.mark.parametrize("zone", ["America/Los_Angeles"])
@pytest.mark.parametrize("height", [0, 1, 10, 2**62, 2**63 - 1, 53_000_000_000])
async def test_no_upgrade_is_too_far_away(
    places: Locations, monkeypatch: pytest.MonkeyPatch, zone: str, height: int
) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    foreign.write(
        places.database,
        foreign.insert("chain_state", {"key": "current_height", "value": "1"}),
        "UPDATE chain_state SET value='2'",
        "UPDATE audit_log SET at='2025-03-01T11:59:50.000Z' WHERE id=1",
        "UPDATE audit_log SET at='2025-03-01T11:59:55.000Z' WHERE id=2",
        foreign.insert("upgrade_plans", {"name": "v", "height": height, "binaries": "{}"}),
    )
    async with opened(console(places)) as driver:
        assert f"at {height:,}" in driver.cells("chain")["upgrade_plan"][2]


async def test_random_foreign_writers_never_stop_the_deck(places: Locations) -> None:
    writer = foreign.RandomWriter(11)
    async with opened(console(places)) as driver:
        with foreign.connect(places.database) as db:
            for turn in range(30):
                writer.transaction(db)
                foreign.write(
                    places.database,
                    foreign.insert(
                        "network_params",
                        {"param_type": "turn", "param_data": json.dumps({"now": turn})},
                        tail="ON CONFLICT(param_type) DO UPDATE SET param_data=excluded.param_data",
                    ),
                )
                await driver.until(
                    lambda turn=turn: ["  now", str(turn)] in driver.cells("params").values(),  # type: ignore[misc]
                    f"turn {turn}",
                )
