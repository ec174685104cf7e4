"""Where sealed values stand in clear outside the database's tables, and what to do about it.

The values are in memory only, and no finding holds one.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Final

from store import files
from store.database import Database
from store.errors import NodedeckError
from store.findings import Finding, Severity
from store.schema_checks import some
from store.sealing import suspects
from store.sealing.needles import Needle
from store.sealing.suspects import SHREDDED, Found, Kind, Suspect
from store.sqlite_faults import sentences

SHRED: Final = "nodedeck doctor --fix --shred"
_PIECE: Final = 4 * 2**20
_IN_DATABASE: Final = (Kind.DATABASE, Kind.LOG)
_OWN: Final = (*_IN_DATABASE, Kind.CONFIG)


@dataclass(frozen=True, slots=True)
class Leak:
    """A file, and the paths of the sealed values that stand in it in clear."""

    suspect: Suspect
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What a look for sealed values found; ``left_out`` says what was not looked at or for."""

    leaks: tuple[Leak, ...] = ()
    tables: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()

    @property
    def shreddable(self) -> tuple[Leak, ...]:
        """The leaking files that are only copies of what stands elsewhere."""
        return tuple(leak for leak in self.leaks if leak.suspect.kind in SHREDDED)

    def without(self, gone: Set[Leak]) -> Report:
        """The same report without some files."""
        return replace(self, leaks=tuple(each for each in self.leaks if each not in gone))


def search(found: Found, needles: Mapping[str, Needle]) -> tuple[tuple[Leak, ...], tuple[str, ...]]:
    """The files that hold one of the values, by path, and in sentences what was not searched."""
    leaks, left_out, budget = [], list(found.left_out), suspects.MOST_BYTES
    for suspect in found.suspects:
        if suspect.size > suspects.LARGEST or suspect.size > budget:
            left_out.append(f"{suspect.path} was not searched: it has {suspect.size:,} bytes.")
            continue
        budget -= suspect.size
        try:
            paths = _held(suspect, needles)
        except NodedeckError as fault:
            left_out.append(f"{suspect.path} was not searched: {fault.message}")
            continue
        if paths:
            leaks.append(Leak(suspect, paths))
    return tuple(leaks), tuple(left_out)


def _held(suspect: Suspect, needles: Mapping[str, Needle]) -> tuple[str, ...]:
    """The paths whose values stand in a file, read piece by piece."""
    if suspect.kind is Kind.DATABASE:
        data = _pages(suspect)
        return tuple(path for path, each in needles.items() if each.stands_in(data, text=False))
    wanted, text = dict(needles), not _is_binary(suspect)
    overlap = max((needle.longest for needle in wanted.values()), default=0) + 1
    held, tail = [], b""
    try:
        with suspect.path.open("rb") as file:
            while wanted and (piece := file.read(_PIECE)):
                data = tail + piece
                for path in [p for p, each in wanted.items() if each.stands_in(data, text=text)]:
                    held.append(path)
                    del wanted[path]
                tail = data[-overlap:]
    except OSError as error:
        raise files.cannot("read", suspect.path, error) from error
    return tuple(path for path in needles if path in held)


def _pages(suspect: Suspect) -> bytes:
    """Every page of the database, free ones too, read by SQLite itself.

    A second handle on the file would give up SQLite's locks once it is closed.
    """
    db = Database(suspect.path, read_only=True)
    try:
        with sentences(suspect.path):
            return db.connection.serialize()
    finally:
        db.close()


def _is_binary(suspect: Suspect) -> bool:
    name = suspect.path.name
    return suspect.kind is Kind.LOG or (suspect.kind is Kind.BACKUP and name.endswith(".db"))


def exposed(found: Sequence[Suspect]) -> Iterator[Suspect]:
    """The files besides the host's own two that every user of the host can read or write."""
    for suspect in found:
        if suspect.kind not in _OWN and suspect.mode & (stat.S_IROTH | stat.S_IWOTH):
            yield suspect


def judged(report: Report) -> Iterator[Finding]:
    """A finding for each file that holds a sealed value in clear, and for what was left out."""
    for leak in report.leaks:
        suspect, named = leak.suspect, some(list(leak.paths))
        if suspect.kind in _IN_DATABASE and set(leak.paths) <= report.tables.keys():
            continue  # the tables say more
        others = suspect.mode & (stat.S_IROTH | stat.S_IWOTH)
        yield Finding(
            Severity.CRITICAL if others else Severity.WARNING,
            f"{suspect.path} ({suspect.kind}) holds in clear what is sealed: {named}"
            f"{', and every user of this host can read it' if others else ''}.",
            _advice(leak),
            "leak",
            leak.paths[0],
        )
    for path, told in report.tables.items():
        for sentence in told:
            yield Finding(
                Severity.WARNING,
                f"{path} is sealed. {sentence}",
                "Change it there if no program needs it, then rotate the value:"
                f" nodedeck secret rotate {path}",
                "leak",
                path,
            )
    for sentence in report.left_out:
        yield Finding(Severity.INFO, sentence, "", "not-searched")


def modes(found: Sequence[Suspect]) -> Iterator[Finding]:
    """A finding for each copy, export or backup that every user of the host can read."""
    for suspect in exposed(found):
        may = "written" if suspect.mode & stat.S_IWOTH else "read"
        yield Finding(
            Severity.WARNING,
            f"{suspect.path.name} ({suspect.kind}) can be {may} by every user of this host"
            f" (mode {suspect.mode:04o}).",
            f"chmod o-rwx {suspect.path}",
            "file-mode",
        )


def _advice(leak: Leak) -> str:
    path, rotate = leak.suspect.path, f"nodedeck secret rotate {leak.paths[0]}"
    if leak.suspect.kind in SHREDDED:
        return f"If nothing needs the file: {SHRED}; or rotate the value: {rotate}"
    if leak.suspect.kind is Kind.BACKUP:
        return (
            "Backups are never shredded here: make a newer one, verify it, then remove this one"
            f" (shred -u {path}); or rotate the value: {rotate}"
        )
    if leak.suspect.kind in _IN_DATABASE:
        return "It stands in free pages or the write-ahead log: nodedeck secret seal"
    if leak.suspect.kind is Kind.CONFIG:
        return f"Take it out of the file if no program reads it there; then: {rotate}"
    return f"Remove it there if no program reads it; then: {rotate}"
