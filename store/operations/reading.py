"""Reading the document and its layers; what imports the models of the document is not needed."""

from __future__ import annotations

from typing import Any, Final

from store import documents, paths, schema
from store.documents import Document, Entry, Overrides, Source
from store.door import Door
from store.errors import UnknownPath
from store.paths import Kind
from store.static_layer import StaticFile

# their values are in the database alone, and no declaration gives them a default
_IN_TABLES: Final = {Kind.CHAIN, Kind.SEED, Kind.PARAMS, Kind.VERSIONS, Kind.UPGRADE, Kind.NODE}


class DocumentReader(Door):
    """The document, read in one transaction, so that all of it is of one moment."""

    def effective(self, *, defaults: bool = True) -> Document:
        """The document as it counts: default, file, database, environment, flags, in that order.

        What other programs read does without the ``defaults``, which they would take for values.
        """
        return self._document(self.overrides, defaults=defaults)

    def raw(self) -> Document:
        """The document as it is stored, without defaults, environment and flags."""
        return self._document(Overrides(), defaults=False)

    def _document(self, over: Overrides, *, defaults: bool) -> Document:
        from store import settings, static_file

        static = static_file.load(self.config)
        with self.database.reading():
            tree = documents.database_tree(self.database)
            declared = settings.defaults(self.database) if defaults else {}
        return Document(tree, static, over, declared)

    def get(self, path: str) -> Entry:
        """The effective value at a path; raises UnknownPath naming the nearest ones.

        Where the path can only be the database's, the config file and the settings are not read.
        """
        short = self._short(path)
        if short is not None:
            try:
                return short.get(path)
            except UnknownPath:  # the whole document knows what is near
                pass
        return self.effective().get(path)

    def _short(self, path: str) -> Document | None:
        """What of the document can hold a path, None where that is all of it."""
        address = paths.locate(path)
        if address is None or address.kind not in _IN_TABLES:
            return None
        with self.database.reading():
            tree = documents.database_tree(self.database, with_settings=False)
        return Document(tree, StaticFile(self.config), self.overrides)

    def waits_for_confirmation(self) -> bool:
        """Whether an edit is there that reverts by itself unless somebody confirms it."""
        with self.database.reading():
            return bool(
                schema.has_table(self.database, "pending_reversals")
                and self.database.value(
                    "SELECT 1 FROM pending_reversals WHERE state='pending' LIMIT 1"
                )
            )

    def source_of(self, path: str) -> Source:
        """The layer that supplies a path's effective value; raises UnknownPath."""
        return self.get(path).source

    def api_config(self) -> dict[str, Any]:
        """The static keys of the API: ports and URLs."""
        return self._static("api")

    def chain_node_config(self) -> dict[str, Any]:
        """The static keys of the chain connection."""
        return self._static("chain_node")

    def ml_node_key_config(self) -> dict[str, Any]:
        """The static keys of the worker key; the private one is a secret, never to be shown."""
        return self._static("ml_node_key_config")

    def nats_config(self) -> dict[str, Any]:
        """The static keys of the NATS server."""
        return self._static("nats")

    def _static(self, root: str) -> dict[str, Any]:
        document = self.effective()
        if document.static.fault is not None:
            raise document.static.fault
        document.check((root,))
        found = document.tree.get(root)
        return dict(found) if isinstance(found, dict) else {}
