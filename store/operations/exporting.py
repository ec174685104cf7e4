"""The whole document, static and dynamic, in the legacy file's shape."""

from __future__ import annotations

from typing import Any

from store import export
from store.operations.looking import Looking


class ExportOperations(Looking):
    """What a legacy reader or a support case wants: everything in one tree."""

    def export_full(self, *, mask: bool = True) -> dict[str, Any]:
        """The effective document, static keys and dynamic state merged; secrets masked.

        nodedeck's own settings are left out. Raises the config file's fault where it cannot be
        read: an export without its static keys would look complete.
        """
        return export.exported(self.effective(), mask=mask)
