"""Start-up beside a legacy file: does its import wait to be done?"""

from __future__ import annotations

from store import files, latest
from store.database import Database
from store.errors import NodedeckError
from store.locations import Locations


def waiting(locations: Locations) -> bool:
    """Whether the config file holds dynamic keys that no database has taken yet.

    A database that cannot be opened or a file that cannot be read is none: whoever opens it says
    so better.
    """
    try:
        if not (files.exists(locations.config) and _unfilled(locations)):
            return False
    except NodedeckError:
        return False
    from store import static_file  # only a database in which nothing has happened needs it

    return bool(static_file.load(locations.config).stale)


def _unfilled(locations: Locations) -> bool:
    if not files.exists(locations.database):
        return True
    database = Database(locations.database, read_only=True)
    try:
        return latest.newest_id(database) == 0
    finally:
        database.close()


def offer(locations: Locations) -> str:
    """The sentence that offers the import."""
    state = "empty" if locations.database.exists() else "not there yet"
    return (
        f"{locations.config} still holds the dynamic state and the database is {state}:"
        f" 'nodedeck import apply {locations.config} --yes --rewrite' moves it, with a backup."
    )
