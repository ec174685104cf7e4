"""Sealing, opening and re-sealing what stands in a database, inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from store import settings
from store.codec import MASK, dump, load
from store.database import Database
from store.errors import InvalidValue, SecretError
from store.paths import Kind, setting_path
from store.sealing import keyfile, places, seals, wording
from store.sealing.keyfile import MasterKey, Ring
from store.sealing.places import NOTHING, Beside, Place, Secret, State
from store.settings_rules import check_secret

LONGEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Put:
    """What sealing did: whether the value is another, and whether a clear one was taken away."""

    changed: bool
    cleared: bool


@dataclass(frozen=True, slots=True)
class Vault:
    """A database and the place of the key that its secrets are sealed with.

    ``accept_lost`` says that values whose key is lost may be written over, and a new master key
    made beside them. ``spare`` is a key that seals, where there is none yet, what will be rolled
    back or thrown away: then none is made.
    """

    db: Database
    key_path: Path
    accept_lost: bool = False
    spare: MasterKey | None = None

    def ring(self) -> Ring:
        """The keys there are; raises SecretError for a file that is none."""
        return replace(keyfile.ring(self.key_path), spare=self.spare)

    def open(self, secret: Secret) -> Any:
        """The value of a secret, be it sealed or in clear.

        Raises SecretError where its key is lost or another, and where it is not intact.
        """
        if secret.state is State.SEALED:
            return secret.place.unpacked(self._opened(self.ring(), secret))
        return secret.place.unpacked(_text(secret))

    def put(self, place: Place, value: Any, beside: Beside = NOTHING) -> Put:
        """Seal a value where it belongs; one that is there already is left alone.

        Raises SecretError where the key that values
        here are sealed with is not at hand, unless ``accept_lost``, and InvalidValue for a value
        that is no secret.
        """
        _refuse_nothing(place, value)
        if place.kind is Kind.SETTING:
            settings.refuse_overlap(self.db, *place.keys)
            if rule := settings.rule_of(self.db, *place.keys):
                check_secret(rule, value)
        before = places.find(self.db, place)
        if before.state is State.SEALED and self._same(before, value):
            if beside != NOTHING:
                places.describe(self.db, place, beside)
            return Put(changed=False, cleared=False)
        sealed = seals.seal(self._sealing_key(before), place.identity, place.packed(value))
        raises = before.state is not State.ABSENT
        places.write(self.db, place, sealed, raises=raises, beside=beside)
        return Put(changed=True, cleared=self._forget(place) or before.state is State.CLEAR)

    def put_setting(self, service: str, key: str, value: Any) -> None:
        """Store a setting's value, sealed where it is a secret; the mask keeps what is there.

        Raises what ``settings.admit`` raises.
        """
        path = setting_path(service, key)
        if not settings.is_secret(self.db, path, value):
            settings.put(self.db, service, key, settings.admit(self.db, service, key, value))
        elif not (value == MASK and settings.is_stored(self.db, service, key)):
            self.put(Place(Kind.SETTING, (service, key)), value)

    def seal(self, secret: Secret) -> None:
        """Seal a value that stands in clear; its version stays, since the value is the same."""
        key = self._sealing_key(secret)
        self._reseal(key, secret.place, _text(secret))
        self._forget(secret.place)

    def restore(self, path: str, value: Any) -> None:
        """Put back what the log has of a secret, None for its absence.

        Sealed text comes back if it opens here; raises SecretError where it does not.
        """
        place = places.at(path)
        if value is None:
            places.remove(self.db, place)
            return
        kept = value if isinstance(value, dict) else {}
        sealed = str(kept.get("api_key", "")) if place.kind is Kind.PROVIDER else str(value)
        beside = Beside(**{name: str(kept[name]) for name in ("base_url", "model") if name in kept})
        if found := wording.parsed(sealed):
            older = Secret(place, State.SEALED, key_id=found[0], stored=sealed)
            self._opened(self.ring(), older)
        places.write(self.db, place, sealed, raises=True, beside=beside)

    def move(self, new: MasterKey) -> tuple[int, list[Secret]]:
        """Seal everything with another key; how many were moved, and those whose key is lost.

        Raises SecretError for a lost one, unless ``accept_lost``; versions stay.
        """
        ring, moved, lost = self.ring(), 0, []
        for secret in places.listed(self.db):
            if secret.state is not State.SEALED or secret.key_id == new.id:
                continue
            if self.accept_lost and ring.find(secret.key_id) is None:
                lost.append(secret)
                continue
            self._reseal(new, secret.place, self._opened(ring, secret))
            moved += 1
        return moved, lost

    def _reseal(self, key: MasterKey, place: Place, text: str) -> None:
        """Seal the value that stands here; its version stays."""
        places.write(self.db, place, seals.seal(key, place.identity, text), raises=False)

    def _opened(self, ring: Ring, secret: Secret) -> str:
        key = ring.find(secret.key_id)
        if key is None:
            raise _lost(ring, secret)
        return seals.unseal(key, secret.place.identity, secret.stored, secret.place.path)

    def _same(self, before: Secret, value: Any) -> bool:
        """Whether a sealed value is this one; what does not open is another."""
        key = self.ring().find(before.key_id)
        if key is None:
            return False
        try:
            text = seals.unseal(key, before.place.identity, before.stored, before.place.path)
        except SecretError:  # to be written over is what can still be done with it
            return False
        return text == before.place.packed(value)

    def _sealing_key(self, before: Secret) -> MasterKey:
        """The present key, made where there is none and nothing here needs another one."""
        ring = self.ring()
        if not self.accept_lost:
            if before.state is State.SEALED and ring.find(before.key_id) is None:
                raise _lost(ring, before)
            sealed = [each for each in places.listed(self.db) if each.state is State.SEALED]
            if sealed and not any(ring.find(each.key_id) for each in sealed):
                raise _lost(ring, sealed[0])
        if ring.present is not None:
            return ring.present
        keyfile.refuse_beside(self.key_path, self.db.path)
        return self.spare or keyfile.create(self.key_path)

    def _forget(self, place: Place) -> bool:
        """Take what the log still holds of a value in clear out of its rows; whether it did.

        The log has it where the setting was not known as a secret when it was written. Its rows
        stay, each with a mask of its own, so that the chain of old and new values still joins up.
        """
        if place.kind is not Kind.SETTING:  # keys have never been in the log in clear
            return False
        cleared, newer = False, None
        rows = self.db.rows(
            "SELECT id, action, old_json, new_json FROM audit_log WHERE path=? ORDER BY id",
            (place.entity,),
        )
        for row_id, action, old, new in rows:
            older = newer or _covered(old, 0)
            newer = older if action == "R" else _covered(new, row_id)
            if (older, newer) != (old, new):
                cleared = True
                self.db.execute_sql(
                    "UPDATE audit_log SET old_json=?, new_json=? WHERE id=?", (older, newer, row_id)
                )
        return cleared


def _covered(stored: str | None, mark: int) -> str | None:
    """What the log may hold of a secret: sealed text or a mask as it is, for the rest a mask."""
    value = None if stored is None else load(stored)
    told = stored is None or wording.is_sealed(value) or wording.is_covered(value)
    return stored if told else dump(f"{MASK}@{mark}")


def lost(ring: Ring, secrets: Iterable[Secret]) -> list[Secret]:
    """The sealed values whose key is not here."""
    return [
        each for each in secrets if each.state is State.SEALED and ring.find(each.key_id) is None
    ]


def _text(secret: Secret) -> str:
    if not secret.stored:
        raise SecretError(
            f"{secret.place.path} holds no text that could be read; nothing was changed.",
            hint="Another program stored it; set it anew.",
        )
    return secret.stored


def _refuse_nothing(place: Place, value: Any) -> None:
    if value in ("", None) or wording.is_covered(value) or wording.is_sealed(value):
        raise InvalidValue(
            f"{place.path} needs a value: not an empty one, not the mask, and not sealed text;"
            " nothing was changed."
        )
    try:
        length = len(place.packed(value).encode())
    except UnicodeEncodeError:  # which holds the value, and would tell it
        raise InvalidValue(
            f"{place.path}: a secret must be text that UTF-8 can hold; nothing was changed."
        ) from None
    if length > LONGEST:
        raise InvalidValue(
            f"{place.path}: a secret has at most {LONGEST:,} bytes; nothing was changed."
        )


def _lost(ring: Ring, secret: Secret) -> SecretError:
    here = ", ".join(key.id for key in (ring.present, *ring.retired) if key is not None)
    there = f"holds the key {here}" if here else "is not there"
    return SecretError(
        f"{secret.place.path} is sealed with the key {secret.key_id}, and {ring.path} {there};"
        " nothing was changed.",
        hint=f"Bring back the file with that key, or name it with {keyfile.VARIABLE}; to go on"
        " without it, set the value anew with --accept-lost.",
    )
