"""Restoring a backup into the live database, in one transaction that open connections see.

What will be restored is made ready in a private copy first: brought to this program's schema, with
a config epoch of its own and a marker that says what was restored, when and by whom. SQLite's
backup then writes that copy into the live file. Before the first page of it counts, and with the
live file's write lock held, the present state is kept as a backup, so that no commit falls
between the two.
"""

from __future__ import annotations

import sqlite3
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from store import backup as backups
from store import codec, copying, database, documents, files, schema
from store.backup import Backup
from store.collecting import held_back
from store.database import BUSY_MS, Database
from store.errors import Damaged, VersionConflict
from store.locations import Locations
from store.models import FieldChange

MARKER: Final = "restored_from"
SAFETY_NAME: Final = "before-restore"
# fewer pages than the smallest database has, so that the first step is never the last
_PAGES: Final = 8
_ACCESS: Final = "at,actor,act,path,terminal,address,reason,result"
_PUT_META: Final = (
    "INSERT INTO meta(key,value) VALUES(?,?) ON CONFLICT(key) DO UPDATE SET value=excluded.value"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a restore would change; ``creates`` where there is no database yet."""

    backup: Backup
    digest: str
    locations: Locations
    changes: tuple[FieldChange, ...]
    creates: bool
    config_differs: bool


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did: the backup of the state before it, None where there was none."""

    safety: Backup | None
    config_epoch: str


@held_back()
def plan(backup: Backup, locations: Locations) -> Plan:
    """Check a backup and compare it with the present state; nothing is changed.

    Raises Damaged naming every fault where the backup cannot be trusted, SchemaTooNew where
    a later nodedeck made it, ForeignDatabase where another program did, and what ``Database``
    raises where the live database cannot be read.
    """
    if faults := backups.verify(backup):
        raise Damaged(
            f"The backup {backup.name} cannot be trusted; nothing was changed. {' '.join(faults)}",
            hint="Take another: 'nodedeck backup list'.",
        )
    kept, version = held(backup.path)
    schema.check_writable(version)
    creates = not files.exists(locations.database)
    now = {} if creates else held(locations.database)[0]
    return Plan(
        backup,
        backups.digest(backup.path),
        locations,
        tuple(differences(now, kept)),
        creates,
        config_differs(backup, locations.config),
    )


def differences(old: dict[str, object], new: dict[str, object]) -> Iterator[FieldChange]:
    """The leaves in which two documents differ, None where one has none; in the new one's order."""
    before, after = (codec.leaves(each) if each else {} for each in (old, new))
    for path in dict.fromkeys((*after, *before)):
        was, now = before.get(path), after.get(path)
        if (was, type(was), path in before) != (now, type(now), path in after):
            yield FieldChange(path=path, old=was, new=now)


def apply(
    approved: Plan,
    *,
    actor: str,
    host: str,
    clock: Callable[[], datetime],
    reason: str | None = None,
    busy_ms: int = BUSY_MS,
) -> Restored:
    """Restore what a plan says, or change nothing.

    Raises VersionConflict where the backup's file was changed since the plan was made, Busy where
    another writer keeps the live database locked, and NodedeckError where a file cannot be
    written.
    """
    locations, path = approved.locations, approved.locations.database
    backups.made_folder(locations)
    marker = {
        "backup": str(approved.backup.path.absolute()),
        "sha256": approved.digest,
        "at": clock().astimezone(UTC).isoformat(timespec="milliseconds"),
        "actor": actor,
        "host": host,
        "reason": reason,
    }
    kept: list[Backup] = []

    def keep_present() -> None:
        if not kept and not approved.creates:
            kept.append(
                backups.create(locations, actor=actor, host=host, clock=clock, name=SAFETY_NAME)
            )

    with (
        _live(path, create=approved.creates, busy_ms=busy_ms) as live,
        _ready(approved, live, marker) as (ready, epoch),
    ):
        try:
            copying.copy(ready, live, path, pages=_PAGES, between=keep_present)
        except BaseException:
            for safety in kept:  # nothing was restored, so it is of no use
                backups.discard(safety.path)
            raise
    return Restored(kept[0] if kept else None, epoch)


def held(path: Path) -> tuple[dict[str, object], int]:
    """What a database holds of the document, and its schema version; raises as ``plan`` does."""
    with copying.opened(path) as db:
        return documents.database_tree(db), schema.version_of(db)


def config_differs(backup: Backup, config: Path) -> bool:
    """Whether the config file is not what it was when a backup was made."""
    copied = backup.config
    if copied is None:
        return False
    return not files.exists(config) or files.read(config) != files.read(copied)


@contextmanager
def _live(path: Path, *, create: bool, busy_ms: int) -> Iterator[sqlite3.Connection]:
    """A connection to the live file, which is made where there is none and goes on failure."""
    if create:
        files.create(path)
    else:
        Database(path).close()  # another program's or a later nodedeck's is refused here
    try:
        with copying.connected(path, busy_ms=busy_ms) as live:
            # readers of the present state go on while the write lock is held
            live.execute("PRAGMA journal_mode=WAL")
            yield live
    except BaseException:
        if create:
            for leftover in (path, *database.side_files(path)):
                leftover.unlink(missing_ok=True)
        raise


@contextmanager
def _ready(
    approved: Plan, live: sqlite3.Connection, marker: dict[str, str | None]
) -> Iterator[tuple[sqlite3.Connection, str]]:
    """A private copy of the backup as it will be restored, and its new config epoch."""
    folder = backups.folder_of(approved.locations)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=folder) as private:
        path = Path(private) / approved.backup.path.name
        files.create(path)
        source = Database(approved.backup.path, read_only=True)
        try:
            with copying.connected(path) as target:
                copying.copy_whole(source, target, path)
        finally:
            source.close()
        if backups.digest(approved.backup.path) != approved.digest:
            raise VersionConflict(
                f"{approved.backup.path} was changed since it was checked; nothing was changed.",
                hint="Check it again with 'nodedeck backup verify'.",
            )
        Database(path).close()  # brings an older schema up to this program's
        with copying.connected(path) as ready:
            yield ready, _marked(ready, live, marker)


