"""What ``nodedeck import`` says, and waits for, where a daemon still rewrites the file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

from store.errors import Busy
from store.importing import stillness
from store.importing.plan import Plan
from store.importing.stillness import Writing
from tui import output

PATIENCE_SECONDS: Final = 120.0


def looked(made: Plan, *, watched: bool) -> Writing | None:
    """What is seen of whoever writes the file, None where no daemon would.

    Where it was just written it is watched for two cadences if somebody is there to see why.
    """
    if not stillness.is_daemons(made.source):
        return None
    path = made.source.path
    seen = stillness.glance(path)
    if seen.still or not watched or not sys.stderr.isatty():
        return seen
    output.say(f"{path} was written {seen.age:.2g} s ago; looking whether it is written again.")
    return stillness.watch(path)


def warned(path: Path, seen: Writing | None) -> None:
    """Say it where the file is not left alone."""
    if seen is not None and seen.told:
        output.say(f"{path}: {seen.told}")


def waited(path: Path, patience: float) -> None:
    """Wait until the file is left alone; raises Busy where that does not come within ``patience``.

    In seconds.
    """
    if stillness.glance(path).still:
        return
    output.say(f"Waiting up to {patience:g} s for {path} to be left alone. {stillness.STOP_HINT}")
    seen = stillness.wait(path, patience=patience)
    if not seen.still:
        every = f"every {seen.every:.3g} s" if seen.every else "again and again"
        raise Busy(
            f"{path} is still written, {every}; nothing was changed.", hint=stillness.STOP_HINT
        )


def as_json(seen: Writing | None) -> dict[str, Any] | None:
    """What ``--json`` says of it, None where no daemon would write the file."""
    if seen is None:
        return None
    return {"age_seconds": seen.age, "every_seconds": seen.every, "still": seen.still}
