"""Every kind of value by its keys: cancelled, with somebody first, committed; and read-only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from textual.widgets import Button, Input, TextArea

from store.errors import UnknownPath
from store.locations import Locations
from store.manager import ConfigManager
from store.paths import locate
from tests.support import foreign
from tests.support.deck import ACTOR, Driver, console, demo_state, opened
from tests.support.secrets import NODE_KEY, with_secrets
from tests.tui.test_editing_form import box, form
from tests.tui.test_editing_undo import asked, said
from tui.commands import COMMANDS, PANES
from tui.editing.fields import Choice
from tui.editing.form import FormScreen
from tui.editing.threeway import ThreeWayScreen
from tui.screens.detail import DetailScreen


@dataclass(frozen=True)
class Kind:
    """What is typed where, and what another program writes there meanwhile."""

    pane: str
    path: str
    field: str
    text: str
    theirs: str
    wanted: object


KINDS: Final = (
    Kind(
        "params", "validation_params.expiration_blocks", "validation_params.expiration_blocks",
        "77",
        "UPDATE network_params SET param_data=json_set(param_data, '$.expiration_blocks', 9)"
        " WHERE param_type='validation'",
        77,
    ),
    Kind(
        "params", "bandwidth_params.kb_per_input_token", "bandwidth_params.kb_per_input_token",
        "0.5",
        "UPDATE network_params SET param_data=json_set(param_data, '$.kb_per_input_token', 9.5)"
        " WHERE param_type='bandwidth'",
        0.5,
    ),
    Kind(
        "chain", "current_height", "current_height", "5",
        "UPDATE chain_state SET value='9' WHERE key='current_height'",
        5,
    ),
    Kind(
        "chain", "current_node_version", "current_node_version", "v9",
        "UPDATE chain_state SET value='theirs' WHERE key='current_node_version'",
        "v9",
    ),
    Kind(
        "chain", "merged_node_config", "merged_node_config", "false",
        "UPDATE chain_state SET value='perhaps' WHERE key='merged_node_config'",
        False,
    ),
    Kind(
        "chain", "upgrade_plan", "upgrade_plan.height", "2431001",
        "UPDATE upgrade_plans SET height=2431009 WHERE is_active",
        2431001,
    ),
    Kind(
        "seeds", "upcoming_seed", "upcoming_seed.seed", "-9223372036854775808",
        "UPDATE seed_info SET seed=9 WHERE type='upcoming' AND is_active",
        -(2**63),
    ),
    Kind(
        "audit", "node_versions", "node_versions", '{"versions": [{"height": 8, "version": "v8"}]}',
        "UPDATE node_versions SET version='theirs'",
        [{"height": 8, "version": "v8"}],
    ),
    Kind(
        "audit", "cache.capacity_mb", "cache.capacity_mb", "77",
        "UPDATE settings SET value_json='9' WHERE key='capacity_mb'",
        77,
    ),
    Kind("", "api.port", "api.port", "9123", "", 9123),
)  # fmt: skip


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


def written(places: Locations, kind: Kind) -> tuple[object, int, str | None, str | None]:
    """The value, and the newest record of a change of it: its id, actor and reason."""
    address = locate(kind.path)
    assert address is not None
    with ConfigManager.open(places, actor="tests") as manager:
        try:
            value = manager.get(kind.field).value
        except UnknownPath:
            value = None
        if not kind.pane:
            edits = manager.file_edits(kind.path)
            return (
                value,
                len(edits),
                *((edits[0].actor, edits[0].reason) if edits else (None, None)),
            )
        newest = manager.history(address.entity, limit=1)[0]
    return value, newest.id, newest.actor, newest.reason


async def open_on(driver: Driver, kind: Kind) -> None:
    """Put the cursor on a value, and press the key."""
    if kind.pane:
        driver.deck.focus_on(kind.pane)
        pane = driver.deck.pane(kind.pane)
        rows = [row.key for row in pane.table.rows if pane.target(row.key) == kind.path]
        assert pane.table.move_to(rows[0])
    else:
        await driver.app.push_screen(DetailScreen(kind.path, driver.app._store, driver.app.clock))
        await driver.until_shown("file")
    await driver.press("e")
    await driver.until(lambda: isinstance(driver.app.screen, FormScreen), "the form")


async def type_into(driver: Driver, kind: Kind) -> None:
    label = kind.field.removeprefix(f"{kind.path}.")
    control = box(driver, label).control
    control.focus()
    if isinstance(control, Choice):
        await driver.press("space")
    elif isinstance(control, TextArea):
        control.load_text(kind.text)
    else:
        assert isinstance(control, Input)
        control.value = kind.text
    await driver.pilot.pause()


def meanwhile(places: Locations, kind: Kind) -> None:
    """Another program writes the same value."""
    if kind.theirs:
        foreign.write(places.database, kind.theirs)
    else:
        text = places.config.read_text()
        port = next(line for line in text.split("\n") if line.strip().startswith("port:"))
        places.config.write_text(text.replace(port, f"{port.split(':')[0]}: 9999", 1))


async def commit(driver: Driver, reason: str) -> None:
    """Press the button that writes, with all that it asks for."""
    screen = await asked(driver)
    for asks in screen.query("#typed").results(Input):
        asks.value = screen._typed
    screen.query_one("#reason", Input).value = reason
    await driver.pilot.pause()
    screen.query_one("#commit", Button).focus()
    await driver.press("enter")
    await driver.until(lambda: screen not in driver.app.screen_stack, "the end of it")


async def test_each_kind_cancelled_with_somebody_first_and_committed(places: Locations) -> None:
    async with opened(console(places)) as driver:
        for kind in KINDS:
            before = written(places, kind)
            await open_on(driver, kind)
            await type_into(driver, kind)
            await driver.press("ctrl+s")
            await asked(driver)
            await driver.press("escape")
            assert written(places, kind) == before, kind
            meanwhile(places, kind)
            await driver.press("ctrl+s")
            await driver.until(lambda: isinstance(driver.app.screen, ThreeWayScreen), kind.path)
            assert written(places, kind)[2] != ACTOR or before[2] == ACTOR
            driver.app.screen.query_one(Choice).focus()
            await driver.press("space")
            driver.app.screen.query_one("#go-on").focus()
            await driver.press("enter")
            await commit(driver, f"because of {kind.path}")
            value, change, *signed = written(places, kind)
            got = value["versions"] if isinstance(value, dict) else value
            assert got == kind.wanted, kind
            assert change > before[1]
            assert signed == [ACTOR, f"because of {kind.path}"]
            if driver.app.screen is not driver.deck:
                await driver.press("escape")


async def draft(driver: Driver, key: str) -> None:
    """Fill in the form of a new node."""
    texts = {"id": f"by-{key}", "host": f"10.1.1.{ord(key)}", "models": '{"Qwen": {"args": []}}'}
    numbers = {"inference_port": "5050", "poc_port": "8080", "max_concurrent": "10"}
    for label, text in (texts | numbers).items():
        await type_into(driver, Kind("", "", label, text, "", None))


async def test_a_new_node_cancelled_with_somebody_first_and_committed(places: Locations) -> None:
    def ids() -> list[str]:
        with ConfigManager.open(places, actor="tests") as manager:
            return [node.id for node in manager.nodes()]

    before = ids()
    async with opened(console(places)) as driver:
        for key in ("a", "c"):
            await driver.press("3", key)
            await draft(driver, key)
            await driver.press("escape", "shift+tab", "enter")  # drop and leave
            assert driver.app.screen is driver.deck
            assert ids() == before
            await driver.press(key)
            await draft(driver, key)
            await driver.press("ctrl+s")
            screen = await asked(driver)
            foreign.write(places.database, foreign.node(f"by-{key}", host="theirs"))
            screen.query_one("#commit", Button).focus()
            await driver.press("enter")
            await driver.until_shown(f"by-{key}", "nothing was changed")
            with ConfigManager.open(places, actor="tests") as manager:
                assert manager.node(f"by-{key}").host == "theirs"
            foreign.write(places.database, f"DELETE FROM inference_nodes WHERE id='by-{key}'")
            await driver.press("escape")
            assert form(driver).staged
            await driver.press("ctrl+s")
            await commit(driver, f"grown by {key}")
            with ConfigManager.open(places, actor="tests") as manager:
                change = manager.history(f"nodes.by-{key}", limit=1)[0]
            assert (change.actor, change.reason) == (ACTOR, f"grown by {key}")
            before = ids()


async def test_no_form_shows_a_secret(places: Locations) -> None:
    with_secrets(places, NODE_KEY)
    async with opened(console(places)) as driver:
        driver.deck.focus_on("audit")
        audit = driver.deck.audit
        key = next(one for one in driver.rows("audit") if audit.target(one) == NODE_KEY)
        assert audit.table.move_to(key)
        await driver.press("e")
        await driver.until(
            lambda: "not a value that a form can edit" in said(driver), "the sentence"
        )
        assert driver.app.screen is driver.deck


async def test_read_only_refuses_every_writing_key_in_every_pane(places: Locations) -> None:
    keys = [
        key
        for command in COMMANDS
        if command.writes and command.id not in ("settings", "import", "backups", "reveal")
        for key in command.keys.split(",")
    ]
    assert len(keys) >= 10
    before = places.database.read_bytes()
    async with opened(console(places, read_only=True)) as driver:
        await driver.until_shown("read-only")
        for pane in PANES:
            driver.deck.focus_on(pane)
            for key in keys if pane in ("nodes", "audit") else ("e", "ctrl+s"):
                driver.app.clear_notifications()
                await driver.press(key)
                assert "read-only" in said(driver), (pane, key)
                assert driver.app.screen is driver.deck
        await driver.press("3", "enter")
        for key in ("e", "D", "u", "ctrl+o"):
            driver.app.clear_notifications()
            await driver.press(key)
            assert "read-only" in said(driver)
            assert isinstance(driver.app.screen, DetailScreen)
    assert places.database.read_bytes() == before
