"""Edits that revert by themselves unless they are confirmed: their rows, and how they end.

The edit and its row are one transaction, so there is no unconfirmed edit without the values that
undo it. A row is ``pending`` until it is ``confirmed``, ``reverted`` or ``cancelled``; whoever
settles it does so under the write lock and looks at the row again first, so that two at once
settle it once.

*When* is a matter of two clocks. On the boot under which the edit was made the time since that
boot counts, which no one can set. On any other, after a restart or on another host, only the wall
clock is common, and where it stands before the edit was made it cannot be trusted: then the edit
is due at once, since what nobody confirmed is to go.

*Whether* is a matter of the audit log. A path that anybody has changed since the edit keeps its
value: its reversal is cancelled, and a finding says so. So is all of it where the database was
restored meanwhile, since that state was chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from store import codec, schema, undoing
from store.database import Database
from store.errors import InvalidValue, Refused, UsageError, VersionConflict
from store.history import stamp
from store.latest import config_epoch, parse_time
from store.sealing.vault import Vault
from store.uptime import Uptime

LONGEST_SECONDS: Final = 86_400.0
# two hosts' clocks never agree exactly; one that is further behind was set back
_SLACK: Final = timedelta(seconds=60)
_REMEMBERED: Final = timedelta(days=1)
_LOOKED_AT: Final = 50
_COLUMNS: Final = (
    "id,at,deadline,within_seconds,boot_id,boot_deadline,config_epoch,actor,reason,items_json,"
    "state,settled_at,settled_by"
)


class State(StrEnum):
    """Where a reversal stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    REVERTED = "reverted"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Item:
    """One entity of an edit: its values before and after as the log stores them, None if absent.

    ``change`` is the edit's change id. Once it is settled, ``outcome`` is ``reverted`` or
    ``cancelled``, and ``why`` tells what stood in the way.
    """

    path: str
    change: int
    old: str | None
    new: str | None
    outcome: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reversal:
    """An edit that was made to revert by itself; times are UTC, ``within`` is in seconds."""

    id: int
    at: datetime
    deadline: datetime
    within: float
    boot: str
    boot_deadline: float
    epoch: str
    actor: str
    reason: str | None
    items: tuple[Item, ...]
    state: State
    settled_at: datetime | None
    settled_by: str | None

    def left(self, now: datetime, up: Uptime) -> float:
        """Seconds until it is due, 0 or less where it is."""
        if self.boot and self.boot == up.boot:
            return self.boot_deadline - up.seconds
        if now < self.at - _SLACK:
            return 0.0
        return (self.deadline - now).total_seconds()

    @property
    def paths(self) -> tuple[str, ...]:
        """The entities that the edit changed."""
        return tuple(item.path for item in self.items)

    @property
    def cancelled(self) -> tuple[Item, ...]:
        """The entities that keep their value because something stood in the way."""
        return tuple(item for item in self.items if item.outcome == State.CANCELLED)


class _Rehearsed(Exception):
    """Leaves a rehearsal's part of the transaction, so that it is rolled back."""


def check_within(within: float) -> None:
    """Raise InvalidValue for a time that nobody could confirm in, or of more than a day."""
    if not 0 < within <= LONGEST_SECONDS:
        raise InvalidValue(
            f"A change can be confirmed within more than 0 s and at most 24 h, not {within:g} s;"
            " nothing was changed."
        )


def record(
    vault: Vault,
    *,
    since: int,
    within: float,
    now: datetime,
    up: Uptime,
    actor: str,
    reason: str | None,
) -> Reversal | None:
    """Note the reversal of every change after a change id, inside the transaction that made them.

    None where nothing was changed. Raises VersionConflict where another unconfirmed edit of a path
    waits, and what ``undoing`` raises where the value of before could not be written back.
    """
    db = vault.db
    items = _edited(db, since)
    if not items:
        return None
    _refuse_second(db, items, since)
    _rehearse(vault, items)
    deadline = now + timedelta(seconds=within)
    cursor = db.execute_sql(
        f"INSERT INTO pending_reversals({_COLUMNS}) VALUES(NULL,?,?,?,?,?,?,?,?,?,'pending',"
        "NULL,NULL)",
        (
            stamp(now),
            stamp(deadline),
            within,
            up.boot,
            up.seconds + within,
            config_epoch(db),
            actor,
            reason,
            _stored(items),
        ),
    )
    return find(db, int(cursor.lastrowid or 0))


def find(db: Database, number: int) -> Reversal:
    """One reversal; raises UsageError where there is none."""
    found = listed(db, "WHERE id=?", (number,))
    if not found:
        raise UsageError(
            f"There is no unconfirmed change {number}; nothing was changed.",
            hint="'nodedeck pending' lists them.",
        )
    return found[0]


def waiting(db: Database) -> list[Reversal]:
    """The reversals that are neither confirmed nor settled, oldest first."""
    return listed(db, "WHERE state='pending' ORDER BY id")


def newest(db: Database, limit: int) -> list[Reversal]:
    """The newest reversals, settled ones too, newest first."""
    return listed(db, "ORDER BY id DESC LIMIT ?", (limit,))


def noteworthy(db: Database, now: datetime) -> tuple[Reversal, ...]:
    """What findings speak of: the reversals that wait, and what was cancelled within a day."""
    settled = [
        each
        for each in newest(db, _LOOKED_AT)
        if each.cancelled and each.settled_at and now - each.settled_at <= _REMEMBERED
    ]
    return (*(foreseen(db, each) for each in waiting(db)), *settled)


def listed(db: Database, clause: str, values: tuple[object, ...] = ()) -> list[Reversal]:
    """Reversals as the table has them; none where an older database lacks it."""
    if not schema.has_table(db, "pending_reversals"):
        return []
    return [
        _reversal(row)
        for row in db.rows(f"SELECT {_COLUMNS} FROM pending_reversals {clause}", values)
    ]


