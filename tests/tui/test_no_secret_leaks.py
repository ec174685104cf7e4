"""A whole session, and not a byte of a secret in what it wrote or showed."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.errors import ExitCode
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.terminal import nodedeck, terminal
from tests.tui.test_cli import Ran, call
from tui import crash

SECRETS = ("s3cret-of-a-provider", "s3cret-of-a-node", "s3cret-of-a-service", "s3cret-by-a-daemon")
NEWER = tuple(f"{each}-rotated" for each in SECRETS)
CONFIG = """\
api: {port: 9000}
current_height: 41
nodes:
  - {id: node1, host: h, inference_port: 1, poc_port: 2, max_concurrent: 3, models: {m: {}}}
  - {id: node2, host: i, inference_port: 1, poc_port: 2, max_concurrent: 3, models: {m: {}}}
"""
PATHS = (
    "provider_configs.openai",
    "nodes.node1.security_key",
    "svc.api_token",
    "nodes.node2.security_key",
)


class Session:
    """Calls of the command line, and all that they printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys, self.monkeypatch = capsys, monkeypatch
        self.printed = ""

    def __call__(self, *argv: str, stdin: str = "", code: int | None = ExitCode.OK) -> Ran:
        given = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
        self.monkeypatch.setattr(sys, "stdin", given)
        ran = call(self.capsys, *argv)
        assert code in (ran.code, None), (argv, ran)
        self.printed += ran.out + ran.err
        return ran


def after_import(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Session:
    """The calls on a host, in whose directory they are made, of which the first is its import."""
    here = tmp_path / "node"
    here.mkdir()
    monkeypatch.chdir(here)
    (here / "config.yaml").write_text(CONFIG)
    session = Session(capsys, monkeypatch)
    session("import", "apply", "config.yaml", "--rewrite", "--yes")
    return session


def written(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file():
                yield file, file.read_bytes()


def fails_with_a_secret_in_its_hands(*_: object) -> None:
    held = NEWER[0]
    raise RuntimeError(f"a fault with {len(held)} characters at hand")


def test_nothing_that_is_written_or_shown_holds_a_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    session, here = after_import(capsys, monkeypatch, tmp_path), Path.cwd()
    places = Locations(here / "config.yaml", here / "state.db")
    # a reader keeps the write-ahead log from being folded back when a call ends
    with foreign.connect(places.database) as reader:
        reader.execute("SELECT count(*) FROM audit_log").fetchall()
        for path, value in zip(PATHS[:2], SECRETS[:2], strict=True):
            session("secret", "set", path, stdin=value)
        session("set", PATHS[2], "--stdin", "--create", stdin=SECRETS[2])
        foreign.write(
            places.database,
            f"INSERT INTO mlnode_security VALUES('node2','{SECRETS[3]}',1,'','')",
        )
        for argv in (("history",), ("doctor",), ("status",), ("secret", "list"), ("export", "-")):
            # a height that stands still for long is a critical finding
            session(*argv, code=None if argv == ("status",) else ExitCode.OK)
        session("secret", "seal", "--yes")
        for path, value in zip(PATHS, NEWER, strict=True):
            session("secret", "rotate", path, "--reason", "leaked", stdin=value)
        session("secret", "rekey", "--yes")
        session("set", "nodes.node1.host", "other", "--reason", "moved")
        session("export", "full.yaml")
        session("export", "full.json")
        session("backup", "create", "kept")
        session("history", "--json")
        session("secret", "log", "--json")
        session("list", "--json")
        session("undo", str(ConfigManager.open(places, actor="x").secret(PATHS[0]).change))
        with monkeypatch.context() as broken:
            broken.setattr(ConfigManager, "secrets", fails_with_a_secret_in_its_hands)
            session("secret", "list", code=ExitCode.FAILED)
        assert b"RuntimeError" in crash.log_path().read_bytes()
        session("log")
        with terminal(nodedeck(places.database)) as deck:
            deck.until_text("Audit")
            deck.until_text("provider_configs")
            deck.type(b"5\r")
            deck.until_text("What changed")
            deck.type(b"\x03")
            assert deck.end() == 0
        files = list(written(here, Path(os.environ["HOME"])))
    names = {file.name for file, _ in files}
    assert {"state.db", "state.db-wal", "full.yaml", "nodedeck.log", "master.key"} <= names
    assert any(name.endswith("-kept.db") for name in names)
    for secret in (*SECRETS, *NEWER):
        assert [file for file, data in files if secret.encode() in data] == []
        assert secret not in session.printed
        assert secret.encode() not in deck.output
