"""Leaves of entities: which are equal, and which belongs to which field."""

from __future__ import annotations

from typing import Any

from store import paths


def same(mine: Any, theirs: Any) -> bool:
    """Whether two leaves are equal; true is not 1."""
    return bool(mine == theirs) and isinstance(mine, bool) == isinstance(theirs, bool)


def field_of(leaf: str, path: str) -> str:
    """The entity's field that a leaf below ``path`` belongs to."""
    return paths.split(leaf[len(path) + 1 :])[0]
