"""The terminals that operators really have: sixteen colours, none, no Unicode, no terminal."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from store.locations import Locations
from tests.support.deck import Driver, console, demo_state, opened
from tests.support.terminal import ROOT, Terminal, nodedeck, terminal
from tui import preferences
from tui.app import NodedeckApp
from tui.glyphs import ASCII, PLAIN, UNICODE
from tui.session import Session
from tui.terminal import NO_COLOURS, PlainGlyphs, plain_glyphs
from tui.text import clean

NO_UNICODE = {"LC_ALL": "C", "LANG": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
_SGR = re.compile(rb"\x1b\[([0-9;]*)m")


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


def colours(output: bytes) -> set[str]:
    """The kinds of colour that a program asked its terminal for."""
    kinds = set()
    for codes in _SGR.findall(output):
        numbers = [int(code or 0) for code in codes.split(b";")]
        while numbers:
            number = numbers.pop(0)
            if number in (38, 48):
                kinds.add("256" if numbers[0] == 5 else "true")
                del numbers[: 2 if numbers[0] == 5 else 4]
            elif number in range(30, 48) or number in range(90, 108):
                kinds.add("default" if number in (39, 49) else "16")
    return kinds


def leave(screen: Terminal) -> bytes:
    """Go through the panes, the help and a detail, quit, and give back all that was written."""
    screen.until_text("1 Chain")
    for keys, text in ((b"3\r", "Fields"), (b"\x1b", "5 Audit"), (b"?", "Show this help.")):
        screen.output.clear()
        screen.type(keys)
        screen.until_text(text)
    screen.type(b"\x03")
    assert screen.end() == 0
    return bytes(screen.output)


def run(places: Locations, environment: Mapping[str, str]) -> bytes:
    with terminal(nodedeck(places.database), environment=environment) as screen:
        screen.until_text("live")
        seen = bytes(screen.output)
        return seen + leave(screen)


@pytest.mark.parametrize("term", ["xterm-16color", "linux", "xterm"])
def test_sixteen_colours_are_all_that_such_a_terminal_is_asked_for(
    places: Locations, term: str
) -> None:
    output = run(places, {"TERM": term, "COLORTERM": ""})
    assert colours(output) <= {"16", "default"}
    assert "16" in colours(output)
    # green for what is well, which greys would not say
    assert re.search(rb"\x1b\[[0-9;]*92[0-9;]*m[^\x1b]*live", output)


def test_a_theme_of_ones_own_is_kept_in_sixteen_colours(places: Locations) -> None:
    write_preferences('theme = "nodedeck-dark"\n')
    output = run(places, {"TERM": "xterm-16color", "COLORTERM": ""})
    assert not re.search(rb"\x1b\[[0-9;]*92[0-9;]*m[^\x1b]*live", output)


def test_a_terminal_of_many_colours_gets_them(places: Locations) -> None:
    assert "true" in colours(run(places, {}))


@pytest.mark.parametrize("term", ["xterm-256color", "linux"])
def test_no_color_leaves_the_terminals_own_colours(places: Locations, term: str) -> None:
    output = run(places, {"TERM": term, "NO_COLOR": "1"})
    assert colours(output) <= {"default"}
    assert b"\x1b[" in output
    # the row under the cursor still stands out
    assert any(b"7" in codes.split(b";") for codes in _SGR.findall(output))


def test_the_console_of_linux_gets_ascii(places: Locations) -> None:
    assert run(places, {"TERM": "linux"}).isascii()


def test_without_a_unicode_locale_everything_is_ascii(places: Locations) -> None:
    output = run(places, NO_UNICODE)
    assert output.isascii()
    assert b"\\u" not in output
    assert b"@ live" in output


@pytest.mark.parametrize("locale", [{"LC_ALL": "C"}, {"LC_ALL": "", "LANG": ""}])
def test_a_locale_of_c_is_ascii_though_python_speaks_utf8(
    places: Locations, locale: dict[str, str]
) -> None:
    with terminal(nodedeck(places.database), environment=locale) as screen:
        screen.until_text("@ live")
        screen.type(b"q")
        assert screen.end() == 0
    assert bytes(screen.output).isascii()
    history = [*nodedeck(places.database), "history", "--limit", "3"]
    with terminal(history, environment=locale) as screen:
        assert screen.end() == 0
    assert bytes(screen.output).isascii()
    assert b" -> " in screen.output


def write_preferences(text: str) -> None:
    preferences.place().parent.mkdir(parents=True, exist_ok=True)
    preferences.place().write_text(text)


@pytest.mark.parametrize(("chosen", "plain"), [("ascii", True), ("unicode", False)])
def test_glyphs_are_a_choice(places: Locations, chosen: str, plain: bool) -> None:
    write_preferences(f'glyphs = "{chosen}"\n')
    environment = {} if plain else {"TERM": "linux"}
    assert run(places, environment).isascii() is plain


def test_a_wrong_choice_of_glyphs_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "deck.toml"
    path.write_text('glyphs = "emoji"\n')
    found = preferences.load(path, commands=(), themes=(), glyphs=("unicode", "ascii"))
    assert found.glyphs is None
    assert found.faults == (f"{path}: there is no glyphs 'emoji'; there are ascii, unicode.",)


def test_a_dumb_terminal_gets_the_status_and_a_sentence(places: Locations) -> None:
    with terminal(nodedeck(places.database), environment={"TERM": "dumb"}) as screen:
        code = screen.end()
    text = bytes(screen.output).decode()
    assert "This is no terminal that the deck could use, so here is the status." in text
    assert "2,415,377" in text
    assert "\x1b" not in text
    assert code in (0, 7)


def test_no_terminal_gets_the_status_and_a_sentence(places: Locations) -> None:
    done = subprocess.run(
        nodedeck(places.database), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "so here is the status" in done.stderr
    assert "2,415,377" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr


# the two filters, and the table they come from


def test_every_glyph_has_a_plain_one_of_the_same_width() -> None:
    assert len(PLAIN) > 300
    for code, plain in PLAIN.items():
        assert plain.isascii()
        assert len(plain) == 1
        assert code < 0x10000
        assert cell_len(chr(code)) == 1, hex(code)
    assert {PLAIN[ord(sign)] for sign in UNICODE.spark} == set(ASCII.spark)


def literals(path: Path) -> Iterator[str]:
    """The texts in a module's code, without what only its readers see."""
    tree = ast.parse(path.read_text("utf-8"))
    told = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told:
            yield node.value


