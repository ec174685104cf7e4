"""A real program in a real pseudo-terminal: keys in, bytes out."""

from __future__ import annotations

import codecs
import fcntl
import os
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.support.screen import Emulator

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 30.0
LEAVES_ALTERNATE_SCREEN = b"\x1b[?1049l"


class Terminal:
    """The master side of a pseudo-terminal, and the program on the other side."""

    def __init__(self, master: int, process: subprocess.Popen[bytes], screen: Emulator) -> None:
        self._master = master
        self.process = process
        self.output = bytearray()
        self.screen = screen
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def type(self, keys: bytes) -> None:
        """Send what a keyboard would."""
        os.write(self._master, keys)

    def read(self, seconds: float) -> bytes:
        """Take what the program writes next, or nothing where it is silent for so long."""
        if not select.select([self._master], [], [], max(0.0, seconds))[0]:
            return b""
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the other side is closed
            return b""
        self.output += data
        self.screen.feed(self._decode(data))
        return data

    def until(self, seen: Callable[[bytearray], object], what: str) -> None:
        """Read until the output is as wanted; raises TimeoutError where it never is."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not seen(self.output):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not come; the screen:\n{self.screen.text()}")
            if not self.read(0.1) and self.process.poll() is not None and not self.read(0.1):
                if seen(self.output):
                    return
                raise TimeoutError(f"it ended before {what}; the screen:\n{self.screen.text()}")

    def until_text(self, text: str) -> None:
        """Read until a text is on the screen, of which only what differs is ever sent."""
        self.until(lambda _: text in self.screen.text(), repr(text))

    def end(self) -> int:
        """Read until the program has ended; its exit code."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read(0.05)
        while self.read(0.05):
            pass
        return self.process.wait(0)

    def hang_up(self) -> int:
        """Close our side, as a terminal's window that is gone, and wait; the exit code."""
        self.close()
        return self.process.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        """Let go of our side."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1


@contextmanager
def terminal(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    columns: int = 120,
    lines: int = 40,
) -> Iterator[Terminal]:
    """Run a command in a pseudo-terminal of this size; it is killed at the end of the block."""
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        | dict(environment or {}),
        start_new_session=True,
    )
    os.close(slave)
    ours = Terminal(master, process, Emulator(columns, lines))
    try:
        yield ours
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        process.wait()
        ours.close()


def nodedeck(database: Path) -> list[str]:
    """The command that opens the deck over a database."""
    return [sys.executable, "-m", "tui.cli", "--db", str(database)]
