"""The ConfigStore protocol: a whole document loaded and saved, wherever it is kept.

Nothing in the protocol speaks of SQLite or of files; a document is a nested mapping in the legacy
file's shape, nodes as a list. One contract test suite runs against every implementation.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, Protocol, runtime_checkable

import tomli_w

from store import codec, documents, entities, export, files, paths, settings, static_file
from store.documents import Document, Overrides, Source
from store.errors import CannotCut, InvalidValue
from store.manager import ConfigManager
from store.paths import STATIC_ROOTS, Kind
from store.reading import guess_format
from store.sealing.vault import Vault
from store.static_file import is_dynamic
from store.static_layer import StaticFile
from store.yaml_text import replace

Tree = dict[str, Any]
# as JSON escapes it, and not a backslash that stands before the same letters
_NUL: Final = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
Change = Callable[[Tree], None]


@runtime_checkable
class ConfigStore(Protocol):
    """Where a document is kept."""

    def load_effective(self) -> Tree:
        """The document as it counts, environment and flags laid over it."""

    def load_raw(self) -> Tree:
        """The document as it is kept."""

    def save_raw(self, document: Mapping[str, Any]) -> None:
        """Keep exactly this document; what it does not hold is removed. All of it or nothing."""

    def update_raw(self, change: Change) -> Tree:
        """Let ``change`` edit the document in place and keep it; the document as kept.

        No other writer comes between the reading and the keeping. Where ``change`` raises,
        nothing is kept.
        """

    def source_metadata(self) -> dict[str, Source]:
        """The layer that supplies each leaf, by path."""


class FileConfigStore:
    """A document in one legacy file, YAML, JSON or TOML.

    Writers on one host wait for each other; the file is replaced at once or not at all. Scalars of
    a YAML file are changed in its text, which keeps comments; a change that the text cannot take
    with proof rewrites the file.
    """

    def __init__(self, path: Path, overrides: Overrides | None = None) -> None:
        self._path = path
        self._overrides = overrides or Overrides()

    def load_effective(self) -> Tree:
        """The file with environment and flags over it."""
        return self._document(self._overrides).legacy(mask=False)

    def load_raw(self) -> Tree:
        """The file; one that is not there yet holds an empty document."""
        return static_file.read_tree(self._path)

    def save_raw(self, document: Mapping[str, Any]) -> None:
        """Replace what the file holds."""
        with files.locked(self._path):
            self._keep(dict(document))

    def update_raw(self, change: Change) -> Tree:
        """Change the file under the lock."""
        with files.locked(self._path):
            tree = static_file.read_tree(self._path)
            change(tree)
            self._keep(tree)
        return tree

    def source_metadata(self) -> dict[str, Source]:
        """Which layer each leaf comes from."""
        return _sources(self._document(self._overrides))

    def _document(self, over: Overrides) -> Document:
        tree = by_id(static_file.read_tree(self._path))
        return Document({}, StaticFile(self._path, static=tree), over)

    def _keep(self, tree: Tree) -> None:
        _check(tree)
        old = files.read(self._path) if files.exists(self._path) else b""
        kind = guess_format(self._path.name, old)
        if kind == "toml":
            new = tomli_w.dumps(_without_nulls(tree)).encode()
        else:
            new = _edited(old, static_file.read_tree(self._path), tree) or _rendered(tree, kind)
        if new != old:
            files.write(self._path, new)


class DatabaseConfigStore:
    """The document with two homes: dynamic state in the database, static keys in the file.

    The file is replaced inside the database's transaction, so that neither home has the change
    without the other; a process killed between the two leaves the static keys changed alone.
    """

    def __init__(self, manager: ConfigManager) -> None:
        self._manager = manager

    def close(self) -> None:
        """Close this thread's connection."""
        self._manager.close()

    def load_effective(self) -> Tree:
        """The document with environment and flags over it."""
        return _readable(self._manager.effective()).legacy(mask=False)

    def load_raw(self) -> Tree:
        """Both homes as one document."""
        return _readable(self._manager.raw()).legacy(mask=False)

    def save_raw(self, document: Mapping[str, Any]) -> None:
        """Bring both homes in line with a document."""

        def take(tree: Tree) -> None:
            tree.clear()
            tree.update(document)

        self.update_raw(take)

    def update_raw(self, change: Change) -> Tree:
        """Change the document under the file's and the database's lock."""
        manager = self._manager
        with files.locked(manager.config), manager.transaction("document update") as db:
            static = static_file.load(manager.config)
            before = _readable(Document(documents.database_tree(db), static)).legacy(mask=False)
            tree = copy.deepcopy(before)
            change(tree)
            _check(tree)
            homes = _Homes(before, tree, static)
            homes.write_database(Vault(db, manager.master_key))
            homes.write_file(manager.config)
            manager.own_file_edit("document update")
        return tree

    def source_metadata(self) -> dict[str, Source]:
        """Which layer each leaf comes from."""
        return _sources(_readable(self._manager.effective(defaults=False)))


