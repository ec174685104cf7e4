"""The transaction of an import: the plan's values, read back as they were written; the receipt."""

from __future__ import annotations

import socket
from typing import Any

from store import latest, writes
from store.database import Database
from store.errors import NodedeckError, VersionConflict
from store.importing import plan as planning
from store.importing import receipts, standing
from store.importing.plan import Plan
from store.importing.progress import Course, Phase
from store.importing.storing import store
from store.manager import ConfigManager
from store.paths import Kind, split
from store.sealing import places
from store.sealing.places import State
from store.sealing.vault import Vault


def commit(
    manager: ConfigManager,
    approved: Plan,
    facts: dict[str, Any],
    reason: str | None,
    course: Course,
) -> tuple[int, bool]:
    """Write a plan; the receipt's number, and whether a value that stood in clear was sealed.

    ``facts`` is what the receipt says besides the plan. Raises VersionConflict where the database
    is no longer what the plan was made against, NodedeckError where a value does not read back,
    and Cancelled; then nothing was written.
    """
    why = reason or f"import of {', '.join(each.path.name for each in approved.sources)}"
    with manager.transaction(why) as db:
        check_unmoved(db, approved)
        first = latest.newest_id(db) + 1
        for some in course.batches(Phase.WRITE, approved.writes):
            store(db, some)
        _describe_flags(db, approved)
        cleared = manager.seal_imported(approved.seals, why)
        _read_back(manager, approved, course)
        receipt = {
            **planning.as_json(approved),
            "schema": receipts.IMPORT,
            "reason": why,
            "changes": [first, latest.newest_id(db)],
            **facts,
        }
        number = receipts.keep(manager, socket.gethostname(), receipt)
        course.check()
    return number, cleared


def _describe_flags(db: Database, approved: Plan) -> None:
    """Say of the flags that another database gave what they are for, which no value holds."""
    flags = {write.path for write in approved.writes if write.kind is Kind.FLAG}
    for source in approved.sources:
        for path, description in source.descriptions:
            if path in flags:
                writes.describe_flag(db, split(path)[1], description)


def check_unmoved(db: Database | None, approved: Plan) -> None:
    """Raise VersionConflict where the plan would be another by now; in the caller's transaction.

    ``db`` is None where there is no database yet.
    """
    if approved.seen is not None and approved.seen == standing.moment(db):
        return
    present: planning.Present = planning.nothing
    judge: planning.Judge = planning.anything
    if db is not None:
        present, judge = standing.present_in(db), standing.judge_in(db)
    again = planning.make(approved.sources, present, approved.choices, judge)
    if again.writes != approved.writes or (approved.seals and again.seals != approved.seals):
        raise VersionConflict(
            "The database was changed since the plan was made; nothing was changed.",
            hint="Plan the import again.",
        )


def _read_back(manager: ConfigManager, approved: Plan, course: Course) -> None:
    """Raise NodedeckError where the database gives another value back than was written."""
    present = standing.present_in(manager.database, many=len(approved.writes))
    for write in course.steps(Phase.VERIFY, approved.writes):
        if planning.differ(write.path, write.value, present(write.path, write.kind)):
            raise _not_read_back(write.path)
    vault = Vault(manager.database, manager.master_key)
    for seal in approved.seals:
        place = places.at(seal.path)
        found = places.find(manager.database, place)
        if found.state is not State.SEALED or vault.open(found) != place.unpacked(
            place.packed(seal.value)
        ):
            raise _not_read_back(seal.path)


def _not_read_back(path: str) -> NodedeckError:
    return NodedeckError(f"{path} did not read back as it was written; nothing was changed.")
