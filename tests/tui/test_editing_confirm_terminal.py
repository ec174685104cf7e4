"""``ctrl+o`` in a real terminal: the console is killed, and the edit goes back by itself."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from store import reverter
from store.locations import Locations
from store.manager import ConfigManager
from store.pending import State
from tests.support import reverters
from tests.support.deck import demo_state
from tests.support.terminal import terminal
from tests.tui.test_editing_form import value

PATH = "nodes.dk03-a.host"
WITHIN_SECONDS = 6.0
_CONSOLE = """
import sys
from store.manager import ConfigManager
from tui import cli
usual, within = ConfigManager.unless_confirmed, float(sys.argv[2])
ConfigManager.unless_confirmed = lambda self, _, **more: usual(self, within, **more)
cli.main(["--db", sys.argv[1]])
"""


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Locations]:
    found = demo_state(tmp_path)
    yield found
    reverters.kill(found.database)


def test_killed_in_the_countdown_it_goes_back_at_the_deadline(places: Locations) -> None:
    was = value(places, PATH)
    command = [sys.executable, "-c", _CONSOLE, str(places.database), str(WITHIN_SECONDS)]
    with terminal(command) as screen:
        screen.until_text("live")
        screen.type(b"3e")
        screen.until_text("Edit nodes.dk03-a")
        screen.type(b"\x15")
        screen.until_text("must not be empty")
        screen.type(b"10.9.9.9")
        screen.until_text("10.9.9.9")
        screen.type(b"\x0f")
        screen.until_text("unless confirmed")
        screen.type(b"\t\r")
        screen.until_text("nodes.dk03-a reverts in")
        screen.process.kill()
        screen.process.wait()
        assert value(places, PATH) == "10.9.9.9"
        assert len(reverters.of(places.database)) == 1
    reverters.until(lambda: value(places, PATH) == was, "the value of before")
    with ConfigManager.open(places, actor="tests") as manager:
        (settled,) = manager.reversals(settled=1)
        newest = manager.history("nodes.dk03-a", limit=1)[0]
    assert (settled.state, settled.settled_by) == (State.REVERTED, reverter.ACTOR)
    assert settled.settled_at is not None
    assert settled.settled_at >= settled.deadline
    assert f"not confirmed within {WITHIN_SECONDS:g} s" in str(newest.reason)
    reverters.until(lambda: not reverters.of(places.database), "the end of the process")
