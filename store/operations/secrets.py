"""Secrets: sealed, opened, replaced, moved to another key, and every look on record.

Each act leaves a row in the access log, failures too. The row of a look is committed before the
value leaves this module.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from store import access_search, export, files, paths, settings
from store.access_search import FoundAccesses
from store.documents import Document
from store.errors import (
    HalfDone,
    InvalidValue,
    NodedeckError,
    SecretError,
    UsageError,
    VersionConflict,
)
from store.operations import recording
from store.operations.looking import Looking
from store.paths import Kind
from store.sealing import access, keyfile, places, traces, vault
from store.sealing.access import Access
from store.sealing.places import NOTHING, Beside, Place, Secret, State
from store.sealing.scrub import careful, scrub
from store.sealing.vault import Vault
from store.searching import Search
from store.timeline import PastDocument


@dataclass(frozen=True, slots=True)
class Stored:
    """What sealing a value did.

    ``change`` is 0 where the value already was so. ``left`` says where former values may still
    stand, and is empty where none do.
    """

    secret: Secret
    change: int
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Moved:
    """What a rekey did: how many values, from which key to which, and what could not be moved."""

    key_id: str
    count: int
    retired: Path | None
    lost: tuple[Secret, ...]
    left: tuple[str, ...]


class SecretOperations(Looking):
    """What is sealed, and who may see it."""

    def secrets(self) -> list[Secret]:
        """Every secret, without its value; those in clear, too."""
        with self.database.reading():
            return places.listed(self.database)

    def secret(self, path: str) -> Secret:
        """What stands at a path, without its value; raises UsageError where no secret can."""
        place = places.at(path)
        with self.database.reading():
            return places.find(self.database, place)

    def holds_secret(self, path: str, value: Any) -> bool:
        """Whether a path holds a secret, or a value that is meant for it is one by its look."""
        with self.database.reading():
            return settings.is_secret(self.database, path, value)

    def stands_in_clear(self, path: str) -> bool:
        """Whether a secret stands in clear at a path of a setting."""
        address = paths.locate(path)
        if address is None or address.kind is not Kind.SETTING:
            return False
        with self.database.reading():
            found = places.find(self.database, places.at(path))
            return found.state is State.CLEAR and settings.is_secret(self.database, path)

    def lost_secrets(self) -> list[Secret]:
        """The sealed values that do not open, for want of their key."""
        return vault.lost(keyfile.ring(self.master_key), self.secrets())

    def set_secret(
        self,
        path: str,
        value: str,
        *,
        base_url: str | None = None,
        model: str | None = None,
        seen: Secret | None = None,
        accept_lost: bool = False,
        reason: str | None = None,
    ) -> Stored:
        """Seal a value at a path, a first one or another.

        ``base_url`` and ``model`` stand beside a provider's key, None leaves them. ``seen`` is what
        the caller saw there; raises VersionConflict where it is another by now. Raises UsageError
        for a path that holds no secret, InvalidValue for a value that is none, and SecretError
        where the key of present values is lost, unless ``accept_lost``.
        """
        place = places.at(path)
        beside = Beside(base_url, model)
        if place.kind is not Kind.PROVIDER and beside != NOTHING:
            raise UsageError(f"{path} is no provider's key; nothing was changed.")

        def put(vault: Vault) -> bool:
            return vault.put(place, value, beside).cleared

        return self._stored("set", place, seen, put, accept_lost=accept_lost, reason=reason)

    def rotate_secret(
        self,
        path: str,
        value: str,
        *,
        seen: Secret | None = None,
        accept_lost: bool = False,
        reason: str | None = None,
    ) -> Stored:
        """Replace a secret by another value, which raises its version.

        Raises InvalidValue where there is none to replace or the new one is the old one, and
        otherwise like ``set_secret``.
        """
        place = places.at(path)

        def put(vault: Vault) -> bool:
            before = places.find(self.database, place)
            done = None if before.state is State.ABSENT else vault.put(place, value)
            if done is None or not done.changed:
                raise InvalidValue(
                    f"{path} cannot be rotated: there must be a value, and the new one must be"
                    " another; nothing was changed.",
                    hint="A first value is set with 'nodedeck secret set'.",
                )
            return True

        return self._stored("rotate", place, seen, put, accept_lost=accept_lost, reason=reason)

    def reveal_secret(self, path: str, *, reason: str) -> Any:
        """The value of a secret; the access log has the look before the caller has the value.

        Raises UsageError without a reason, and SecretError where it cannot be opened.
        """
        if not reason.strip():
            raise UsageError("A look at a secret needs a reason; nothing was shown.")
        place = places.at(path)
        with self._on_record("reveal", place.path, reason):
            # the row must outlive a power cut that comes after the look
            self.database.execute_sql("PRAGMA synchronous=FULL")
            with self.database.writing():
                found = places.find(self.database, place)
                if found.state is State.ABSENT:
                    raise UsageError(
                        f"There is no secret at {path}.", hint="'nodedeck secret list' names all."
                    )
                value = Vault(self.database, self.master_key).open(found)
                recording.record(self, "reveal", place.path, reason, "shown")
        return value

    def remove_secret(
        self, path: str, *, seen: Secret | None = None, reason: str | None = None
    ) -> Stored:
        """Remove a secret and its row; a provider's goes with what stands beside its key.

        ``seen`` is as for ``set_secret``. Raises UsageError where there is none.
        """
        place, db = places.at(path), self.database
        with self._on_record("remove", place.path, reason):
            careful(db)
            with self._writing(reason) as newest:
                if seen is not None:
                    self._expect(seen)
                before = places.find(db, place)
                if before.state is State.ABSENT:
                    raise UsageError(
                        f"There is no secret at {path}; nothing was changed.",
                        hint="'nodedeck secret list' names all.",
                    )
                places.remove(db, place)
                recording.record(
                    self, "remove", place.path, reason, f"version {before.version} removed"
                )
        left = scrub(db) if before.state is State.CLEAR else ""
        return Stored(before, newest[0], (left,) if left else ())

    @contextmanager
    def attempt(
        self, path: str, value: str, *, reason: str | None, dry_run: bool
    ) -> Iterator[None]:
        """Have a try to set a path on record if it fails and is about a secret.

        With ``dry_run`` nothing is, and no master key is made for what will be rolled back.
        """
        if dry_run:
            with self.rehearsing():
                yield
        elif self.holds_secret(path, value):
            with self._on_record("set", path, reason):
                yield
        else:
            yield

    def seal_secret(self, path: str, *, reason: str | None = None) -> Stored:
        """Seal a value that stands in clear; raises InvalidValue where none does."""
        place = places.at(path)
        former: list[str] = []

        def put(vault: Vault) -> bool:
            before = places.find(self.database, place)
            if before.state is not State.CLEAR:
                raise InvalidValue(
                    f"{path} is {before.state}: there is nothing to seal; nothing was changed."
                )
            former.append(str(vault.open(before)))
            vault.seal(before)
            return True

        done = self._stored("seal", place, None, put, accept_lost=False, reason=reason)
        with self.database.reading():
            found = tuple(traces.find(self.database, former[0]))
        return Stored(done.secret, done.change, (*found, *done.left))

    def rekey_secrets(self, *, accept_lost: bool = False, reason: str | None = None) -> Moved:
        """Seal every value with a new master key, in one transaction.

        The new key is on disk before the first value is moved, and takes the old one's place after
        all of them are committed, so that at any moment every value opens; run again, it finishes.
        Raises SecretError where a value does not open, unless its key is lost and ``accept_lost``.
        """
        path = self.master_key
        with self._on_record("rekey", access.EVERYTHING, reason):
            if not path.parent.is_dir() or keyfile.ring(path).present is None:
                raise UsageError(
                    f"There is no master key at {path}; nothing was changed.",
                    hint="The first 'nodedeck secret set' makes one.",
                )
            careful(self.database)
            with files.locked(path):
                new = keyfile.next_key(path)
                opener = Vault(self.database, path, accept_lost)
                with self._writing(reason or f"rekey to {new.id}"):
                    moved, lost = opener.move(new)
                    recording.record(
                        self, "rekey", access.EVERYTHING, reason, f"{moved} to key {new.id}"
                    )
                try:
                    retired = keyfile.retire(path)
                except NodedeckError as failure:
                    raise HalfDone(failure.message, hint=failure.hint) from failure
        left = scrub(self.database)
        return Moved(new.id, moved, retired, tuple(lost), (left,) if left else ())

    def accesses(
        self, pattern: str | None = None, *, before: int | None = None, limit: int = 50
    ) -> list[Access]:
        """The access log, newest first; ``before`` is an id from which to go on."""
        with self.database.reading():
            return access.listed(self.database, pattern=pattern, before=before, limit=limit)

    def search_accesses(
        self, wanted: Search, *, before: int | None = None, after: int = 0
    ) -> FoundAccesses:
        """The newest accesses that are looked for, between two ids; one bounded step."""
        with self.database.reading():
            return access_search.step(self.database, wanted, before=before, after=after)

    def scrub(self) -> str:
        """Take former values out of free pages and write-ahead log; what is in the way, if any."""
        with self.database.writing():  # refused where nothing may be written
            pass
        careful(self.database)
        return scrub(self.database)

    def _stored(
        self,
        act: str,
        place: Place,
        seen: Secret | None,
        put: Callable[[Vault], bool],
        *,
        accept_lost: bool,
        reason: str | None,
    ) -> Stored:
        db = self.database
        with self._on_record(act, place.path, reason):
            careful(db)
            with self._writing(reason) as newest:
                if seen is not None:
                    self._expect(seen)
                cleared = put(Vault(db, self.master_key, accept_lost))
                after = places.find(db, place)
                recording.record(self, act, place.path, reason, f"version {after.version}")
        left = scrub(db) if cleared else ""
        return Stored(after, newest[0], (left,) if left else ())

    def _expect(self, seen: Secret) -> None:
        """Raise VersionConflict where a secret is not as it was seen."""
        now = places.find(self.database, seen.place)
        if (now.version, now.change) != (seen.version, seen.change):
            raise VersionConflict(
                f"{seen.place.path} has version {now.version} (change #{now.change}), not"
                f" {seen.version} (change #{seen.change}): somebody was first; nothing was"
                " changed.",
                hint=f"Look at 'nodedeck history {seen.place.entity}', then try again.",
            )

    @contextmanager
    def _on_record(self, act: str, path: str, reason: str | None) -> Iterator[None]:
        """Put a failure on record; a success is recorded by the transaction that it is."""
        try:
            yield
        except NodedeckError as failure:
            told = f"failed: {failure.message}"
            try:
                with self.database.writing():
                    recording.record(self, act, path, reason, told)
            except NodedeckError as other:
                # the first failure is what counts: it keeps its type and its exit code
                failure.hint = f"{failure.hint} This is not in the access log: {other}".strip()
            raise

    def open_secrets(
        self, document: Document, *, where: str, reason: str | None = None
    ) -> list[Secret]:
        """Put the values of sealed settings into a document, to be exported ``where``.

        That they leave is on record before. Those that do not open stay masked and are returned,
        as do all in a document of the past, whose secrets the log has sealed or not at all.
        """
        db, shut = self.database, []
        with self._on_record("export", access.EVERYTHING, reason):
            with db.writing():
                recording.record(self, "export", access.EVERYTHING, reason, f"in clear to {where}")
            with db.reading():
                held = [each for each in places.listed(db) if each.place.kind is Kind.SETTING]
            if isinstance(document, PastDocument):
                return [each for each in held if document.masks(paths.split(each.place.path))]
            opener = Vault(db, self.master_key)
            for secret in held:
                try:
                    document.reveal(paths.split(secret.place.path), opener.open(secret))
                except SecretError:  # told by what is returned: one lost key stops no export
                    shut.append(secret)
        return shut

    def export_full(self, *, mask: bool = True) -> dict[str, Any]:
        """The effective document, static keys and dynamic state merged; secrets masked.

        Without ``mask`` sealed values are opened, which is put on record; those that do not open
        stay masked. nodedeck's own settings are left out. Raises the config file's fault where it
        cannot be read: an export without its static keys would look complete.
        """
        document = self.effective()
        if not mask:
            self.open_secrets(document, where="a program")
        return export.exported(document, mask=mask)
