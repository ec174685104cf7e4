"""The master key's file: where it stands, made on first need, replaced without losing the old one.

The key belongs to the user who runs nodedeck, root's to root: it is not the daemon's, which opens
no sealed value. Beside ``master.key`` may stand ``master.key.new``, the key that an unfinished
rekey moves to, and ``master.key.<id>``, keys that a rekey retired and that older backups need. All
of them open values; ``master.key`` alone seals new ones.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import pwd
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from store import files
from store.errors import Refused, SecretError
from store.sealing.wording import KEY_ID_LENGTH

VARIABLE: Final = "NODEDECK_MASTER_KEY_FILE"
NAME: Final = "master.key"
_KEY_BYTES: Final = 32
_LABEL: Final = "nodedeck-master-key:v1:"
_ID_DOMAIN: Final = b"nodedeck master key id v1\0"
_RETIRED: Final = re.compile(rf"\.[0-9a-f]{{{KEY_ID_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class MasterKey:
    """A master key: 32 random bytes, never shown, and the id that stands beside its values."""

    secret: bytes = field(repr=False)

    @property
    def id(self) -> str:
        """16 hex digits that name the key and tell nothing of it."""
        return hashlib.sha256(_ID_DOMAIN + self.secret).hexdigest()[:KEY_ID_LENGTH]


@dataclass(frozen=True, slots=True)
class Ring:
    """The keys of one user: the present one, the next of an unfinished rekey, retired ones.

    ``spare`` is of no file: with it is sealed what will be thrown away.
    """

    path: Path
    present: MasterKey | None = None
    upcoming: MasterKey | None = None
    retired: tuple[MasterKey, ...] = ()
    spare: MasterKey | None = None

    def find(self, key_id: str) -> MasterKey | None:
        """The key of an id, None where it is not here."""
        known = (self.present, self.upcoming, *self.retired, self.spare)
        return next((key for key in known if key is not None and key.id == key_id), None)


def place(environ: Mapping[str, str]) -> Path:
    """Where the master key's file stands for the user who runs this.

    ``NODEDECK_MASTER_KEY_FILE``, else ``nodedeck/master.key`` under ``XDG_CONFIG_HOME`` or the
    effective user's own ``.config``. That home is the passwd file's: sudo may leave ``HOME`` that
    of the person behind it, where a key of root's would be out of place. A symlink is followed:
    the keys of a rekey must stand beside the file that everybody shares, and not beside one link.
    """
    return Path(os.path.realpath(_named(environ)))


def _named(environ: Mapping[str, str]) -> Path:
    if named := environ.get(VARIABLE):
        return Path(named)
    base = Path(environ.get("XDG_CONFIG_HOME") or "")
    if not base.is_absolute():
        base = _home(environ) / ".config"
    return base / "nodedeck" / NAME


def _home(environ: Mapping[str, str]) -> Path:
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:  # a container's user without an entry
        return Path(environ.get("HOME") or "/")


def upcoming_of(path: Path) -> Path:
    """Where a rekey puts the new key until every value is sealed with it."""
    return path.with_name(f"{path.name}.new")


def retired_of(path: Path, key_id: str) -> Path:
    """Where a rekey leaves the old key."""
    return path.with_name(f"{path.name}.{key_id}")


def ring(path: Path) -> Ring:
    """The keys that stand at a place; raises SecretError for a file that is no master key.

    A file that is not there is no key. NodedeckError where one cannot be read.
    """
    return Ring(path, _read(path), _read(upcoming_of(path)), tuple(_retired(path)))


def create(path: Path) -> MasterKey:
    """Make the master key where there is none yet; the one that there is after all wins."""
    _make_folder(path.parent)
    with files.locked(path):
        found = _read(path)
        return found if found is not None else _fresh(path)


def throwaway() -> MasterKey:
    """A key that is kept nowhere, for what is sealed to be rolled back."""
    return MasterKey(secrets.token_bytes(_KEY_BYTES))


def next_key(path: Path) -> MasterKey:
    """The key to rekey to: that of an unfinished run, else a fresh one, safe on disk.

    The caller holds the file's lock.
    """
    found = _read(upcoming_of(path))
    return found if found is not None else _fresh(upcoming_of(path))


def retire(path: Path) -> Path | None:
    """Let the next key take the present one's place; where the old one stands now, if there was.

    The old key has both its names before it loses the first, so that no moment is without it. The
    caller holds the file's lock.
    """
    old, kept = _read(path), None
    try:
        if old is not None:
            kept = retired_of(path, old.id)
            kept.unlink(missing_ok=True)
            kept.hardlink_to(path)
        upcoming_of(path).replace(path)
        files.sync_directory(path.parent)
    except OSError as error:
        raise files.cannot(
            "replace", path, error, left="Every value opens; run 'nodedeck secret rekey' again."
        ) from error
    return kept


def refuse_beside(path: Path, database: Path) -> None:
    """Raise Refused for a key that would stand with the database, and be copied along with it."""
    folder = database.resolve().parent
    if folder in path.resolve().parents:
        raise Refused(
            f"{path} stands in the directory of {database}: a copy of the directory would hold the"
            " secrets and their key; no key was made.",
            hint=f"Name another place with {VARIABLE}.",
        )


def exposed(path: Path) -> Iterator[Path]:
    """The key files at a place that others than their owner can read or write."""
    for each in (path, upcoming_of(path), *_retired_files(path)):
        try:
            mode = stat.S_IMODE(each.stat().st_mode)
        except OSError:  # absent, or reported by whoever reads it
            continue
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield each


def _fresh(path: Path) -> MasterKey:
    key = throwaway()
    text = f"{_LABEL}{base64.b64encode(key.secret).decode('ascii')}\n"
    files.write(path, text.encode())
    return key


def _read(path: Path) -> MasterKey | None:
    if not files.exists(path):
        return None
    try:
        text = files.read(path).decode("ascii").strip()
    except UnicodeDecodeError:
        raise _no_key(path) from None
    try:
        secret = base64.b64decode(text.removeprefix(_LABEL), validate=True)
    except binascii.Error:
        raise _no_key(path) from None
    if not text.startswith(_LABEL) or len(secret) != _KEY_BYTES:
        raise _no_key(path)
    return MasterKey(secret)


def _no_key(path: Path) -> SecretError:
    return SecretError(
        f"{path} is no master key; nothing was changed.",
        hint=f"Put the right file there, or name it with {VARIABLE}.",
    )


def _retired(path: Path) -> Iterator[MasterKey]:
    for each in _retired_files(path):
        key = _read(each)
        if key is not None:
            yield key


def _retired_files(path: Path) -> list[Path]:
    try:
        names = sorted(each.name for each in path.parent.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise files.cannot("read", path.parent, error) from error
    begin = path.name
    return [
        path.with_name(name)
        for name in names
        if name.startswith(begin) and _RETIRED.fullmatch(name[len(begin) :])
    ]


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise files.cannot("make", folder, error, left="Nothing was changed.") from error
