"""The thread that talks to the store, so that the interface never waits for the database.

A daemon thread, since quitting must not wait behind a lock that some other program holds.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from store.manager import ConfigManager

Result = TypeVar("Result")
_Job = tuple[Callable[[ConfigManager], Any], asyncio.Future[Any]]


class StoreThread:
    """Runs calls on one ConfigManager, one at a time, in a thread of its own.

    The manager is opened for the first call and again after it could not be opened, so that a
    database that comes later is found.
    """

    def __init__(self, open_manager: Callable[[], ConfigManager]) -> None:
        self._open = open_manager
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="store", daemon=True)
        self._thread.start()

    async def call(self, work: Callable[[ConfigManager], Result]) -> Result:
        """The result of ``work``; raises what it raises."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._jobs.put((work, future))
        return await future

    def close(self) -> None:
        """Let the thread close its connection and end once it has done what was asked."""
        self._jobs.put(None)

    def reopen(self) -> None:
        """Let go of the connection: the file was replaced."""
        self._jobs.put((ConfigManager.close, asyncio.get_running_loop().create_future()))

    def join(self, timeout: float) -> None:
        """Wait for the thread to end, at most ``timeout`` seconds."""
        self._thread.join(timeout)

    def _work(self) -> None:
        manager: ConfigManager | None = None
        try:
            while (job := self._jobs.get()) is not None:
                work, future = job
                try:
                    manager = manager or self._open()
                    outcome, failed = work(manager), None
                except Exception as error:  # noqa: BLE001 - handed to whoever asked
                    outcome, failed = None, error
                if work is ConfigManager.close:
                    manager = None
                _answer(future, outcome, failed)
                # a result may be a secret, and the next job long in coming
                del job, work, future, outcome, failed
        finally:
            if manager is not None:
                manager.close()


async def in_thread(work: Callable[[], Result], *, name: str) -> Result:
    """The result of ``work`` from a daemon thread of its own; raises what it raises.

    Cancelling the caller does not stop the work: a write is never broken off half-way.
    """
    future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    def run() -> None:
        try:
            outcome = work()
        except Exception as error:  # noqa: BLE001 - handed to whoever asked
            _answer(future, None, error)
        else:
            _answer(future, outcome, None)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await future


def _answer(future: asyncio.Future[Any], outcome: Any, failed: Exception | None) -> None:
    def settle() -> None:
        if future.done():
            return
        if failed is None:
            future.set_result(outcome)
        else:
            future.set_exception(failed)
            future.exception()  # whoever was cancelled meanwhile need not hear of it

    loop = future.get_loop()
    if not loop.is_closed():
        loop.call_soon_threadsafe(settle)
