"""Backups of the database: made through SQLite's own backup, listed, and proven good.

A backup is one self-contained database file, with a copy of the config file and a manifest beside
it, in ``backups/`` beside the database. It is there once its database file has its name, which
comes last: a run that stops half-way leaves nothing that could be taken for a backup.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from store import audit, codec, copying, files, latest, paths, schema
from store import database as sqlite
from store.database import Database
from store.errors import NodedeckError, UsageError
from store.locations import Locations

FOLDER: Final = "backups"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_STAMP: Final = r"(?P<stamp>\d{8}T\d{6}Z)(?:-(?P<number>\d+))?"
_HEIGHT: Final = paths.Address("current_height", paths.Kind.CHAIN)
_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup; ``manifest`` is empty where its file is missing or cannot be read."""

    path: Path
    size: int
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What it is called on the command line."""
        return self.path.stem

    @property
    def config(self) -> Path | None:
        """The copy of the config file, None where there is none."""
        copy = config_copy(self.path)
        return copy if copy.is_file() else None


def folder_of(locations: Locations) -> Path:
    """Where a database's backups stand."""
    return locations.database.parent / FOLDER


def config_copy(path: Path) -> Path:
    """The place of the config file's copy beside a backup."""
    return path.with_suffix(".config.yaml")


def manifest_of(path: Path) -> Path:
    """The place of a backup's manifest."""
    return path.with_suffix(".json")


def create(
    locations: Locations,
    *,
    actor: str,
    host: str,
    clock: Callable[[], datetime],
    name: str = "",
    place: Path | None = None,
    told: copying.Told | None = None,
) -> Backup:
    """Copy the database and the config file as they are now; every file is 0600.

    ``place`` is one that ``place_for`` gave, for whoever has to know it before, and ``told`` hears
    how many pages are copied. Raises UsageError for a name that is none, Busy where another writer
    keeps the database locked, NodedeckError where the copy cannot be written, and what ``told``
    raises; then nothing is left of it.
    """
    if name and not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot name a backup; none was made.",
            hint="Use letters, digits, dots, dashes and underscores, at most 64.",
        )
    source = Database(locations.database, read_only=True)
    try:
        folder = made_folder(locations)
        now = clock().astimezone(UTC)
        path = place or _free_place(folder, locations.database.stem, now, name)
        made: list[Path] = []
        try:
            facts = _written(source, path, made, told)
            facts |= {"at": now.isoformat(timespec="milliseconds"), "name": name}
            facts |= {"actor": actor, "host": host, "database": str(locations.database.absolute())}
            facts |= _config_copied(locations.config, path, made)
            _publish(path, facts, made)
        except BaseException:
            for leftover in made:
                leftover.unlink(missing_ok=True)
            raise
    finally:
        source.close()
    return Backup(path, path.stat().st_size, facts)


def place_for(locations: Locations, now: datetime, name: str) -> Path:
    """Where a backup that is made at this moment would stand; nothing is made."""
    stem = locations.database.stem
    return _free_place(folder_of(locations), stem, now.astimezone(UTC), name)


def made_folder(locations: Locations) -> Path:
    """The directory of backups, made where it is missing: 0700, of the owner of its parent."""
    folder = folder_of(locations)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return folder
    except OSError as error:
        raise files.cannot("make", folder, error, left="Nothing was changed.") from error
    if os.geteuid() == 0:
        owner = folder.parent.stat()
        os.chown(folder, owner.st_uid, owner.st_gid)
    return folder


def _free_place(folder: Path, stem: str, now: datetime, name: str) -> Path:
    stamp, tail = now.strftime("%Y%m%dT%H%M%SZ"), f"-{name}" if name else ""
    path = folder / f"{stem}-{stamp}{tail}.db"
    number = 1
    while files.exists(path) or files.exists(_unfinished(path)):
        number += 1
        path = folder / f"{stem}-{stamp}-{number}{tail}.db"
    return path


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.unfinished")


def _written(
    source: Database, path: Path, made: list[Path], told: copying.Told | None
) -> dict[str, Any]:
    """Copy the database under a name that is none yet; what the manifest says of it."""
    unfinished = _unfinished(path)
    files.create(unfinished, listed=False)
    made += [unfinished, *sqlite.side_files(unfinished)]
    with source.reading():  # what is said of it and the copy are of this one moment
        facts = {
            "schema": "nodedeck.backup/1",
            "schema_version": schema.version_of(source),
            "config_epoch": latest.config_epoch(source),
            "newest_change": latest.newest_id(source),
            "height": latest.value_at(source, _HEIGHT),
        }
        with copying.connected(unfinished) as target:
            copying.copy_whole(source, target, unfinished, told=told)
    return {**facts, "size": unfinished.stat().st_size, "sha256": digest(unfinished)}


def _config_copied(config: Path, path: Path, made: list[Path]) -> dict[str, Any]:
    if not files.exists(config):
        return {"config": None, "config_sha256": None}
    data = files.read(config)
    files.create(config_copy(path), data, listed=False)
    made.append(config_copy(path))
    return {"config": str(config.absolute()), "config_sha256": files.digest(data)}


def _publish(path: Path, facts: dict[str, Any], made: list[Path]) -> None:
    files.create(manifest_of(path), (json.dumps(facts, indent=2) + "\n").encode(), listed=False)
    made.append(manifest_of(path))
    try:
        files.sync_directory(path.parent)
        _unfinished(path).rename(path)
        files.sync_directory(path.parent)
    except OSError as error:
        raise files.cannot("write", path, error) from error


