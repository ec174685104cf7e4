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


def _let_go() -> None:
    if gc.get_count()[0] > _MANY:
        # there and back: what was made is moved to the oldest generation without a walk over it
        gc.freeze()
        gc.unfreeze()
    gc.enable()
