"""What reaches the terminal, and how numbers and times read."""

import dataclasses
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size
from textual.content import Content

from tui import text
from tui.glyphs import ASCII, UNICODE, Glyphs
from tui.text import (
    age,
    clean,
    duration,
    fit,
    grouped,
    lag,
    literal,
    moment,
    shorten_middle,
    until,
    wrap,
    yes_no,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
MARKUP = st.text(st.sampled_from("[]/\\@=$()'\"#ab .%\n\x1b"), max_size=30)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain text", "plain text"),
        ("", ""),
        (None, ""),
        (12, "12"),
        (1.5, "1.5"),
        (b"caf\xc3\xa9\xff", "café\\xff"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("\x00\x07\x7f\x9b", "\\x00\\x07\\x7f\\x9b"),
        ("one\ntwo\tthree\r", "one\\ntwo\\tthree\\r"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("a\u200bb\u200d\ufeff", "a\\u200bb\\u200d\\ufeff"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\u2028\u00a0", "\\u2028\\xa0"),
        ("x\ufe0f", "x\\ufe0f"),
        ("\u3164\u115f", "\\u3164\\u115f"),
        ("日本語 한국어 🚀 👍🏽 🇩🇪", "日本語 한국어 🚀 👍🏽 🇩🇪"),
        ("ที่นี่", "ที่นี่"),
        ("e\u0301\u0302\u0303\u0304", "e\u0301\u0302\\u0303\\u0304"),
        ("\u0301e", "\\u0301e"),
    ],
)
def test_clean_names_what_would_not_show(value: object, shown: str) -> None:
    assert clean(value) == shown


def test_clean_shows_integers_that_python_refuses_to_print() -> None:
    assert clean(10**5000).startswith("0x")


@given(ANY_TEXT, st.none() | st.integers(0, 20))
def test_cleaned_text_is_printable_and_stays_as_it_is(raw: str, limit: int | None) -> None:
    shown = clean(raw, limit=limit)
    assert shown.isprintable()
    assert clean(shown) == shown
    assert limit is None or len(shown) <= limit
    widths = "".join(str(get_character_cell_size(character)) for character in shown)
    assert "000" not in widths
    assert not widths.startswith("0")


def test_clean_with_a_limit_says_that_something_was_cut() -> None:
    assert clean("abcdef", limit=6) == "abcdef"
    assert clean("abcdefg", limit=6) == "abcde…"
    assert clean("abc\x1b", limit=6) == "abc\\x…"
    assert clean("abc", limit=0) == ""


@given(MARKUP | ANY_TEXT)
@example("[/]")
@example("[red]x[/red]")
@example("[@click=app.quit]x[/]")
@example("\\[")
@example("\\\\[b]")
@example("trailing\\")
@example("[]")
@example("[")
@example("]")
@example("[$primary]")
@example("a[/b]\\[/]")
def test_literal_is_read_back_from_markup_as_the_cleaned_text(raw: str) -> None:
    content = Content.from_markup(literal(raw))
    assert content.plain == clean(raw)
    assert content.spans == []


@given(ANY_TEXT, st.integers(0, 30), st.sampled_from(["left", "right"]))
def test_fit_gives_exactly_the_cells_asked_for(raw: str, width: int, align: text.Align) -> None:
    assert cell_len(fit(clean(raw), width, align)) == width


def test_fit_pads_and_cuts() -> None:
    assert fit("ab", 4) == "ab  "
    assert fit("ab", 4, "right") == "  ab"
    assert fit("abcdef", 4) == "abc…"
    assert fit("abcdef", 4, ellipsis="~") == "abc~"
    assert fit("日本語", 4) == "日… "
    assert fit("日本語", 4, "right") == " 日…"
    assert fit("日本語", 6) == "日本語"
    assert fit("abc", 0) == ""


@given(ANY_TEXT, st.integers(0, 30))
def test_shortened_text_keeps_within_its_cells(raw: str, width: int) -> None:
    shown = shorten_middle(clean(raw), width)
    assert cell_len(shown) <= width
    assert not shown or get_character_cell_size(shown[0])


def test_shorten_middle_keeps_both_ends() -> None:
    assert shorten_middle("1d1f9f815794", 7) == "1d1…794"
    assert shorten_middle("short", 7) == "short"
    assert shorten_middle("日本語日本語", 6) == "日…語"
    assert shorten_middle("ab\u0301cde\u0301", 3) == "a…e\u0301"
    assert shorten_middle("abc", 0) == ""


@given(ANY_TEXT, st.integers(0, 20))
def test_wrapped_lines_are_within_the_width_and_lose_no_word(raw: str, width: int) -> None:
    shown = clean(raw)
    lines = wrap(shown, width)
    if width >= 2:
        assert all(cell_len(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == shown.replace(" ", "")


def test_wrap_breaks_at_spaces() -> None:
    assert wrap("one two three", 8) == ["one two", "three"]
    assert wrap("abcdefgh ij", 4) == ["abcd", "efgh", "ij"]
    assert wrap("", 4) == []


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (3.9, "3 s"),
        (59.9, "59 s"),
        (60, "1 m"),
        (4 * 60 + 59, "4 m"),
        (2 * 3600 + 5 * 60, "2 h 05 m"),
        (3 * 86400 + 4 * 3600, "3 d 4 h"),
        (1234 * 86400, "1,234 d 0 h"),
        (-0.4, "0 s"),
        (-3, "in 3 s"),
        (float("nan"), "?"),
        (float("inf"), "?"),
    ],
)
def test_age(seconds: float, shown: str) -> None:
    assert age(seconds) == shown


def test_until() -> None:
    assert until(7 * 3600 + 12 * 60) == "in 7 h 12 m"
    assert until(-3) == "3 s ago"
    assert until(0) == "in 0 s"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.25, "250 ms"),
        (0.9999, "1.0 s"),
        (5.42, "5.4 s"),
        (59.97, "1 m"),
        (3600, "1 h 00 m"),
        (-5.4, "-5.4 s"),
        (float("inf"), "?"),
    ],
)
def test_duration(seconds: float, shown: str) -> None:
    assert duration(seconds) == shown


