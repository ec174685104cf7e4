"""What the screens of backups work with: the folder, what was verified, and work in threads.

Everything that reads or writes a backup goes through here, in a thread that is never broken off,
and nothing here shows anything. There is one for a console, so that a verdict outlives its screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from store import backup as backups
from store import backup_folder, backup_inside, files, restoring
from store.backup import Backup
from store.backup_folder import Folder, Item, Stamp
from store.backup_inside import Inside
from store.copying import Told
from store.errors import NodedeckError, VersionConflict
from store.restoring import Plan, Restored
from tui.session import Session
from tui.store_thread import in_thread


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying a backup found, and when; it holds for the files as they were then."""

    stamp: Stamp
    at: datetime
    faults: tuple[str, ...]


class Desk:
    """The backups of one database, for all screens of one console."""

    def __init__(self, session: Session, clock: Callable[[], datetime], *, host: str) -> None:
        self.session = session
        self.clock = clock
        self.host = host
        self.folder = Folder()
        """What the folder held when it was last looked at."""
        self.checking: set[Path] = set()
        """The files that are being read as a whole."""
        self._verdicts: dict[Path, Verdict] = {}
        self._under_way: list[str] = []
        self._asked = False

    async def look(self) -> Folder:
        """The folder as it is now; raises NodedeckError where it cannot be read."""
        known = {item.path: item for item in self.folder.items}
        places = self.session.locations
        found = await in_thread(lambda: backup_folder.look(places, known), name="backups")
        if found != self.folder:
            self.folder = found
        return self.folder

    async def open(self, item: Item) -> None:
        """Learn what a backup's manifest does not tell."""
        told = await in_thread(lambda: backup_folder.opened(item), name="backups")
        items = (told if one is item else one for one in self.folder.items)
        self.folder = Folder(tuple(items), self.folder.size)

    def item(self, path: Path) -> Item | None:
        """A file of the folder as it was last seen, None where it is gone."""
        return next((item for item in self.folder.items if item.path == path), None)

    def verdict(self, item: Item) -> Verdict | None:
        """What was found of a file as it is now, None where it was not verified yet."""
        found = self._verdicts.get(item.path)
        return found if found is not None and found.stamp == item.stamp else None

    async def create(self, name: str, told: Told) -> Backup:
        """Make a backup; raises what ``backup.create`` raises, and what ``told`` does."""
        session = self.session

        def work() -> Backup:
            return backups.create(
                session.locations,
                actor=session.actor,
                host=self.host,
                clock=self.clock,
                name=name,
                told=told,
            )

        with self._working("A backup is being made"):
            return await in_thread(work, name="backup")

    async def verify(self, item: Item) -> Verdict:
        """Prove a backup; raises NodedeckError where it is gone or another program's."""
        faults = await in_thread(lambda: tuple(backups.verify(_there(item))), name="verify")
        return self._found(item, faults)

    def _found(self, item: Item, faults: tuple[str, ...]) -> Verdict:
        found = Verdict(item.stamp, self.clock(), faults)
        self._verdicts[item.path] = found
        return found

    async def inside(self, item: Item) -> Inside:
        """What is in a backup, unproven; raises NodedeckError where it cannot be read."""
        places = self.session.locations
        return await in_thread(lambda: backup_inside.read(_there(item), places), name="inside")

    async def plan(self, item: Item) -> Plan:
        """What a restore would change, of a backup that is proven by it; raises as ``plan``."""
        places = self.session.locations
        made = await in_thread(lambda: restoring.plan(_there(item), places), name="plan")
        self._found(item, ())
        return made

    async def restore(self, planned: Plan, reason: str | None) -> Restored:
        """Restore; raises what ``restoring.apply`` raises, with nothing changed."""
        session = self.session

        def work() -> Restored:
            return restoring.apply(
                planned,
                actor=session.actor,
                host=self.host,
                clock=self.clock,
                reason=reason or session.reason,
            )

        with self._working("A restore is under way"):
            return await in_thread(work, name="restore")

    async def remove(self, item: Item) -> None:
        """Remove a backup; raises VersionConflict where its files are not those that were seen."""

        def work() -> None:
            there = _there(item)
            if not backup_folder.unchanged(item):
                raise VersionConflict(
                    f"{item.name} was written since it was shown; nothing was removed.",
                    hint="Cancel, and look at it again.",
                )
            backups.remove(there)

        await in_thread(work, name="remove")

    @contextmanager
    def _working(self, what: str) -> Iterator[None]:
        self._under_way.append(what)
        try:
            yield
        finally:
            self._under_way.remove(what)
            self._asked = False

    def stay(self) -> str:
        """Why the console should not be left yet; empty where nothing is under way, or asked twice.

        To leave breaks off what runs: nothing is changed by it, but temporary files stay.
        """
        if not self._under_way or self._asked:
            return ""
        self._asked = True
        return f"{self._under_way[0]} and ends in a moment; ctrl+c again breaks it off."

    @property
    def without_database(self) -> str:
        """Why there is nothing that could be backed up or restored into, empty where there is."""
        if not self.session.file_mode:
            return ""
        return (
            f"This console reads {self.session.locations.config.name} alone, without a database:"
            " there is nothing to back up or to restore into."
        )


def _there(item: Item) -> Backup:
    """The backup of a file that still is one of ours; raises NodedeckError where it is not."""
    if item.backup is None or item.foreign:
        raise NodedeckError(item.fault)
    if not files.exists(item.path):
        raise NodedeckError(f"{item.name} is gone: somebody removed it; nothing was changed.")
    return backups.look(item.path)
