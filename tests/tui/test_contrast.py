"""Text can be read: its contrast with what is behind it, on every screen and in every theme."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from rich.color import Color
from rich.color_triplet import ColorTriplet
from textual.strip import Strip

from store.locations import Locations
from tests.support.deck import console, demo_state, opened, outsider
from tui.theme import THEMES

LEAST = 4.5
"""What WCAG asks for text of usual size."""
SCREENS = (
    ("1",), ("2",), ("3",), ("4",), ("5",), ("p",), ("p",), ("3", "enter"),
    ("escape", "5", "enter"), ("enter",), ("escape", "escape", "f"), ("escape", "H"),
    ("escape", "7"), ("escape", "5", "slash", "h"), ("escape", "t"), ("d",), ("escape", "escape"),
    ("question_mark",), ("escape",),
)  # fmt: skip


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


@pytest.mark.parametrize("theme", [theme.name for theme in THEMES])
async def test_text_stands_out_from_what_is_behind_it(places: Locations, theme: str) -> None:
    app = console(places)
    app.theme = theme
    async with opened(app) as driver:
        for keys in SCREENS:
            await driver.press(*keys)
            assert list(faint(driver.strips())) == [], keys
        with outsider(places.database) as other:
            other.height(3_000_000)
            await driver.until_shown("3,000,000")
            assert list(faint(driver.strips())) == []  # the flash
        await driver.press("ctrl+p")
        area = app.screen.query_one("#--container").region  # what is around it is dimmed on purpose
        await driver.until_shown("Audit pane")
        lines = driver.strips()[area.y : area.bottom]
        assert list(faint([line.crop(area.x, area.right) for line in lines])) == []


def faint(lines: Sequence[Strip]) -> Iterator[tuple[str, float]]:
    """The texts that are too faint, each with its contrast."""
    for line in lines:
        for segment in line:
            style = segment.style
            if style is None or not any(map(_is_text, segment.text)):
                continue
            front, back = style.color, style.bgcolor
            assert front is not None, segment
            assert back is not None, segment
            if style.reverse:
                front, back = back, front
            found = contrast(_triplet(front), _triplet(back))
            if found < LEAST:
                yield segment.text.strip(), round(found, 2)


def _is_text(character: str) -> bool:
    return unicodedata.category(character)[0] in "LN"


def _triplet(colour: Color) -> ColorTriplet:
    assert colour.triplet is not None
    return colour.triplet


def contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    """The ratio of luminances that WCAG 2.2 defines, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: ColorTriplet) -> float:
    parts = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in colour.normalized
    ]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def test_contrast_is_that_of_the_standard() -> None:
    black, white = ColorTriplet(0, 0, 0), ColorTriplet(255, 255, 255)
    assert contrast(black, white) == pytest.approx(21)
    assert contrast(white, white) == 1
    assert contrast(ColorTriplet(0x76, 0x76, 0x76), white) == pytest.approx(4.54, abs=0.01)
