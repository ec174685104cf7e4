"""The loop that lets a stand-in daemon live on a database: blocks, epochs, claims, flushes."""

from __future__ import annotations

import math
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

from store.daemon import Daemon
from store.errors import Busy, UsageError

# SQLite's own wait for a lock cannot be broken off, so it is short and the loop does the waiting.
LOCK_WAIT_SECONDS: Final = 0.25
CLAIM_AFTER_BLOCKS: Final = 3
# Chances per block.
CLAIM: Final = 0.3
ANNOUNCE: Final = 0.15
NODE_CHANGE: Final = 0.04
PARAM_CHANGE: Final = 0.015

Result = TypeVar("Result")


class _SimulatedClock:
    """Time as the blocks make it: only differences count, so it begins anywhere."""

    def __init__(self) -> None:
        self._now = datetime(2000, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)


def run(
    db: Path,
    *,
    block_seconds: float = 5.4,
    speed: float = 1.0,
    seed: int | None,
    stubborn: bool,
    blocks: int | None = None,
    stop: threading.Event,
    narrate: Callable[[str], None],
    epoch_blocks: int = 60,
) -> None:
    """Write to ``db`` as a daemon would, until ``stop`` is set or ``blocks`` blocks are written.

    A block comes every ``block_seconds`` of simulated time, give or take a fifth, and simulated
    time runs ``speed`` times as fast as the wall clock. The same ``seed`` on the same database
    writes the same values, as long as nobody else writes to it. ``narrate`` is called in this
    thread with one sentence at a time. A locked database is tried again until it is free; raises
    ``store.errors`` for one that is missing, deleted, foreign or not writable, and ``UsageError``
    for a time that is not positive.
    """
    for name, value in (("block_seconds", block_seconds), ("speed", speed)):
        if not (value > 0 and math.isfinite(value)):
            raise UsageError(
                f"{name} is {value}; nothing was written.", hint="Choose a number above 0."
            )
    rng = random.Random(seed)  # noqa: S311 - a simulation has to be repeatable
    clock = _SimulatedClock()
    daemon = _patiently(
        lambda: Daemon(
            db,
            rng=rng,
            clock=clock,
            stubborn=stubborn,
            epoch_blocks=epoch_blocks,
            busy_seconds=LOCK_WAIT_SECONDS,
        ),
        stop,
        narrate,
    )
    if daemon is None:
        return
    with closing(daemon):
        narrate(f"Simulating from height {daemon.height}, epoch {daemon.epoch}.")
        last = None if blocks is None else daemon.height + blocks
        while last is None or daemon.height < last:
            seconds = block_seconds * rng.uniform(0.8, 1.2)
            if stop.wait(seconds / speed):
                return
            clock.advance(seconds)
            for act in _acts(daemon, rng):
                done = _patiently(act, stop, narrate)
                if done is None:
                    return
                if done:
                    narrate(f"{done[0].upper()}{done[1:]}.")


def _acts(daemon: Daemon, rng: random.Random) -> Iterator[Callable[[], str]]:
    """What the daemon does at one block; each act is decided after the one before it is done."""
    yield daemon.block
    position, length = daemon.blocks_into_epoch, daemon.epoch_blocks
    if position == 0:
        yield daemon.turn_epoch
    if position >= CLAIM_AFTER_BLOCKS and daemon.claim_open and rng.random() < CLAIM:
        yield daemon.claim
    # In the last half, and at the latest with the epoch's last block.
    if (
        2 * position >= length
        and not daemon.upcoming_announced
        and (position == length - 1 or rng.random() < ANNOUNCE)
    ):
        yield daemon.announce_upcoming
    if rng.random() < NODE_CHANGE:
        yield daemon.change_node
    if rng.random() < PARAM_CHANGE:
        yield daemon.change_param
    if daemon.flush_due():
        yield daemon.flush


def _patiently(
    attempt: Callable[[], Result], stop: threading.Event, narrate: Callable[[str], None]
) -> Result | None:
    """Try until no other writer's lock is in the way; None when told to stop meanwhile."""
    waiting = False
    while True:
        try:
            result = attempt()
        except Busy as busy:
            if not waiting:
                narrate(f"{busy.message} Trying until it is free.")
                waiting = True
            if stop.wait(LOCK_WAIT_SECONDS):
                return None
        else:
            if waiting:
                narrate("The lock is gone; going on.")
            return result