@pytest.mark.parametrize(
    "path",
    [path for path in sorted((ROOT / "tui").rglob("*.py")) if path.name != "glyphs.py"],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_no_text_of_ours_needs_a_sign_that_has_no_plain_one(path: Path) -> None:
    odd = {sign for text in literals(path) for sign in text if not sign.isascii()}
    invisible = {sign for sign in odd if clean(sign) != sign}  # names of what is never shown
    allowed = set(map(chr, PLAIN))
    assert odd - invisible <= allowed


def plain(text: str, encoding: str = "utf-8") -> str:
    (segment,) = PlainGlyphs(encoding).apply([Segment(text, Style(bold=True))], Color(0, 0, 0))
    assert segment.style == Style(bold=True)
    return segment.text


@pytest.mark.parametrize(
    ("text", "encoding", "shown"),
    [
        ("╭─ ● on ✓ 1…2 ─╮", "utf-8", "+- @ on v 1~2 -+"),
        ("漢字 é ●", "utf-8", "漢字 é @"),
        ("漢字 é ●", "ascii", "???? ? @"),
        ("漢字 é ●", "iso-8859-1", "???? é @"),
        ("e\u0301", "ascii", "e"),
        ("plain", "ascii", "plain"),
    ],
)
def test_what_a_terminal_lacks_keeps_its_cells(text: str, encoding: str, shown: str) -> None:
    assert plain(text, encoding) == shown
    assert cell_len(shown) == cell_len(text)


@pytest.mark.parametrize(
    ("chosen", "term", "locale", "encoding", "filtered"),
    [
        (None, "xterm", "en_US.UTF-8", "utf-8", False),
        (None, "xterm", "C.utf8", "UTF8", False),
        (None, "linux", "en_US.UTF-8", "utf-8", True),
        (None, "xterm", "C", "utf-8", True),
        ("unicode", "xterm", "C", "utf-8", False),
        ("unicode", "linux", "C.UTF-8", "utf-8", False),
        ("ascii", "xterm", "C.UTF-8", "utf-8", True),
        ("unicode", "xterm", "C.UTF-8", "iso-8859-15", True),
        (None, "", "", "ANSI_X3.4-1968", True),
    ],
)
def test_when_glyphs_are_plain(
    *, chosen: str | None, term: str, locale: str, encoding: str, filtered: bool
) -> None:
    environ = {"TERM": term, "LANG": locale}
    assert (plain_glyphs(chosen, environ, encoding) is not None) is filtered


def test_no_colour_is_left_and_what_makes_bold_bold_is() -> None:
    styles = [Style.parse("red on black"), Style.parse("bold reverse dim blue"), None]
    segments = NO_COLOURS.apply([Segment("x", style) for style in styles], Color(0, 0, 0))
    assert [segment.style and segment.style.color for segment in segments] == [None] * 3
    assert [segment.style and segment.style.bgcolor for segment in segments] == [None] * 3
    assert segments[1].style is not None
    assert (segments[1].style.bold, segments[1].style.reverse) == (True, True)
    assert not segments[1].style.dim


async def test_every_screen_is_ascii_where_glyphs_are_plain(places: Locations) -> None:
    app = NodedeckApp(Session(places, "x"), host="h", glyphs=PlainGlyphs("ascii"))
    async with opened(app) as driver:

        def assert_plain() -> None:
            for strip in driver.strips():
                assert strip.text.isascii(), strip.text

        for key in ("1", "2", "3", "4", "5", "z", "z", "ctrl+p", "escape", "question_mark"):
            await driver.press(key)
            assert_plain()
        await driver.press("escape", "f")
        assert_plain()
        await driver.press("escape", "3", "enter")
        await driver.until_shown("inference_port")
        assert_plain()
        await driver.press("escape", "7")
        assert_plain()


async def test_status_reads_without_colour(
    places: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with opened(console(places)) as driver:
        for strip in driver.strips():
            for segment in strip:
                style = segment.style or Style()
                assert style.color is None or style.color.is_default
                assert style.bgcolor is None or style.bgcolor.is_default
        assert "● live" in driver.screen()
        assert "✓ yes" in driver.screen()
        assert reversed_text(driver).startswith("height")


def reversed_text(driver: Driver) -> str:
    found = (segment for strip in driver.strips() for segment in strip)
    return "".join(one.text for one in found if one.style is not None and one.style.reverse)


def test_the_command_that_draws_takes_glyphs_from_its_stream() -> None:
    code = "import sys; print(sys.__stderr__.encoding)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=NO_UNICODE,
        capture_output=True,
        text=True,
        check=True,
    )
    assert plain_glyphs(None, {}, done.stdout.strip()) is not None
