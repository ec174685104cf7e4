"""Pictures of the console live in ``snapshots/<test file>/`` at the top of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import pytest_textual_snapshot
import textual._wait

from tui.widgets import table_base

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


@pytest.fixture(autouse=True)
def flashes_stay(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture must not depend on how fast the machine came to it: what changed flashes on."""
    if "snap_compare" in request.fixturenames:
        monkeypatch.setattr(table_base, "FLASH_SECONDS", 3600.0)
