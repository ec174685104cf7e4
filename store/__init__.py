"""The state of a node: one document with two homes; no screen.

The public names are imported when they are first used, so that a small question does not pay for
the whole house.
"""

from __future__ import annotations

import importlib
from typing import Any, Final

_PUBLIC: Final = {
    "ConfigManager": "store.manager",
    "ConfigStore": "store.stores",
    "DatabaseConfigStore": "store.stores",
    "FileConfigStore": "store.stores",
    "Locations": "store.locations",
    "NodedeckError": "store.errors",
    "create": "store.database",
    "wakeups": "store.watcher",
}

__all__ = list(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'store' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
