"""The settings screen over a service of every kind, driven by its keys."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from textual.widgets import Input, TextArea

from store.locations import Locations
from store.manager import ConfigManager
from store.models import Change
from tests.support.deck import Driver, console, demo_state, opened
from tui.editing.fields import FieldBox
from tui.editing.review import ReviewScreen
from tui.screens.settings import SettingsScreen
from tui.settings_edit.field import SettingField
from tui.widgets.table import Table

CAPACITY = "cache.capacity_mb"
_PROPERTIES = {
    "capacity_mb": {
        "type": "integer",
        "minimum": 64,
        "maximum": 4096,
        "default": 256,
        "description": "Memory of the cache.",
    },
    "mode": {"enum": ["lru", "lfu"], "default": "lru"},
    "shards": {"type": "object", "default": {"a": 1}},
    "token": {"type": "string", "writeOnly": True, "default": ""},
}


def cache_state(folder: Path) -> Locations:
    """The demo's state, with a schema of the service ``cache``."""
    folder.mkdir()
    found = demo_state(folder)
    with ConfigManager.open(found, actor="setup") as manager:
        manager.load_schema({"type": "object", "properties": _PROPERTIES}, service="cache")
    return found


def rival(places: Locations) -> ConfigManager:
    """Somebody else, who writes too."""
    return ConfigManager.open(places, actor="rival@elsewhere")


@asynccontextmanager
async def settings(
    places: Locations, *, size: tuple[int, int] = (120, 40), read_only: bool = False
) -> AsyncIterator[Driver]:
    """The console with the settings open and read."""
    async with opened(console(places, read_only=read_only), size=size) as driver:
        await driver.press("6")
        await driver.until(lambda: table(driver).rows, "the settings")
        yield driver


def screen(driver: Driver) -> SettingsScreen:
    """The settings, also under a question."""
    found = next(one for one in driver.app.screen_stack if isinstance(one, SettingsScreen))
    assert isinstance(found, SettingsScreen)
    return found


def here(driver: Driver) -> bool:
    """Whether nothing is over the settings."""
    return driver.app.screen is screen(driver)


def table(driver: Driver) -> Table:
    """The list of settings."""
    return screen(driver).query_one("#settings Table", Table)


def cells(driver: Driver, path: str) -> list[str]:
    """The texts of a setting's row."""
    row = next(row for row in table(driver).rows if row.key == path)
    return [row.cell(at).text for at in range(6)]


def field(driver: Driver) -> FieldBox:
    """The field that is open, on the settings or in the form over them."""
    return driver.app.screen.query(FieldBox).first()


async def typed(driver: Driver, path: str, text: str) -> None:
    """Type a text into the field of a setting, without entering it."""
    table(driver).move_to(path)
    await driver.press("e")
    await driver.until(lambda: driver.app.screen.query(SettingField), "the field")
    await fill(driver, field(driver), text)


async def fill(driver: Driver, box: FieldBox, text: str) -> None:
    """Type a text in the place of what a field holds."""
    control = box.control
    control.focus()
    if isinstance(control, TextArea):
        control.load_text(text)
        await driver.pilot.pause()
    else:
        assert isinstance(control, Input)
        control.value = ""
        await driver.press(*(spelled(one) for one in text))


async def staged(driver: Driver, path: str, text: str) -> None:
    """Stage a text for a setting."""
    before = screen(driver).staged
    await typed(driver, path, text)
    await driver.press("tab")
    await driver.until(lambda: screen(driver).staged > before, "staging")


def spelled(character: str) -> str:
    """A character as the name of its key."""
    return {" ": "space", "_": "underscore", "[": "left_square_bracket"}.get(character, character)


async def asked(driver: Driver) -> ReviewScreen:
    """The question that comes before a write, its safe answer under the cursor."""
    await driver.until(lambda: isinstance(driver.app.screen, ReviewScreen), "the question")
    found = driver.app.screen
    assert isinstance(found, ReviewScreen)
    assert focused(driver) == "cancel"
    return found


async def confirmed(driver: Driver, reason: str = "") -> None:
    """Say why, and press the button that writes."""
    await asked(driver)
    await driver.press("shift+tab", *(spelled(one) for one in reason), "enter")
    assert focused(driver) == "cancel"
    await driver.press("tab", "enter")


def focused(driver: Driver) -> str | None:
    """What has the focus."""
    return driver.app.focused.id if driver.app.focused else None


def said(driver: Driver, text: str) -> bool:
    """Whether a sentence was notified."""
    return any(text in notice.message for notice in driver.app._notifications)


def value(places: Locations, path: str) -> Any:
    """A value as the database has it."""
    with ConfigManager.open(places, actor="reader", read_only=True) as manager:
        return manager.get(path).value


def newest(places: Locations, path: str = CAPACITY) -> Change:
    """The newest change of a path."""
    with ConfigManager.open(places, actor="reader", read_only=True) as manager:
        return manager.history(path, limit=1)[0]


def taken(places: Locations) -> list[tuple[Any, ...]]:
    """Everything that an edit could leave."""
    with closing(sqlite3.connect(places.database)) as db:
        return [
            *db.execute("SELECT * FROM settings"),
            *db.execute("SELECT * FROM services"),
            *db.execute("SELECT id, path, actor, reason FROM audit_log"),
        ]
