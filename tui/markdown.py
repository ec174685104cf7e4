"""Data inside Markdown: shown as it is, and never acted upon by whoever renders it."""

from __future__ import annotations

import re
from typing import Any, Final

from store import codec
from tui.glyphs import UNICODE
from tui.text import clean, grouped

LONGEST: Final = 80
LONGEST_PROSE: Final = 400
_ACTING: Final = re.compile(r"([\\`*\[\]<>|~&]|(?<!\w)_|_(?!\w))")
# what becomes a link without any bracket
_LINK: Final = re.compile(r"(?i)(?<=:)(?=//)|(?<=www)(?=\.)")


def prose(text: object, *, limit: int = LONGEST_PROSE) -> str:
    """Text of any origin as one line of a paragraph, its signs escaped and its links dead."""
    return _LINK.sub(r"\\", _ACTING.sub(r"\\\1", clean(text, limit=limit)))


def code(text: object, *, limit: int = LONGEST) -> str:
    """Text of any origin as a code span of at most ``limit`` characters."""
    inside = clean(text, limit=limit)
    longest = max(map(len, re.findall("`+", inside)), default=0)
    fence = "`" * (longest + 1)
    # a space keeps a backtick at the edge apart, and is not shown
    pad = " " if inside[:1] in ("`", " ") or inside[-1:] in ("`", " ") or not inside else ""
    return f"{fence}{pad}{inside}{pad}{fence}"


def value(found: Any) -> str:
    """A masked value as a code span; yes and no for a truth, a dash for absent."""
    if found is None:
        return UNICODE.none
    if isinstance(found, bool):
        return "yes" if found else "no"
    return code(codec.shown(found))


def height(found: Any) -> str:
    """A height with its thousands apart, anything else as it is stored."""
    return grouped(found) if type(found) is int else value(found)
