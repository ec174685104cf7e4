"""The sources of an import as they are on disk: unchanged since the plan, and copied beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from store import files
from store.errors import UsageError, VersionConflict
from store.importing import stillness
from store.importing.other_database import load_database
from store.importing.plan import Plan
from store.importing.sources import Source

_DAEMON_HINT = " If a daemon writes the file, stop it first; --wait waits until nobody does."


def refuse_twice(sources: Sequence[Source]) -> None:
    """Raise UsageError where two sources are one file under two names, links of any sort.

    Each would be copied and cut, and the second of them be another by then.
    """
    known: dict[object, Path] = {}
    for each in sources:
        first = known.setdefault(_identity(each.path), each.path)
        if first != each.path:
            raise UsageError(
                f"{first} and {each.path} are one file; nothing was changed.",
                hint="Name it once.",
            )


def _identity(path: Path) -> object:
    """What two names of one file have in common; of one that is gone its path."""
    try:
        found = path.stat()
    except OSError:  # whoever reads it next says so
        return path.resolve()
    return (found.st_dev, found.st_ino)


def main_of(plan: Plan, cut: Sequence[Source]) -> Source:
    """The source that the import is named after: the plan's own, or the first that is cut."""
    if not cut or any(each is plan.source for each in cut):
        return plan.source
    return cut[0]


def named(source: Source) -> dict[str, Any]:
    """What a receipt says of the source that the import is named after."""
    return {
        "file": str(source.path),
        "file_path": str(source.path.absolute()),
        "digest": source.digest,
        "role": str(source.role),
        "prefix": source.prefix,
    }


def check_unchanged(plan: Plan) -> None:
    """Raise VersionConflict where a source is another by now."""
    for source in plan.sources:
        now = (
            files.digest(files.read(source.path))
            if source.is_file
            else load_database(source.path, source.key).digest
        )
        if now != source.digest:
            raise VersionConflict(
                f"{source.path} was changed since the plan was made; nothing was changed.",
                hint="Plan the import again."
                + (_DAEMON_HINT if stillness.is_daemons(source) else ""),
            )


def backup_path(path: Path, now: datetime) -> Path:
    """Where the file's copy will stand; never a file that exists."""
    stamp = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    place = path.with_name(f"{path.name}.pre-migration.{stamp}")
    number = 1
    while place.exists():
        number += 1
        place = path.with_name(f"{path.name}.pre-migration.{stamp}-{number}")
    return place


def copies_of(plan: Plan, main: Source, now: datetime) -> dict[Path, Source]:
    """The files by the place of their copy, ``main`` first; a database is never touched."""
    found = sorted(
        (each for each in plan.sources if each.is_file), key=lambda each: each is not main
    )
    return {backup_path(each.path, now): each for each in found}


def listed(copies: Mapping[Path, Source], main: Source) -> dict[str, str]:
    """The copies of others than ``main`` as a receipt names them, by the file that they are of."""
    others = {place: each for place, each in copies.items() if each is not main}
    return {str(source.path): str(place.absolute()) for place, source in others.items()}
