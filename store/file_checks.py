"""Who may read the two files, and whether the config file says what it should."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from store import database, static_file
from store.findings import Finding, Severity
from store.locations import Locations
from store.schema_checks import some


def seen(locations: Locations) -> tuple[object, ...]:
    """What tells that there is something new to find: modes, and the config file's state."""
    modes = tuple(_mode(path) for path in _files(locations))
    try:
        found = locations.config.stat()
    except OSError:
        return modes
    return (*modes, found.st_ino, found.st_size, found.st_mtime_ns)


def problems(locations: Locations) -> Iterator[Finding]:
    """What is wrong with the files of a host."""
    yield from _open_to_all(locations)
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
