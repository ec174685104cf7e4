"""Who may read the two files, and whether the config file says what it should."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from store import database, files, static_file
from store.errors import NodedeckError
from store.findings import Finding, Severity
from store.locations import Locations, journal_of
from store.schema_checks import some

STOPPED_IMPORT: Final = "import-stopped"
"""The rule of an import, or its rollback, that was stopped between its two files."""


def seen(locations: Locations) -> tuple[object, ...]:
    """What tells that there is something new to find: modes, and the config file's state."""
    modes = (*(_mode(path) for path in _files(locations)), _left_half_way(locations))
    try:
        found = locations.config.stat()
    except OSError:
        return modes
    return (*modes, found.st_ino, found.st_size, found.st_mtime_ns)


def problems(locations: Locations) -> Iterator[Finding]:
    """What is wrong with the files of a host."""
    yield from _open_to_all(locations)
    yield from _stopped_import(locations)
    yield from _config_file(locations.config)


def wal_bytes(path: Path) -> int:
    """The size of a database's write-ahead log, 0 where there is none."""
    try:
        return database.side_files(path.resolve())[0].stat().st_size
    except OSError:
        return 0


def open_to_others(locations: Locations) -> Iterator[Path]:
    """The host's own files that every user of the host can read or write."""
    for path in _files(locations):
        if (_mode(path) or 0) & (stat.S_IROTH | stat.S_IWOTH):
            yield path


def _files(locations: Locations) -> tuple[Path, ...]:
    place = locations.database
    return place, *database.side_files(place.resolve()), locations.config


def _mode(path: Path) -> int | None:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:  # absent, or reported by the check that reads it
        return None


def _open_to_all(locations: Locations) -> Iterator[Finding]:
    for path in _files(locations):
        mode = _mode(path) or 0
        if mode & stat.S_IWOTH:
            severity, may = Severity.CRITICAL, "written"
        elif mode & stat.S_IROTH:
            severity, may = Severity.WARNING, "read"
        else:
            continue
        yield Finding(
            severity,
            f"{path.name} can be {may} by every user of this host (mode {mode:04o}).",
            f"chmod o-rwx {path}",
            "file-mode",
        )


def _left_half_way(locations: Locations) -> bool:
    journal = journal_of(locations.database)
    if _mode(journal) is None:
        return False
    try:
        return not files.is_locked(journal)  # one at work removes it by itself
    except NodedeckError:
        return True


def _stopped_import(locations: Locations) -> Iterator[Finding]:
    if not _left_half_way(locations):
        return
    from store.importing import unit  # all of the import, for what is hardly ever there

    try:
        left = unit.standing(locations)
        told = None if left is None else unit.told(locations, left)
    except NodedeckError as fault:
        told = fault.message, fault.hint
    if told is not None:
        yield Finding(Severity.WARNING, *told, STOPPED_IMPORT)


def _config_file(path: Path) -> Iterator[Finding]:
    loaded = static_file.load(path)
    if loaded.fault is not None:
        yield Finding(
            Severity.CRITICAL,
            f"The config file cannot be read: {loaded.fault.message}",
            loaded.fault.hint or "Static keys are unknown until it can.",
            "config-file",
        )
    if loaded.stale:
        yield Finding(
            Severity.WARNING,
            f"{path.name} still holds {some(list(loaded.stale))}, homed in the database:"
            " these copies are not used.",
            "Cut them out, with a copy kept:"
            f" nodedeck import apply {shlex.quote(str(path))} --rewrite",
            "stale-keys",
        )
