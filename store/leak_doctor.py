"""The leak doctor: sealed values that stand in clear in files, and files that others can read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from store import file_checks
from store.database import Database
from store.errors import NodedeckError
from store.findings import Finding
from store.locations import Locations
from store.manager import ConfigManager
from store.operations.leaking import Wanted
from store.sealing import keyfile, leaks, places, suspects
from store.sealing.leaks import Report
from store.sealing.places import State


def look(
    locations: Locations, *, actor: str, clock: Callable[[], datetime], read_only: bool = False
) -> Report:
    """Look for every sealed value in the host's files; nothing but the access log is written.

    ``read_only`` leaves the values shut, since a look at them could not be put on record; the
    report says so. Faults are in the report, too: what could be looked at was.
    """
    try:
        sealed = _sealed(locations)
        if not sealed:
            return Report()
        if read_only:
            return Report(left_out=(_unread(sealed),))
        with ConfigManager.open(locations, actor=actor, clock=clock) as manager:
            wanted = manager.wanted()
    except NodedeckError as fault:
        return Report(left_out=(f"The files were not searched for sealed values: {fault}",))
    return _searched(locations, wanted)


def _sealed(locations: Locations) -> int:
    db = Database(locations.database, read_only=True)
    try:
        with db.reading():
            return sum(each.state is State.SEALED for each in places.listed(db))
    finally:
        db.close()


def _unread(count: int) -> str:
    return (
        f"The files were not searched for the {count:,} sealed values: to open them is put on"
        " record, and this call is read-only."
    )


def _searched(locations: Locations, wanted: Wanted) -> Report:
    found, left_out = leaks.search(suspects.find(locations), wanted.needles)
    return Report(found, wanted.tables, (*wanted.left_out, *left_out))


def modes(locations: Locations) -> Iterator[Finding]:
    """The copies, exports and backups that every user of the host can read, as findings."""
    yield from leaks.modes(suspects.find(locations).suspects)


def loose(locations: Locations) -> list[tuple[Path, bool]]:
    """The files whose modes are too wide; with True those that even their group must not read."""
    own = [(path, False) for path in file_checks.open_to_others(locations)]
    beside = [(each.path, False) for each in leaks.exposed(suspects.find(locations).suspects)]
    key = locations.master_key
    keys = [] if key is None else [(path, True) for path in keyfile.exposed(key)]
    return [*own, *beside, *keys]
