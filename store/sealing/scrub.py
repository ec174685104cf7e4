"""Leaving no clear copy behind: free pages zeroed, the write-ahead log cut, the file rebuilt."""

from __future__ import annotations

from store.database import Database
from store.errors import NodedeckError


def careful(db: Database) -> None:
    """Have this connection overwrite with zeros what it deletes; before the transaction."""
    db.execute_sql("PRAGMA secure_delete=ON")


def scrub(db: Database) -> str:
    """Take former values out of free pages and write-ahead log, outside any transaction.

    The sentence of what is in the way, empty where nothing is left. What was committed stays
    committed either way, and calling it again is how to go on.
    """
    try:
        if _emptied(db):
            # deleted pages that were freed before anybody was careful
            db.execute_sql("VACUUM")
            if _emptied(db):
                return ""
        return (
            f"A program that reads {db.path} keeps its write-ahead log: former values may still"
            " stand in that file. Run 'nodedeck secret seal' again once it has ended."
        )
    except NodedeckError as failure:
        return (
            f"Former values may still stand in free pages of {db.path}: {failure.message}"
            " Run 'nodedeck secret seal' again."
        )


def _emptied(db: Database) -> bool:
    """Fold the write-ahead log back and cut it to nothing; whether no reader kept it."""
    with db.plainly():
        busy, _, _ = db.rows("PRAGMA wal_checkpoint(TRUNCATE)")[0]
    return not busy