def test_moment_is_on_the_clock_of_the_reader() -> None:
    zone = timezone(timedelta(hours=2))
    now = datetime(2026, 3, 14, 18, 4, tzinfo=zone)
    at = datetime(2026, 3, 15, 16, 34, tzinfo=UTC)
    assert moment(at, now) == "Sun 18:34"
    assert moment(at, now, utc=True) == "Sun 16:34 UTC"
    assert moment(at + timedelta(days=8), now) == "2026-03-23 18:34"


def test_moment_shows_the_zero_time_of_go() -> None:
    now = datetime(2026, 3, 14, tzinfo=timezone(timedelta(hours=-5)))
    assert moment(datetime(1, 1, 1, tzinfo=UTC), now) == "0001-01-01 00:00"


def test_moment_refuses_a_time_without_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        moment(datetime(2026, 3, 14), datetime(2026, 3, 14, tzinfo=UTC))


def test_numbers_and_answers() -> None:
    assert grouped(1934882) == "1,934,882"
    assert grouped(-1000) == "-1,000"


def test_a_lag_is_never_negative() -> None:
    assert [lag(6_000), lag(0), lag(-6_000)] == ["6,000 behind", "0 behind", "6,000 ahead"]
    assert (yes_no(True), yes_no(False)) == ("yes", "no")


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_every_glyph_is_one_printable_cell(glyphs: Glyphs) -> None:
    for name, signs in dataclasses.asdict(glyphs).items():
        assert len(signs) == (8 if name == "spark" else 1), name
        for sign in signs:
            assert ord(sign) < 0x10000
            assert cell_len(sign) == 1
            assert clean(sign) == sign
    assert "".join(dataclasses.astuple(ASCII)).isascii()


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_states_differ_in_shape(glyphs: Glyphs) -> None:
    states = [glyphs.ok, glyphs.bad, glyphs.warn, glyphs.critical, glyphs.on, glyphs.off]
    assert len(set(states)) == len(states)
