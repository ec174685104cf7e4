"""TOML by the standard library, with the lines of its keys."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, NoReturn

from store.errors import BadDocument
from store.reading.intake import MAX_DEPTH, MAX_NODES
from store.reading.item import Item, Kind, Scalar
from store.reading.toml_places import Path, find_places

_AT = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class _WrittenFloat(str):
    """A float's own text, which the library would otherwise lose."""

    __slots__ = ()


def read_toml(text: str, name: str) -> Item:
    """Return a TOML document; times and dates become ``time`` with their text as written by ISO.

    Places are those of the keys, and inside inline values those of the key before them. Raises
    BadDocument for what is not TOML and for too many or too deeply nested values.
    """
    places = find_places(text, name)
    try:
        document = tomllib.loads(text, parse_float=_WrittenFloat)
    except tomllib.TOMLDecodeError as error:
        _refuse(str(error), text, name)
    except ValueError:  # Python's own limit on the digits of an integer
        raise BadDocument("a number has too many digits to be read.", file=name) from None
    return _Builder(places, name).item(document, (), (0, 0))


def _refuse(message: str, text: str, name: str) -> NoReturn:
    found = _AT.search(message)
    line, column = text.count("\n") + 1, 1
    if found and found[1]:
        line, column = int(found[1]), int(found[2])
    raise BadDocument(
        f"not TOML: {_one_line(_AT.sub('', message))}.", file=name, line=line, column=column
    ) from None


def _one_line(message: str) -> str:
    shown = " ".join(message.split())[:200]
    return shown[:1].lower() + shown[1:]


class _Builder:
    """Turns the library's values into items and counts them."""

    def __init__(self, places: Mapping[Path, tuple[int, int]], name: str) -> None:
        self._places = places
        self._name = name
        self._nodes = 0

    def item(self, value: Any, path: Path, around: tuple[int, int]) -> Item:
        """Return the item of a value; ``around`` is the place of what holds it."""
        place = self._places.get(path, around)
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._refuse(place, f"the document has more than {MAX_NODES:,} values.")
        if not isinstance(value, (dict, list)):
            return self._scalar(value, place)
        if len(path) >= MAX_DEPTH:
            self._refuse(place, f"the document nests deeper than {MAX_DEPTH} levels.")
        if isinstance(value, dict):
            entries = {key: self.item(each, (*path, key), place) for key, each in value.items()}
            return Item("map", entries, *place, "", False, *place)
        elements = tuple(self.item(each, (*path, n), place) for n, each in enumerate(value))
        return Item("list", elements, *place, "", False, *place)

    def _refuse(self, place: tuple[int, int], message: str) -> NoReturn:
        raise BadDocument(message, file=self._name, line=place[0], column=place[1])

    def _scalar(self, value: Any, place: tuple[int, int]) -> Item:
        try:
            kind, read, text = _scalar(value)
        except ValueError:
            self._refuse(place, "the number is too large.")
        if "\0" in text:
            self._refuse(place, "the text contains a NUL character.")
        return Item(kind, read, *place, text, False, *place)


def _scalar(value: Any) -> tuple[Kind, Scalar, str]:
    """Return kind, value and text; the text of numbers but floats is the library's."""
    if isinstance(value, _WrittenFloat):
        return "float", float(value), str(value)
    if isinstance(value, bool):
        return "bool", value, str(value).lower()
    if isinstance(value, (datetime, date, time)):
        text = value.isoformat().replace("+00:00", "Z")
        return "time", text, text
    return ("int", value, str(value)) if isinstance(value, int) else ("str", value, value)
