"""Where the keys of a TOML text stand, and a refusal of what the library would choke on.

``tomllib`` tells no places, takes seconds for one long dotted key and recurses without a limit, so
that this scan goes first. It stops without a word at what is not TOML: the library names that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NoReturn

from store.errors import BadDocument
from store.reading.intake import MAX_DEPTH, Places

Path = tuple[str | int, ...]
"""The keys from the root; an array of tables adds the index of its table."""

MAX_KEY_PARTS = 16
"""Parts of one dotted key; the library needs quadratic time for them."""

_TOKEN = re.compile(
    r'(?P<long>"""(?:[^\\"]|\\.|"{1,2}(?!"))*+"{3,5}|\'\'\'(?:[^\']|\'{1,2}(?!\'))*+\'{3,5})'
    r'|(?P<quoted>"(?:[^"\\\r\n]|\\.)*+"|\'[^\'\r\n]*+\')'
    r"|(?P<space>[ \t]++|\#[^\r\n]*+)"
    r"|(?P<newline>\r?\n)"
    r"|(?P<mark>[\[\]{}=,.])"
    r"|(?P<bare>[^\s\[\]{}=,.\#\"']++)",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([btnfr\"\\]))")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}


def find_places(text: str, name: str) -> Mapping[Path, tuple[int, int]]:
    """Return the line and column of each table's and each entry's key, as far as they are found.

    Keys inside inline tables are left out. Raises BadDocument for dotted keys of more than
    MAX_KEY_PARTS parts and brackets nested deeper than MAX_DEPTH.
    """
    scan = _Scan(text, name)
    scan.run()
    return scan.found


class _Scan:
    """Goes statement by statement: a table's header, or a key and its value."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._places = Places(text)
        self._table: Path = ()
        self._array_sizes: dict[Path, int] = {}
        self.found: dict[Path, tuple[int, int]] = {}

    def run(self) -> None:
        statement: list[re.Match[str]] = []
        brackets = parts = 0
        for token in self._tokens():
            is_end = token.lastgroup == "newline"
            parts = _count_parts(token, parts)
            brackets += (token[0] in ("[", "{")) - (token[0] in ("]", "}"))
            if parts > MAX_KEY_PARTS:
                self._refuse(token, f"a dotted key has more than {MAX_KEY_PARTS} parts.")
            if brackets > MAX_DEPTH:
                self._refuse(token, f"the document nests deeper than {MAX_DEPTH} levels.")
            if not is_end:
                statement.append(token)
            elif brackets <= 0:
                self._note(statement)
                statement, brackets = [], 0
        self._note(statement)

    def _tokens(self) -> Iterator[re.Match[str]]:
        at = 0
        while token := _TOKEN.match(self._text, at):
            at = token.end()
            if token.lastgroup != "space":
                yield token

    def _refuse(self, token: re.Match[str], message: str) -> NoReturn:
        line, column = self._places.at(token.start())
        raise BadDocument(message, file=self._name, line=line, column=column)

    def _note(self, statement: list[re.Match[str]]) -> None:
        if not statement:
            return
        is_header = statement[0][0] == "["
        is_array = is_header and len(statement) > 1 and statement[1][0] == "["
        key = statement[1 + is_array :] if is_header else statement
        names = tuple(_name(token) for token in _until_key_ends(key) if token[0] != ".")
        if not 0 < len(names) <= MAX_KEY_PARTS:
            return
        if not is_header:
            self._note_path(self._table, names, key[0])
            return
        self._table = self._resolved(names[:-1]) + names[-1:] if is_array else self._resolved(names)
        self._note_path((), self._table, key[0])
        if is_array:
            index = self._array_sizes.get(self._table, 0)
            self._array_sizes[self._table] = index + 1
            self._table += (index,)
            self._note_path((), self._table, key[0])

    def _resolved(self, names: tuple[str, ...]) -> Path:
        """Return a header's path, which means the last table of each array on its way."""
        path: Path = ()
        for part in names:
            path += (part,)
            if path in self._array_sizes:
                path += (self._array_sizes[path] - 1,)
        return path

    def _note_path(self, base: Path, names: Path, token: re.Match[str]) -> None:
        place = self._places.at(token.start())
        for end in range(1, len(names) + 1):
            self.found.setdefault(base + names[:end], place)


def _count_parts(token: re.Match[str], parts: int) -> int:
    """Return the parts of the dotted key that goes on at a token, one per dot and one more."""
    if token.lastgroup in ("bare", "quoted"):
        return max(parts, 1)
    return parts + 1 if token[0] == "." else 0


def _until_key_ends(tokens: list[re.Match[str]]) -> Iterator[re.Match[str]]:
    for token in tokens:
        if token[0] in ("=", "]"):
            return
        yield token


def _name(token: re.Match[str]) -> str:
    text = token[0]
    if token.lastgroup != "quoted":
        return text
    return text[1:-1] if text[0] == "'" else _ESCAPE.sub(_unescaped, text[1:-1])


def _unescaped(found: re.Match[str]) -> str:
    code = int(found[1] or found[2] or "0", 16)
    if found[3]:
        return _ESCAPED.get(found[3], found[3])
    return chr(code) if code <= 0x10FFFF else ""
