"""Whether a file is part old, part new: what a stop leaves of one that is overwritten in place."""

from __future__ import annotations

from typing import Final

from store import files
from store.importing.journal import Part

_BLOCK: Final = 512


def is_part_written(part: Part) -> bool:
    """Whether the file that a part is of is neither its old text nor its new one, but both."""
    return part.file.is_file() and is_torn(part, files.read(part.file))


def is_torn(part: Part, data: bytes) -> bool:
    """Whether some bytes are part old, part new, block by block: an overwriting that was stopped.

    Of a file that is replaced by a rename no stop can leave that, whatever it looks like.
    """
    if not part.in_place or not part.copy.is_file():
        return False
    old, new = files.read(part.copy), part.after
    if files.digest(old) != part.before or not len(new) <= len(data) <= max(len(old), len(new)):
        return False
    if data[: len(new)] == new:  # all of it, and an end not yet cut off
        return data[len(new) :] == old[len(new) : len(data)]
    blocks = range(0, len(data), _BLOCK)
    if all(data[at : at + _BLOCK] in _either(old, new, at) for at in blocks):
        return True
    # or new up to any byte, and old from there
    agreed = _common(data, new) + _common(data[::-1], old[::-1])
    return len(data) == len(old) and agreed >= len(data)


def _common(one: bytes, other: bytes) -> int:
    """How many first bytes two texts share."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[:middle] == other[:middle] else (low, middle - 1)
    return low


def _either(old: bytes, new: bytes, at: int) -> tuple[bytes, ...]:
    fresh = new[at : at + _BLOCK]
    before = old[at : at + _BLOCK]
    return (before, fresh, fresh + before[len(fresh) :])
