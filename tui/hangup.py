"""A terminal can go away: the deck then leaves by its own door.

Whoever holds the other side of a pseudo-terminal may close it without a signal reaching us. To a
reader there is then always something to read, which turns out to be nothing, and a writer fails.
"""

from __future__ import annotations

import errno
import os
import select
import signal
from collections.abc import Callable
from functools import partial
from io import TextIOWrapper
from threading import Thread
from typing import Any, Final, cast

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

HUNG_UP: Final = 128 + signal.SIGHUP
"""The exit code, as if the hang-up's own signal had come."""


class TerminalDriver(LinuxDriver):
    """Textual's driver, which ends the app with ``HUNG_UP`` once nobody is at the terminal."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        # a failed write would end the writer's thread, and the next ones wait for it for ever
        self._file = cast("TextIOWrapper", _Deserted(cast("TextIOWrapper", self._file)))
        self._watch: HangupWatch | None = None

    def start_application_mode(self) -> None:
        """Take the terminal, at the start and again after a stop."""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._watch is None:
            leave = partial(self._app.exit, return_code=HUNG_UP)
            hung_up = partial(self._loop.call_soon_threadsafe, leave)
            self._watch = HangupWatch(self.fileno, hung_up)

    def close(self) -> None:
        """Let go of the terminal, for good or for a stop."""
        if self._watch is not None:
            self._watch.stop()
            self._watch = None
        super().close()


class HangupWatch:
    """A thread that calls ``hung_up``, once, when the other side of a terminal is closed.

    It sleeps until then: keys do not wake it.
    """

    def __init__(self, terminal: int, hung_up: Callable[[], object]) -> None:
        self._stopped, self._stop = os.pipe()
        self._thread = Thread(
            target=self._wait, args=(terminal, hung_up), name="hang-up", daemon=True
        )
        self._thread.start()

    def _wait(self, terminal: int, hung_up: Callable[[], object]) -> None:
        ends = select.poll()
        for descriptor in (terminal, self._stopped):
            ends.register(descriptor, 0)  # asked for nothing, a poll still tells of the end
        if self._stopped not in dict(ends.poll()):
            hung_up()

    def stop(self) -> None:
        """End the watch; once."""
        os.close(self._stop)
        self._thread.join()
        os.close(self._stopped)


class _Deserted:
    """A terminal's stream on which writing to nobody is no failure."""

    def __init__(self, stream: TextIOWrapper) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        """Write what there may still be a reader for."""
        self._try(partial(self._stream.write, text))

    def flush(self) -> None:
        """Send on what was written."""
        self._try(self._stream.flush)

    def fileno(self) -> int:
        """The descriptor of the terminal."""
        return self._stream.fileno()

    @staticmethod
    def _try(act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            if error.errno != errno.EIO:
                raise
