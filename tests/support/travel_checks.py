"""What the keys of time travel do on the deck."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from tests.support import foreign
from tests.support.deck import Driver
from tui.screens.jump import JumpScreen
from tui.screens.past import CompareScreen


async def goes_to_the_past(driver: Driver, key: str) -> None:
    await driver.press(key)
    assert driver.deck.visit is not None
    await driver.press(key)
    assert isinstance(driver.app.screen, JumpScreen)
    await driver.press("escape", "escape")
    assert driver.deck.visit is None


def steps(first: str, *, back: bool) -> Callable[[Driver, str], Awaitable[None]]:
    async def check(driver: Driver, key: str) -> None:
        await driver.press("t", *[first] * 2)
        before = driver.deck.visit
        await driver.press(key)
        after = driver.deck.visit
        assert before is not None
        assert after is not None
        assert (after.change.id < before.change.id) is back
        assert after.change.id != before.change.id

    return check


def hours(way: int) -> Callable[[Driver, str], Awaitable[None]]:
    async def check(driver: Driver, key: str) -> None:
        aged(driver, hours=3)
        await driver.press("t", *["left_curly_bracket"] * (1 if way > 0 else 0))
        before = driver.deck.visit
        await driver.press(key)
        after = driver.deck.visit
        assert before is not None
        assert after is not None
        assert after.at - before.at == timedelta(hours=way)

    return check


def aged(driver: Driver, *, hours: int) -> None:
    """Let the first half of the log be older than the rest."""
    foreign.write(
        driver.app.session.locations.database,
        (
            "UPDATE audit_log SET at=strftime('%Y-%m-%dT%H:%M:%fZ', at, ?)"
            " WHERE id<=(SELECT max(id)/2 FROM audit_log)",
            (f"-{hours} hours",),
        ),
    )


async def compares(driver: Driver, key: str) -> None:
    await driver.press("t", key)
    assert isinstance(driver.app.screen, CompareScreen)
    await driver.press(key)
    assert driver.app.screen_stack == [driver.deck]
