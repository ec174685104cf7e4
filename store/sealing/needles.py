"""What to look for where a secret may stand in clear: its text, and how files write it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

SHORTEST: Final = 6
"""Texts of fewer characters are found everywhere by chance and are not looked for."""
_ALONE: Final = 12
_LONG: Final = 200
_PART: Final = 64
_ARMOUR: Final = "-----"


@dataclass(frozen=True, slots=True)
class Needle:
    """The ways in which files write one secret; ``alone`` asks for an end of a word around it.

    It is never shown: its picture has no value.
    """

    texts: tuple[bytes, ...]
    alone: bool

    def __repr__(self) -> str:
        return f"Needle({len(self.texts)} texts)"

    def stands_in(self, data: bytes, *, text: bool) -> bool:
        """Whether some bytes hold the secret; in ``text``, a short one only as a word."""
        if not (text and self.alone):
            return any(each in data for each in self.texts)
        return any(
            re.search(rb"(?<![\w-])" + re.escape(each) + rb"(?![\w-])", data) for each in self.texts
        )

    @property
    def longest(self) -> int:
        """Bytes of the longest text."""
        return max(map(len, self.texts))


def of(value: Any) -> Needle | None:
    """What to look for to find a value, None where it is too short to be told from chance."""
    parts = [part for text in _texts(value) for part in _parts(text)]
    if not parts:
        return None
    written = {form for part in parts for form in _forms(part)}
    return Needle(tuple(sorted(written)), min(map(len, parts)) < _ALONE)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for below in value.values():
            yield from _texts(below)
    elif isinstance(value, list | tuple):
        for below in value:
            yield from _texts(below)


def _parts(text: str) -> Iterator[str]:
    """A text as it may be found: a long one in three parts, since SQLite splits it over pages.

    Of several lines, as of a key in PEM, the longest: files indent and escape them differently.
    """
    lines = [line.strip() for line in text.splitlines()]
    if len(lines) > 1:
        bodies = [line for line in lines if len(line) >= SHORTEST and not line.startswith(_ARMOUR)]
        # the first line of a key tells its kind, and is alike in many
        yield from sorted(bodies[1:] or bodies, key=len)[-2:]
    elif len(text) > _LONG:
        middle = len(text) // 2
        yield from (text[:_PART], text[middle : middle + _PART], text[-_PART:])
    elif len(text) >= SHORTEST:
        yield text


def _forms(text: str) -> Iterator[bytes]:
    for form in (text, *(json.dumps(text, ensure_ascii=each)[1:-1] for each in (True, False))):
        yield form.encode("utf-8", "surrogatepass")
    yield text.replace("'", "''").encode("utf-8", "surrogatepass")
