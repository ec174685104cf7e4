"""Moments as people type them: a length of time before now, a time of day, a date."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from store.errors import UsageError

_SPAN: Final = re.compile(r"(\d{1,9})\s*([smhdw])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_TIME: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


def before(text: str, now: datetime) -> datetime | None:
    """The moment that lies `2h` or `7d` before now, None where the text is no length of time.

    Raises OverflowError for one before the first year.
    """
    span = _SPAN.fullmatch(text.strip())
    return None if span is None else now - timedelta(seconds=int(span[1]) * _SECONDS[span[2]])


def time_of_day(text: str, now: datetime) -> datetime | None:
    """When it was `10:42` on this host's clock last, None where the text is no time of a day.

    Raises ValueError for one that no clock shows.
    """
    time = _TIME.fullmatch(text.strip())
    if time is None:
        return None
    here = now.astimezone()
    hour, minute, second = int(time[1]), int(time[2]), int(time[3] or 0)
    today = here.replace(hour=hour, minute=minute, second=second, microsecond=0, tzinfo=None)
    # a day back on the calendar, which need not be 24 hours
    found = today.astimezone()
    return found if found <= here else (today - timedelta(days=1)).astimezone()


def since(text: str, now: datetime) -> datetime:
    """The moment from which on: `2h` ago, `10:42` when it was that last, a date, or ISO 8601.

    A time without zone is one on this host's clock, as screens show it. Raises UsageError for
    anything else.
    """
    try:
        if (ago := before(text, now)) is not None:
            return ago
        if (last := time_of_day(text, now)) is not None:
            return last
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is no time.", hint="Write it like 90s, 2h, 7d, 10:42 or 2025-06-01."
        ) from None
