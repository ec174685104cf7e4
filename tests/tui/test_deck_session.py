"""A whole session around the deck with secrets in use: no byte of one but while it is revealed."""

from __future__ import annotations

import base64
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.codec import MASK
from store.errors import ExitCode
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.terminal import (
    LEAVES_ALTERNATE_SCREEN,
    Terminal,
    nodedeck,
    terminal,
)
from tests.tui.test_deck_keys_terminal import at_rest, to_nodes
from tests.tui.test_no_secret_leaks import Session, after_import, written
from tui import crash
from tui.reveal import SECONDS

NODE_KEY = "nodes.node1.security_key"
TOKEN = "svc.api_token"
FIRST = ("s3cret-of-a-node", "s3cret-of-a-service")
NEWER = tuple(f"{each}-rotated" for each in FIRST)
ENTERS_ALTERNATE_SCREEN = b"\x1b[?1049h"
BREAKS = """
import sys
from tui import cli
from tui.screens import secret
def tick(self):
    raise RuntimeError("boom")
secret.RevealScreen._tick = tick
cli.main(["--db", sys.argv[1]])
"""


@pytest.fixture
def session(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Session:
    """A host after its import, with two secrets sealed."""
    session = after_import(capsys, monkeypatch, tmp_path)
    for path, value in zip((NODE_KEY, TOKEN), FIRST, strict=True):
        session("secret", "set", path, stdin=value)
    return session


@pytest.fixture
def places(session: Session) -> Locations:
    return Locations(Path("config.yaml").absolute(), Path("state.db").absolute())


def encoded(secret: str) -> tuple[bytes, bytes]:
    return secret.encode(), base64.b64encode(secret.encode())


def text_of(output: bytes | bytearray) -> bytes:
    """What was written without its colours, which may stand between any two characters."""
    return re.sub(rb"\x1b\[[0-9;]*m", b"", output)


def files() -> Iterator[tuple[Path, bytes]]:
    return written(Path(), Path(os.environ["HOME"]))


def ask_for_the_key(deck: Terminal) -> None:
    """Go to the node's key, and ask for it with a reason typed."""
    deck.until_text("live")
    to_nodes(deck)
    deck.type(b"\r")
    deck.until_text("inference_segment")
    # the key is the last of the fields
    deck.type(b"G")
    deck.until_text(f"{MASK}  version")
    deck.type(b"x")
    deck.until_text("why? it goes on record")
    at_rest(deck)
    deck.type(b"\t")
    at_rest(deck)
    deck.type(b"leaked")
    deck.until_text("leaked")


def test_no_byte_of_a_secret_but_while_it_is_revealed(session: Session, places: Locations) -> None:
    # a reader keeps the write-ahead log from being folded back when a call ends
    with foreign.connect(places.database) as reader:
        reader.execute("SELECT count(*) FROM audit_log").fetchall()
        with terminal(nodedeck(places.database)) as deck:
            ask_for_the_key(deck)
            for path, value in zip((NODE_KEY, TOKEN), NEWER, strict=True):
                session("secret", "rotate", path, "--reason", "leaked", stdin=value)
            session("set", "nodes.node1.host", "other", "--reason", "moved")
            session("export", "full.yaml")
            session("backup", "create", "kept")
            session("secret", "rekey", "--yes")
            before = len(deck.output)
            deck.type(b"\r")
            deck.until_text(NEWER[0])
            deck.type(b"y")
            deck.until_text("Copied; the clipboard keeps it")
            deck.until_text(MASK)
            deck.until(lambda _: NEWER[0] not in deck.screen.text(), f"the mask after {SECONDS} s")
            after = len(deck.output)
            deck.type(b"\x1b")
            deck.until_text("5 Audit")
            for keys in (b"5", b"/"):
                deck.type(keys)
                at_rest(deck)
            deck.type(b"is:access")
            deck.until_text("reveal, shown")
            deck.type(b"\x03")
            assert deck.end() == 0
        with terminal([sys.executable, "-c", BREAKS, str(places.database)]) as broken:
            ask_for_the_key(broken)
            broken.type(b"\r")
            assert broken.end() == ExitCode.FAILED
        assert b"RuntimeError" in crash.log_path().read_bytes()
        left = list(files())
    names = {file.name for file, _ in left}
    assert {"state.db", "state.db-wal", "full.yaml", "nodedeck.log", "master.key"} <= names
    assert any(name.endswith("-kept.db") for name in names)
    early, late = (text_of(deck.output[part]) for part in (slice(before), slice(after, None)))
    for secret in (*FIRST, *NEWER):
        for form in encoded(secret):
            assert [file for file, data in left if form in data] == []
            assert form not in early
            assert form not in late
        assert secret not in session.printed
    # the other half of the proof: while it was revealed, and copied, it was there
    between = text_of(deck.output[before:after])
    assert all(form in between for form in encoded(NEWER[0]))
    assert all(form not in text_of(deck.output) for form in encoded(NEWER[1]))


def test_it_is_seen_on_the_alternate_screen_alone(session: Session, places: Locations) -> None:
    """Also where the deck is left while it stands there: it is wiped before."""
    with terminal(nodedeck(places.database)) as deck:
        ask_for_the_key(deck)
        deck.type(b"\r")
        deck.until_text(FIRST[0])
        deck.type(b"\x03")
        assert deck.end() == 0
    entered, _, rest = deck.output.partition(ENTERS_ALTERNATE_SCREEN)
    inside, _, behind = rest.partition(LEAVES_ALTERNATE_SCREEN)
    clear = FIRST[0].encode()
    assert clear not in text_of(entered + behind)
    on_it, wipe, _ = inside.rpartition(b"\x1b[2J")
    assert wipe
    assert clear in text_of(on_it)
    assert clear not in text_of(inside[len(on_it) :])
    with ConfigManager.open(places, actor="x") as manager:
        assert manager.accesses()[0].result == "shown"
