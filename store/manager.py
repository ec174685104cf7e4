"""ConfigManager: the one door to a host's configuration.

A method that writes is one transaction: the write lock, the value, the attribution, the commit.
It returns the id of the newest change it made, or 0 where the value already was so. Panes, verbs,
the wizard and tests all come through here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from store import checks, codec, documents, history, paths, state, static_file, writes
from store import database as sqlite
from store.database import Database
from store.documents import Document, Entry, Overrides
from store.errors import InvalidValue, Refused, UnknownPath, UsageError
from store.locations import Locations
from store.models import (
    Change,
    EpochSeed,
    Node,
    NodeVersion,
    NodeVersions,
    Snapshot,
    UpgradePlan,
)
from store.paths import Address, Kind


def utc_now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


class ConfigManager:
    """The document of one host: static keys of the config file, dynamic state of the database."""

    def __init__(
        self,
        database: Database,
        config: Path,
        *,
        actor: str,
        clock: Callable[[], datetime] = utc_now,
        overrides: Overrides | None = None,
    ) -> None:
        self.database = database
        self.config = config
        self.actor = actor
        self.clock = clock
        self.overrides = overrides or Overrides()

    @classmethod
    def open(
        cls,
        locations: Locations,
        *,
        actor: str,
        read_only: bool = False,
        busy_ms: int = sqlite.BUSY_MS,
        clock: Callable[[], datetime] = utc_now,
        overrides: Overrides | None = None,
    ) -> Self:
        """Open an existing database; raises what ``Database`` raises."""
        database = Database(locations.database, read_only=read_only, busy_ms=busy_ms)
        return cls(database, locations.config, actor=actor, clock=clock, overrides=overrides)

    def close(self) -> None:
        """Close this thread's connection."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # reading

    def snapshot(self) -> Snapshot:
        """Everything small, as of one moment."""
        with self.database.reading():
            return state.snapshot(self.database, self.clock())

    def feed(self, after: int) -> list[Change]:
        """Changes after a change id, oldest first."""
        with self.database.reading():
            return history.feed(self.database, after)

    def history(
        self,
        pattern: str | None = None,
        *,
        since: datetime | None = None,
        actor: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[Change]:
        """Changes of the leaves a path pattern names, newest first; "external" is no actor."""
        with self.database.reading():
            return history.history(
                self.database, pattern=pattern, since=since, actor=actor, before=before, limit=limit
            )

    def newest(self, limit: int) -> tuple[Snapshot, tuple[Change, ...]]:
        """One read for the screen: the snapshot and the newest changes, heights only once."""
        with self.database.reading():
            snapshot = state.snapshot(self.database, self.clock())
            return snapshot, tuple(history.newest(self.database, limit))

    def document(self) -> Document:
        """The effective document: defaults, file, database, environment, flags."""
        static = static_file.load(self.config)
        with self.database.reading():
            tree = documents.database_tree(self.database)
        return Document(tree, static, self.overrides)

    def get(self, path: str) -> Entry:
        """The effective value at a path; raises UnknownPath naming the nearest ones."""
        return self.document().get(path)

    # writing

    @contextmanager
    def _writing(self, reason: str | None) -> Iterator[list[int]]:
        """A write transaction signed by us; yields a list that will hold its last change id."""
        newest = [0]
        db = self.database
        with checks.utf8(), db.writing():
            before = history.newest_id(db)
            yield newest
            db.execute_sql(
                "UPDATE audit_log SET actor=?, reason=? WHERE id>?", (self.actor, reason, before)
            )
            after = history.newest_id(db)
            newest[0] = after if after > before else 0

    @contextmanager
    def transaction(self, reason: str | None = None) -> Iterator[Database]:
        """A signed write transaction for the store's own modules, such as an import."""
        with self._writing(reason):
            yield self.database

    def set_height(self, height: int, *, reason: str | None = None) -> int:
        """Store the current block height (0 to 2^63-1)."""
        return self._set_chain(
            "current_height", checks.checked_height("current_height", height), reason
        )

    def set_last_processed_height(self, height: int, *, reason: str | None = None) -> int:
        """Store the last processed block height (0 to 2^63-1)."""
        path = "last_processed_height"
        return self._set_chain(path, checks.checked_height(path, height), reason)

    def _set_chain(self, key: str, value: Any, reason: str | None) -> int:
        with self._writing(reason) as newest:
            writes.put_chain(self.database, key, value)
        return newest[0]

    def set_seed(self, kind: str, seed: EpochSeed, *, reason: str | None = None) -> int:
        """Make a seed the active one of its type: previous, current or upcoming."""
        if kind not in paths.SEED_TYPES:
            raise InvalidValue(
                f"{kind!r} is no seed type; there are {', '.join(paths.SEED_TYPES)}."
            )
        with self._writing(reason) as newest:
            writes.put_seed(self.database, kind, seed)
        return newest[0]

    def set_params(self, kind: str, values: Mapping[str, Any], *, reason: str | None = None) -> int:
        """Store the parameters of one type; validation and bandwidth are checked."""
        checked = checks.checked_params(kind, dict(values))
        with self._writing(reason) as newest:
            writes.put_params(self.database, kind, checked)
        return newest[0]

    def set_node_versions(
        self, versions: Sequence[NodeVersion], *, reason: str | None = None
    ) -> int:
        """Make the version stack exactly these entries."""
        with self._writing(reason) as newest:
            writes.put_versions(self.database, tuple(versions))
        return newest[0]

    def set_upgrade_plan(self, plan: UpgradePlan, *, reason: str | None = None) -> int:
        """Make a plan the active upgrade plan."""
        with self._writing(reason) as newest:
            writes.put_upgrade(self.database, plan)
        return newest[0]

    def clear_upgrade_plan(self, *, reason: str | None = None) -> int:
        """Leave no upgrade plan active."""
        with self._writing(reason) as newest:
            writes.drop_upgrade(self.database)
        return newest[0]

    def add_node(self, node: Node, *, reason: str | None = None) -> int:
        """Add a node; raises InvalidValue where its id or host:port is taken or a rule broken."""
        with self._writing(reason) as newest:
            checks.checked_node(node, None, self._nodes())
            writes.put_node(self.database, node)
        return newest[0]

    def update_node(self, node: Node, *, reason: str | None = None) -> int:
        """Change a node that there is; raises UnknownPath where there is none of its id."""
        with self._writing(reason) as newest:
            nodes = self._nodes()
            before = next((other for other in nodes if other.id == node.id), None)
            if before is None:
                raise _no_node(node.id, nodes)
            writes.put_node(self.database, checks.checked_node(node, before, nodes))
        return newest[0]

    def remove_node(self, node_id: str, *, reason: str | None = None) -> bool:
        """Remove a node and its security key; whether there was a key."""
        with self._writing(reason):
            nodes = self._nodes()
            if all(node.id != node_id for node in nodes):
                raise _no_node(node_id, nodes)
            return writes.drop_node(self.database, node_id)

    def _nodes(self) -> tuple[Node, ...]:
        return tuple(state.nodes(self.database, []))

    def set_value(
        self, path: str, text: str, *, create: bool = False, reason: str | None = None
    ) -> int:
        """Set one value from text, typed as its field, or as the value it replaces.

        Raises UnknownPath for a path without a value unless ``create`` makes it a setting, and
        InvalidValue, with the reason, for a text that does not fit. A static key is refused: it
        is homed in the file.
        """
        address = paths.locate(path)
        if address is None:
            raise UsageError(
                f"{path} is not a single value; nothing was changed.",
                hint="Name one value, such as nodes.node1.host; 'nodedeck list' shows all paths.",
            )
        if address.kind is Kind.STATIC:
            raise Refused(
                f"{path} is a static key, homed in {self.config}; nothing was changed.",
                hint="Edit it in that file and restart the daemon.",
            )
        with self._writing(reason) as newest:
            self._put_value(address, path, text, create)
        return newest[0]

    def _put_value(self, address: Address, path: str, text: str, create: bool) -> None:
        present = state.value_at(self.database, address)
        if address.kind is Kind.CHAIN:
            self._put_chain_value(address.entity, present, text)
        elif address.kind is Kind.SETTING:
            self._put_setting(address, present, text, create)
        else:
            if present is None:
                raise self._unknown(path)
            value = _with_field(
                present,
                checks.sample(address),
                address.field,
                path=path,
                text=text,
                unknown=self._unknown,
            )
            self._put_entity(address, value)

    def _put_chain_value(self, key: str, present: Any, text: str) -> None:
        kind = paths.CHAIN_VALUES.get(key)
        if kind is None and present is None:
            raise self._unknown(key)
        sample: Any = {"integer": 0, "boolean": False}.get(kind or "text", "")
        value = documents.like(sample, text, key)
        if kind == "integer":
            checks.checked_height(key, value)
        writes.put_chain(self.database, paths.split(key)[-1], value)

    def _put_setting(self, address: Address, present: Any, text: str, create: bool) -> None:
        if present is None and not create:
            raise self._unknown(address.entity)
        parts = paths.split(address.entity)
        service, *rest = parts[1:] if parts[0] == paths.OTHER_SETTINGS else parts
        value = (
            codec.load(text) if present is None else documents.like(present, text, address.entity)
        )
        checks.storable(value, address.entity)
        writes.put_setting(
            self.database, service, paths.join(*rest), codec.setting_type(value), value
        )

    def _put_entity(self, address: Address, value: Any) -> None:
        db, root = self.database, paths.split(address.entity)[0]
        if address.kind is Kind.SEED:
            seed = checks.checked(EpochSeed, value, address.entity)
            writes.put_seed(db, root.removesuffix("_seed"), seed)
        elif address.kind is Kind.PARAMS:
            kind = root.removesuffix(paths.PARAMS_SUFFIX)
            writes.put_params(db, kind, checks.checked_params(kind, value))
        elif address.kind is Kind.VERSIONS:
            stack = checks.checked(NodeVersions, value, address.entity)
            writes.put_versions(db, stack.versions)
        elif address.kind is Kind.UPGRADE:
            writes.put_upgrade(db, checks.checked(UpgradePlan, value, address.entity))
        else:
            node_id = paths.split(address.entity)[1]
            node = checks.checked(Node, {"id": node_id, **value}, address.entity)
            nodes = self._nodes()
            before = next((other for other in nodes if other.id == node_id), None)
            writes.put_node(db, checks.checked_node(node, before, nodes))

    def _unknown(self, path: str) -> UnknownPath:
        tree = documents.database_tree(self.database)
        known = [entry.path for entry in Document(tree, static_file.load(self.config)).leaves()]
        near = paths.nearest(path, known)
        return UnknownPath(
            f"There is no value at {path}; nothing was changed.",
            hint=f"Did you mean {', '.join(near)}?" if near else "'nodedeck list' shows all paths.",
        )


def _no_node(node_id: str, nodes: Sequence[Node]) -> UnknownPath:
    known = ", ".join(node.id for node in nodes[:5])
    return UnknownPath(
        f"There is no node {node_id!r}; nothing was changed.",
        hint=f"There are {known}." if known else "The registry is empty.",
    )


def _with_field(
    present: Any,
    sample: Any,
    field: Sequence[str],
    *,
    path: str,
    text: str,
    unknown: Callable[[str], UnknownPath],
) -> Any:
    """An entity's value with one field, or the whole, replaced by text of the sample's type."""
    if not field:
        return documents.like(present if sample is None else sample, text, path)
    head, *below = field
    if not isinstance(present, dict) or head not in present:
        raise unknown(path)
    inner = sample.get(head) if isinstance(sample, dict) else None
    value = _with_field(present[head], inner, below, path=path, text=text, unknown=unknown)
    return {**present, head: value}
