"""The folder of backups as it is: what each file claims to be, and how much room all of it takes.

To look costs a stat and the manifest of each new file; no database is opened for it. What a backup
claims is proven by ``backup.verify`` alone.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from store import backup as backups
from store import codec, database, files, latest, paths
from store.backup import Backup
from store.copying import Still
from store.errors import ForeignDatabase, NodedeckError
from store.locations import Locations

_MAGIC: Final = b"SQLite format 3\0"
_HEADER: Final = 100
_MANIFEST_BYTES: Final = 65_536
_HEIGHT: Final = paths.Address("current_height", paths.Kind.CHAIN)

Stamp = tuple[tuple[int, int, int] | None, ...]
"""Inode, size and time of each of ``backup.files_of``: another one where any of them was written.

None stands for a file that is not there.
"""


@dataclass(frozen=True, slots=True)
class Item:
    """One file of the folder; ``backup`` is None where it is no backup of this database.

    What it claims of itself is unproven, and None or empty where it claims nothing. ``fault`` says
    what is wrong with it as far as a look tells, and ``foreign`` that nodedeck leaves it alone.
    """

    path: Path
    size: int
    stamp: Stamp
    backup: Backup | None = None
    at: datetime | None = None
    given: str = ""
    actor: str = ""
    height: int | None = None
    schema_version: int | None = None
    fault: str = ""
    foreign: bool = False

    @property
    def name(self) -> str:
        """What it is called: a backup by its name, another file by that of the file."""
        return self.path.name if self.backup is None else self.backup.name

    @property
    def told(self) -> bool:
        """Whether there is nothing more to be learned by opening it."""
        return bool(self.fault) or self.foreign or self.schema_version is not None


@dataclass(frozen=True, slots=True)
class Folder:
    """The files of a folder, newest backup first, then what is none; ``size`` is of all its files.

    Sizes are in bytes.
    """

    items: tuple[Item, ...] = ()
    size: int = 0

    @property
    def backups(self) -> int:
        """How many of the files are backups of this database."""
        return sum(item.backup is not None for item in self.items)


def look(locations: Locations, known: Mapping[Path, Item]) -> Folder:
    """The folder as it is now; what is ``known`` is not read again unless it was written.

    A file that goes meanwhile is none. Raises NodedeckError where the folder cannot be read.
    """
    folder = backups.folder_of(locations)
    try:
        there = {path.name: found for path in folder.iterdir() if (found := _stat(path))}
    except FileNotFoundError:
        return Folder()
    except OSError as error:
        raise files.cannot("read", folder, error) from error
    paths = [folder / name for name in there]
    aged = [(age, path) for path in paths if (age := backups.age_of(path, locations))]
    parts = {path: backups.files_of(path) for _, path in sorted(aged, reverse=True)}
    taken = {part.name for path in parts for part in (*parts[path], *database.side_files(path))}
    rest = sorted(path for path in paths if path.name not in taken and path.name[0] != ".")
    items = []
    for path in (*parts, *rest):
        stamp = tuple(_mark(there.get(part.name)) for part in parts.get(path, (path,)))
        was = known.get(path)
        if was is not None and was.stamp == stamp:
            items.append(was)
        else:
            items.append(_item(path, there[path.name], stamp, ours=path in parts))
    return Folder(tuple(items), sum(found.st_size for found in there.values() if _plain(found)))


def opened(item: Item) -> Item:
    """The same with what only the database itself tells, for a backup whose manifest does not.

    It is opened as a file that nobody writes, so that nothing appears beside it.
    """
    if item.backup is None or item.told:
        return item
    try:
        db = Still(item.path)
        try:
            with db.reading():
                version = int(db.value("SELECT value FROM meta WHERE key='schema_version'"))
                height = latest.value_at(db, _HEIGHT)
        finally:
            db.close()
    except NodedeckError as fault:
        return replace(item, fault=fault.message, foreign=isinstance(fault, ForeignDatabase))
    return replace(item, height=_number(height), schema_version=version)


def unchanged(item: Item) -> bool:
    """Whether a file and what belongs to it are as they were when it was looked at."""
    return item.stamp == tuple(_mark(_stat(part)) for part in backups.files_of(item.path))


def _stat(path: Path) -> os.stat_result | None:
    """What a path leads to, else the link itself; None where it is gone."""
    for follow in (True, False):
        try:
            return path.stat(follow_symlinks=follow)
        except OSError:  # a link may lead nowhere, or to itself
            continue
    return None


def _plain(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode)


def _mark(found: os.stat_result | None) -> tuple[int, int, int] | None:
    return None if found is None else (found.st_ino, found.st_size, found.st_mtime_ns)


def _item(path: Path, found: os.stat_result, stamp: Stamp, *, ours: bool) -> Item:
    size = found.st_size
    if not ours:
        fault = f"{path.name} is no backup of this database by its name; it is left alone."
        return Item(path, size, stamp, fault=fault, foreign=True)
    if not _plain(found):
        fault = f"{path.name} is no regular file; it is left alone."
        return Item(path, 0, stamp, fault=fault, foreign=True)
    kept: dict[str, Any] = {}
    try:
        if files.exists(backups.manifest_of(path)):
            kept = _manifest(backups.manifest_of(path))
        fault = _header_fault(path, size, kept)
    except NodedeckError as error:
        fault = str(error)
    text = kept.get("at")
    return Item(
        path,
        size,
        stamp,
        Backup(path, size, kept),
        at=latest.parse_time(text) if isinstance(text, str) else None,
        given=_text(kept.get("name")),
        actor=_text(kept.get("actor")),
        height=_number(kept.get("height")),
        # one without a height is opened, which tells both
        schema_version=_number(kept.get("schema_version")) if "height" in kept else None,
        fault=fault,
    )


def _manifest(path: Path) -> dict[str, Any]:
    """What a manifest says; nothing where it is none."""
    loaded = codec.load(files.read(path, limit=_MANIFEST_BYTES).decode("utf-8", "replace"))
    return loaded if isinstance(loaded, dict) else {}


def _header_fault(path: Path, size: int, kept: Mapping[str, Any]) -> str:
    """What the first bytes tell: that it is no database, or not all of it."""
    head = files.head(path, _HEADER)
    if not head.startswith(_MAGIC) or len(head) < _HEADER:
        return f"{path.name} is damaged: it is no SQLite database."
    (page,), (count,) = struct.unpack(">H", head[16:18]), struct.unpack(">I", head[28:32])
    wanted = count * (65_536 if page == 1 else page)
    if size < wanted:
        return f"{path.name} is damaged: it has {size:,} of {wanted:,} bytes."
    if _number(kept.get("size")) not in (None, size):
        return f"{path.name} is not the file that its manifest describes (its size differs)."
    return ""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    return value if type(value) is int else None
