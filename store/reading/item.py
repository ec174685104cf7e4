"""A read document as an immutable tree in which every value knows its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["map", "list", "str", "int", "float", "bool", "null", "time"]
Scalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Item:
    """One value of a legacy file.

    ``value`` is a mapping of items for ``map``, a tuple of items for ``list``, RFC 3339 text for
    ``time``, otherwise the scalar itself. ``line`` and ``column`` are those of the value and
    ``key_line`` and ``key_column`` those of its key, from 1; 0 is unknown. ``text`` is a scalar's
    text without its quotes. ``plain`` is set on YAML scalars written without quotes and tags,
    whose kind is therefore a guess of the reader.
    """

    kind: Kind
    value: Mapping[str, Item] | tuple[Item, ...] | Scalar
    line: int = 0
    column: int = 0
    text: str = ""
    plain: bool = False
    key_line: int = 0
    key_column: int = 0

    @property
    def entries(self) -> Mapping[str, Item]:
        """The entries of a map; empty for every other kind."""
        return self.value if isinstance(self.value, dict) else {}

    @property
    def elements(self) -> tuple[Item, ...]:
        """The elements of a list; empty for every other kind."""
        return self.value if isinstance(self.value, tuple) else ()


def to_python(item: Item) -> Any:
    """Return the plain dicts, lists and scalars of an item; a time becomes its RFC 3339 text."""
    if item.kind == "map":
        return {key: to_python(value) for key, value in item.entries.items()}
    if item.kind == "list":
        return [to_python(element) for element in item.elements]
    return item.value
