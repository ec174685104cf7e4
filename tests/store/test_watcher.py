"""Wake-ups come with commits, not only with the clock."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest

from store import watcher
from store.locations import Locations
from tests.support import foreign

PATIENCE_SECONDS = 20.0
NEVER_MS = 600_000


class Wakes:
    """Wake-ups as they come, beyond the first one."""

    def __init__(self, files: Iterable[Path], poll_ms: int) -> None:
        self.stop = asyncio.Event()
        self._source = watcher.wakeups(files, poll_ms=poll_ms, stop=self.stop)
        self._next: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Take the wake-up that comes at once, and let the next one be waited for."""
        await anext(self._source)
        self._next = asyncio.ensure_future(anext(self._source))

    @property
    def woken(self) -> bool:
        """Whether one has come."""
        assert self._next is not None
        return self._next.done()

    async def wait(self) -> None:
        """Wait for one."""
        assert self._next is not None
        await asyncio.wait_for(asyncio.shield(self._next), PATIENCE_SECONDS)
        self._next = asyncio.ensure_future(anext(self._source))

    async def ended(self) -> None:
        """Wait until no more come."""
        assert self._next is not None
        with contextlib.suppress(StopAsyncIteration):
            while True:
                await self.wait()

    async def until_watching(self, file: Path) -> None:
        """Write to a file until that wakes: a watch begins a moment after it was asked for."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not self.woken:
                file.write_bytes(b"x")
                assert self._next is not None
                await asyncio.wait([self._next], timeout=0.05)
        await self.wait()


@contextlib.asynccontextmanager
async def waking(*files: Path, poll_ms: int = NEVER_MS) -> AsyncIterator[Wakes]:
    wakes = Wakes(files, poll_ms)
    await asyncio.wait_for(wakes.begin(), PATIENCE_SECONDS)
    try:
        yield wakes
    finally:
        wakes.stop.set()
        await wakes.ended()


async def test_a_commit_wakes(locations: Locations) -> None:
    async with waking(*watcher.watched(locations)) as wakes:
        await wakes.until_watching(locations.config)
        foreign.write(locations.database, foreign.node("node1"))
        await wakes.wait()


async def test_writing_the_config_file_wakes_and_other_files_do_not(locations: Locations) -> None:
    other = locations.config.with_name("other.yaml")
    async with waking(*watcher.watched(locations)) as wakes, waking(other) as control:
        await wakes.until_watching(locations.config)
        await control.until_watching(other)
        # whatever the first writes still bring up comes before what follows
        with contextlib.suppress(TimeoutError):
            while True:
                await asyncio.wait_for(wakes.wait(), 0.3)
        other.write_text("b")
        await control.wait()
        assert not wakes.woken
        locations.config.write_text("c")
        await wakes.wait()


async def test_a_file_put_in_place_by_rename_wakes(locations: Locations) -> None:
    async with waking(*watcher.watched(locations)) as wakes:
        await wakes.until_watching(locations.config)
        new = locations.database.with_name("new.db")
        new.write_bytes(b"")
        new.replace(locations.database)
        await wakes.wait()


async def test_a_commit_behind_a_symlink_wakes(locations: Locations, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "linked.db"
    link.symlink_to(locations.database)
    there = Locations(link.with_name("config.yaml"), link)
    async with waking(*watcher.watched(there)) as wakes:
        await wakes.until_watching(there.config)
        foreign.write(link, foreign.node("node1"))
        await wakes.wait()


async def test_a_config_file_in_no_directory_does_not_cost_the_database_its_watch(
    locations: Locations, tmp_path: Path
) -> None:
    places = Locations(tmp_path / "missing" / "config.yaml", locations.database)
    async with waking(*watcher.watched(places)) as wakes:
        wal = watcher.watched(places)[1]
        await wakes.until_watching(wal)


async def test_without_events_it_polls(tmp_path: Path) -> None:
    async with waking(tmp_path / "state.db", poll_ms=20) as wakes:
        for _ in range(5):
            await wakes.wait()


async def test_a_directory_that_comes_later_is_no_end(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    async with waking(folder / "state.db", poll_ms=50) as wakes:
        for _ in range(3):
            await wakes.wait()
        folder.mkdir()
        for _ in range(3):
            await wakes.wait()


async def test_without_watches_left_it_polls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*_: object, **__: object) -> object:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(watcher, "awatch", refuse)
    async with waking(tmp_path / "state.db", poll_ms=20) as wakes:
        for _ in range(5):
            await wakes.wait()


async def test_it_ends_when_told_to(locations: Locations) -> None:
    async with waking(*watcher.watched(locations)) as wakes:
        wakes.stop.set()
        await wakes.ended()


async def test_it_ends_when_told_to_while_it_only_polls(tmp_path: Path) -> None:
    async with waking(tmp_path / "missing" / "state.db") as wakes:
        wakes.stop.set()
        await asyncio.wait_for(wakes.ended(), PATIENCE_SECONDS)
