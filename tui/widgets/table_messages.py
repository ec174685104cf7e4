"""What all messages of a table have in common."""

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from tui.widgets.table import Table


class TableMessage(Message):
    """Something that happened in a table."""

    def __init__(self, table: "Table") -> None:
        """Tell of this table."""
        super().__init__()
        self.table = table

    @property
    def control(self) -> "Table":
        """The table."""
        return self.table
