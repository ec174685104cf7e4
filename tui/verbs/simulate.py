"""``nodedeck simulate``: a stand-in daemon that writes until it is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from store import database, files
from store.errors import ExitCode, UsageError
from tui import output, simulator
from tui.session import program_version
from tui.verbs import common


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck simulate --db /tmp/try/state.db",
        "nodedeck simulate --db state.db --speed 10 --stubborn",
        "nodedeck simulate --db state.db --seed 7 --blocks 200 --speed 1e6",
    ),
)
@click.option("--block-seconds", type=float, default=5.4, show_default=True, help="Per block.")
@click.option("--speed", type=float, default=1.0, show_default=True, help="Times real time.")
@click.option("--seed", type=int, help="Repeat the same chain.")
@click.option("--stubborn", is_flag=True, help="Write nodes from memory, over others' edits.")
@click.option("--blocks", type=click.IntRange(1), metavar="N", help="Stop after so many.")
@click.pass_context
def command(
    context: click.Context,
    *,
    block_seconds: float,
    speed: float,
    seed: int | None,
    stubborn: bool,
    blocks: int | None,
) -> int:
    """Write made-up blocks, epochs and claims as a daemon would, until stopped.

    A missing database is made; one that is there must be named with --db, since what is written
    to it is made up.
    """
    current = common.session(context, offer=False)
    common.refuse_read_only(current)
    path = current.locations.database
    if not files.exists(path):
        database.create(path, created_by=f"nodedeck {program_version()} simulate")
        output.say(f"Made {path}.")
    elif common.noted(context).db is None:
        raise UsageError(
            f"{path} is there already, and a simulation would write made-up state over it;"
            " nothing was written.",
            hint=f"If that is what you want, name it: --db {path}",
        )
    with _stopped_by_signals() as (stop, received):
        simulator.run(
            path,
            block_seconds=block_seconds,
            speed=speed,
            seed=seed,
            stubborn=stubborn,
            blocks=blocks,
            stop=stop,
            narrate=output.say,
        )
    return ExitCode.INTERRUPTED if signal.SIGINT in received else ExitCode.OK


@contextmanager
def _stopped_by_signals() -> Iterator[tuple[threading.Event, list[int]]]:
    """An event that SIGTERM and SIGINT set, and the signals that came."""
    stop = threading.Event()
    received: list[int] = []

    def note(number: int, _: FrameType | None) -> None:
        received.append(number)
        stop.set()

    before = {number: signal.signal(number, note) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop, received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
