"""When an upgrade comes, in words: a moment, and how much earlier or later it may be."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from store.blocks import UpgradeArrival
from tui.text import duration, moment

_LEAST_SECONDS: Final = 60.0


def arrival_lines(arrival: UpgradeArrival, now: datetime) -> list[str]:
    """The arrival on the reader's clock, then in UTC where that differs."""
    told = f"≈ {moment(arrival.at, now, utc=not now.utcoffset())}{give_or_take(arrival)}"
    return [told] if not now.utcoffset() else [told, f"  {moment(arrival.at, now, utc=True)}"]


def give_or_take(arrival: UpgradeArrival) -> str:
    """What goes behind the moment: how far off it may be, no finer than the minutes it is told in.

    Where that is unknown, or more than the way there, the moment is called a rough one.
    """
    if arrival.give_or_take is None:
        return ", roughly"
    return f" ± {duration(max(_LEAST_SECONDS, arrival.give_or_take.total_seconds()))}"
