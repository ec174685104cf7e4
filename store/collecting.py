"""Python's collector of cycles, kept from walking over a document again and again while it grows.

A document of ten thousand nodes is more than a million objects, and none of them in a cycle. Each
full collection on the way stops every thread for a third of a second, the interface's too.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_MANY: Final = 50_000
_lock: Final = threading.Lock()
_holders = 0
_aside = False


@contextmanager
def held_back() -> Iterator[None]:
    """Collect no cycles meanwhile; afterwards what is still alive counts as old, not as new."""
    global _holders  # noqa: PLW0603 - the collector is the process's, and so is who holds it back
    with _lock:
        ours = _holders > 0 or gc.isenabled()
        if ours:
            _holders += 1
            gc.disable()
    try:
        yield
    finally:
        if ours:
            with _lock:
                _holders -= 1
                if not _holders:
                    _let_go()


def set_aside() -> None:
    """Let no collection ever walk over what is alive now, where that is much.

    For documents that a screen keeps while it goes on: at the end of work under ``held_back``.
    They go as ever with the last that holds them. But a circle that is alive now is never found,
    such as that of a screen and its widgets: it has to let go of them itself when it is left.
    """
    global _aside  # noqa: PLW0603 - as above
    if gc.get_count()[0] > _MANY:
        _aside = True
        gc.freeze()


def _let_go() -> None:
    if gc.get_count()[0] > _MANY:
        # there and back: what was made is moved to the oldest generation without a walk over it
        gc.freeze()
        if not _aside:
            gc.unfreeze()
    gc.enable()
