"""The tour: made-up data in a temporary directory, a simulated daemon, and the deck over it."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from store import files
from store.errors import NodedeckError
from store.importing import apply as engine
from store.importing import plan as planning
from store.locations import DATABASE_NAME, Locations
from store.manager import utc_now

CONFIG: Final = "api-config.yaml"
ACTOR: Final = "demo"
_STOP_SECONDS: Final = 5.0


def demo_files() -> Path:
    """The directory of the demo's legacy files, in the installed package or in a source tree."""
    installed = Path(__file__).parent / "demo_data"
    return installed if installed.is_dir() else Path(__file__).parents[1] / "demo_data"


@contextmanager
def stage(*, speed: float, block_seconds: float) -> Iterator[Locations]:
    """A directory with an imported database that a simulated daemon writes to.

    Everything is gone afterwards, whether the deck was left, failed, or was told to end.
    """
    with _ended_by_signal(), tempfile.TemporaryDirectory(prefix="nodedeck-demo-") as name:
        folder = Path(name)
        for file in demo_files().iterdir():
            shutil.copyfile(file, folder / file.name)
            (folder / file.name).chmod(files.PRIVATE)
        places = Locations(folder / CONFIG, folder / DATABASE_NAME)
        for file_name in (CONFIG, "dev_config.toml"):
            source = planning.load(folder / file_name)
            engine.apply(
                engine.preview([source], places),
                places,
                actor=ACTOR,
                clock=utc_now,
                rewrite=file_name == CONFIG,
            )
        with _daemon(places.database, speed, block_seconds):
            yield places


@contextmanager
def _daemon(database: Path, speed: float, block_seconds: float) -> Iterator[None]:
    """A simulator process, stopped and waited for at the end."""
    arguments = [
        "--db",
        str(database),
        "--speed",
        str(speed),
        "--block-seconds",
        str(block_seconds),
    ]
    process = subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "tui.cli", "simulate", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Ended(NodedeckError):
    """The demo was told to end by a signal."""


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into an exception, so that the directory is removed."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}

    def end(number: int, _: FrameType | None) -> None:
        # a second signal must not break off the tidying that the first one began
        for other in before:
            signal.signal(other, signal.SIG_IGN)
        raise Ended(f"The demo was ended by {signal.Signals(number).name}; its files are gone.")

    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
