"""The line that says what is staged and not saved yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textual.widgets import Static

from tui.editing.registry import NEW
from tui.editing.staged import Staged, told
from tui.text import clean, shorten_middle

_PATH_CELLS: Final = 40
_MOST_PATHS: Final = 2


class StagedLine(Static):
    """Hidden unless edits stay staged."""

    DEFAULT_CSS = """
    StagedLine {
        height: 1; padding: 0 1; color: $text-accent; text-style: bold;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    def __init__(self) -> None:
        super().__init__(id="staged", markup=False)
        self.display = False

    def show(self, edits: Sequence[Staged]) -> None:
        """Say how many, of what, and the keys."""
        self.display = bool(edits)
        self.update(f"{line(edits)}")


def line(edits: Sequence[Staged]) -> str:
    """What is staged, with the keys first, since a narrow screen cuts the paths; empty for none."""
    if not edits:
        return ""
    paths = [
        shorten_middle(clean(path), _PATH_CELLS)
        for edit in edits
        for path in ([NEW] if edit.subject.base is not None else edit.texts)
    ]
    more = f" and {len(paths) - _MOST_PATHS} more" if len(paths) > _MOST_PATHS else ""
    return f"{told(edits)}: ctrl+s saves, r drops  {', '.join(paths[:_MOST_PATHS])}{more}"
