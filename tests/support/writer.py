"""Another program that commits heights at a steady rate, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FIRST_HEIGHT = 5_000_000

_WRITER = """
import select, sqlite3, sys, time
path, rate, seconds, height = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
db = sqlite3.connect(path, isolation_level=None, timeout=5)
db.execute("PRAGMA synchronous=NORMAL")
print("ready", flush=True)
sys.stdin.readline()
began, done = time.monotonic(), 0
while (passed := time.monotonic() - began) < seconds:
    while done < int(passed * rate):
        db.execute(
            "INSERT INTO chain_state(key, value) VALUES('current_height', ?)"
            " ON CONFLICT(key) DO UPDATE SET value=excluded.value", (str(height + done),)
        )
        done += 1
    if select.select([sys.stdin], [], [], 1 / rate)[0]:  # nobody wants more
        break
print(done, flush=True)
"""


class Writer:
    """Starts to write when told to; known to have ended when it says how much it wrote."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._line()

    def start(self) -> None:
        """Begin to commit."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    @property
    def writing(self) -> bool:
        """Whether it has not ended yet."""
        return self._process.poll() is None

    def written(self) -> int:
        """How many commits it made, once it has ended."""
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the writer failed"
        return line


@contextmanager
def writer(path: Path, *, rate: float, seconds: float) -> Iterator[Writer]:
    """A second process that will commit ``rate`` heights a second for some seconds."""
    command = [sys.executable, "-c", _WRITER, path, rate, seconds, FIRST_HEIGHT]
    with subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Writer(process)
        finally:
            process.kill()
