"""Copies of secrets in clear: what is looked for, and copies shredded; both are on record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from store.errors import SecretError
from store.operations import recording
from store.operations.secrets import SecretOperations
from store.sealing import access, needles, places, shredding, traces
from store.sealing.leaks import Leak
from store.sealing.needles import Needle
from store.sealing.places import Beside, State
from store.sealing.vault import Vault

_REASON = "a look for copies in clear"


@dataclass(slots=True)
class Wanted:
    """The sealed values as what to look for, by path, and what stands in the database's tables.

    ``left_out`` says which cannot be looked for. No picture of it shows a value.
    """

    needles: dict[str, Needle] = field(default_factory=dict)
    tables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


class Proposed(Protocol):
    """A secret of a file that is imported: where it belongs, its value, and what stands beside."""

    @property
    def path(self) -> str:
        """The path of the secret."""

    @property
    def value(self) -> Any:
        """The value in clear."""

    @property
    def beside(self) -> Beside:
        """What stands beside a provider's key."""


class LeakOperations(SecretOperations):
    """Sealed values, opened in memory to look for copies of them; values of files, sealed."""

    def seal_imported(self, proposed: Iterable[Proposed], reason: str) -> bool:
        """Seal the secrets of a file inside the caller's transaction; whether one stood in clear.

        Each is on record. Raises what ``Vault.put`` raises.
        """
        vault, cleared = Vault(self.database, self.master_key, spare=self.spare_key), False
        for each in proposed:
            place = places.at(each.path)
            cleared |= vault.put(place, each.value, each.beside).cleared
            version = places.find(self.database, place).version
            recording.record(self, "import", place.path, reason, f"version {version}")
        return cleared

    def shred(self, leak: Leak, *, reason: str | None = None) -> None:
        """Overwrite and remove a file in which sealed values stand in clear.

        The row of the access log comes first, since nothing brings the file back. Raises what
        ``shredding.shred`` raises, and what a write raises where the row cannot be written: then
        the file is as it was.
        """
        path = leak.paths[0] if len(leak.paths) == 1 else access.EVERYTHING
        told = f"{leak.suspect.path} ({leak.suspect.kind})"
        with self._on_record("shred", path, reason):
            # the row must outlive a power cut that comes after the file is gone
            self.database.execute_sql("PRAGMA synchronous=FULL")
            with self.database.writing():
                recording.record(self, "shred", path, reason, f"overwriting and removing {told}")
            shredding.shred(leak.suspect)

    def wanted(self) -> Wanted:
        """What to look for; one row of the access log says how many values were opened for it.

        It is the present values: what was rotated away should open nothing any more.
        Without sealed values nothing is written. Raises what a write raises where the row cannot
        be written, and then no value was opened.
        """
        db, found = self.database, Wanted()
        with db.reading():
            sealed = [each for each in places.listed(db) if each.state is State.SEALED]
        if not sealed:
            return found
        with self._on_record("doctor", access.EVERYTHING, _REASON):
            with db.writing():
                recording.record(
                    self, "doctor", access.EVERYTHING, _REASON, f"{len(sealed)} sealed values"
                )
            opener = Vault(db, self.master_key)
            with db.reading():
                for secret in sealed:
                    path = secret.place.path
                    try:
                        value = opener.open(secret)
                    except SecretError as fault:  # one lost key hides no other leak
                        found.left_out.append(f"{path} was not looked for: {fault.message}")
                        continue
                    needle = needles.of(value)
                    if needle is None:
                        found.left_out.append(
                            f"{path} was not looked for: so short a value is found by chance."
                        )
                        continue
                    found.needles[path] = needle
                    if sentences := tuple(traces.find(db, value) if isinstance(value, str) else ()):
                        found.tables[path] = sentences
        return found
