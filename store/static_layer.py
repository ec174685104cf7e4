"""The config file as a layer of the document, apart from what it takes to read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from store.errors import NodedeckError


@dataclass(frozen=True, slots=True)
class StaticFile:
    """The file as read: its static keys, the stale dynamic ones, or why it cannot be read."""

    path: Path
    static: dict[str, Any] = field(default_factory=dict)
    stale: tuple[str, ...] = ()
    fault: NodedeckError | None = None
