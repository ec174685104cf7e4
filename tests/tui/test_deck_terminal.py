"""The whole program on a terminal: what it costs, how it leaves, and how it fails."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.locations import Locations
from tests.support.deck import demo_state, outsider
from tests.support.terminal import (
    LEAVES_ALTERNATE_SCREEN,
    PATIENCE_SECONDS,
    ROOT,
    nodedeck,
    terminal,
)
from tui import crash

IDLE_BYTES_PER_SECOND = 150
HEIGHT_BYTES = 600


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


@pytest.mark.parametrize("key", [b"q", b"\x03"])
def test_it_leaves_at_once_while_another_process_holds_the_write_lock(
    places: Locations, key: bytes
) -> None:
    with outsider(places.database) as other, terminal(nodedeck(places.database)) as screen:
        screen.until_text("live")
        other.run("BEGIN IMMEDIATE", "UPDATE chain_state SET value='1'")
        began = time.monotonic()
        screen.type(key)
        assert screen.end() == 0
        assert time.monotonic() - began < 3.0
    assert LEAVES_ALTERNATE_SCREEN in screen.output
    assert b"Traceback" not in screen.output


def test_an_idle_deck_writes_nothing_but_its_ticking_age(places: Locations) -> None:
    with terminal(nodedeck(places.database)) as screen:
        screen.until_text("live")
        ages: dict[str, int] = {}

        def ticked(output: bytearray) -> bool:
            if found := re.search(r"written (\d+) s ago", screen.screen.text()):
                ages.setdefault(found[1], len(output))
            return len(ages) >= 6

        screen.until(ticked, "five ticks")
        second, *_, last = sorted(ages.values())[1:]
        assert (last - second) / 4 < IDLE_BYTES_PER_SECOND


def test_a_new_height_repaints_only_what_differs(places: Locations) -> None:
    with outsider(places.database) as other, terminal(nodedeck(places.database)) as screen:
        screen.until_text("live")
        marks = []
        for height in range(3_000_000, 3_000_010):
            other.height(height)
            screen.until_text(f"{height:,}")
            marks.append(len(screen.output))
        # a screen has 40 lines of 120 cells; of those a height concerns a few dozen
        assert (marks[-1] - marks[4]) / 5 < HEIGHT_BYTES


BREAKS = """
import sys
from tui import cli
from tui.panes.nodes import NodesPane
def rows(self, picture):
    password = "hunter2"
    raise RuntimeError("boom")
NodesPane.rows = rows
cli.main(["--db", sys.argv[1]])
"""


def test_a_failure_ends_with_a_sentence_and_the_log_has_the_rest(places: Locations) -> None:
    with terminal([sys.executable, "-c", BREAKS, str(places.database)]) as screen:
        assert screen.end() == 1
    shown = bytes(screen.output)
    after = shown.partition(LEAVES_ALTERNATE_SCREEN)[2]
    assert b"An unexpected error (RuntimeError) stopped nodedeck" in after
    assert str(crash.log_path()).encode() in b"".join(after.split())
    for leak in (b"Traceback", b"boom", b"hunter2", b"password"):
        assert leak not in shown
    log = crash.log_path().read_text()
    assert "RuntimeError: boom" in log
    assert "hunter2" not in log
    assert crash.log_path().stat().st_mode & 0o777 == 0o600


class Tmux:
    """One window of a tmux server of its own."""

    def __init__(self, socket: Path) -> None:
        self._command = ["tmux", "-f", "/dev/null", "-S", str(socket)]

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._command, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
        )
        return done.stdout

    def until_shown(self, *texts: str) -> str:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            shown = self.run("capture-pane", "-p", "-e", "-t", "deck")
            if all(text in re.sub(r"\x1b\[[0-9;:]*m", "", shown) for text in texts):
                return shown
            assert time.monotonic() < deadline, shown

    def until_gone(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.run("list-sessions"):
            assert time.monotonic() < deadline


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    server = Tmux(tmp_path / "tmux")
    yield server
    server.run("kill-server")


@pytest.mark.parametrize(
    "environment",
    [
        ("NO_COLOR=1",),
        ("TERM=xterm", "COLORTERM=", "TEXTUAL_COLOR_SYSTEM=standard"),
        ("TERM=screen", "COLORTERM="),
    ],
    ids=lambda environment: environment[0],
)
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
def test_it_runs_in_tmux(
    tmux: Tmux, places: Locations, environment: tuple[str, ...], size: tuple[int, int]
) -> None:
    columns, lines = map(str, size)
    command = ["env", *environment, *nodedeck(places.database)]
    tmux.run("new-session", "-d", "-s", "deck", "-x", columns, "-y", lines, *command)
    shown = tmux.until_shown("1 Chain", "live", "2,415,377")
    if "TEXTUAL_COLOR_SYSTEM=standard" in environment:
        assert not re.search(r"\x1b\[[0-9;]*[34]8[;:]", shown), "sixteen colours only"
    tmux.run("send-keys", "-t", "deck", "5")
    tmux.until_shown("5 Audit", "ops@gx-07")
    tmux.run("send-keys", "-t", "deck", "q")
    tmux.until_gone()
