"""Timestamps as Go's yaml.v3 recognises them in plain scalars."""

from __future__ import annotations

import re
from calendar import monthrange

_DATE = r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
_CLOCK = r"([0-9]{1,2}):([0-9]{1,2}):([0-9]{1,2})(?:[.,]([0-9]+))?"
_TIMESTAMP = re.compile(
    rf"{_DATE}(?:[Tt]{_CLOCK}(?:Z|([-+])([0-9]{{2}}):([0-9]{{2}}))| +{_CLOCK})?"
)


def timestamp(text: str) -> str | None:
    """Return the RFC 3339 text of a timestamp, or None where Go sees none.

    A date alone and a time without a zone are UTC; the fraction has at most nine digits and no
    trailing zeros.
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return None
    year, month, day, *clock = found.groups()
    zoned, offset, unzoned = clock[:4], clock[4:7], clock[7:]
    if not _is_day(int(year), int(month), int(day)):
        return None
    hour, minute, second, fraction = zoned if zoned[0] is not None else unzoned
    if int(hour or 0) > 23 or int(minute or 0) > 59 or int(second or 0) > 59:
        return None
    zone = _zone(*offset) if offset[0] else "Z"
    if zone is None:
        return None
    digits = (fraction or "")[:9].rstrip("0")
    return (
        f"{year}-{int(month):02}-{int(day):02}"
        f"T{int(hour or 0):02}:{int(minute or 0):02}:{int(second or 0):02}"
        f"{'.' if digits else ''}{digits}{zone}"
    )


def _is_day(year: int, month: int, day: int) -> bool:
    # The calendar module has no year 0; 400 has its leap day.
    return 1 <= month <= 12 and 1 <= day <= monthrange(year or 400, month)[1]


def _zone(sign: str, hours: str, minutes: str) -> str | None:
    """Return an offset as Go prints it, which takes 24 hours and 60 minutes for possible."""
    if int(hours) > 24 or int(minutes) > 60:
        return None
    total = int(hours) * 60 + int(minutes)
    return f"{sign}{total // 60:02}:{total % 60:02}" if total else "Z"
