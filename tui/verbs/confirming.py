"""``--confirm-within``: an edit that reverts by itself unless it is confirmed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import click

from store.errors import UsageError
from store.manager import ConfigManager
from store.operations.pending import Unconfirmed
from store.pending import Reversal
from tui import output

_SPAN: Final = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)?")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--confirm-within``, as the argument ``confirm_within``, in seconds."""
    return click.option(
        "--confirm-within",
        metavar="TIME",
        callback=_seconds,
        help="Revert by itself after 60s, 5m or 1h unless 'nodedeck confirm' keeps it.",
    )(command)


def _seconds(_context: click.Context, _param: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"--confirm-within {text!r} is no time; nothing was changed.",
            hint="Write it like 60s, 5m or 1h.",
        )
    return float(found[1]) * _SECONDS[found[2] or "s"]


@contextmanager
def edit(manager: ConfigManager, within: float | None, reason: str | None) -> Iterator[Unconfirmed]:
    """The edits of a block, to be confirmed within so many seconds, or made for good if None."""
    if within is None:
        yield Unconfirmed()
        return
    with manager.unless_confirmed(within, reason=reason) as made:
        yield made


def tell(made: Unconfirmed) -> None:
    """Say when an edit reverts and how to keep it."""
    if made.reversal is not None:
        output.say(
            f"It reverts at {output.stamp(made.reversal.deadline)} unless you confirm it within"
            f" {made.reversal.within:g} s: 'nodedeck confirm {made.reversal.id}'."
        )


def fields(made: Unconfirmed) -> dict[str, Any]:
    """The reversal of an edit for ``--json``, nothing where there is none."""
    return {} if made.reversal is None else {"reversal": reversal_fields(made.reversal)}


def reversal_fields(reversal: Reversal) -> dict[str, Any]:
    """A reversal as JSON; values are not in it, the history has them."""
    settled = reversal.settled_at
    return {
        "id": reversal.id,
        "state": reversal.state.value,
        "at": output.stamp(reversal.at),
        "deadline": output.stamp(reversal.deadline),
        "within": reversal.within,
        "actor": reversal.actor,
        "reason": reversal.reason,
        "settled_at": output.stamp(settled) if settled else None,
        "settled_by": reversal.settled_by,
        "changes": [
            {
                "id": item.change,
                "path": item.path,
                "outcome": item.outcome or None,
                "why": item.why or None,
            }
            for item in reversal.items
        ],
    }
