"""The params pane: the network's parameters as last cached."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from store import masks
from store.codec import shown
from store.models import ParamsDocument, Undecoded
from store.paths import split
from tui.panes.base import Pane
from tui.picture import Picture
from tui.widgets.table_model import Cell, Column, Row


class ParamsPane(Pane):
    """A heading a type, a line a parameter."""

    NUMBER = 4
    TITLE = "Params"
    COLUMNS = (
        Column("name", "", grow=3, min_width=12),
        Column("value", "", align="right", grow=1, min_width=7, max_width=30),
    )
    EMPTY = (
        "No parameters yet. The daemon caches them from the chain;"
        " 'nodedeck import apply config.yaml' brings in a legacy file's."
    )
    SHOW_HEADER = False

    def __init__(self, clock: Callable[[], datetime], *, id: str) -> None:
        super().__init__(clock, id=id)
        self._told: tuple[tuple[ParamsDocument, ...], tuple[Undecoded, ...]] = ((), ())
        self._rows: list[Row] = []

    def rows(self, picture: Picture) -> list[Row]:
        """The types in stored order, the parameters in theirs; made anew where they differ.

        They seldom do, and may be large.
        """
        told = picture.snapshot.params, picture.snapshot.undecoded
        if told != self._told:
            self._told, self._rows = told, _rows(picture)
        return self._rows


def _rows(picture: Picture) -> list[Row]:
    raw = {fault.path: fault.raw for fault in picture.snapshot.undecoded}
    rows = []
    for document in picture.snapshot.params:
        rows.append(
            Row(
                document.path,
                (Cell(document.type, "accent"), Cell(raw.get(document.path, ""), "critical")),
            )
        )
        values = masks.masked(split(document.path), document.values)
        rows += [
            Row(f"{document.path}.{name}", (f"  {name}", shown(value)))
            for name, value in values.items()
        ]
    return rows
