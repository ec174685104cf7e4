"""Searching the access log, as the audit log is searched: by key, one bounded step at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from store import paths, schema
from store.database import Database
from store.sealing import access
from store.sealing.access import EVERYTHING, Access
from store.searching import ROWS, Search

STEP_ROWS: Final = 2_000


@dataclass(frozen=True, slots=True)
class FoundAccesses:
    """What one step found, newest first.

    ``before`` is the id below which the next step goes on, None where the search is through;
    ``newest`` is the newest id that was looked at, 0 where there was none.
    """

    accesses: tuple[Access, ...]
    before: int | None
    newest: int = 0


def step(
    db: Database, wanted: Search, *, before: int | None = None, after: int = 0
) -> FoundAccesses:
    """Look from an id downwards, None for the newest, as far as another id, at so many rows."""
    if not schema.has_table(db, access.TABLE):  # an older database that is only read
        return FoundAccesses((), None)
    found: list[Access] = []
    seen = access.listed(db, before=before, after=after, limit=STEP_ROWS)
    last = None
    for each in seen:
        last = each.id
        if _finds(wanted, each):
            found.append(each)
        if len(found) == ROWS:
            break
    through = last == seen[-1].id and len(seen) < STEP_ROWS if seen else True
    return FoundAccesses(tuple(found), None if through else last, seen[0].id if seen else 0)


def _finds(wanted: Search, each: Access) -> bool:
    """Whether an access is one that is looked for: all of it."""
    if wanted.actor and wanted.actor not in each.actor.casefold():
        return False
    if wanted.since is not None and (each.at is None or each.at < wanted.since):
        return False
    if wanted.pattern is not None and not (
        each.path == EVERYTHING or wanted.pattern.touches(paths.split(each.path))
    ):
        return False
    told = (each.act, each.path, each.actor, each.reason, each.result, each.terminal, each.address)
    text = "\n".join(told).casefold()
    return all(word in text for word in wanted.words)
