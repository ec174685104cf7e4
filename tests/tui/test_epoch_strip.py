"""The strip of the last epochs: what it says in the width there is, and that it is live."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.models import EpochMark
from tests.support import foreign
from tests.support.deck import Driver, console, empty_state, opened, outsider
from tui.widgets.epoch_strip import EpochStrip, strip_line

LEGEND = "✓ claimed  ✗ unclaimed  – no seed"


def marks(signs: str, first: int = 111) -> tuple[EpochMark, ...]:
    meant = {"✓": True, "✗": False, "–": None}
    return tuple(EpochMark(epoch=first + at, claimed=meant[one]) for at, one in enumerate(signs))


@pytest.mark.parametrize(
    ("signs", "width", "line"),
    [
        ("✓✓✗–✓", 80, f"111 ✓✓✗–✓ 115   {LEGEND}"),
        ("✓" * 40, 62, f"133 {'✓' * 18} 150   {LEGEND}"),
        ("✓" * 40, 40, f"119 {'✓' * 32} 150"),
        ("✗✓", 20, "111 ✗✓ 112"),
        ("✗✓", 3, "112 ✓ 112"),
        ("", 80, ""),
    ],
)
def test_it_shows_as_many_epochs_as_there_is_room_for(signs: str, width: int, line: str) -> None:
    assert strip_line(marks(signs), width).plain == line


def test_colour_says_the_same_as_shape_and_what_can_still_be_claimed_is_no_loss() -> None:
    styles = [span.style for span in strip_line(marks("✓✗–✗"), 20).spans]
    assert styles[1:5] == ["$text-success", "$text-error", "$text-warning", "$text-warning"]


def line(driver: Driver) -> str:
    strip = driver.deck.query_one(EpochStrip)
    assert strip.region.right <= driver.deck.pane("seeds").region.right
    return driver.strips()[strip.region.y].text[strip.region.x :][: strip.region.width].rstrip()


async def test_it_follows_the_epochs(tmp_path: Path) -> None:
    places = empty_state(tmp_path)
    foreign.write(
        places.database,
        *(foreign.seed("previous", at, at, claimed=at != 8, is_active=0) for at in range(5, 10)),
        foreign.seed("previous", 10, 10),
        foreign.seed("current", 11, 11),
    )
    async with opened(console(places)) as driver:
        assert line(driver) == f" 5 ✓✓✓✗✓✗ 10   {LEGEND}"
        with outsider(places.database) as other:
            other.commit("UPDATE seed_info SET claimed=1 WHERE epoch_index=10")
            await driver.until(lambda: line(driver) == f" 5 ✓✓✓✗✓✓ 10   {LEGEND}", "the claim")
        await driver.pilot.resize_terminal(60, 20)
        await driver.press("2")
        await driver.until(lambda: "✓✓✓✗✓✓" in line(driver), "the strip in a small terminal")


async def test_without_seeds_there_is_no_strip(tmp_path: Path) -> None:
    async with opened(console(empty_state(tmp_path))) as driver:
        assert line(driver) == ""
