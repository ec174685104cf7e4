"""Edits that revert by themselves: making one, what is left of its time, keeping it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from store import codec, history
from store.manager import ConfigManager
from store.masks import masked
from store.models import FieldChange
from store.paths import Kind
from store.pending import Reversal
from store.uptime import Uptime
from tui.editing.rehearsal import Preview, Write
from tui.text import clean, shorten_middle

WITHIN_SECONDS: Final = 60.0
GRACE_SECONDS: Final = 3.0
"""So long the process that watches over an edit is given before the deck does its work."""
_REVERTS: Final = (
    f"It goes back by itself after {WITHIN_SECONDS:.0f} s, also without this console, unless it is"
    " kept: K on the deck, or 'nodedeck confirm'."
)
_PATH_CELLS: Final = 40


class Offer(NamedTuple):
    """A write with the title and the preview that it is looked at under."""

    title: str
    shown: Preview
    write: Write


def unconfirmed(write: Write, within: float = WITHIN_SECONDS) -> Write:
    """The same write, taken back after ``within`` seconds unless it is confirmed."""

    def run(manager: ConfigManager, reason: str | None) -> object:
        with manager.unless_confirmed(within, reason=reason) as made:
            write(manager, reason)
        return made.reversal

    return run


def offered(title: str, shown: Preview, write: Write, *, reverts: bool) -> Offer:
    """What a review is about; an edit that reverts says so in its title and below the fields."""
    if not reverts:
        return Offer(title, shown, write)
    shown = replace(shown, notes=(*shown.notes, _REVERTS))
    return Offer(f"{title}, unless confirmed", shown, unconfirmed(write))


def waiting(manager: ConfigManager) -> tuple[Reversal, ...]:
    """The edits that wait for a confirmation, the next one due first."""
    if not manager.waits_for_confirmation():
        return ()
    now, up = manager.clock(), manager.uptime()
    return tuple(sorted(manager.reversals(), key=lambda one: one.left(now, up)))


def told(reversals: Sequence[Reversal], now: datetime, up: Uptime) -> str:
    """The next reversal as a line with its countdown; empty where there is none."""
    if not reversals:
        return ""
    first = reversals[0]
    left = first.left(now, up)
    paths = shorten_middle(clean(", ".join(first.paths)), _PATH_CELLS)
    more = f"  ({len(reversals) - 1} more)" if len(reversals) > 1 else ""
    if left <= 0:
        return f"{paths} is being taken back{more}"
    return f"{paths} reverts in {int(left) + 1} s unless it is kept: K{more}"


def late(reversals: Sequence[Reversal], now: datetime, up: Uptime) -> bool:
    """Whether an edit should have been taken back by now and was not."""
    return any(one.left(now, up) < -GRACE_SECONDS for one in reversals)


def preview_of_keeping(reversal: Reversal) -> Preview:
    """What an edit changed, and so what keeping it keeps."""
    fields: list[FieldChange] = []
    for item in reversal.items:
        kind: Kind = history.kind_of(item.path)
        old, new = (codec.entity_value(kind, item.path, one) for one in (item.old, item.new))
        was, now = (codec.leaves(one, *history.parts_of(item.path)) for one in (old, new))
        fields += [
            FieldChange(
                path=path,
                old=masked(history.parts_of(path), was.get(path)),
                new=masked(history.parts_of(path), now.get(path)),
            )
            for path in dict.fromkeys([*was, *now])
            if was.get(path) != now.get(path)
        ]
    return Preview(
        tuple(fields), ("Kept, it stays as it is now; otherwise it goes back.",), ("before", "now")
    )
