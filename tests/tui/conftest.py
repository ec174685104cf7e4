"""Pictures of the console live in ``snapshots/<test file>/`` at the top of the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest_textual_snapshot

_SNAPSHOTS = Path(__file__).parents[2] / "snapshots"


class _InSnapshots(pytest_textual_snapshot.SVGImageExtension):  # type: ignore[misc]
    @classmethod
    def dirname(cls, *, test_location: Any) -> str:
        return str(_SNAPSHOTS / Path(test_location.filepath).stem)


pytest_textual_snapshot.SVGImageExtension = _InSnapshots
