"""The settings as a screen shows them: one read of one moment."""

from __future__ import annotations

from store import latest, settings_board, settings_flags, settings_profiles
from store.operations.reading import DocumentReader
from store.settings_board import Board, Mark


class BoardOperations(DocumentReader):
    """Reading every setting with its source, its rule and its service's version at once."""

    def settings_board(self, known: Mark | None = None) -> Board | None:
        """Every setting, profile and flag, or None where nothing was written since ``known``."""
        with self.database.reading():
            stand = (*settings_board.mark(self.database), self._file_stamp())
            if stand == known:
                return None
            document = self.effective()
            fault = document.static.fault
            return Board(
                lines=tuple(settings_board.lines(self.database, document)),
                versions=settings_board.versions(self.database),
                profiles=tuple(settings_profiles.listed(self.database)),
                flags=tuple(settings_flags.listed(self.database)),
                fault="" if fault is None else str(fault),
                mark=stand,
                change_id=latest.newest_id(self.database),
            )
