"""The wizard proposes to seal secrets, and does so only where its switch was turned on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.widgets import Checkbox, Static

from store.manager import ConfigManager
from tests.store.importing.samples import SECRET, places, put
from tests.tui.test_wizard import CONFIRM, DONE, SORT_OUT, wizard

FILE = {"svc": {"port": 1, "password": SECRET}}


@pytest.mark.parametrize("wanted", [False, True])
async def test_secrets_are_sealed_where_the_switch_is_on(tmp_path: Path, wanted: bool) -> None:
    put(tmp_path, "config.yaml", "api: {port: 1}\n")
    file = put(tmp_path, "svc.json", json.dumps(FILE))
    async with wizard(places(tmp_path)) as driver:
        await driver.choose(file)
        await driver.reach(SORT_OUT)
        assert SECRET not in driver.screen()
        await driver.press("ctrl+s")
        await driver.reach(CONFIRM)
        switch = driver.screen_now.query_one("#seal", Checkbox)
        assert not switch.value
        assert "svc.password" in str(driver.screen_now.query_one("#secrets", Static).content)
        if wanted:
            switch.focus()
            await driver.press("space")
            await driver.until(lambda: switch.value, "the switch")
        driver.screen_now.query_one("#apply").focus()
        await driver.press("enter")
        await driver.reach(DONE)
        assert SECRET not in driver.screen()
    with ConfigManager.open(places(tmp_path), actor="x") as manager:
        held = [each.place.path for each in manager.secrets()]
    assert held == (["svc.password"] if wanted else [])
