"""Nodes that come and go: a new one, a copy of one, on and off, and removal."""

from __future__ import annotations

from typing import Any, Final

from store import checks, documents, history
from store.errors import VersionConflict
from store.manager import ConfigManager
from store.masks import masked
from store.models import Node
from store.paths import join, split
from tui.editing.rehearsal import Preview, Write, rehearse, shown_fields
from tui.editing.specs import FieldSpec, spec_of
from tui.editing.staging import Subject

NEW: Final = "a new node"
_UNSET_PORTS: Final = ("inference_port", "poc_port", "max_concurrent")


def node_id(path: str) -> str | None:
    """The id of the node that a path is, or is in; None for another path."""
    parts = split(path)
    return parts[1] if parts[0] == "nodes" and len(parts) > 1 else None


def draft(manager: ConfigManager, like: str | None = None) -> Subject:
    """The form of a new node, empty or with the values of another; raises UnknownPath.

    A copy has no id yet, and stands where the other one does until that is changed too.
    """
    base = Node(id="-").model_dump(mode="json")
    notes: tuple[str, ...] = ()
    if like is not None:
        base = manager.node(like).model_dump(mode="json")
        notes = (f"A copy of {like}: give it an id and a place of its own.",)
    base["id"] = ""
    fields = tuple(_field(name, value) for name, value in base.items())
    return Subject(NEW, fields, notes=notes, base=base)


def _field(name: str, value: Any) -> FieldSpec:
    sample = Node(id="-").model_dump(mode="json")

    def judge(text: str) -> None:
        typed = documents.like(sample[name], text, name)
        checks.checked(Node, {"id": "-", name: typed}, NEW)
        checks.refuse_no_port(name, typed)

    return spec_of(name, name, masked(("nodes", "-", name), value), judge, sample=sample[name])


def switch(node: str, enabled: bool) -> Write:
    """The write that turns a node on or off."""

    def write(manager: ConfigManager, reason: str | None) -> object:
        return manager.enable_node(node, enabled, reason=reason)

    return write


def preview_of_switch(manager: ConfigManager, node: str) -> tuple[bool, Preview]:
    """Whether a node would be on then, and what that changes; raises UnknownPath."""
    enabled = not manager.node(node).is_enabled
    changes = rehearse(manager, switch(node, enabled))
    return enabled, Preview(shown_fields(changes), ("The daemon acts on it at the next epoch.",))


def removal(node: str, version: int | None) -> Write:
    """The write that removes a node and its key; VersionConflict where it is not as it was."""
    path = join("nodes", node)

    def write(manager: ConfigManager, reason: str | None) -> object:
        with manager.transaction(reason):
            if manager.version_of(path) != version:
                newest = manager.history(path, limit=1)[0]
                raise VersionConflict(
                    f"{newest.actor or 'An external writer'} changed {path} at"
                    f" {history.stamp(newest.at)} (change #{newest.id}); nothing was changed.",
                    hint="Look at it again before you remove it.",
                )
            return manager.remove_node(node, reason=reason)

    return write


def preview_of_removal(manager: ConfigManager, node: str) -> tuple[int | None, Preview]:
    """The node's version, and what removing it takes away; raises UnknownPath."""
    version = manager.version_of(join("nodes", node))
    notes = ["u on the change brings the node back, as the last one."]
    if manager.node_key_version(node):
        notes.append("Its security key goes with it, and no undo brings that back.")
    return version, Preview(shown_fields(rehearse(manager, removal(node, version))), tuple(notes))
