"""What tests of the console share.

Pictures live in ``snapshots/<test file>/`` at the top of the project, and what every console has
to do alike is done once in a process.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_textual_snapshot
import textual._wait
from textual._styles_cache import StylesCache
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

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

_parse = Stylesheet._parse_rules
_parsed: dict[tuple[object, ...], list[RuleSet]] = {}


def _parse_once(self: Stylesheet, *told: Any, **named: Any) -> list[RuleSet]:
    """The rules of a text in the colours of a theme: nobody changes them once they are read."""
    key = (tuple(self._variables.items()), told, tuple(named.items()))
    if key not in _parsed:
        _parsed[key] = _parse(self, *told, **named)
    return _parsed[key]


Stylesheet._parse_rules = _parse_once  # type: ignore[method-assign]


@pytest.fixture(autouse=True)
def _closed_consoles_go() -> Iterator[None]:
    """Textual remembers edges by the widget; so it keeps the lines of consoles that are closed."""
    yield
    StylesCache.get_inner_outer.cache_clear()


@pytest.fixture(autouse=True)
def flashes_stay(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture must not depend on how fast the machine came to it: what changed flashes on."""
    if "snap_compare" in request.fixturenames:
        monkeypatch.setattr(table_base, "FLASH_SECONDS", 3600.0)
