"""Whether a file is still being rewritten, as a legacy daemon does at every block.

A file that has not been touched for two write cadences is still, and to know that its time of
modification is enough. Only one that was written a moment ago has to be watched: until it is
written again, whose interval is then the cadence, or until two cadences have passed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from store import files
from store.importing.plan import Role, Source
from store.importing.progress import Cancel, Course
from store.paths import CHAIN_VALUES, SEED_PATHS

CADENCE_SECONDS: Final = 6.0
"""How often a legacy daemon writes unless it is known: at every block, about 5.4 s apart."""

STOP_HINT: Final = (
    "Stop the daemon first ('systemctl stop UNIT', 'docker stop CONTAINER'), so that neither"
    " overwrites the other's file."
)
_LOOK_SECONDS: Final = 0.1
_CADENCES: Final = 2

_Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Writing:
    """What was seen of whoever writes a file; all in seconds.

    ``age`` is since its last write, ``every`` between its writes, None where none was seen, and
    ``still`` whether it was left alone for two cadences.
    """

    age: float
    every: float | None
    still: bool

    @property
    def told(self) -> str:
        """What an operator should know, empty of a file that is left alone."""
        if self.still:
            return ""
        if self.every is not None:
            return f"It is still written, every {self.every:.3g} s. {STOP_HINT}"
        return f"It was written {self.age:.2g} s ago, perhaps by a daemon that runs. {STOP_HINT}"


def glance(
    path: Path, *, now: Callable[[], float] = time.time, cadence: float = CADENCE_SECONDS
) -> Writing:
    """What the file's time of modification tells at once; raises NodedeckError without the file."""
    age = max(0.0, now() - _stamp(path)[1] / 1e9)
    return Writing(age, None, age >= _CADENCES * cadence)


def watch(
    path: Path,
    *,
    now: Callable[[], float] = time.time,
    pause: Callable[[float], object] = time.sleep,
    cadence: float = CADENCE_SECONDS,
    cancel: Cancel | None = None,
) -> Writing:
    """Watch until the file is written again or has been left alone for two cadences.

    ``cadence`` is in seconds; ``now`` is the clock that files are stamped by. It blocks its thread
    by ``pause``, a tenth of a second at a time at most. Raises Cancelled where that was asked for,
    and NodedeckError where the file goes.
    """
    return _watched(path, _Eyes(now, pause, Course(cancel=cancel)), cadence, None)


def wait(
    path: Path,
    *,
    patience: float,
    now: Callable[[], float] = time.time,
    pause: Callable[[float], object] = time.sleep,
    cadence: float = CADENCE_SECONDS,
    cancel: Cancel | None = None,
) -> Writing:
    """Wait until the file is left alone for two cadences, those seen rather than ``cadence``.

    After ``patience``, in seconds, what was seen is returned, not ``still``. Raises what ``watch``
    raises.
    """
    eyes = _Eyes(now, pause, Course(cancel=cancel))
    end, every = now() + patience, None
    while True:
        seen = _watched(path, eyes, every or cadence, end)
        every = max(filter(None, (every, seen.every)), default=None)
        if seen.still or now() >= end:
            return Writing(seen.age, every, seen.still)


def is_daemons(source: Source) -> bool:
    """Whether the file has what a daemon writes by itself, so that one may be at it."""
    names = source.root.entries.keys()
    return source.role is Role.NODE_CONFIG and bool(names & {*CHAIN_VALUES, *SEED_PATHS})


@dataclass(frozen=True, slots=True)
class _Eyes:
    now: Callable[[], float]
    pause: Callable[[float], object]
    course: Course


def _watched(path: Path, eyes: _Eyes, cadence: float, end: float | None) -> Writing:
    first, began = _stamp(path), eyes.now()
    while True:
        eyes.course.check()
        seen, now = _stamp(path), eyes.now()
        age = max(0.0, now - seen[1] / 1e9)
        if seen != first:
            # a file that was put in place may bear the time of its writing: it has to move on
            apart = (seen[1] - first[1]) / 1e9
            return Writing(age, apart if apart > 0 else cadence, still=False)
        # a stamp of the future, by another host's clock, tells nothing
        left = _CADENCES * cadence - max(age, now - began)
        if left <= 0:
            return Writing(age, None, still=True)
        if end is not None and now >= end:
            return Writing(age, None, still=False)
        eyes.pause(min(left, _LOOK_SECONDS))


def _stamp(path: Path) -> _Stamp:
    try:
        found = path.stat()
    except OSError as error:
        raise files.cannot("look at", path, error) from error
    return found.st_ino, found.st_mtime_ns, found.st_size
