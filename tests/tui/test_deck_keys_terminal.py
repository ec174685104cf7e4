"""Pause, filter and copy on a real terminal: what they cost, and what reaches the clipboard."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from store.locations import Locations
from tests.support.deck import demo_state, outsider
from tests.support.terminal import Terminal, nodedeck, terminal

QUIET_SECONDS = 3.0
COUNT_BYTES = 300
TICK_BYTES = 150


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


def osc52(text: str) -> bytes:
    return b"]52;c;" + base64.b64encode(text.encode()) + b"\x07"


def to_nodes(screen: Terminal) -> None:
    """Go to the nodes pane, and wait until it has the keys: its border changes with them."""
    at_rest(screen)
    screen.type(b"3")
    at_rest(screen)


def at_rest(screen: Terminal) -> None:
    """Read until nothing but a ticking age has come for a while; a flash ends within a second."""
    while len(screen.read(0.9)) > TICK_BYTES:
        pass


def test_a_paused_deck_writes_nothing_until_a_change_arrives(places: Locations) -> None:
    with outsider(places.database) as other, terminal(nodedeck(places.database)) as screen:
        screen.until_text("live")
        screen.type(b"p")
        screen.until_text(" paused ")
        at_rest(screen)
        assert screen.read(QUIET_SECONDS) == b""
        for height, count in ((3_000_000, "1 change "), (3_000_001, "2 changes ")):
            other.height(height)
            screen.until_text(f"{count}waiting")
        at_rest(screen)
        before = len(screen.output)
        other.height(3_000_002)
        screen.until_text("3 changes waiting")
        at_rest(screen)
        assert len(screen.output) - before < COUNT_BYTES
        screen.type(b"p")
        screen.until_text("3,000,002")


def test_an_open_filter_costs_nothing_but_the_ticking_age(places: Locations) -> None:
    with terminal(nodedeck(places.database)) as screen:
        screen.until_text("live")
        to_nodes(screen)
        screen.type(b"p/")
        screen.until_text("any column")
        screen.type(b"dk03-c")
        screen.until_text("1 of 3")
        at_rest(screen)
        assert screen.read(QUIET_SECONDS) == b""


@pytest.mark.parametrize(
    ("environment", "wrapped"), [({"TMUX": ""}, False), ({"TMUX": "socket,1,0"}, True)]
)
def test_a_copy_goes_to_the_terminal(
    places: Locations, environment: dict[str, str], wrapped: bool
) -> None:
    with terminal(nodedeck(places.database), environment=environment) as screen:
        screen.until_text("live")
        to_nodes(screen)
        screen.type(b"ly")
        screen.until_text("Copied")
        assert b"\x1b" + osc52("dk03-a") in screen.output
        through = b"\x1bPtmux;\x1b\x1b" + osc52("dk03-a") + b"\x1b\\"
        assert (through in screen.output) == wrapped


@pytest.mark.parametrize(
    "setting", ["set -s set-clipboard on", "set -g allow-passthrough on"], ids=lambda text: text[7:]
)
def test_a_copy_comes_through_tmux(places: Locations, tmp_path: Path, setting: str) -> None:
    """The terminal here is the one around tmux."""
    config = tmp_path / "tmux.conf"
    off = "set -s set-clipboard off\nset -g allow-passthrough off\n"
    config.write_text(f"{off}{setting}\nset -as terminal-features ',*:clipboard'\n")
    command = ["tmux", "-f", str(config), "-S", str(tmp_path / "socket"), "new-session"]
    with terminal([*command, *nodedeck(places.database)]) as screen:
        screen.until_text("live")
        to_nodes(screen)
        screen.type(b"ly")
        payload = base64.b64encode(b"dk03-a")
        screen.until(lambda output: b"\x1b]52;" in output and payload in output, "the clipboard")
        screen.type(b"q")
        assert screen.end() == 0