def hindrance(db: Database, reversal: Reversal, item: Item) -> str:
    """What keeps an entity from being reverted, empty where nothing does."""
    if reversal.epoch != config_epoch(db):
        return "the database was restored"
    since = db.rows(
        "SELECT id, actor FROM audit_log WHERE path=? AND id>? AND action<>'R'"
        " ORDER BY id DESC LIMIT 1",
        (item.path, item.change),
    )
    if since:
        return f"{since[0][1] or 'an external writer'} changed it (change #{since[0][0]})"
    if not undoing.same(item.path, undoing.present(db, item.path), item.new):
        return "it has another value"
    return ""


def foreseen(db: Database, reversal: Reversal) -> Reversal:
    """A reversal that waits, with the entities that would keep their value as cancelled."""
    items = [
        replace(item, outcome=State.CANCELLED, why=stood) if stood else item
        for item in reversal.items
        for stood in (hindrance(db, reversal, item),)
    ]
    return replace(reversal, items=tuple(items))


def moved_on(db: Database, reversal: Reversal) -> bool:
    """Whether there is nothing left of an edit that could be reverted."""
    return len(foreseen(db, reversal).cancelled) == len(reversal.items)


def settle(vault: Vault, reversal: Reversal, now: datetime, by: str) -> Reversal:
    """Revert what still stands of an edit and cancel the rest, inside the caller's transaction."""
    settled = [_settled(vault, reversal, item) for item in reversed(reversal.items)][::-1]
    reverted = any(item.outcome == State.REVERTED for item in settled)
    state = State.REVERTED if reverted else State.CANCELLED
    return _close(vault.db, replace(reversal, items=tuple(settled)), state, now, by)


def confirm(db: Database, reversal: Reversal, now: datetime, by: str) -> Reversal:
    """Keep an edit, inside the caller's transaction."""
    return _close(db, reversal, State.CONFIRMED, now, by)


def why(reversal: Reversal, *, late_by: str = "") -> str:
    """The reason under which a reversal stands in the history."""
    ids = undoing.reason_for(item.change for item in reversal.items)
    late = f", late, by {late_by}" if late_by else ""
    return f"not confirmed within {reversal.within:g} s: {ids}{late}"


def _edited(db: Database, since: int) -> list[Item]:
    """Each entity that was changed after a change id, once, in the order of its last change."""
    found: dict[str, Item] = {}
    rows = db.rows(
        "SELECT id, path, old_json, new_json FROM audit_log WHERE id>? AND action<>'R' ORDER BY id",
        (since,),
    )
    for change, path, old, new in rows:
        before = found.pop(path, None)
        found[path] = Item(path, change, before.old if before else old, new)
    return [item for item in found.values() if not undoing.same(item.path, item.old, item.new)]


def _refuse_second(db: Database, items: Sequence[Item], since: int) -> None:
    """Two reversals of one path would bring back a value that nobody confirmed."""
    mine = {item.path for item in items}
    for other in waiting(db):
        for item in other.items:
            newest = "SELECT max(id) FROM audit_log WHERE path=? AND id<=? AND action<>'R'"
            if item.path in mine and db.value(newest, (item.path, since)) == item.change:
                raise VersionConflict(
                    f"{item.path} has an unconfirmed change already (#{item.change}), which"
                    f" reverts at {stamp(other.deadline)}; nothing was changed.",
                    hint=f"Keep it first with 'nodedeck confirm {other.id}', or wait.",
                )


def _rehearse(vault: Vault, items: Sequence[Item]) -> None:
    """Revert and take that back, so that an edit which could not be reverted is never made."""
    try:
        with vault.db.writing():
            for item in reversed(items):
                undoing.refuse_untold(vault.db, item.path, item.change, item.old, item.new)
                undoing.put_back(vault, item.path, item.change, item.old)
            raise _Rehearsed
    except _Rehearsed:
        return


def _settled(vault: Vault, reversal: Reversal, item: Item) -> Item:
    if stood := hindrance(vault.db, reversal, item):
        return replace(item, outcome=State.CANCELLED, why=stood)
    try:
        with vault.db.writing():
            undoing.put_back(vault, item.path, item.change, item.old)
    except (UsageError, Refused) as fault:
        # the rest is reverted all the same, and no writer waits for what can never be done
        return replace(item, outcome=State.CANCELLED, why=fault.message)
    return replace(item, outcome=State.REVERTED)


def _close(db: Database, reversal: Reversal, state: State, now: datetime, by: str) -> Reversal:
    db.execute_sql(
        "UPDATE pending_reversals SET state=?, settled_at=?, settled_by=?, items_json=? WHERE id=?",
        (state, stamp(now), by, _stored(reversal.items), reversal.id),
    )
    return replace(reversal, state=state, settled_at=now, settled_by=by)


def _stored(items: Iterable[Item]) -> str:
    return codec.dump([asdict(item) for item in items])


def _reversal(row: tuple[Any, ...]) -> Reversal:
    number, at, deadline, within, boot, boot_deadline, epoch, actor, reason, items, *end = row
    state, settled_at, settled_by = end
    return Reversal(
        number,
        _time(at),
        _time(deadline),
        within,
        boot,
        boot_deadline,
        epoch,
        actor,
        reason,
        tuple(Item(**item) for item in codec.load(items)),
        State(state),
        _time(settled_at) if settled_at else None,
        settled_by,
    )


def _time(text: str) -> datetime:
    found = parse_time(text)
    if found is None:
        raise InvalidValue(f"{text!r} in pending_reversals is no time.")
    return found
