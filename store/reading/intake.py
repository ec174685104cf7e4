"""What every reader does first: limits, strict UTF-8, no control characters, places."""

from __future__ import annotations

import re
from bisect import bisect_right

from store.errors import BadDocument

MAX_DEPTH = 64
"""Nested mappings and lists; far below where libyaml crashes the process (20,000)."""

MAX_NODES = 250_000
"""Values after aliases and merges are expanded: ten thousand nodes of twenty-five each."""

# one class and nothing besides, which is searched six times as fast as a choice
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f]")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_MARK = "\ufeff"
_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_UTF32_MARKS = (b"\xff\xfe\0\0", b"\0\0\xfe\xff")


class Places:
    """Turns offsets in a text into lines and columns."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in _LINE_BREAK.finditer(text))]

    def at(self, offset: int) -> tuple[int, int]:
        """Return the line and column, from 1, of the character at ``offset``."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def decode(data: bytes, name: str, limit: int) -> str:
    """Return the text of a file without its byte order mark.

    ``limit`` is in bytes. Raises BadDocument for more bytes, UTF-16, anything but strict UTF-8,
    and raw control characters.
    """
    if len(data) > limit:
        raise BadDocument(
            f"the file has {len(data):,} bytes; the limit is {limit:,}.",
            file=name,
            hint="Is this the right file?",
        )
    if wide := _wide(data):
        raise BadDocument(
            f"the file is {wide}, not UTF-8.", file=name, line=1, column=1, hint="Save it as UTF-8."
        )
    data = data.removeprefix(_UTF8_MARK)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = _place_of_byte(data, error.start)
        raise BadDocument(
            f"the byte 0x{data[error.start]:02X} is not UTF-8.",
            file=name,
            line=line,
            column=column,
            hint="Save the file as UTF-8.",
        ) from None
    found = _CONTROL.search(text)
    offset = 0 if text.startswith(_MARK) else found.start() if found else None
    if offset is not None:
        line, column = Places(text).at(offset)
        raise BadDocument(
            f"the control character U+{ord(text[offset]):04X} has no place in a text file.",
            file=name,
            line=line,
            column=column,
        )
    return text


def _wide(data: bytes) -> str:
    """The encoding of a file whose every character has several bytes, empty where it has not.

    It has a mark, or its first two characters, which are ASCII in any configuration, have zeros
    beside them: else its first letter that is none would be told as a fault, at a wrong column.
    """
    if data.startswith(_UTF32_MARKS):
        return "UTF-32"
    zeros = tuple(not byte for byte in data[:4])
    alternate = zeros in ((False, True, False, True), (True, False, True, False))
    return "UTF-16" if alternate or data.startswith(_UTF16_MARKS) else ""


def _place_of_byte(data: bytes, offset: int) -> tuple[int, int]:
    before = data[:offset].decode("utf-8")
    return Places(before).at(len(before))
