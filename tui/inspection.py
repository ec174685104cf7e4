"""All there is to one path, read by the store's thread: fields, tables, tree and history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from store import history, paths
from store.codec import MASK
from store.documents import Document, Entry, Source
from store.errors import UnknownPath, UsageError
from store.manager import ConfigManager
from store.masks import masked
from store.models import Change
from store.paths import Home, Kind
from store.sealing.places import Secret, State

HISTORY_ROWS: Final = 200
FIELD_ROWS: Final = 2_000
"""Leaves listed one by one; the tree has the others."""
_TABLES: Final = {"models": dict, "hardware": list}


@dataclass(frozen=True, slots=True)
class Field:
    """One leaf as it may be shown: secrets masked; source and home are empty once it is gone.

    ``note`` says how a secret stands, and is empty of anything else.
    """

    path: str
    value: Any
    source: str = ""
    home: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Inspection:
    """A path at one moment.

    ``value`` is all that stands there, masked, and ``fields`` are its first leaves of ``leaves``
    in all. Of a node, ``models`` and ``hardware`` are not among them. ``mark`` is the newest
    change of the entity, 0 where there is none. ``removed`` is the change that took the value
    away, whose fields, models and hardware stand here then.
    """

    path: str
    value: Any
    fields: tuple[Field, ...]
    changes: tuple[Change, ...]
    mark: int
    leaves: int = 0
    models: dict[str, Any] | None = None
    hardware: list[Any] | None = None
    removed: Change | None = None

    @property
    def nested(self) -> bool:
        """Whether there is more to the value than a list of plain fields."""
        if self.models is not None or self.hardware is not None:
            return False
        inside = self.value.values() if isinstance(self.value, dict) else [self.value]
        return any(isinstance(one, dict | list) for one in inside)


def inspect(manager: ConfigManager, path: str) -> Inspection:
    """Read a path; raises UsageError where it is none and InvalidValue for a bad override.

    The mark is read first: what is committed meanwhile makes it old, and is read the next time.
    """
    mark = newest(manager, path)
    changes = tuple(manager.history(path, limit=HISTORY_ROWS))
    secrets = _secrets(manager, path)
    if _stands_apart(path):
        return _apart(path, changes, mark, secrets)
    document = manager.effective()
    try:
        found = document.get(path)
    except UnknownPath:
        return _removed(path, changes, mark)
    value = masked(history.parts_of(path), found.value)
    tables = _tables(path, value)
    entries = _entries(document, path, value, tables)
    listed = tuple(_noted(_field(entry), secrets) for entry in entries[:FIELD_ROWS])
    keys = _node_key(path, secrets)
    return Inspection(
        path,
        value,
        (*listed, *keys),
        changes,
        mark,
        (len(entries) if tables else _count(value)) + len(keys),
        models=tables.get("models"),
        hardware=tables.get("hardware"),
    )


def _removed(path: str, changes: tuple[Change, ...], mark: int) -> Inspection:
    """What stood at a path last, laid out as it was while it stood."""
    if not changes:
        return Inspection(path, None, (), changes, mark)
    gone = changes[0]
    tables = _tables(path, masked(history.parts_of(gone.path), gone.old))
    apart = len(paths.split(path))
    fields = tuple(
        each
        for each in _removed_fields(gone, path)
        if not tables or history.parts_of(each.path)[apart] not in tables
    )
    models, hardware = tables.get("models"), tables.get("hardware")
    return Inspection(path, None, fields, changes, mark, len(fields), models, hardware, gone)


def _secrets(manager: ConfigManager, path: str) -> dict[str, Secret]:
    """The secrets at a path and below it, a node's key too."""
    parts = paths.split(path)
    below = {each.place.path: each for each in manager.secrets()}
    return {name: each for name, each in below.items() if paths.split(name)[: len(parts)] == parts}


def _stands_apart(path: str) -> bool:
    """Whether a path is of what the document does not have: providers, and nodes' keys."""
    address = paths.locate(path)
    return address is not None and address.kind in (Kind.PROVIDER, Kind.NODE_KEY)


def _apart(
    path: str, changes: tuple[Change, ...], mark: int, secrets: dict[str, Secret]
) -> Inspection:
    """What the log has of a path that the document does not have; its secrets are masked there."""
    newest_change = changes[0] if changes else None
    gone = newest_change if newest_change is not None and newest_change.new is None else None
    if newest_change is None or gone is not None:
        fields = tuple(_removed_fields(gone, path)) if gone else ()
        return Inspection(path, None, fields, changes, mark, len(fields), removed=gone)
    value = masked(history.parts_of(newest_change.path), newest_change.new)
    leaves = value if isinstance(value, dict) else {"": value}
    fields = tuple(
        _noted(
            Field(
                paths.join(*paths.split(newest_change.path), *filter(None, (name,))),
                leaf,
                str(Source.DATABASE),
                str(Home.DATABASE),
            ),
            secrets,
        )
        for name, leaf in leaves.items()
    )
    return Inspection(path, value, fields, changes, mark, len(fields))


def _node_key(path: str, secrets: dict[str, Secret]) -> tuple[Field, ...]:
    """A node's security key, which stands beside the node, as one of its fields."""
    address = paths.locate(path)
    if address is None or address.kind is not Kind.NODE or address.field:
        return ()
    found = secrets.get(paths.join(*paths.split(path), paths.NODE_KEY))
    if found is None or found.state is State.ABSENT:
        return ()
    home = str(Home.DATABASE)
    return (_noted(Field(found.place.path, MASK, str(Source.DATABASE), home), secrets),)


def _noted(field: Field, secrets: dict[str, Secret]) -> Field:
    """A field with what is known of it where it is a secret."""
    secret = secrets.get(field.path)
    if secret is None or secret.state is State.ABSENT:
        return field
    sealed = secret.state is State.SEALED
    return replace(field, note=f"version {secret.version}" if sealed else "in clear")


def newest(manager: ConfigManager, path: str) -> int:
    """The newest change of a path's entity, 0 where the log has none: one seek."""
    address = paths.locate(path)
    changes = manager.history(address.entity if address else path, limit=1)
    return changes[0].id if changes else 0


def _tables(path: str, value: Any) -> dict[str, Any]:
    """A node's models and hardware, where they are what they should be."""
    address = paths.locate(path)
    if address is None or address.kind is not Kind.NODE or address.field:
        return {}
    held = value if isinstance(value, dict) else {}
    return {name: held[name] for name, kind in _TABLES.items() if isinstance(held.get(name), kind)}


def _entries(document: Document, path: str, value: Any, tables: dict[str, Any]) -> list[Entry]:
    if not tables:
        return document.below(path, FIELD_ROWS)
    rest = [name for name in value if name not in tables]
    return [entry for name in rest for entry in document.below(f"{path}.{paths.quote(name)}")]


def _count(value: Any) -> int:
    """How many leaves a value has."""
    if not isinstance(value, dict) or not value:
        return 1
    return sum(map(_count, value.values()))


def _field(entry: Entry) -> Field:
    value = masked(history.parts_of(entry.path), entry.value)
    return Field(entry.path, value, str(entry.source), str(entry.home))


def _removed_fields(gone: Change, path: str) -> Iterator[Field]:
    """The leaves that a change took away from a path, as they were."""
    parts = paths.split(path)
    for field in history.fields(gone):
        try:
            below = paths.split(field.path)
        except UsageError:  # a key that only a foreign writer could make
            below = (field.path,)
        if below[: len(parts)] == parts:
            yield Field(field.path, masked(below, field.old))
