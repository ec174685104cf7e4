"""The audit pane: who changed what, newest first."""

from __future__ import annotations

from typing import Any

from store import codec, history, masks, paths
from store.errors import UsageError
from store.models import Change, FieldChange
from store.paths import HEIGHT_PATHS
from tui.panes.base import Pane
from tui.picture import Picture
from tui.text import UNICODE, age, shorten_middle
from tui.widgets.table_model import Cell, Column, Row

_VALUE = 24
_FIELDS = 30
"""Fields of one change that a line could show at most."""
EXTERNAL = "external"


class AuditPane(Pane):
    """A row a change; of the heights, which change with every block, only the newest."""

    NUMBER = 5
    TITLE = "Audit"
    COLUMNS = (
        Column("age", "", align="right", width=7),
        Column("path", "path", min_width=12, max_width=26),
        Column("change", "change", grow=4, min_width=26, max_width=200),
        Column("actor", "by", min_width=8, max_width=20, priority=1),
        Column("reason", "reason", grow=1, min_width=10, max_width=60, priority=2),
    )
    EMPTY = (
        "No changes yet. Whoever writes to the database, each change will stand here;"
        " 'nodedeck history' lists them too, and 'nodedeck demo' shows what it looks like."
    )
    QUIET = frozenset({"age"})

    def rows(self, picture: Picture) -> list[Row]:
        """The changes of a picture."""
        return [self._row(change) for change in picture.changes]

    def refill(self, picture: Picture, *, flash: bool = False) -> None:
        """Follow the newest change for a reader who is at the top; leave others where they are."""
        table = self.table
        at_top = table.cursor_row == 0 and table.scroll_offset.y == 0
        super().refill(picture, flash=flash)
        if at_top and table.rows:
            table.move_to(table.rows[0].key)

    def change(self, picture: Picture, key: str) -> Change:
        """The change that a row shows."""
        return next(one for one in picture.changes if _key(one) == key)

    def _row(self, change: Change) -> Row:
        seconds = (self.clock() - change.at).total_seconds()
        who = Cell(change.actor, "accent") if change.actor else Cell(EXTERNAL, "muted")
        cells = (
            Cell(coarse_age(seconds), "muted"),
            Cell(change.path),
            Cell(summary(change)),
            who,
            Cell(change.reason or "", "muted"),
        )
        return Row(_key(change), cells)


def _key(change: Change) -> str:
    """Heights keep their row from block to block."""
    return change.path if change.path in HEIGHT_PATHS else str(change.id)


def coarse_age(seconds: float) -> str:
    """An age in its largest unit, from minutes on, so that it is short and ticks seldom."""
    return (
        "now" if -60 < seconds < 60 else " ".join(age(seconds).split()[: 3 if seconds < 0 else 2])
    )


def summary(change: Change) -> str:
    """What a change did, its fields spelled out."""
    if change.action == "R":
        return "rewritten, nothing changed"
    if change.action == "D":
        return "removed"
    if change.action == "I" and isinstance(change.new, dict):
        return "added"
    # the fields of a large value take long to work out, and are asked for only here
    return ", ".join(_field(change.path, field) for field in history.fields(change)[:_FIELDS])


def _field(entity: str, field: FieldChange) -> str:
    name = field.path[len(entity) + 1 :]
    arrow = f"{_shown(field.path, field.old)} {UNICODE.arrow} {_shown(field.path, field.new)}"
    return f"{name} {arrow}" if name else arrow


def _shown(path: str, value: Any) -> str:
    if value is None:
        return UNICODE.none
    if isinstance(value, bool):
        return "yes" if value else "no"
    if type(value) is int and path in HEIGHT_PATHS:
        return f"{value:,}"
    try:
        parts = paths.split(path)
    except UsageError:  # a key that only a foreign writer could make
        parts = (path,)
    return shorten_middle(codec.shown(masks.masked(parts, value)), _VALUE)
