"""Which part of the screen the bytes of a new height went to."""

from __future__ import annotations

import asyncio
import re
from collections import Counter

from textual.geometry import Region

from store.locations import Locations
from tests.support.deck import console, opened

_MOVE = re.compile(rb"\x1b\[(\d+);(\d+)H")
_PARTS = ("#masthead", "#strip", "#chain", "#seeds", "#nodes", "#params", "#audit")
ELSEWHERE = "moves and the rest"


def regions(places: Locations, size: tuple[int, int]) -> dict[str, Region]:
    """Where the parts of the deck stand at a size of the terminal."""

    async def found() -> dict[str, Region]:
        async with opened(console(places), size=size) as driver:
            return {part: driver.deck.query_one(part).region for part in _PARTS}

    return asyncio.run(found())


def by_part(output: bytes, where: dict[str, Region]) -> Counter[str]:
    """Bytes by the part that they were written into."""
    counted: Counter[str] = Counter()
    moves = list(_MOVE.finditer(output))
    ends = [move.start() for move in moves[1:]] + [len(output)]
    for move, end in zip(moves, ends, strict=True):
        y, x = int(move[1]) - 1, int(move[2]) - 1
        part = next((name for name, region in where.items() if region.contains(x, y)), None)
        written = end > move.end()
        counted[part if part and written else ELSEWHERE] += end - move.start()
    return counted
