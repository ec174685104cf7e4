"""Reading: the snapshot, the document and its layers, the log."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from store import documents, evidence, history, settings, state, static_file
from store.documents import Document, Entry, Overrides, Source
from store.door import Door
from store.findings import Evidence
from store.models import Change, Snapshot
from store.sealing import findings as sealing


class Looking(Door):
    """Reads; each is one read transaction, so that all of it is of one moment."""

    def snapshot(self) -> Snapshot:
        """Everything small, as of one moment."""
        with self.database.reading():
            return state.snapshot(self.database, self.clock())

    def newest(self, limit: int) -> tuple[Snapshot, tuple[Change, ...]]:
        """One read for the screen: the snapshot and the newest changes, heights only once."""
        with self.database.reading():
            snapshot = state.snapshot(self.database, self.clock())
            return snapshot, tuple(history.newest(self.database, limit))

    def evidence(self) -> Evidence:
        """What findings are judged from, as of one moment."""
        with self.database.reading():
            snapshot = state.snapshot(self.database, self.clock())
            found = evidence.gather(self.database, snapshot, self.overrides)
            seals = sealing.gather(self.database, self.master_key)
        return replace(found, secrets=tuple(sealing.judged(seals)))

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

    def effective(self, *, defaults: bool = True) -> Document:
        """The document as it counts: default, file, database, environment, flags, in that order.

        What other programs read does without the ``defaults``, which they would take for values.
        """
        return self._document(self.overrides, defaults=defaults)

    def raw(self) -> Document:
        """The document as it is stored, without defaults, environment and flags."""
        return self._document(Overrides(), defaults=False)

    def _document(self, over: Overrides, *, defaults: bool) -> Document:
        static = static_file.load(self.config)
        with self.database.reading():
            tree = documents.database_tree(self.database)
            declared = settings.defaults(self.database) if defaults else {}
        return Document(tree, static, over, declared)

    def get(self, path: str) -> Entry:
        """The effective value at a path; raises UnknownPath naming the nearest ones."""
        return self.effective().get(path)

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
