"""What a look at a secret leaves behind: nothing in the deck's memory, nothing on the terminal."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

from store.codec import MASK
from tests.support.terminal import LEAVES_ALTERNATE_SCREEN, Terminal, nodedeck, terminal
from tests.tui.test_deck_session import FIRST, ask_for_the_key, places, session, text_of

__all__ = ["places", "session"]

CLEAR = FIRST[0]
# the console, which tells at the first tick of a look who holds a text, and behind it again
INSPECTED = """
import gc, json, sys
from pathlib import Path
from textual.strip import Strip
from tui import cli
from tui.repaint import Shown
from tui.screens.secret import RevealScreen

told = Path(sys.argv[2])

def texts(each):
    if isinstance(each, (str, bytes, bytearray)):
        yield each if isinstance(each, str) else bytes(each).decode("latin-1")
    elif isinstance(each, Strip):
        yield each.text
    elif isinstance(each, (list, tuple)) and each and all(type(one) is str for one in each):
        yield "".join(each)
    elif isinstance(each, Shown):
        for line in list(each._lines.values()):
            yield "".join(cell.text for _, cell in sorted(line.items()))

def holders(needle):
    gc.collect()
    frames = [one for one in sys._current_frames().values()]
    seen, waiting, found = set(), [], []
    for frame in frames:
        while frame is not None:
            waiting.extend((type(frame), one) for one in frame.f_locals.values())
            frame = frame.f_back
    waiting.extend((None, one) for one in gc.get_objects())
    mine = {id(needle), id(waiting), id(seen), id(found), id(frames)}
    while waiting:
        holder, each = waiting.pop()
        if id(each) in seen or id(each) in mine:
            continue
        seen.add(id(each))
        if any(needle in text for text in texts(each)):
            found.append(f"{holder} {type(each)}")
        if not isinstance(each, (str, bytes)):
            waiting.extend((type(each), one) for one in gc.get_referents(each))
    return found

def tell(name):
    needle = (told / "needle").read_text()
    (told / name).write_text(json.dumps(holders(needle)))

ticked, unmounted = RevealScreen._tick, RevealScreen.on_unmount

def ticks(self):
    if not (told / "while").exists():
        tell("while")
        self._until = 0
    ticked(self)

def gone(self):
    self.app.set_interval(0.3, lambda: tell("after"))
    unmounted(self)

RevealScreen._tick, RevealScreen.on_unmount = ticks, gone
cli.main(["--db", sys.argv[1]])
"""


def told(file: Path) -> Any:
    try:
        return json.loads(file.read_text())
    except (FileNotFoundError, ValueError):  # not there yet, or not all of it
        return None


def test_nothing_in_memory_holds_it_once_it_is_masked(places: Any, tmp_path: Path) -> None:
    folder = tmp_path / "told"
    folder.mkdir()
    (folder / "needle").write_text(CLEAR)
    command = [sys.executable, "-c", INSPECTED, str(places.database), str(folder)]
    with terminal(command) as deck:
        ask_for_the_key(deck)
        deck.type(b"\r")
        deck.until(lambda _: told(folder / "after") == [], "an end to who holds it")
        assert CLEAR not in deck.screen.text()
        deck.type(b"\x03")
        assert deck.end() == 0, deck.screen.text()
    assert told(folder / "while"), "or the search finds nothing anyway"


def test_a_stop_takes_it_off_the_terminal_first(places: Any) -> None:
    with terminal(nodedeck(places.database)) as deck:
        ask_for_the_key(deck)
        deck.type(b"\r")
        deck.until_text(CLEAR)
        deck.process.send_signal(signal.SIGTSTP)
        deck.until(lambda _: state_of(deck) == "T", "the stop")
        while deck.read(0.1):
            pass
        inside, _, behind = bytes(deck.output).rpartition(LEAVES_ALTERNATE_SCREEN)
        shown, _, wiped = inside.rpartition(b"\x1b[2J")
        assert CLEAR.encode() in text_of(shown)
        assert CLEAR.encode() not in text_of(wiped) + text_of(behind)
        deck.process.send_signal(signal.SIGCONT)
        deck.until_text(f"{MASK}  version")
        assert CLEAR not in deck.screen.text()
        deck.type(b"x")
        deck.until_text("why? it goes on record")
        deck.type(b"\x03")
        assert deck.end() == 0, deck.screen.text()
    assert CLEAR.encode() not in text_of(deck.output[len(inside) :])


def state_of(deck: Terminal) -> str:
    """The letter that the kernel has for what a program is at: T where it is stopped."""
    return Path(f"/proc/{deck.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