def discard(path: Path) -> None:
    """Remove a backup that nothing has need of, be it that its making was stopped half-way."""
    unfinished = _unfinished(path)
    for each in (*files_of(path), unfinished, *sqlite.side_files(unfinished)):
        each.unlink(missing_ok=True)


def remove(backup: Backup) -> None:
    """Remove a backup for good, as somebody wants it; raises NodedeckError naming what stays."""
    for path in files_of(backup.path):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            left = "It is as it was." if path == backup.path else f"{backup.path} itself is gone."
            raise files.cannot("remove", path, error, left=left) from error
    files.sync_directory(backup.path.parent)


def files_of(path: Path) -> tuple[Path, Path, Path]:
    """Where the files of a backup stand: the database, without which it is none, comes first."""
    return path, config_copy(path), manifest_of(path)


def age_of(path: Path, locations: Locations) -> tuple[str, int] | None:
    """What a backup is ordered by, out of its name; None for a name that no backup of this has."""
    try:
        path.name.encode()
    except UnicodeEncodeError:  # nodedeck gives none like it, and no manifest could hold it
        return None
    stem = re.escape(locations.database.stem)
    name = re.fullmatch(rf"{stem}-{_STAMP}(?:-.+)?\.db", path.name)
    return (name["stamp"], int(name["number"] or 1)) if name else None


def listed(locations: Locations) -> list[Backup]:
    """The backups of a database, newest first; one that goes meanwhile is none."""
    folder = folder_of(locations)
    try:
        named = [(age_of(path, locations), path) for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise files.cannot("read", folder, error) from error
    found: list[Backup] = []
    for _, path in sorted(((age, path) for age, path in named if age), reverse=True):
        with contextlib.suppress(FileNotFoundError):
            found.append(look(path))
    return found


def find(locations: Locations, name: str) -> Backup:
    """A backup by its name, by the name it was given, by ``latest``, or by the path of a file.

    The newest counts where several were given one name. Raises UsageError where there is none.
    """
    if "/" in name:
        if Path(name).is_file():
            return look(Path(name))
        raise UsageError(f"There is no backup {name}.", hint="'nodedeck backup list' names all.")
    known = listed(locations)
    wanted = name.removesuffix(".db")
    for backup in known:
        if wanted in ("latest", backup.name) or wanted == backup.manifest.get("name"):
            return backup
    newest = ", ".join(backup.name for backup in known[:3])
    raise UsageError(
        f"There is no backup {name!r} in {folder_of(locations)}.",
        hint=f"There are {newest}." if newest else "Make one with 'nodedeck backup create'.",
    )


def look(path: Path) -> Backup:
    """A backup file with what its manifest says."""
    place = manifest_of(path)
    loaded = codec.load(files.read(place).decode("utf-8", "replace")) if files.exists(place) else {}
    manifest = loaded if isinstance(loaded, dict) else {}
    return Backup(path, path.stat().st_size, manifest)


def verify(backup: Backup) -> list[str]:
    """What is wrong with a backup, in sentences; none where it can be trusted.

    It is wrong where a digest differs from its manifest's, where SQLite finds damage, and where
    the audit log's newest rows do not hold the present values. Raises ForeignDatabase where it is
    another program's.
    """
    faults = [*_digest_faults(backup)]
    try:
        with copying.opened(backup.path) as db:
            faults += _damage(db) or _log_gaps(db)
    except UsageError:
        raise
    except NodedeckError as fault:
        faults.append(fault.message)
    return faults


def _digest_faults(backup: Backup) -> Iterator[str]:
    kept = backup.manifest
    if kept.get("sha256") and digest(backup.path) != kept["sha256"]:
        yield f"{backup.path} is not the file that its manifest describes (SHA-256 differs)."
    copied = backup.config
    if kept.get("config_sha256") and (
        copied is None or files.digest(files.read(copied)) != kept["config_sha256"]
    ):
        yield f"{config_copy(backup.path)} is not the copy that the manifest describes."


def _damage(db: Database) -> list[str]:
    found = [str(row[0]) for row in db.rows(f"PRAGMA integrity_check({_SHOWN})")]
    return [] if found == ["ok"] else [f"{db.path} is damaged: {'; '.join(found)}."]


def _log_gaps(db: Database) -> list[str]:
    """Paths whose newest audit row does not hold the present value."""
    newest: dict[Any, Any] = dict(
        db.rows(
            "SELECT path, new_json FROM audit_log WHERE new_json IS NOT NULL"
            " AND id IN (SELECT max(id) FROM audit_log GROUP BY path)"
        )
    )
    present = {path: value for each in audit.ENTITIES for path, value in latest.present(db, each)}
    differ = sorted(path for path, value in present.items() if newest.get(path) != value)
    differ += sorted(newest.keys() - present.keys())
    if not differ:
        return []
    more = f" and {len(differ) - _SHOWN} more" if len(differ) > _SHOWN else ""
    named = ", ".join(differ[:_SHOWN])
    return [f"{db.path}: the audit log does not hold the present value of {named}{more}."]


def digest(path: Path) -> str:
    """SHA-256 of a file, in hex, read piece by piece."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise files.cannot("read", path, error) from error