def _marked(
    ready: sqlite3.Connection, live: sqlite3.Connection, marker: dict[str, str | None]
) -> str:
    """Give the copy its new epoch, its marker and what it must share with the live file."""
    epoch = str(uuid.uuid4())
    ready.execute("BEGIN IMMEDIATE")
    ready.execute(_PUT_META, ("config_epoch", epoch))
    ready.execute(_PUT_META, (MARKER, codec.dump(marker)))
    used = _last_id(live)
    if used > _last_id(ready):
        # an id that was given out stays given out: "undo 812" must never mean another change
        ready.execute("DELETE FROM sqlite_sequence WHERE name='audit_log'")
        ready.execute("INSERT INTO sqlite_sequence(name,seq) VALUES('audit_log',?)", (used,))
    _keep_accesses(ready, live)
    ready.execute("COMMIT")
    ready.execute("PRAGMA journal_mode=DELETE")
    (size,) = live.execute("PRAGMA page_size").fetchone()
    if ready.execute("PRAGMA page_size").fetchone() != (size,):
        # a file in WAL mode keeps its page size
        ready.execute(f"PRAGMA page_size={int(size)}")
        ready.execute("VACUUM")
    return epoch


def _keep_accesses(ready: sqlite3.Connection, live: sqlite3.Connection) -> None:
    """Bring the live file's looks at secrets along: no restore takes one off the record."""
    if live.execute("SELECT 1 FROM sqlite_master WHERE name='access_log'").fetchone() is None:
        return
    looks = f"SELECT {_ACCESS} FROM access_log ORDER BY id"
    known = set(ready.execute(looks))
    ready.executemany(
        f"INSERT INTO access_log({_ACCESS}) VALUES({','.join('?' * len(_ACCESS.split(',')))})",
        [row for row in live.execute(looks) if row not in known],
    )


def _last_id(connection: sqlite3.Connection) -> int:
    """The highest change id ever given out, 0 for a file without a log."""
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name='sqlite_sequence'")
    if there.fetchone() is None:
        return 0
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name='audit_log'").fetchone()
    return int(row[0]) if row else 0
