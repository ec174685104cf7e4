"""Leaves of values and of files: their paths, and which belongs to which."""

from __future__ import annotations

from typing import Any

from store import codec, paths


def leaves(path: str, value: Any) -> dict[str, Any]:
    """The leaves of an entity's value by their paths."""
    if isinstance(value, dict) and value:
        return {
            f"{path}.{below}": leaf
            for name, inner in value.items()
            for below, leaf in codec.leaves(inner, str(name)).items()
        }
    return {path: value}


def same(mine: Any, theirs: Any) -> bool:
    """Whether two leaves are equal; true is not 1."""
    return bool(mine == theirs) and isinstance(mine, bool) == isinstance(theirs, bool)


def field_of(leaf: str, path: str) -> str:
    """The entity's field that a leaf below ``path`` belongs to."""
    return paths.split(leaf[len(path) + 1 :])[0]
