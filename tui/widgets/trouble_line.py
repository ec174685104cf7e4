"""Why the database is not read, on the screens over the deck."""

from __future__ import annotations

from textual.widgets import Static

from store.errors import NodedeckError
from tui.text import clean


class TroubleLine(Static):
    """The deck's trouble, as soon as it is known; hidden where there is none.

    What stands below it is what was read before.
    """

    DEFAULT_CSS = """
    TroubleLine {
        height: auto; max-height: 4; padding: 0 1; color: $text-warning; text-style: bold;
    }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.display = False

    def on_mount(self) -> None:
        """Follow the deck, which lies below every screen."""
        self.watch(self.app.screen_stack[0], "trouble", self._tell)

    def _tell(self, trouble: NodedeckError | None) -> None:
        self.display = trouble is not None
        if trouble is not None:
            self.update(clean(trouble))

    def says(self, text: str) -> bool:
        """Whether this is told here already."""
        return self.display and str(self.content) == clean(text)
