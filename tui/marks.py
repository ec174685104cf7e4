"""Marks on changes, so that several of them are undone as one."""

from __future__ import annotations

from store.models import Change


class Marks:
    """What has rows of changes, of which some are marked, by their numbers."""

    marked: frozenset[int] = frozenset()

    def pointed_change(self) -> Change | None:
        """The change under the cursor, None where the cursor is on none."""
        return None

    def show_marks(self) -> None:
        """Draw the marks that there are now."""

    def mark(self) -> bool:
        """Mark the change under the cursor, or take its mark back; whether there is one."""
        change = self.pointed_change()
        if change is not None:
            self._remark(self.marked ^ {change.id})
        return change is not None

    def unmark(self) -> bool:
        """Take all marks back; whether there were any."""
        was = bool(self.marked)
        self._remark(frozenset())
        return was

    def _remark(self, marked: frozenset[int]) -> None:
        self.marked = marked
        self.show_marks()
