"""A terminal whose other side is closed without a signal: the program must not spin, but end."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from tests.support.terminal import PATIENCE_SECONDS, nodedeck, terminal
from tui.hangup import HUNG_UP, HangupWatch

SOON_SECONDS = 5.0
"""About a second, and what a loaded machine adds."""


def test_a_closed_terminal_ends_the_demo_and_leaves_nothing(tmp_path: Path) -> None:
    # a session of its own without a controlling terminal: no signal tells it
    command = [sys.executable, "-m", "tui.cli", "demo"]
    with terminal(command, environment={"TMPDIR": str(tmp_path)}) as screen:
        screen.until_text("live")
        assert list(tmp_path.glob("nodedeck-demo-*"))
        began = time.monotonic()
        assert screen.hang_up() == HUNG_UP
        assert time.monotonic() - began < SOON_SECONDS
    assert list(tmp_path.iterdir()) == []


def test_input_that_is_always_at_its_end_opens_no_deck(tmp_path: Path) -> None:
    command = [*nodedeck(tmp_path / "state.db")]
    shell = ["sh", "-c", '"$@" < /dev/null', "sh", *command]
    with terminal(shell) as screen:
        assert screen.end() == 2
    assert b"This is no terminal that the deck could use" in b"".join(screen.output.splitlines())
    assert b"\x1b[?1049h" not in screen.output


def test_a_watch_tells_once_and_only_of_the_end() -> None:
    ours, theirs = os.openpty()
    told = threading.Event()
    quiet = HangupWatch(theirs, told.set)
    os.write(ours, b"key")
    quiet.stop()
    assert not told.is_set()
    watch = HangupWatch(theirs, told.set)
    os.close(ours)
    assert told.wait(PATIENCE_SECONDS)
    watch.stop()
    os.close(theirs)
