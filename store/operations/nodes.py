"""The node registry and the nodes' security keys."""

from __future__ import annotations

from collections.abc import Sequence

from store import checks, state, writes
from store.errors import InvalidValue, UnknownPath
from store.models import Node
from store.operations.leaking import LeakOperations
from store.paths import NODE_KEY, join


class NodeOperations(LeakOperations):
    """Nodes, shared between the daemon's admin API and the operator."""

    def nodes(self) -> tuple[Node, ...]:
        """The registry in row order; fields that do not decode have their zero value."""
        with self.database.reading():
            return self._nodes()

    def node(self, node_id: str) -> Node:
        """One node; raises UnknownPath where there is none of that id."""
        nodes = self.nodes()
        return _named(node_id, nodes)

    def set_nodes(self, nodes: Sequence[Node], *, reason: str | None = None) -> int:
        """Make the registry exactly these nodes, at once; the stayers keep their place.

        The leavers' security keys go with them. Raises InvalidValue for a broken rule.
        """
        with self._writing(reason) as newest:
            before = {node.id: node for node in self._nodes()}
            for at, node in enumerate(nodes):
                if any(other.id == node.id for other in nodes[:at]):
                    raise InvalidValue(
                        f"{join('nodes', node.id)}: two nodes have this id; nothing was changed."
                    )
                checks.checked_node(node, before.get(node.id), nodes[:at])
            for leaver in before.keys() - {node.id for node in nodes}:
                writes.drop_node(self.database, leaver)
            for node in nodes:
                writes.put_node(self.database, node)
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
            before = _named(node.id, nodes)
            writes.put_node(self.database, checks.checked_node(node, before, nodes))
        return newest[0]

    def enable_node(self, node_id: str, enabled: bool, *, reason: str | None = None) -> int:
        """Switch a node on or off; the daemon acts on it at the next epoch."""
        with self._writing(reason) as newest:
            _named(node_id, self._nodes())
            writes.enable_node(self.database, node_id, enabled)
        return newest[0]

    def remove_node(self, node_id: str, *, reason: str | None = None) -> bool:
        """Remove a node and its security key; whether there was a key."""
        with self._writing(reason):
            _named(node_id, self._nodes())
            return writes.drop_node(self.database, node_id)

    def set_node_key(self, node_id: str, key: str, *, reason: str | None = None) -> int:
        """Seal a node's security key; its version, 1 for a first key.

        Setting the key that is there leaves its version. No key is ever logged or shown in clear.
        """
        self.node(node_id)
        path = join("nodes", node_id, NODE_KEY)
        return self.set_secret(path, key, reason=reason).secret.version

    def rotate_node_key(self, node_id: str, key: str, *, reason: str | None = None) -> int:
        """Replace a node's security key by another; its new version.

        Raises InvalidValue where there is no key to replace, or the new one is the old one.
        """
        self.node(node_id)
        path = join("nodes", node_id, NODE_KEY)
        return self.rotate_secret(path, key, reason=reason).secret.version

    def node_key_version(self, node_id: str) -> int:
        """The version of a node's security key, 0 where it has none."""
        with self.database.reading():
            return writes.node_key_version(self.database, node_id)

    def _nodes(self) -> tuple[Node, ...]:
        return state.nodes(self.database)


def _named(node_id: str, nodes: Sequence[Node]) -> Node:
    found = next((node for node in nodes if node.id == node_id), None)
    if found is None:
        known = ", ".join(node.id for node in nodes[:5])
        raise UnknownPath(
            f"There is no node {node_id!r}; nothing was changed.",
            hint=f"There are {known}." if known else "The registry is empty.",
        )
    return found
