"""The last epochs one by one: was the seed there, and was its reward claimed?"""

from __future__ import annotations

from typing import Final

from store import outlook
from store.database import Database
from store.models import EpochMark, Snapshot

INDEX: Final = "seed_info_epoch"
_SEEK: Final = (
    f"SELECT claimed FROM seed_info INDEXED BY {INDEX} WHERE epoch_index=? ORDER BY id DESC LIMIT 1"
)


def last_epochs(db: Database, snapshot: Snapshot, count: int) -> tuple[EpochMark, ...]:
    """At most ``count`` epochs that are over, oldest first, inside the caller's read transaction.

    One seek an epoch: a daemon writes thousands of rows for each, of which the newest counts. It
    begins with the first epoch of these that has a seed. Empty where no epoch is over, and where
    an older schema that is only read has no index to seek in.
    """
    last = _last(snapshot)
    if last is None or not db.rows("SELECT 1 FROM sqlite_master WHERE name=?", (INDEX,)):
        return ()
    marks: list[EpochMark] = []
    for epoch in range(max(1, last - count + 1), last + 1):
        rows = db.rows(_SEEK, (epoch,))
        if rows or marks:
            marks.append(EpochMark(epoch=epoch, claimed=rows[0][0] == 1 if rows else None))
    return tuple(marks)


def _last(snapshot: Snapshot) -> int | None:
    """The epoch before the current one."""
    if (current := outlook.seed(snapshot, "current")) is not None:
        return current.epoch_index - 1
    previous = outlook.seed(snapshot, "previous")
    return None if previous is None else previous.epoch_index
