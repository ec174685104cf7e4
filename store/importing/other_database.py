"""Another nodedeck database as the source of an import: read, never written to.

What it holds of the document goes through the same readers and rules as a file, and so do the
profiles and flags beside it. Sealed values, nodes' security keys among them, are opened with the
master key at hand, which has to be the one they were sealed with; what does not open is refused row
by row. The log and the receipts of that host stay there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from store import documents, paths, settings_flags, settings_profiles
from store.codec import MASK
from store.database import Database
from store.errors import NodedeckError, SecretError, UsageError
from store.importing.choices import Role
from store.importing.sources import Opened, Source
from store.paths import Kind
from store.reading import Item
from store.schema import has_table
from store.sealing.places import Beside, Secret, State, listed
from store.sealing.vault import Vault
from store.sqlite_faults import sentences

HEADER: Final = b"SQLite format 3\0"
_NOT_OURS: Final = "Only nodedeck's own databases can be imported; export the data as YAML or JSON."


def is_database(data: bytes) -> bool:
    """Whether the first bytes of a file are those of an SQLite database."""
    return data.startswith(HEADER)


def load_database(path: Path, key: Path | None) -> Source:
    """Read another nodedeck database in one transaction; ``key`` is the master key's file.

    Raises UsageError where it is another program's, or no database that can be read at all.
    """
    try:
        with closing(Database(path, read_only=True)) as db, sentences(path), db.reading():
            tree = documents.legacy_shape(documents.database_tree(db)) | _beside_document(db)
            secrets = tuple(_opened(db, key))
            described = tuple(
                (paths.join(paths.FLAGS_ROOT, flag.name), flag.description)
                for flag in settings_flags.listed(db)
                if flag.description
            )
    except NodedeckError as fault:
        raise UsageError(f"{path} cannot be imported: {fault.message}", hint=_NOT_OURS) from fault
    told = [[each.path, each.fault, each.value] for each in secrets]
    data = json.dumps([tree, told, described], ensure_ascii=False, default=str).encode(
        "utf-8", "replace"
    )
    root = item_of(tree)
    return Source(
        path,
        data,
        "sqlite",
        root,
        Role.DATABASE,
        secrets=secrets,
        key=key,
        descriptions=described,
    )


def _beside_document(db: Database) -> dict[str, Any]:
    """Profiles by service and name, and flags by name, which have roots of their own."""
    profiles: dict[str, dict[str, Any]] = {}
    for profile in settings_profiles.listed(db):
        profiles.setdefault(profile.service, {})[profile.name] = profile.values
    flags = {flag.name: flag.rule for flag in settings_flags.listed(db)}
    found = {paths.PROFILES_ROOT: profiles, paths.FLAGS_ROOT: flags}
    return {root: below for root, below in found.items() if below}


def item_of(value: Any) -> Item:
    """A value as the readers give one; it has no place."""
    if isinstance(value, dict):
        return Item("map", {str(name): item_of(below) for name, below in value.items()})
    if isinstance(value, list | tuple):
        return Item("list", tuple(map(item_of, value)))
    if value is None:
        return Item("null", None)
    if isinstance(value, bool):
        return Item("bool", value, text=str(value).lower())
    if isinstance(value, int):
        return Item("int", value, text=str(value))
    if isinstance(value, float):
        return Item("float", value, text=repr(value))
    return Item("str", str(value), text=str(value))


def _opened(db: Database, key: Path | None) -> Iterator[Opened]:
    """Every secret, with its value or the reason why there is none."""
    for secret in listed(db):
        if secret.state is State.ABSENT:
            continue
        path, beside = secret.place.path, _beside(db, secret)
        try:
            value = _value(db, secret, key)
        except SecretError as fault:
            why = fault.message.removesuffix("; nothing was changed.")
            yield Opened(path, fault=f"{why}; set it anew with 'nodedeck secret set'")
            continue
        if value not in ("", None, MASK):
            yield Opened(path, value, beside=beside)


def _value(db: Database, secret: Secret, key: Path | None) -> Any:
    if secret.state is State.SEALED and key is None:
        raise SecretError("it is sealed, and there is no master key at hand.")
    # only what is sealed asks for the key
    return Vault(db, key or db.path).open(secret)


def _beside(db: Database, secret: Secret) -> Beside:
    if secret.place.kind is not Kind.PROVIDER or not has_table(db, "provider_configs"):
        return Beside()
    rows = db.rows(
        "SELECT base_url, model FROM provider_configs WHERE provider=?", secret.place.keys
    )
    (base_url, model), *_ = rows
    return Beside(str(base_url or ""), str(model or ""))
