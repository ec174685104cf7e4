"""What is said of edits that wait for a confirmation, and of those that could not revert; pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from store.findings import Evidence, Finding, Severity
from store.history import stamp
from store.pending import State

# whoever watches over an edit looks again within this time
_GRACE: Final = timedelta(seconds=10)


def rule(evidence: Evidence, now: datetime) -> Iterator[Finding]:
    """A change that waits, one that nobody took back in time, one that could not be."""
    for each in evidence.reversals:
        for item in each.cancelled:
            yield Finding(
                Severity.WARNING,
                f"The unconfirmed change #{item.change} of {item.path} does not revert:"
                f" {item.why}.",
                "Look whether the value is right, and set it where it is not.",
                "reversal-cancelled",
                item.path,
            )
        if each.state is not State.PENDING or len(each.cancelled) == len(each.items):
            continue
        left = [item.path for item in each.items if not item.outcome]
        paths = ", ".join(left)
        keep = f"Keep it with 'nodedeck confirm {each.id}'."
        if now < each.deadline + _GRACE:
            message = f"A change of {paths} reverts at {stamp(each.deadline)} unless confirmed."
            yield Finding(Severity.INFO, message, keep, "reversal-waits", left[0])
        else:
            yield Finding(
                Severity.WARNING,
                f"A change of {paths} was to revert at {stamp(each.deadline)} and has not yet.",
                "The next verb that writes takes it back.",
                "reversal-overdue",
                left[0],
            )
