"""``e``: from the key to the committed value and its audit row, and every way not to get there."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Button, Input, TextArea

from store import documents
from store.locations import Locations
from store.manager import ConfigManager
from store.models import Change
from tests.support import foreign
from tests.support.deck import ACTOR, Driver, console, demo_state, opened
from tests.support.hostile import each_hostile
from tests.tui.test_deck_hostile import links
from tests.tui.test_editing_undo import asked
from tui.app import NodedeckApp
from tui.editing.fields import Choice, FieldBox
from tui.editing.form import FormScreen
from tui.editing.leaving import LeaveScreen
from tui.editing.review import ReviewScreen
from tui.editing.threeway import ThreeWayScreen
from tui.screens.detail import DetailScreen
from tui.session import Session

NODE = "nodes.dk03-a"


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


def newest(places: Locations, path: str = NODE) -> Change:
    with ConfigManager.open(places, actor="tests") as manager:
        return manager.history(path, limit=1)[0]


def value(places: Locations, path: str) -> object:
    with ConfigManager.open(places, actor="tests") as manager:
        return manager.get(path).value


def form(driver: Driver) -> FormScreen:
    screen = driver.app.screen
    assert isinstance(screen, FormScreen)
    return screen


def box(driver: Driver, label: str) -> FieldBox:
    return next(one for one in form(driver).query(FieldBox) if one.spec.label == label)


async def fill(driver: Driver, label: str, text: str) -> None:
    """Put a text into a field as if it was typed."""
    control = box(driver, label).control
    control.focus()
    await driver.pilot.pause()
    if isinstance(control, TextArea):
        control.load_text(text)
    else:
        assert isinstance(control, Input)
        control.value = ""
        await driver.press(*(" " if key == " " else key for key in text))
    await driver.pilot.pause()


async def save(driver: Driver, *keys: str) -> None:
    """Look, and press the button that writes."""
    await driver.press("ctrl+s")
    await asked(driver)
    await driver.press(*keys, "tab", "enter")


async def test_a_node_is_edited_in_one_change(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("3", "e")
        await fill(driver, "max_concurrent", "123")
        await fill(driver, "version", "v9")
        await driver.until_shown("2 staged")
        await save(driver, "shift+tab", *"tuned", "tab")
        await driver.until(lambda: driver.app.screen is driver.deck, "the end of it")
        change = newest(places)
        assert (change.new["max_concurrent"], change.new["version"]) == (123, "v9")
        assert change.old["max_concurrent"] != 123
        assert (change.actor, change.reason) == (ACTOR, "tuned")
        await driver.until(lambda: str(change.id) in driver.rows("audit"), "the feed")
        assert "v9" in driver.cells("nodes")[NODE]


async def test_a_toggle_turns(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("3", "e")
        control = box(driver, "is_enabled").control
        assert isinstance(control, Choice)
        control.focus()
        await driver.press("space")
        await save(driver)
        await driver.until(lambda: driver.app.screen is driver.deck, "the end of it")
    assert newest(places).new["is_enabled"] is False


REFUSED = (
    ("inference_port", "70000", "less than or equal to 65535"),
    ("inference_port", "0", "must be at least 1"),
    ("max_concurrent", "many", "must be a 64-bit integer"),
    ("host", "", "must not be empty"),
    ("models", '{"Qwen": ', "no JSON yet"),
    ("models", "[]", "must be a JSON object"),
    ("models", "{}", "needs at least one model"),
    ("hardware", '[{"type": "H100", "count": -1}]', "greater than or equal to 0"),
)


async def test_a_refusal_stands_under_its_field(places: Locations) -> None:
    before = newest(places)
    async with opened(console(places)) as driver:
        await driver.press("3", "e")
        for label, text, told in REFUSED:
            was = box(driver, label).text
            await fill(driver, label, text)
            await driver.until_shown(told)
            await driver.press("ctrl+s")
            assert driver.app.screen is form(driver)
            assert box(driver, label).control.has_focus
            await fill(driver, label, was)
            assert told not in driver.screen()
    assert newest(places) == before


async def test_leaving_with_staged_edits_asks(places: Locations) -> None:
    before = newest(places)
    async with opened(console(places)) as driver:
        await driver.press("3", "e", "escape")
        assert driver.app.screen is driver.deck
        await driver.press("e")
        await fill(driver, "max_concurrent", "7")
        await driver.press("escape")
        screen = driver.app.screen
        assert isinstance(screen, LeaveScreen)
        assert isinstance(screen.focused, Button)
        assert screen.focused.id == "stay"
        await driver.press("escape")
        assert box(driver, "max_concurrent").text == "7"
        await driver.press("escape", "tab", "enter")
        assert driver.app.screen is driver.deck
    assert newest(places) == before


async def clashing(driver: Driver, places: Locations, sql: str) -> None:
    await driver.press("3", "e")
    await fill(driver, "max_concurrent", "7")
    foreign.write(places.database, sql)
    await driver.press("ctrl+s")


THEIRS = "UPDATE inference_nodes SET max_concurrent=9, host='theirs' WHERE id='dk03-a'"


@pytest.mark.parametrize(("own", "wanted"), [(True, 7), (False, 9)])
async def test_a_clash_is_shown_three_ways(places: Locations, own: bool, wanted: int) -> None:
    async with opened(console(places)) as driver:
        await clashing(driver, places, THEIRS)
        screen = driver.app.screen
        assert isinstance(screen, ThreeWayScreen)
        assert isinstance(screen.focused, Button)
        assert screen.focused.id == "cancel"
        await driver.until_shown("max_concurrent", "theirs 9", "yours 7", "external writer")
        if own:
            screen.query_one(Choice).focus()
            await driver.press("space")
        screen.query_one("#go-on").focus()
        await driver.press("enter")
        if own:
            await asked(driver)
            await driver.press("tab", "enter")
            await driver.until(lambda: driver.app.screen is driver.deck, "the end of it")
        else:
            await driver.until_shown("Theirs stand")
    change = newest(places)
    assert change.new["max_concurrent"] == wanted
    assert change.new["host"] == "theirs"


async def test_a_foreign_write_between_the_look_and_the_button(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("3", "e")
        await fill(driver, "max_concurrent", "7")
        await driver.press("ctrl+s")
        await asked(driver)
        foreign.write(places.database, THEIRS)
        await driver.press("tab", "enter")
        await driver.until(lambda: isinstance(driver.app.screen, ThreeWayScreen), "both values")
        await driver.press("enter")
        assert box(driver, "max_concurrent").text == "7"
    assert newest(places).new["max_concurrent"] == 9


async def test_what_does_not_clash_is_kept_and_looked_at_again(places: Locations) -> None:
    async with opened(console(places)) as driver:
        sql = "UPDATE inference_nodes SET host='theirs' WHERE id='dk03-a'"
        await clashing(driver, places, sql)
        await asked(driver)
        await driver.press("tab", "enter")
        await driver.until(lambda: driver.app.screen is driver.deck, "the end of it")
    change = newest(places)
    assert (change.new["max_concurrent"], change.new["host"]) == (7, "theirs")


async def test_what_was_removed_meanwhile_is_said(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await clashing(driver, places, "DELETE FROM inference_nodes WHERE id='dk03-a'")
        await driver.until_shown("external writer was first", "There is no value at")
        assert box(driver, "max_concurrent").text == "7"


async def test_what_the_daemon_owns_asks_to_be_typed(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("1")
        assert driver.deck.pane("chain").table.move_to("current_height")
        await driver.press("e")
        await driver.until_shown("a running daemon will overwrite this")
        await fill(driver, "current_height", "5")
        await driver.press("ctrl+s")
        await driver.until(lambda: isinstance(driver.app.screen, ReviewScreen), "the dialog")
        button = driver.app.screen.query_one("#commit", Button)
        assert button.disabled
        await driver.press("shift+tab", "shift+tab", *"current_heigh")
        assert button.disabled
        await driver.press("t", "enter", "enter", "tab", "enter")
        await driver.until(lambda: driver.app.screen is driver.deck, "the end of it")
    assert value(places, "current_height") == 5


async def test_a_seed_has_all_its_fields(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("2", "e")
        labels = [one.spec.label for one in form(driver).query(FieldBox)]
        assert labels == ["seed", "epoch_index", "signature", "claimed"]
        await fill(driver, "seed", "9223372036854775808")
        await driver.until_shown("must be a 64-bit integer")


async def test_a_field_of_the_detail_screen(places: Locations) -> None:
    async with opened(console(places)) as driver:
        await driver.press("3", "enter")
        await driver.until_shown("poc_port")
        await driver.press("down", "e")
        await driver.until_shown("Edit nodes.dk03-a.")
        assert len(form(driver).query(FieldBox)) == 1


async def test_a_static_key_is_edited_in_the_file(places: Locations) -> None:
    before = places.config.read_text()
    async with opened(console(places)) as driver:
        await driver.app.push_screen(DetailScreen("api.port", driver.app._store, driver.app.clock))
        await driver.until_shown("file")
        await driver.press("e")
        await driver.until_shown("restart it for this to count")
        await fill(driver, "api.port", "9123")
        await save(driver)
        await driver.until(lambda: not isinstance(driver.app.screen, ReviewScreen), "the end of it")
    assert value(places, "api.port") == 9123
    after = places.config.read_text()
    assert [
        one for one in zip(before.split("\n"), after.split("\n"), strict=True) if len(set(one)) > 1
    ]
    with ConfigManager.open(places, actor="tests") as manager:
        assert manager.file_edits("api.port")[0].actor == ACTOR


async def test_an_overridden_path_says_so(places: Locations) -> None:
    over = documents.overrides({"DAPI_API__PORT": "9777"}, {})
    app = NodedeckApp(Session(places, ACTOR, overrides=over), host="gx-07")
    async with opened(app) as driver:
        await app.push_screen(DetailScreen("api.port", app._store, app.clock))
        await driver.until_shown("env")
        await driver.press("e")
        await driver.until_shown("is overridden by the environment")
        assert box(driver, "api.port").text != "9777"


@each_hostile
async def test_hostile_text_is_shown_literally(places: Locations, text: str) -> None:
    foreign.write(
        places.database, "DELETE FROM inference_nodes", foreign.node(text, host=text, version=text)
    )
    async with opened(console(places), size=(160, 50)) as driver:
        await driver.until(lambda: len(driver.rows("nodes")) == 1, "the node")
        await driver.press("3", "e")
        await driver.settle()
        assert "\x1b" not in driver.screen()
        assert not links(driver)
        if isinstance(driver.app.screen, FormScreen):
            assert not form(driver).staged
            await fill(driver, "max_concurrent", "7")
            await driver.press("ctrl+s")
            await driver.settle()
            assert "\x1b" not in driver.screen()
            assert not links(driver)
        assert driver.app.failure is None
