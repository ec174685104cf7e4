"""What ``nodedeck import`` says, and waits for, where a daemon still rewrites a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from store.errors import Busy
from store.importing import stillness
from store.importing.plan import Plan
from store.importing.stillness import Writing
from tui import output

PATIENCE_SECONDS: Final = 120.0


def looked(plan: Plan, *, watched: bool) -> dict[Path, Writing]:
    """What is seen of whoever writes the files, of those alone that a daemon would write.

    One that was just written is watched for two cadences if ``watched`` and somebody is there to
    see why.
    """
    return {path: _looked(path, watched=watched) for path in _daemons(plan)}


def _looked(path: Path, *, watched: bool) -> Writing:
    seen = stillness.glance(path)
    if seen.still or not watched or not sys.stderr.isatty():
        return seen
    output.say(f"{path} was written {seen.age:.2g} s ago; looking whether it is written again.")
    return stillness.watch(path)


def warned(seen: Mapping[Path, Writing]) -> None:
    """Say it where a file is not left alone."""
    for path, writing in seen.items():
        if writing.told:
            output.say(f"{path}: {writing.told}")


def waited(plan: Plan, patience: float) -> bool:
    """Wait until each file is left alone; whether there was one that a daemon would write.

    Raises Busy where that does not come within ``patience``, in seconds, of a file.
    """
    paths = tuple(_daemons(plan))
    for path in paths:
        _waited(path, patience)
    return bool(paths)


def _waited(path: Path, patience: float) -> None:
    if stillness.glance(path).still:
        return
    output.say(f"Waiting up to {patience:g} s for {path} to be left alone. {stillness.STOP_HINT}")
    seen = stillness.wait(path, patience=patience)
    if not seen.still:
        every = f"every {seen.every:.3g} s" if seen.every else "again and again"
        raise Busy(
            f"{path} is still written, {every}; nothing was changed.", hint=stillness.STOP_HINT
        )


def put_into(shown: dict[str, Any], seen: Mapping[Path, Writing]) -> None:
    """Add ``writing`` to each file of a plan's JSON, null where no daemon would write it."""
    told = {str(path): writing for path, writing in seen.items()}
    for file in shown["files"]:
        writing = told.get(file["file"])
        file["writing"] = writing and {
            "age_seconds": writing.age,
            "every_seconds": writing.every,
            "still": writing.still,
        }


def _daemons(plan: Plan) -> Iterator[Path]:
    return (each.path for each in plan.sources if stillness.is_daemons(each))