class _Homes:
    """One change of a document, told apart by home."""

    def __init__(self, before: Tree, after: Tree, static: StaticFile) -> None:
        in_file = {name for name in before if name in static.static} | set(STATIC_ROOTS)
        in_file |= {
            name
            for name, value in after.items()
            if not isinstance(value, dict) and not is_dynamic(name)
        }
        self._before, self._after = _entities(before, in_file), _entities(after, in_file)
        self._static_before = {name: before[name] for name in before if name in in_file}
        self._static_after = {name: after[name] for name in after if name in in_file}

    def write_database(self, vault: Vault) -> None:
        """Store what differs, remove what is gone; raises what ``Vault.put_setting`` raises."""
        db = vault.db
        for path, kind in self._before.keys() - self._after.keys():
            entities.drop(db, path, kind)
        for (path, kind), value in self._after.items():
            if self._before.get((path, kind)) != value:
                if kind is Kind.SETTING:
                    vault.put_setting(*settings.key_of(path), value)
                else:
                    entities.put(db, path, kind, value)

    def write_file(self, path: Path) -> None:
        """Replace the config file where its keys differ."""
        if self._static_before == self._static_after:
            return
        old = files.read(path) if files.exists(path) else b""
        kind = guess_format(path.name, old)
        stale = {
            name: value for name, value in static_file.read_tree(path).items() if is_dynamic(name)
        }
        new = {**self._static_after, **stale}
        text = _edited(old, {**self._static_before, **stale}, new)
        files.write(path, text or _rendered(new, "json" if kind == "json" else "yaml"))


_SINGLE: Final = {
    **dict.fromkeys(paths.CHAIN_VALUES, Kind.CHAIN),
    **dict.fromkeys(paths.SEED_PATHS, Kind.SEED),
    "node_versions": Kind.VERSIONS,
    "upgrade_plan": Kind.UPGRADE,
}


def _entities(document: Tree, in_file: set[str]) -> dict[tuple[str, Kind], Any]:
    """The database's entities of a document, by path and kind."""
    found: dict[tuple[str, Kind], Any] = {}
    for name, value in document.items():
        if name in in_file:
            continue
        if name in _SINGLE:
            found[name, _SINGLE[name]] = value
        elif name == "nodes":
            for node in value:
                found[paths.join("nodes", node["id"]), Kind.NODE] = _fields(node)
        elif name.endswith(paths.PARAMS_SUFFIX):
            found[paths.quote(name), Kind.PARAMS] = value
        elif name == paths.OTHER_CHAIN:
            for key, text in value.items():
                found[paths.join(name, key), Kind.CHAIN] = text
        else:
            for leaf, setting in codec.leaves(value, name).items():
                found[leaf, Kind.SETTING] = setting
    return found


def _check(document: Tree) -> None:
    """Raise InvalidValue for a document that cannot be kept."""
    try:
        codec.dump(document)
    except (ValueError, TypeError) as error:
        raise InvalidValue(f"The document cannot be kept: {error}; nothing was changed.") from None
    ids = [
        node.get("id") if isinstance(node, dict) else None for node in document.get("nodes") or ()
    ]
    if len(set(ids)) != len(ids) or not all(isinstance(one, str) and one for one in ids):
        raise InvalidValue("Each node needs an id of its own; nothing was changed.")


def _rendered(tree: Tree, kind: Literal["yaml", "json"]) -> bytes:
    """A tree as a file that is read back; raises InvalidValue for a NUL, which no reader takes."""
    if _NUL.search(json.dumps(tree)):
        raise InvalidValue("A text with a NUL cannot stand in a file; nothing was changed.")
    return export.render(tree, kind).encode()


def _readable(document: Document) -> Document:
    if document.static.fault is not None:
        raise document.static.fault
    return document


def _sources(document: Document) -> dict[str, Source]:
    return {entry.path: entry.source for entry in document.leaves()}


def by_id(tree: Tree) -> Tree:
    """A document in the legacy shape as one by parts of paths, nodes by id."""
    nodes = {node["id"]: _fields(node) for node in tree.get("nodes") or ()}
    return {**tree, "nodes": nodes} if nodes else tree


def _fields(node: Tree) -> Tree:
    return {name: value for name, value in node.items() if name != "id"}


def _edited(old: bytes, before: Tree, after: Tree) -> bytes | None:
    """The text with its changed scalars replaced, None where that is not all that differs."""
    was, now = _leaves(before), _leaves(after)
    if not old or was.keys() != now.keys():
        return None
    for parts, value in now.items():
        if was[parts] == value and type(was[parts]) is type(value):
            continue
        if isinstance(value, list | dict):
            return None
        try:
            old = replace(old, parts, value)
        except CannotCut:
            return None
    return old


def _leaves(tree: Tree, prefix: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    found: dict[tuple[str, ...], Any] = {}
    for name, value in tree.items():
        at = (*prefix, name)
        found |= _leaves(value, at) if isinstance(value, dict) and value else {at: value}
    return found


def _without_nulls(value: Any) -> Any:
    """A value as TOML can hold it, which has no null."""
    if isinstance(value, dict):
        return {name: _without_nulls(below) for name, below in value.items() if below is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value
