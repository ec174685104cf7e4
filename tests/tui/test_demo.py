"""The demo leaves nothing behind, however it ends, and brings its files along."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from store.manager import ConfigManager
from tests.tui.test_cli import PROGRAM, ROOT, spawn
from tui import demo

PATIENCE_SECONDS = 30.0
SHOWN = b"dk03-a"


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory in which temporary ones are made."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)
    return folder


def writers(folder: Path) -> list[int]:
    """The processes that were started with a path below a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.fsencode(folder) in (entry / "cmdline").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue  # it ended meanwhile
    return found


class Terminal:
    """A demo on a terminal of its own."""

    def __init__(self, process: subprocess.Popen[bytes], ours: int) -> None:
        self.process = process
        self._ours = ours
        self.told = b""

    def until_shown(self, text: bytes) -> None:
        while text not in self.told:
            assert self._read(), f"{text!r} was not shown; the terminal got {self.told[-2000:]!r}"

    def press(self, keys: bytes) -> None:
        os.write(self._ours, keys)

    def end(self) -> int:
        """Read on until the process has ended; its exit code."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._read():
            assert time.monotonic() < deadline, "the demo goes on"
        return self.process.wait(PATIENCE_SECONDS)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._ours], [], [], PATIENCE_SECONDS)
        try:
            piece = os.read(self._ours, 65536) if ready else b""
        except OSError:  # the other side is closed
            piece = b""
        self.told += piece
        return bool(piece)


@contextmanager
def on_terminal(cwd: Path) -> Iterator[Terminal]:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        (*PROGRAM, "demo", "--block-seconds", "0.2"),
        cwd=cwd,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm",
            "COLUMNS": "120",
            "LINES": "40",
        },
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(ours)


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc")
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("q", 0),
        ("ctrl+c", 0),
        (signal.SIGTERM, 143),
        (signal.SIGHUP, 129),
        (signal.SIGINT, 130),
    ],
)
def test_nothing_is_left(
    *, tmp_path: Path, scratch: Path, how: str | signal.Signals, code: int
) -> None:
    with on_terminal(tmp_path) as terminal:
        terminal.until_shown(SHOWN)
        assert writers(scratch)
        (folder,) = scratch.glob("nodedeck-demo-*")
        assert (folder / "state.db").is_file()
        if isinstance(how, signal.Signals):
            terminal.process.send_signal(how)
        else:
            terminal.press({"q": b"q", "ctrl+c": b"\x03"}[how])
        assert terminal.end() == code, terminal.told[-3000:]
        assert b"Traceback" not in terminal.told
        assert b"\x1b[?1049l" in terminal.told
    assert list(scratch.iterdir()) == []
    assert writers(scratch) == []


def test_a_second_signal_does_not_break_the_tidying_off(scratch: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def end_twice() -> None:
        with demo.stage(speed=1, block_seconds=60):
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            finally:
                os.kill(os.getpid(), signal.SIGHUP)

    with pytest.raises(demo.Ended, match="SIGTERM"):
        end_twice()
    assert list(scratch.iterdir()) == []
    assert writers(scratch) == []
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_deck_that_fails_leaves_nothing(scratch: Path) -> None:
    def fail() -> None:
        with demo.stage(speed=1, block_seconds=60) as places:
            assert places.config.parent.parent == scratch
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(scratch.iterdir()) == []
    assert writers(scratch) == []


def test_the_stage_has_the_state_of_its_files_and_a_daemon() -> None:
    with demo.stage(speed=1, block_seconds=0.05) as places:
        with ConfigManager.open(places, actor="", read_only=True) as manager:
            first = manager.snapshot()
            assert {node.id for node in first.nodes} == {"dk03-a", "dk03-b.rack7", "dk03-c"}
            assert manager.get("scheduler.queue_depth").value == 4096
            deadline = time.monotonic() + PATIENCE_SECONDS
            while manager.snapshot().chain.current_height == first.chain.current_height:
                assert time.monotonic() < deadline
        assert "current_height" not in places.config.read_text()


def test_it_needs_a_terminal(tmp_path: Path, scratch: Path) -> None:
    ran = spawn("demo", cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "nodedeck: The demo needs a terminal. Run it in one.\n"
    assert list(scratch.iterdir()) == []


def test_a_wheel_has_the_demo_files_where_the_demo_looks() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    inside = build["targets"]["wheel"]["force-include"]["demo_data"]
    installed = Path(demo.__file__).parents[1] / inside
    assert installed == Path(demo.__file__).parent / "demo_data"
    assert "tui" in build["targets"]["wheel"]["packages"]
    assert {demo.CONFIG, "dev_config.toml"} <= {path.name for path in demo.demo_files().iterdir()}


def test_installed_files_come_before_those_of_a_source_tree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tui" / "demo_data").mkdir(parents=True)
    monkeypatch.setattr(demo, "__file__", str(tmp_path / "tui" / "demo.py"))
    assert demo.demo_files() == tmp_path / "tui" / "demo_data"
    (tmp_path / "tui" / "demo_data").rmdir()
    assert demo.demo_files() == tmp_path / "demo_data"
