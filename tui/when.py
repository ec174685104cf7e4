"""A moment as people type it: ``10:42``, ``2h ago``, a date, or ISO 8601."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from store import moments
from store.errors import UsageError
from tui.verbs.history import moment

_AGO: Final = re.compile(r"\s+ago$")


def when(text: str, now: datetime) -> datetime:
    """The past moment that a text names; raises UsageError for none and for one to come.

    A bare time such as ``10:42`` is the last one on this host's clock; spans and ISO 8601 are read
    as ``moment`` reads them, UTC where no zone is named.
    """
    wanted = _AGO.sub("", text.strip())
    try:
        if (last := moments.time_of_day(wanted, now)) is not None:
            return last.astimezone(now.tzinfo)
        found = moment(wanted, now)
    except (UsageError, ValueError):
        raise UsageError(
            f"{text!r} is no time.",
            hint="Write it like 10:42, 2h ago, 7d, 2025-06-01 or 2025-06-01T08:00:00Z.",
        ) from None
    if found > now:
        raise UsageError(f"{text} lies in the future.", hint="Name a time that has been.")
    return found
