"""What the keys of a list do, tried on a nodes pane with more nodes than it has lines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.support.deck import Driver

MANY = 60
"""How many nodes there are; they are called n00, n01 and so on, with rising ports."""


def moves(start: int, end: int) -> Callable[[Driver, str], Awaitable[None]]:
    async def check(driver: Driver, key: str) -> None:
        await driver.press("3")
        table = driver.deck.pane("nodes").table
        table.move_to(table.rows[start].key)
        await driver.press(key)
        assert table.cursor_row == end

    return check


def pages(share: float) -> Callable[[Driver, str], Awaitable[None]]:
    async def check(driver: Driver, key: str) -> None:
        await driver.press("3")
        table = driver.deck.pane("nodes").table
        lines = int((table.size.height - 1) * abs(share))
        table.move_to(table.rows[MANY // 2].key)
        await driver.press(key)
        assert table.cursor_row == MANY // 2 + (lines if share > 0 else -lines)

    return check


def sideways(start: str, end: str) -> Callable[[Driver, str], Awaitable[None]]:
    async def check(driver: Driver, key: str) -> None:
        await driver.press("3")
        table = driver.deck.pane("nodes").table
        while table.cursor_column != start:
            await driver.press("right")
        await driver.press(key)
        assert table.cursor_column == end

    return check


async def opens_the_row(driver: Driver, key: str) -> None:
    await driver.press("3", "down", key)
    await driver.until_shown("nodes.n01", "inference_port", "History")
    await driver.press("escape")
    assert driver.app.screen is driver.deck
    assert driver.deck.pane("nodes").table.cursor_row == 1


async def filters(driver: Driver, key: str) -> None:
    await driver.press("3", key, *"n0")
    assert [row.key for row in driver.rows("nodes").values()] == [f"nodes.n0{n}" for n in range(10)]
    assert f"10 of {MANY}" in driver.screen()
    await driver.press("enter", "escape")
    assert len(driver.rows("nodes")) == MANY


def matches(row: int) -> Callable[[Driver, str], Awaitable[None]]:
    async def check(driver: Driver, key: str) -> None:
        await driver.press("3", "slash", *"n3", "escape")
        table = driver.deck.pane("nodes").table
        table.move_to(table.rows[20].key)
        await driver.press(key)
        assert table.cursor_row == row

    return check


async def sorts(driver: Driver, key: str) -> None:
    await driver.press("3")
    table = driver.deck.pane("nodes").table
    while table.cursor_column != "inference_port":
        await driver.press("right")
    await driver.press(key, key)
    assert table.rows[0].key == f"nodes.n{MANY - 1}"
    assert "inference ↓" in driver.screen()
    assert table.cursor_key == "nodes.n00"
    await driver.press(key)
    assert table.rows[0].key == "nodes.n00"


def copies(text: str) -> Callable[[Driver, str], Awaitable[None]]:
    async def check(driver: Driver, key: str) -> None:
        await driver.press("3", "down", "right", key)
        assert driver.app.clipboard.startswith(text)

    return check
