"""``--as-of`` and its like: a point in the past, and the document as it was there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from store.door import utc_now
from store.errors import UsageError
from tui import output

if TYPE_CHECKING:
    from store.documents import Document
    from store.manager import ConfigManager
    from store.timeline import PastDocument, Point

_CHANGE: Final = re.compile(r"#?(\d{1,19})")


def option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--as-of``, as the argument ``as_of``."""
    return click.option(
        "--as-of",
        metavar="WHEN",
        help="As it was then: a change id, 2h or 7d ago, or ISO 8601.",
    )(command)


def point(text: str, now: datetime) -> Point | None:
    """A change id from ``812``, None from ``now``, else a moment as ``history --since`` reads it.

    Raises UsageError for anything else, and for a moment that is yet to come.
    """
    if text.strip() == "now":
        return None
    if change := _CHANGE.fullmatch(text.strip()):
        return int(change[1])
    from tui.verbs.history import moment

    found = moment(text, now)
    if found > now:
        raise UsageError(f"{text} lies in the future.", hint="Name a time that has been.")
    return found


def document(manager: ConfigManager, as_of: str | None) -> Document:
    """The effective document, or the one of a point in the past, saying what that one lacks."""
    if as_of is None:
        return manager.effective()
    past = manager.document_as_of(point(as_of, utc_now()))
    output.say(
        f"This is the database's part after change #{past.change_id}; the config file's keys are"
        " not in the log."
    )
    tell_unknown(past)
    return past


def tell_unknown(past: PastDocument) -> None:
    """Say which paths the log no longer knows of that time."""
    if past.unknown:
        output.say(
            f"Unknown at change #{past.change_id}, since the log no longer reaches back to it:"
            f" {', '.join(past.unknown)}."
        )
