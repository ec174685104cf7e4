"""Text on its way to the operator's own clipboard: nothing in it acts on a terminal or a shell.

It goes through the terminal (OSC 52), so that it works over SSH, and nothing answers: whether a
terminal took it cannot be known.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

LIMIT_BYTES: Final = 74_994
"""What fits into a sequence of 100,000 bytes, where xterm and those like it stop listening."""


@dataclass(frozen=True, slots=True)
class Clipping:
    """What goes to the clipboard: how many characters were left out, and whether it was cut."""

    text: str
    removed: int = 0
    cut: bool = False


def clipping(cells: Sequence[str]) -> Clipping:
    """Cells as one line with tabs between them, at most `LIMIT_BYTES` of UTF-8."""
    inside = [cell.strip() for cell in cells]
    kept = [plain(cell) for cell in inside]
    text = "\t".join(kept)
    removed = sum(map(len, inside)) - sum(map(len, kept))
    data = text.encode()
    if len(data) <= LIMIT_BYTES:
        return Clipping(text, removed)
    return Clipping(data[:LIMIT_BYTES].decode(errors="ignore"), removed, cut=True)


def plain(text: str) -> str:
    """Text without control, bidi and invisible characters; every kind of space is a plain one."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else " "
        for character in text
        if character.isprintable() or character.isspace()
    )


def through_tmux(text: str) -> str:
    """The sequence that makes tmux hand OSC 52 on to the terminal around it.

    tmux does so where `allow-passthrough` is on, and listens to the bare sequence where
    `set-clipboard` is on; so both are sent.
    """
    encoded = base64.b64encode(text.encode()).decode()
    return f"\x1bPtmux;\x1b\x1b]52;c;{encoded}\x07\x1b\\"
