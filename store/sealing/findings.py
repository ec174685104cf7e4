"""What is wrong with secrets as they stand: in clear, their key lost, or their key exposed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from store.database import Database
from store.errors import NodedeckError
from store.findings import Finding, Severity
from store.sealing import keyfile, places, vault
from store.sealing.places import State

_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Seals:
    """The paths of secrets that stand in clear or do not open, and key files open to others.

    ``fault`` says why the master key could not be read, and is empty where it could.
    """

    clear: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    exposed: tuple[Path, ...] = ()
    key_path: Path | None = None
    fault: str = ""


def gather(db: Database, key_path: Path) -> Seals:
    """How the secrets of a database stand, inside the caller's read transaction."""
    secrets = places.listed(db)
    clear = tuple(each.place.path for each in secrets if each.state is State.CLEAR)
    sealed = [each for each in secrets if each.state is State.SEALED]
    if not sealed:
        return Seals(clear)
    try:
        ring = keyfile.ring(key_path)
    except NodedeckError as failure:
        return Seals(clear, key_path=key_path, fault=failure.message)
    lost = tuple(each.place.path for each in vault.lost(ring, sealed))
    return Seals(clear, lost, tuple(keyfile.exposed(key_path)), key_path)


def judged(seals: Seals) -> Iterator[Finding]:
    """A finding for each thing to act on."""
    for path in seals.clear:
        yield Finding(
            Severity.WARNING,
            f"The secret {path} stands in clear in the database.",
            f"Seal it, if its reader can open it: nodedeck secret seal {path}",
            "secret-in-clear",
            path,
        )
    if seals.fault:
        yield Finding(
            Severity.WARNING,
            f"No sealed value opens: {seals.fault}",
            f"Mend {seals.key_path}, or name the right file with {keyfile.VARIABLE}.",
            "lost-key",
        )
    if seals.lost:
        more = f" and {len(seals.lost) - _NAMED} more" if len(seals.lost) > _NAMED else ""
        need = "needs" if len(seals.lost) == 1 else "need"
        lost = f"{', '.join(seals.lost[:_NAMED])}{more}"
        yield Finding(
            Severity.WARNING,
            f"The key that {lost} {need} is not in {seals.key_path}.",
            f"Bring the file back, name it with {keyfile.VARIABLE}, or set the values anew:"
            " nodedeck secret set PATH --accept-lost",
            "lost-key",
            seals.lost[0],
        )
    for file in seals.exposed:
        yield Finding(
            Severity.WARNING,
            f"Others than its owner can read the master key in {file}.",
            f"chmod 0600 {file}",
            "key-exposed",
        )
