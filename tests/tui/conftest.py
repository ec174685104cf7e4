"""Pictures of the console live in ``snapshots/<test file>/`` at the top of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest_textual_snapshot
import textual._wait

_SNAPSHOTS = Path(__file__).parents[2] / "snapshots"


class _InSnapshots(pytest_textual_snapshot.SVGImageExtension):  # type: ignore[misc]
    @classmethod
    def dirname(cls, *, test_location: Any) -> str:
        return str(_SNAPSHOTS / Path(test_location.filepath).stem)


pytest_textual_snapshot.SVGImageExtension = _InSnapshots

# After each key Textual's pilot looks three times, 20 ms apart, whether the process is at rest, and
# has awaited all messages besides: at a finer grain a key costs 15 ms, and the suite minutes less.
textual._wait.SLEEP_GRANULARITY = 1 / 200
textual._wait.SLEEP_IDLE = textual._wait.SLEEP_GRANULARITY / 20
