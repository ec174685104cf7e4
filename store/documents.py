"""The document: layers in their order of precedence, and where each value comes from."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import islice
from typing import Any, Final

from store import audit, codec, latest, masks, paths
from store.database import Database
from store.errors import InvalidValue, NodedeckError, UnknownPath, UsageError
from store.paths import Home, Kind
from store.static_layer import StaticFile

ENVIRONMENT_PREFIX: Final = "DAPI_"
_NAMED_VARIABLES: Final = {
    "KEY_NAME": ("chain_node", "signer_key_name"),
    "ACCOUNT_PUBKEY": ("chain_node", "account_public_key"),
    "KEYRING_BACKEND": ("chain_node", "keyring_backend"),
}


class Source(StrEnum):
    """The layer that supplies a path's effective value."""

    FLAG = "flag"
    ENV = "env"
    DATABASE = "database"
    FILE = "file"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Entry:
    """A value and where it comes from; the source of a subtree is that of its first leaf."""

    path: str
    value: Any
    source: Source
    home: Home


@dataclass(frozen=True, slots=True)
class Overrides:
    """Values that environment and flags lay over the document, as text by parts of the path."""

    env: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    flags: Mapping[tuple[str, ...], str] = field(default_factory=dict)


def overrides(environ: Mapping[str, str], flags: Mapping[str, str]) -> Overrides:
    """Overrides from ``DAPI_A__B=…``, the named variables and ``--override PATH=VALUE``."""
    env = {
        tuple(name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")): value
        for name, value in environ.items()
        if name.startswith(ENVIRONMENT_PREFIX) and len(name) > len(ENVIRONMENT_PREFIX)
    }
    env |= {parts: environ[name] for name, parts in _NAMED_VARIABLES.items() if environ.get(name)}
    return Overrides(env, {paths.split(path): value for path, value in flags.items()})


class Document:
    """The effective configuration as one tree by parts of paths, nodes by id."""

    def __init__(
        self,
        database: dict[str, Any],
        static: StaticFile,
        over: Overrides | None = None,
        defaults: Mapping[tuple[str, ...], Any] | None = None,
    ) -> None:
        self.static = static
        self.tree: dict[str, Any] = {}
        self._sources: dict[tuple[str, ...], Source] = {}
        self._database = database
        _lay(self.tree, static.static)
        _lay(self.tree, database)
        for parts, value in (defaults or {}).items():
            if _fill(self.tree, parts, value):
                self._sources |= dict.fromkeys(_walk(value, parts), Source.DEFAULT)
        self._faults: dict[tuple[str, ...], NodedeckError] = {}
        for source, layer in (
            (Source.ENV, (over or Overrides()).env),
            (Source.FLAG, (over or Overrides()).flags),
        ):
            for parts, text in layer.items():
                try:
                    if _put(self.tree, parts, text, paths.join(*parts)):
                        self._sources[parts] = source
                except InvalidValue as fault:
                    laid = "--override" if source is Source.FLAG else "The environment"
                    hint = f"{laid} lays it over the document; mend or leave it out."
                    self._faults[parts] = InvalidValue(fault.message, hint=hint)

    @cached_property
    def _file_leaves(self) -> frozenset[tuple[str, ...]]:
        return frozenset(_walk(self.static.static))

    @cached_property
    def _database_leaves(self) -> frozenset[tuple[str, ...]]:
        return frozenset(_walk(self._database))

    def check(self, parts: Sequence[str] = ()) -> None:
        """Raise InvalidValue where an override that does not fit stands at, above or below a path.

        Other paths are not touched by it; the whole document is.
        """
        for at, fault in self._faults.items():
            if all(one == other for one, other in zip(at, parts, strict=False)):
                raise fault

    def leaves(self) -> list[Entry]:
        """Every leaf, in the document's order; raises InvalidValue for an override that is none."""
        self.check()
        return [self._entry(parts, value) for parts, value in _walk(self.tree).items()]

    def get(self, path: str) -> Entry:
        """The value at a path, a leaf or all below it; raises UnknownPath naming the nearest."""
        parts = paths.split(path)
        self.check(parts)
        value: Any = self.tree
        for part in parts:
            if not isinstance(value, dict) or part not in value:
                raise self._unknown(path)
            value = value[part]
        return self._entry(parts, value)

    def below(self, path: str, limit: int | None = None) -> list[Entry]:
        """The leaves at or below a path, the first ``limit`` of them; raises like ``get``."""
        parts = paths.split(path)
        found = islice(_walk(self.get(path).value, parts).items(), limit)
        return [self._entry(below, value) for below, value in found]

    def _entry(self, parts: tuple[str, ...], value: Any) -> Entry:
        first = next(iter(_walk(value, parts))) if isinstance(value, dict) and value else parts
        source = self._sources.get(first)
        in_database = first in self._database_leaves
        if source is None:
            source = Source.DATABASE if in_database else Source.FILE
        address = paths.locate(paths.join(*parts))
        in_file = first in self._file_leaves and not in_database
        home = Home.FILE if in_file or (address and address.home is Home.FILE) else Home.DATABASE
        return Entry(paths.join(*parts), value, source, home)

    def _unknown(self, path: str) -> UnknownPath | Any:
        if self.static.fault is not None:
            return self.static.fault
        near = paths.nearest(path, (paths.join(*parts) for parts in _walk(self.tree)))
        return UnknownPath(
            f"There is no value at {path}.",
            hint=f"Did you mean {', '.join(near)}?" if near else "'nodedeck list' shows all paths.",
        )

    def reveal(self, parts: Sequence[str], value: Any) -> None:
        """Put a secret's value in place of its mask, for whoever may see it.

        A value that a layer above has laid over it stays.
        """
        if (branch := self._masked_at(parts)) is not None:
            branch[parts[-1]] = value

    def masks(self, parts: Sequence[str]) -> bool:
        """Whether the mask stands at a path."""
        return self._masked_at(parts) is not None

    def _masked_at(self, parts: Sequence[str]) -> dict[str, Any] | None:
        branch: Any = self.tree
        for part in parts[:-1]:
            branch = branch.get(part) if isinstance(branch, dict) else None
        return branch if isinstance(branch, dict) and branch.get(parts[-1]) == codec.MASK else None

    def masked(self) -> dict[str, Any]:
        """The tree with secrets masked; raises InvalidValue for an override that is none."""
        self.check()
        tree: dict[str, Any] = masks.masked((), self.tree)
        return tree

    def legacy(self, *, mask: bool = True) -> dict[str, Any]:
        """The document in the legacy file's shape, nodes as a list in their order.

        Defaults are left out: whoever reads it would take them for values that were set.
        """
        self.check()
        tree = self.masked() if mask else self.tree
        defaults = {parts for parts, source in self._sources.items() if source is Source.DEFAULT}
        return legacy_shape(_without(tree, defaults) if defaults else tree)


def legacy_shape(tree: dict[str, Any]) -> dict[str, Any]:
    """A tree by parts of paths in the legacy file's shape."""
    shaped = dict(tree)
    if isinstance(shaped.get("nodes"), dict):
        shaped["nodes"] = [
            {"id": node_id, **value} if isinstance(value, dict) else {"id": node_id}
            for node_id, value in shaped["nodes"].items()
        ]
    return shaped


def database_tree(db: Database, *, with_settings: bool = True) -> dict[str, Any]:
    """What the database holds of the document, inside the caller's read transaction.

    nodedeck's own thresholds are settings of the service ``nodedeck`` and part of it. Without
    settings, it takes a fraction of the time, and of the imports.
    """
    secret: set[str] = set()
    kept: list[tuple[str, Any]] = []
    if with_settings:
        from store import settings, settings_values

        secret, kept = settings.secret_paths(db), settings_values.present(db)
    values: dict[tuple[str, ...], Any] = {}
    layers: tuple[tuple[Kind, audit.Keyed | audit.Single], ...] = (
        (Kind.CHAIN, audit.CHAIN),
        *((Kind.SEED, seed) for seed in audit.SEEDS),
        (Kind.PARAMS, audit.PARAMS),
        (Kind.VERSIONS, audit.VERSIONS),
        (Kind.UPGRADE, audit.UPGRADE),
        (Kind.NODE, audit.NODES),
    )
    found = (
        (path, codec.entity_value(kind, path, stored))
        for kind, entity in layers
        for path, stored in latest.present(db, entity)
    )
    for path, value in itertools.chain(found, kept):
        try:
            parts = paths.split(path)
        except UsageError:  # a key that only a foreign writer could make: shown whole
            parts = (path,)
        values[(path,) if parts in values else parts] = codec.MASK if path in secret else value
    return _grown(values)


def _grown(values: dict[tuple[str, ...], Any]) -> dict[str, Any]:
    """The tree of values by their parts.

    Where a foreign writer stored one setting above another, both stay in sight: the upper one
    stands beside the lower under a name without letters.
    """
    upper = {parts[:count] for parts in values for count in range(2, len(parts))} & values.keys()
    tree: dict[str, Any] = {}
    for parts, value in values.items():
        place = parts
        if parts in upper:
            place = (*parts, "")
            while place in values:
                place = (*parts, f"{place[-1]}=")
        inside = tree
        for part in place[:-1]:
            inside = inside.setdefault(part, {})
        inside[place[-1]] = value
    return tree


def _lay(tree: dict[str, Any], over: Mapping[str, Any]) -> None:
    for name, value in over.items():
        if isinstance(value, dict) and isinstance(tree.get(name), dict):
            below = dict(tree[name])
            _lay(below, value)
            tree[name] = below
        else:
            tree[name] = value


def _walk(value: Any, prefix: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """Leaves by parts; a list and an empty mapping are leaves."""
    if isinstance(value, dict) and (value or not prefix):
        found: dict[tuple[str, ...], Any] = {}
        for name, below in value.items():
            found |= _walk(below, (*prefix, str(name)))
        return found
    return {prefix: value}


def _without(
    tree: dict[str, Any], leaves: set[tuple[str, ...]], prefix: tuple[str, ...] = ()
) -> dict[str, Any]:
    """A tree without some of its leaves, and without the mappings that they alone filled."""
    kept = {}
    for name, value in tree.items():
        parts = (*prefix, name)
        if parts in leaves:
            continue
        below = _without(value, leaves, parts) if isinstance(value, dict) else value
        if below or not value:
            kept[name] = below
    return kept


def _fill(tree: dict[str, Any], parts: tuple[str, ...], value: Any) -> bool:
    """Lay a default over a copy of the branch where nothing stands; whether it was."""
    root, *below = parts
    if not below:
        if root in tree:
            return False
        tree[root] = value
        return True
    inside = tree.get(root, {})
    if not isinstance(inside, dict):
        return False
    inside = dict(inside)
    if not _fill(inside, tuple(below), value):
        return False
    tree[root] = inside
    return True


def _put(tree: dict[str, Any], parts: tuple[str, ...], text: str, path: str) -> bool:
    """Lay one override's text over a copy of the branch; whether there was a place for it."""
    root = parts[0]
    if len(parts) > 1 and not isinstance(tree.get(root, {}), dict):
        return False
    if len(parts) == 1:
        tree[root] = like(tree.get(root), text, path)
        return True
    below = dict(tree.get(root, {}))
    if not _put(below, parts[1:], text, path):
        return False
    tree[root] = below
    return True


def like(present: Any, text: str, path: str) -> Any:
    """Text as a value of the same type as the present one; raises InvalidValue where it is not."""
    told = masks.told(path, text)
    if isinstance(present, bool):
        truth = codec.truth(text)
        if truth is None:
            raise InvalidValue(f"{path}: must be true or false, not {told}; nothing was changed.")
        return truth
    if isinstance(present, int):
        number = codec.as_integer(text)
        if number is None:
            raise InvalidValue(
                f"{path}: must be a 64-bit integer, not {told}; nothing was changed."
            )
        return number
    if isinstance(present, float):
        try:
            return float(text)
        except ValueError:
            raise InvalidValue(
                f"{path}: must be a number, not {told}; nothing was changed."
            ) from None
    if isinstance(present, dict | list):
        loaded = codec.load(text)
        if not isinstance(loaded, type(present)):
            wanted = "object" if isinstance(present, dict) else "list"
            raise InvalidValue(f"{path}: must be a JSON {wanted}, not {told}; nothing was changed.")
        return loaded
    return text
