"""What an operator should know of a path before and after writing it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from store import paths
from store.documents import Document, Entry, Source
from store.errors import NodedeckError, UnknownPath, UsageError
from store.history import kind_of, parts_of
from store.manager import ConfigManager
from store.paths import Kind

_DAEMONS_CHAIN_VALUES: Final = frozenset(paths.CHAIN_VALUES) - {"merged_node_config"}


def is_daemons(path: str) -> bool:
    """Whether the daemon writes a path from its memory; raises UsageError where it is none."""
    address = paths.locate(path)
    return address is not None and (
        address.kind in (Kind.SEED, Kind.VERSIONS) or address.entity in _DAEMONS_CHAIN_VALUES
    )


def _present(document: Document, path: str) -> Entry | None:
    """The value at a path, None where there is none; an unreadable config file is no hindrance."""
    try:
        return document.get(path)
    except NodedeckError as error:
        if isinstance(error, UnknownPath) or error is document.static.fault:
            return None
        raise


def warnings(document: Document, path: str) -> list[str]:
    """What an operator should know about a path that is set."""
    said = []
    if is_daemons(path):
        said.append(
            f"{path} belongs to the daemon, which writes it from its memory: a running daemon will"
            " overwrite this."
        )
    entry = _present(document, path)
    if entry is not None and entry.source in (Source.FLAG, Source.ENV):
        layer = "--override" if entry.source is Source.FLAG else "the environment"
        said.append(
            f"{path} is overridden by {layer}: the stored value has no effect while that lasts."
        )
    return said


def keys_that_go(manager: ConfigManager, ids: Sequence[int]) -> list[str]:
    """Nodes that an undo takes away together with their security keys."""
    found = [manager.change(change_id) for change_id in ids]
    added = (change for change in found if change is not None and change.action == "I")
    return [
        change.path
        for change in added
        if kind_of(change.path) is Kind.NODE and manager.node_key_version(parts_of(change.path)[-1])
    ]


def readable(path: str) -> bool:
    """Whether a path is one that people can write, and not only a foreign program."""
    try:
        return paths.locate(path) is not None
    except UsageError:
        return False
