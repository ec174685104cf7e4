"""What is wrong with secrets, on a running deck: the first screen says it, and the list."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from store.locations import Locations
from store.manager import ConfigManager, utc_now
from store.sealing import keyfile
from tests.support.clock import FixedClock
from tests.support.deck import ACTOR, console, opened, outsider
from tests.support.healthy import healthy_state
from tests.tui.test_deck_findings import SIZE, listed
from tui.widgets.findings_strip import FindingsStrip

KEY = "nodes.n1.security_key"
CLEAR = "s3cret-by-a-daemon"


@pytest.fixture
def clock() -> FixedClock:
    """It stands still at the present, where foreign writes are made."""
    return FixedClock(utc_now())


@pytest.fixture
def places(tmp_path: Path, clock: FixedClock) -> Locations:
    return healthy_state(tmp_path, clock.now)


async def test_a_key_in_clear_is_named_with_what_seals_it(
    places: Locations,
    clock: FixedClock,
) -> None:
    async with opened(console(places, clock=clock), size=SIZE) as driver:
        assert not driver.deck.query_one(FindingsStrip).display
        with outsider(places.database) as other:
            other.commit(f"INSERT INTO mlnode_security VALUES('n1','{CLEAR}',1,'','')")
            await driver.until_shown(f"1 warning  The secret {KEY} stands in clear")
        await listed(driver, "Seal it, if its reader can open it: nodedeck secret seal")
        assert CLEAR not in driver.screen()


async def test_a_lost_key_is_said_and_everything_else_goes_on(
    places: Locations,
    clock: FixedClock,
    tmp_path: Path,
) -> None:
    with ConfigManager.open(places, actor=ACTOR) as manager:
        manager.set_secret(KEY, "s3cret")
    async with opened(console(places, clock=clock), size=SIZE) as driver:
        assert not driver.deck.query_one(FindingsStrip).display
        keyfile.place(os.environ).rename(tmp_path / "elsewhere.key")
        with outsider(places.database) as other:
            other.commit("UPDATE inference_nodes SET version='v9'")
            await driver.until_shown(f"1 warning  The key that {KEY}")
            other.height(1006)
            await driver.until_shown("1,006")
        await listed(driver, f"The key that {KEY}")
