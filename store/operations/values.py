"""Single values from text: any path of the database, typed as what it replaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from store import (
    checks,
    codec,
    documents,
    latest,
    masks,
    paths,
    schema_checks,
    settings,
    state,
    static_file,
    versions,
    writes,
)
from store.documents import Document
from store.errors import NodedeckError, UnknownPath, UsageError
from store.models import EpochSeed, Node, NodeVersions, UpgradePlan
from store.operations import recording
from store.operations.static import StaticOperations
from store.paths import Address, Kind
from store.sealing.vault import Vault
from store.settings_rules import in_clear, typed


class ValueOperations(StaticOperations):
    """Setting one value by its path."""

    def set_value(
        self,
        path: str,
        text: str,
        *,
        create: bool = False,
        expect_version: int | None = None,
        reason: str | None = None,
    ) -> int:
        """Set one value from text, typed by its rule, as its field, or as the value it replaces.

        ``expect_version`` is what ``version_of`` said when the old value was read. Raises
        VersionConflict where it is another by now, UnknownPath for a path without a value unless
        ``create`` makes it a setting, InvalidValue, with the reason, for a text that does not fit,
        and Refused for a secret inside an entity, which has no place of its own; a setting that is
        one is sealed, which raises what ``Vault.put`` raises. A key that is homed in the config
        file is changed there, as ``set_static`` does it, which gives no change id: 0.
        """
        if self.in_file(path):
            if expect_version is not None:
                raise UsageError(
                    f"{path} is homed in {self.config}, which has no versions; nothing was changed."
                )
            self.set_static(path, text, create=create, reason=reason)
            return 0
        address = paths.locate(path)
        if address is None:
            raise UsageError(
                f"{path} is not a single value; nothing was changed.",
                hint="Name one value, such as nodes.node1.host; 'nodedeck list' shows all paths.",
            )
        if address.kind in (Kind.PROVIDER, Kind.NODE_KEY):
            raise in_clear(path)
        if address.kind in (Kind.PROFILE, Kind.FLAG):
            raise UsageError(
                f"{path} is a {address.kind}, no value of the document; nothing was changed.",
                hint=f"Use 'nodedeck {address.kind}'.",
            )
        with self._writing(reason) as newest:
            versions.expect(self.database, address, expect_version)
            before = self._seen(address)
            self._put_value(address, path, text, create, reason)
            self._refuse_unseen(path, before, self._seen(address))
        return newest[0]

    def _seen(self, address: Address) -> tuple[Any, int]:
        """The value that is in force, and the newest change of the log."""
        return latest.value_at(self.database, address), latest.newest_id(self.database)

    def _refuse_unseen(self, path: str, before: tuple[Any, int], after: tuple[Any, int]) -> None:
        """Raise NodedeckError where a value changed and the log did not notice."""
        if before[0] != after[0] and before[1] == after[1]:
            raise NodedeckError(
                f"The audit log does not hold the present value of {path}, so that this change"
                " would not be in the history; nothing was changed.",
                hint=f"Bring the log in line with the tables first: {schema_checks.FIX}",
            )

    def version_of(self, path: str) -> int | None:
        """What ``expect_version`` asks for: a setting's service's version, else a change id.

        None for a path that is no single value of the database.
        """
        address = paths.locate(path)
        if address is None or address.kind is Kind.STATIC:
            return None
        with self.database.reading():
            return versions.current(self.database, address)

    def expect_version(self, path: str, version: int | None) -> None:
        """Raise VersionConflict where ``version_of`` a path says something else than ``version``.

        None expects nothing. Inside a transaction it holds to the end of that.
        """
        address = paths.locate(path)
        if address is not None and address.kind is not Kind.STATIC:
            with self.database.reading():
                versions.expect(self.database, address, version)

    def set_node(
        self,
        node_id: str,
        texts: Mapping[str, str],
        *,
        expect_version: int | None = None,
        reason: str | None = None,
    ) -> int:
        """Set several fields of one node at once, each from text and typed as its field.

        A key of ``texts`` is a field's path inside the node, such as ``host``. Raises UnknownPath
        for a node or a field that is not there, InvalidValue for a text or a node that breaks a
        rule, and VersionConflict as ``set_value`` does; then none of them is changed.
        """
        address = Address(paths.join("nodes", node_id), Kind.NODE)
        with self._writing(reason) as newest:
            versions.expect(self.database, address, expect_version)
            value = latest.value_at(self.database, address)
            if value is None:
                raise self._unknown(address.entity)
            for field, text in texts.items():
                value = with_field(
                    value,
                    checks.sample(address),
                    paths.split(field),
                    path=f"{address.entity}.{field}",
                    text=text,
                    unknown=self._unknown,
                )
            self._put_entity(address, value)
        return newest[0]

    def _put_value(
        self, address: Address, path: str, text: str, create: bool, reason: str | None
    ) -> None:
        present = latest.value_at(self.database, address)
        if address.kind is Kind.CHAIN:
            self._put_chain_value(address.entity, present, text)
        elif address.kind is Kind.SETTING:
            self._put_setting(address, present, text, create, reason)
        else:
            if present is None:
                raise self._unknown(path)
            value = with_field(
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
        settings.refuse_secret(self.database, key, present, value)
        if kind == "integer":
            checks.checked_height(key, value)
        writes.put_chain(self.database, paths.split(key)[-1], value)

    def _put_setting(
        self, address: Address, present: Any, text: str, create: bool, reason: str | None
    ) -> None:
        db, path = self.database, address.entity
        service, key = settings.key_of(path)
        rule = settings.rule_of(db, service, key)
        stored = settings.is_stored(db, service, key)
        if rule is None and not stored and not create:
            raise self._unknown(path)
        vault = Vault(db, self.master_key, spare=self.spare_key)
        if settings.is_secret(db, path, present):
            vault.put_setting(service, key, text)
            recording.sealed(self, path, reason)
            return
        if rule is not None:
            value = typed(rule, text)
        else:
            value = documents.like(present, text, path) if stored else codec.load(text)
        checks.storable(value, path)
        vault.put_setting(service, key, value)
        if settings.is_secret(db, path, value):
            recording.sealed(self, path, reason)

    def _put_entity(self, address: Address, value: Any) -> None:
        db, parts = self.database, paths.split(address.entity)
        root, present = parts[0], latest.value_at(db, address)
        value = masks.restored(parts, value, present)
        before = codec.leaves(present, *parts)
        for path, leaf in codec.leaves(value, *parts).items():
            if path not in before or before[path] != leaf:
                settings.refuse_secret(db, path, leaf, before.get(path))
                checks.refuse_mask(path, leaf)
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
            nodes = state.nodes(self.database)
            known = next((other for other in nodes if other.id == node_id), None)
            writes.put_node(db, checks.checked_node(node, known, nodes))

    def _unknown(self, path: str) -> UnknownPath:
        tree = documents.database_tree(self.database)
        defaults = settings.defaults(self.database)
        document = Document(tree, static_file.load(self.config), defaults=defaults)
        known = [entry.path for entry in document.leaves()]
        near = paths.nearest(path, known)
        return UnknownPath(
            f"There is no value at {path}; nothing was changed.",
            hint=f"Did you mean {', '.join(near)}?" if near else "'nodedeck list' shows all paths.",
        )


def with_field(
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
    value = with_field(present[head], inner, below, path=path, text=text, unknown=unknown)
    return {**present, head: value}
