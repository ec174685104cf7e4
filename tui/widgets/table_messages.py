"""What a table tells of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

from tui.widgets.table_model import Edge

if TYPE_CHECKING:
    from tui.widgets.table_base import TableBase


class TableMessage(Message):
    """Something that happened in a table."""

    def __init__(self, table: TableBase) -> None:
        """Tell of this table."""
        super().__init__()
        self.table = table

    @property
    def control(self) -> TableBase:
        """The table."""
        return self.table


class Highlighted(TableMessage, namespace="table"):
    """The cursor came to another row; `key` is None when the last row went."""

    def __init__(self, table: TableBase, key: str | None) -> None:
        super().__init__(table)
        self.key = key

    def can_replace(self, message: Message) -> bool:
        """Let a burst of moves end in one message: only the last row matters."""
        return isinstance(message, Highlighted) and message.table is self.table


class Selected(TableMessage, namespace="table"):
    """The row under the cursor was opened, by enter or by a click on it."""

    def __init__(self, table: TableBase, key: str) -> None:
        super().__init__(table)
        self.key = key


class NearEdge(TableMessage, namespace="table"):
    """Cursor or scroll came within a screen of the first or last row there is.

    Sent once for each edge, until another row is the first or the last one.
    """

    def __init__(self, table: TableBase, edge: Edge) -> None:
        super().__init__(table)
        self.edge = edge


class Sought(TableMessage, namespace="table"):
    """Another filter was typed for rows that somebody else finds; empty where it was cleared."""

    def __init__(self, table: TableBase, text: str) -> None:
        super().__init__(table)
        self.text = text

    def can_replace(self, message: Message) -> bool:
        """Let fast typing end in one message: only the last text matters."""
        return isinstance(message, Sought) and message.table is self.table
