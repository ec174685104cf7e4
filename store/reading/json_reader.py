"""JSON with the place of every value; the standard library's reader knows none."""

from __future__ import annotations

import json
import re
from math import isinf
from typing import NoReturn

from store.errors import BadDocument
from store.reading.intake import MAX_DEPTH, MAX_NODES, Places
from store.reading.item import Item, Kind, Scalar

_SPACE = re.compile(r"[ \t\r\n]*+")
_STRING = re.compile(r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<rest>(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)")
_WORD = re.compile(r"-?[A-Za-z_]\w*")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_NO_NUMBERS = ("NaN", "Infinity", "-Infinity")
_CONSTANTS = {"true": True, "false": False, "null": None}
# Longer numbers are no configuration, and Python refuses to read thousands of digits.
_MAX_NUMBER_LENGTH = 1000


def read_json(text: str, name: str) -> Item:
    """Return the value of a JSON text.

    Raises BadDocument with the place for what is not JSON, NaN and infinities, duplicate keys,
    lone surrogates, NUL in a text, and too many or too deeply nested values.
    """
    return _Reader(text, name).document()


class _Reader:
    """Walks the tokens from left to right; every method leaves ``_at`` behind what it read."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._places = Places(text)
        self._at = 0
        self._nodes = 0

    def document(self) -> Item:
        self._skip_space()
        root = self._value(0, 0, 0)
        self._skip_space()
        if self._at < len(self._text):
            self._refuse(f"not JSON: {self._found()} follows the value.")
        return root

    def _refuse(self, message: str, at: int | None = None) -> NoReturn:
        line, column = self._places.at(self._at if at is None else at)
        raise BadDocument(message, file=self._name, line=line, column=column)

    def _found(self) -> str:
        character = self._text[self._at : self._at + 1]
        return repr(character) if character else "the end of the file"

    def _skip_space(self) -> None:
        found = _SPACE.match(self._text, self._at)
        if found:
            self._at = found.end()

    def _takes(self, character: str) -> bool:
        """Skip space and then ``character``, if it stands there."""
        self._skip_space()
        taken = self._text.startswith(character, self._at)
        self._at += taken
        return taken

    def _value(self, depth: int, key_line: int, key_column: int) -> Item:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            self._refuse(f"the document has more than {MAX_NODES:,} values.")
        line, column = self._places.at(self._at)
        character = self._text[self._at : self._at + 1]
        if character in ("{", "["):
            if depth >= MAX_DEPTH:
                self._refuse(f"the document nests deeper than {MAX_DEPTH} levels.")
            self._at += 1
            if character == "{":
                entries = self._entries(depth)
                return Item("map", entries, line, column, "", False, key_line, key_column)
            elements = self._elements(depth)
            return Item("list", elements, line, column, "", False, key_line, key_column)
        if character == '"':
            text = self._string()
            return Item("str", text, line, column, text, False, key_line, key_column)
        return self._number_or_word(line, column, key_line, key_column)

    def _entries(self, depth: int) -> dict[str, Item]:
        entries: dict[str, Item] = {}
        if self._takes("}"):
            return entries
        while True:
            self._skip_space()
            start = self._at
            if not self._text.startswith('"', start):
                self._refuse(f"not JSON: expected a key in double quotes, found {self._found()}.")
            key = self._string()
            if key in entries:
                first = entries[key].key_line
                self._refuse(f"the key {key!r} is already defined in line {first}.", start)
            if not self._takes(":"):
                self._refuse(f"not JSON: expected ':' after a key, found {self._found()}.")
            self._skip_space()
            entries[key] = self._value(depth + 1, *self._places.at(start))
            if self._takes("}"):
                return entries
            self._expect_comma("}")

    def _elements(self, depth: int) -> tuple[Item, ...]:
        elements: list[Item] = []
        if self._takes("]"):
            return ()
        while True:
            self._skip_space()
            elements.append(self._value(depth + 1, 0, 0))
            if self._takes("]"):
                return tuple(elements)
            self._expect_comma("]")

    def _expect_comma(self, end: str) -> None:
        if not self._takes(","):
            self._refuse(f"not JSON: expected ',' or '{end}', found {self._found()}.")

    def _string(self) -> str:
        found = _STRING.match(self._text, self._at)
        if found is None:
            self._refuse("not JSON: this text is not closed, or has a bad escape or line break.")
        value: str = json.loads(found[0])
        if _SURROGATE.search(value):
            self._refuse("the text contains half of a surrogate pair.")
        if "\0" in value:
            self._refuse("the text contains a NUL character.")
        self._at = found.end()
        return value

    def _number_or_word(self, line: int, column: int, key_line: int, key_column: int) -> Item:
        kind: Kind
        value: Scalar
        if found := _NUMBER.match(self._text, self._at):
            kind, value = self._number(found)
        elif (found := _WORD.match(self._text, self._at)) and found[0] in _CONSTANTS:
            value = _CONSTANTS[found[0]]
            kind = "null" if value is None else "bool"
        elif found and found[0] in _NO_NUMBERS:
            self._refuse(f"not JSON: {found[0]} is no value.")
        elif found:
            self._refuse(
                "not JSON: expected a value, found a bare word; a text stands in double quotes."
            )
        else:
            self._refuse(f"not JSON: expected a value, found {self._found()}.")
        self._at = found.end()
        return Item(kind, value, line, column, found[0], False, key_line, key_column)

    def _number(self, found: re.Match[str]) -> tuple[Kind, int | float]:
        text = found[0]
        if len(text) > _MAX_NUMBER_LENGTH:
            self._refuse(f"the number has more than {_MAX_NUMBER_LENGTH} digits.")
        if not found["rest"]:
            return "int", int(text)
        value = float(text)
        if isinf(value):
            self._refuse(f"the number {text[:40]} is too large.")
        return "float", value
