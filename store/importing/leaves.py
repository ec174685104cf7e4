"""Leaves of entities: which are equal, which belongs to which field, what a person reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from store import paths
from store.paths import split
from store.reading import Item


def same(mine: Any, theirs: Any) -> bool:
    """Whether two leaves are equal; true is not 1."""
    return bool(mine == theirs) and isinstance(mine, bool) == isinstance(theirs, bool)


def field_of(leaf: str, path: str) -> str:
    """The entity's field that a leaf below ``path`` belongs to."""
    return paths.split(leaf[len(path) + 1 :])[0]


def text_of(item: Item, value: Any) -> str:
    """The text of a float as its file has it, which a number would not tell: ``1e3``."""
    return item.text if item.kind == "float" and isinstance(value, float) else ""


def overlaid(base: Mapping[str, Any], path: str, leaves: Mapping[str, Any]) -> dict[str, Any]:
    """An entity's value with leaves, by their full paths, put over it."""
    result = dict(base)
    depth = len(split(path))
    for leaf, value in leaves.items():
        inside, *below = split(leaf)[depth:]
        if below:
            held = result.get(inside)
            kept = held if isinstance(held, dict) else {}
            result[inside] = overlaid(kept, inside, {paths.join(inside, *below): value})
        else:
            result[inside] = value
    return result
