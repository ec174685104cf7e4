"""A file that a daemon still rewrites is told from one that is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from store.errors import Cancelled, NodedeckError
from store.importing import plan as planning
from store.importing import stillness
from store.importing.progress import Cancel
from tests.store.importing.samples import FRESH, NODES, RUNNING, put

START = 1_700_000_000.0


class Host:
    """A file and a clock that only goes on while somebody pauses, and then lets a daemon write."""

    def __init__(self, path: Path, *, age: float, every: float | None = None) -> None:
        self.path, self.now, self.every, self.writes = path, START, every, 0
        self.until = float("inf")
        self._stamp(START - age)

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        assert 0 < seconds <= 0.1
        self.now += seconds
        if self.every and self.now - self.written >= self.every and self.now < self.until:
            self._stamp(self.now)

    def _stamp(self, at: float) -> None:
        self.written = at
        self.writes += 1
        os.utime(self.path, (at, at))

    def watch(self, **more: object) -> stillness.Writing:
        return stillness.watch(self.path, now=self.clock, pause=self.pause, **more)  # type: ignore[arg-type]

    def wait(self, patience: float) -> stillness.Writing:
        return stillness.wait(self.path, patience=patience, now=self.clock, pause=self.pause)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return put(tmp_path, "config.yaml", RUNNING)


def test_a_file_left_alone_for_two_cadences_is_still_at_once(file: Path) -> None:
    host = Host(file, age=12.0)
    assert host.watch() == stillness.Writing(12.0, None, still=True)
    assert host.now == START
    assert stillness.glance(file, now=host.clock).told == ""


def test_a_daemon_is_recognised_by_its_second_write(file: Path) -> None:
    host = Host(file, age=1.0, every=5.4)
    seen = host.watch()
    assert not seen.still
    assert seen.every == pytest.approx(5.4, abs=0.11)
    assert host.now - START < 4.6
    assert seen.told.startswith("It is still written, every 5.")
    assert "systemctl stop" in seen.told
    assert "docker stop" in seen.told


def test_what_an_editor_wrote_once_is_still_after_two_cadences(file: Path) -> None:
    host = Host(file, age=1.0)
    first = stillness.glance(file, now=host.clock)
    assert not first.still
    assert first.told.startswith("It was written 1 s ago, perhaps by a daemon")
    assert host.watch().still
    assert host.now - START == pytest.approx(11.0, abs=0.11)


def test_waiting_ends_two_cadences_after_the_daemons_last_write(file: Path) -> None:
    host = Host(file, age=0.0, every=8.0)
    host.until = START + 30
    seen = host.wait(300)
    assert seen.still
    assert seen.every == pytest.approx(8.0, abs=0.11)
    # the learned cadence counts, not the shorter one that is assumed
    assert host.now - host.written == pytest.approx(16.0, abs=0.2)


def test_waiting_gives_up(file: Path) -> None:
    host = Host(file, age=0.0, every=5.0)
    seen = host.wait(60)
    assert not seen.still
    assert seen.every == pytest.approx(5.0, abs=0.11)
    assert host.now - START == pytest.approx(60, abs=0.2)


def test_a_stamp_of_the_future_is_waited_for_no_longer(file: Path) -> None:
    host = Host(file, age=-3600.0)
    assert host.watch().still
    assert host.now - START == pytest.approx(12.0, abs=0.11)


def test_a_file_that_goes_or_is_no_longer_wanted(file: Path) -> None:
    host = Host(file, age=0.0)
    cancel = Cancel()
    cancel.ask()
    with pytest.raises(Cancelled):
        host.watch(cancel=cancel)
    file.unlink()
    with pytest.raises(NodedeckError, match=r"Cannot look at .*config\.yaml: no such file"):
        host.watch()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("config.yaml", RUNNING, True),
        ("config.yaml", FRESH, False),
        ("n.json", NODES, False),
        ("s.yaml", "svc: {current_height: 1}\n", False),
    ],
)
def test_only_what_a_daemon_writes_is_looked_at(
    tmp_path: Path, name: str, text: str, expected: bool
) -> None:
    assert stillness.is_daemons(planning.load(put(tmp_path, name, text))) is expected


_DAEMON = """
import os, select, sys
path = sys.argv[1]
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.05)[0]:
    with open(path + ".new", "w") as file:
        file.write("current_height: 5\\n")
    os.replace(path + ".new", path)
"""


def test_a_real_daemon_is_recognised_and_waited_for(file: Path) -> None:
    with subprocess.Popen(
        (sys.executable, "-c", _DAEMON, str(file)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as daemon:
        assert daemon.stdin is not None
        assert daemon.stdout is not None
        try:
            assert daemon.stdout.readline() == "ready\n"
            seen = stillness.watch(file, cadence=5.0)
            assert not seen.still
            assert seen.every is not None
            assert seen.every < 5
        finally:
            daemon.stdin.close()
            daemon.wait()
    assert stillness.wait(file, patience=30, cadence=0.2).still
