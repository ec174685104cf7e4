"""The files in which a sealed value may still stand in clear, and what may be done about each."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from store import backup, database, files
from store.errors import NodedeckError
from store.locations import Locations
from store.static_file import is_dynamic, parsed

MOST_FILES: Final = 400
"""Files that are looked at; of more, the newest."""
LARGEST: Final = 256 * 2**20
"""Bytes of a file that is searched."""
MOST_BYTES: Final = 2 * 2**30
"""Bytes that are searched in all."""
_LARGEST_EXPORT: Final = 4 * 2**20
_COPY: Final = ".pre-migration."
_EXPORT: Final = "api-config-full."
_ENDINGS: Final = (".yaml", ".yml", ".json", ".toml", ".env", ".bak", ".old", ".orig", ".save", "~")


class Kind(StrEnum):
    """What a file is, which decides what may be done about it."""

    DATABASE = "database"
    LOG = "write-ahead log"
    CONFIG = "config file"
    COPY = "pre-migration copy"
    EXPORT = "export"
    BACKUP = "backup"
    OTHER = "file beside the config file"


SHREDDED: Final = (Kind.COPY, Kind.EXPORT)
"""What may be overwritten and removed: copies of what stands elsewhere."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A regular file, as it was when it was found; ``stamp`` changes with its content."""

    path: Path
    kind: Kind
    mode: int
    size: int
    stamp: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Found:
    """The files to look at, newest first, and in sentences what is not looked at."""

    suspects: tuple[Suspect, ...]
    left_out: tuple[str, ...] = ()


def stamp_of(found: os.stat_result) -> tuple[int, int, int, int]:
    """What changes when a file's content does, or when it is replaced."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def find(locations: Locations) -> Found:
    """The host's own files, what stands beside them, and the backups.

    Links beside them are not followed: what they lead to has an owner of its own.
    """
    place = locations.database.resolve()
    own = [(locations.database, Kind.DATABASE), (locations.config, Kind.CONFIG)]
    own.append((database.side_files(place)[0], Kind.LOG))
    first = [one for path, kind in own if (one := _looked(path, kind, follow=True))]
    known = {one.stamp[:2] for one in first}
    left_out: list[str] = []
    beside: dict[Path, Suspect] = {}
    folders = dict.fromkeys((locations.config.resolve().parent, locations.config.parent.resolve()))
    for folder in (*folders, place.parent, backup.folder_of(locations).resolve()):
        try:
            for path in _listed(folder):
                one = _suspect(path, locations)
                # under another name, too: to close a handle on it would give up SQLite's locks
                if one is not None and one.stamp[:2] not in known:
                    beside[path] = one
        except OSError as error:
            left_out.append(str(files.cannot("look into", folder, error)))
    newest = sorted(beside.values(), key=lambda one: one.stamp[3], reverse=True)
    if len(newest) > MOST_FILES:
        rest = len(newest) - MOST_FILES
        left_out.append(f"{rest:,} older files beside the database were not looked at.")
    return Found((*first, *newest[:MOST_FILES]), tuple(left_out))


def _listed(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from folder.iterdir()


def _suspect(path: Path, locations: Locations) -> Suspect | None:
    kind = _kind_by_name(path, locations)
    found = None if kind is None else _looked(path, kind, follow=False)
    if found is not None and kind is Kind.OTHER and _is_export(found):
        return Suspect(path, Kind.EXPORT, found.mode, found.size, found.stamp)
    return found


def _kind_by_name(path: Path, locations: Locations) -> Kind | None:
    if path.parent == backup.folder_of(locations).resolve():
        return Kind.BACKUP
    if _COPY in path.name:
        return Kind.COPY
    if path.name.startswith(_EXPORT):
        return Kind.EXPORT
    return Kind.OTHER if path.name.endswith(_ENDINGS) else None


def _looked(path: Path, kind: Kind, *, follow: bool) -> Suspect | None:
    try:
        found = path.stat(follow_symlinks=follow)
    except OSError:  # absent, or reported by the check that needs it
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    return Suspect(path, kind, stat.S_IMODE(found.st_mode), found.st_size, stamp_of(found))


def _is_export(found: Suspect) -> bool:
    """Whether a file has what only a whole document has: state that lives in the database."""
    if found.size > _LARGEST_EXPORT:
        return False
    try:
        tree = parsed(found.path, files.read(found.path, limit=_LARGEST_EXPORT))
    except NodedeckError:  # no document; whoever searches it says whether it can be read
        return False
    return any(map(is_dynamic, map(str, tree)))
