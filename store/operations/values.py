"""Single values from text: any path of the database, typed as what it replaces."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from store import checks, codec, documents, paths, state, static_file, writes
from store.documents import Document
from store.door import Door
from store.errors import Refused, UnknownPath, UsageError
from store.models import EpochSeed, Node, NodeVersions, UpgradePlan
from store.paths import Address, Kind


class ValueOperations(Door):
    """Setting one value by its path."""

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
            nodes = tuple(state.nodes(self.database, []))
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
