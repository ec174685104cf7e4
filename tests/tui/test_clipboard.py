"""What goes to the clipboard: whole values, nothing that acts, no more than terminals take."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.clipboard import LIMIT_BYTES, Clipping, clipping, plain, through_tmux


@pytest.mark.parametrize(
    ("text", "copied"),
    [
        ("10.0.0.21", "10.0.0.21"),
        ("two\nlines\tand\u00a0spaces\u2028", "two lines and spaces "),
        ("\x1b[31mred\x9b31m\x00", "[31mred31m"),
        ("\u202eright\u200b", "right"),
        ("日本語 [red]x[/red]", "日本語 [red]x[/red]"),
        ("half \ud800 pair", "half  pair"),
    ],
    ids=ascii,
)
def test_nothing_that_acts_on_a_terminal_or_a_shell_is_left(text: str, copied: str) -> None:
    assert plain(text) == copied


@given(st.lists(st.text(st.characters())))
def test_cells_stay_apart_and_the_rest_is_printable(cells: list[str]) -> None:
    copied = clipping(cells)
    assert copied.text.replace("\t", "").isprintable()
    assert copied.text.count("\t") == max(0, len(cells) - 1)
    assert not copied.cut
    assert len(copied.text.encode()) <= LIMIT_BYTES


def test_what_was_left_out_is_counted() -> None:
    assert clipping(["  a\x1b\x00 ", "b"]) == Clipping("a\tb", removed=2)


@pytest.mark.parametrize("character", ["x", "語", "𝕏"])
def test_a_long_value_is_cut_between_two_characters(character: str) -> None:
    fits = LIMIT_BYTES // len(character.encode())
    assert not clipping([character * fits]).cut
    copied = clipping([character * (fits + 1)])
    assert copied == Clipping(character * fits, cut=True)
    assert len(base64.b64encode(copied.text.encode())) < 100_000


def test_the_way_through_tmux_doubles_what_tmux_would_take_for_its_own() -> None:
    assert through_tmux("x") == "\x1bPtmux;\x1b\x1b]52;c;eA==\x07\x1b\\"
