"""The proof that an edit left everything else as it was: same events, same content."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from store.reading import Item
from store.yaml_text.document import Document, parse
from store.yaml_text.tree import Node, Path, Unsafe


def reparsed(data: bytes, was_json: bool) -> Document:
    """Return the document that an edit made; raise Unsafe if it can no longer be read."""
    try:
        document = parse(data)
    except Unsafe as unsafe:
        raise Unsafe(f"the rest would no longer be readable ({unsafe})") from None
    if was_json and not document.is_json:
        raise Unsafe("the rest would no longer be JSON")
    return document


def prove(before: Document, after: Document, changed: AbstractSet[Path], *, cut: bool) -> None:
    """Raise Unsafe unless both documents are the same but for the ``changed`` paths.

    After a cut those paths must be gone; otherwise they may hold anything.
    """
    left_out: AbstractSet[Path] = frozenset() if cut else changed
    same_events = _shape(before.root, changed) == _shape(after.root, left_out)
    same_content = _content(before.item, changed) == _content(after.item, left_out)
    if not (same_events and same_content):
        raise Unsafe("something else in the file would change")


def _shape(node: Node | None, drop: AbstractSet[Path], at: tuple[str | None, ...] = ()) -> object:
    """Return what libyaml tells of a tree without the dropped paths."""
    if node is None:
        return None
    if node.kind != "map":
        children = [_shape(child, frozenset()) for child in node.children]
        return node.kind, node.identity, node.is_flow, children
    kept = [
        (_shape(entry.key, frozenset()), _shape(entry.value, drop, (*at, entry.name)))
        for entry in node.entries
        if (*at, entry.name) not in drop
    ]
    # A block mapping that loses its last entry has to be written {}.
    return node.kind, node.identity, node.is_flow or not kept, kept


def _content(item: Item, drop: AbstractSet[Path], at: Path = ()) -> object:
    """Return what a file means, aliases and merges resolved, without the dropped paths."""
    if item.kind == "map":
        kept = [
            (key, _content(value, drop, (*at, key)))
            for key, value in item.entries.items()
            if (*at, key) not in drop
        ]
        return item.kind, kept
    if item.kind == "list":
        return item.kind, [_content(element, frozenset()) for element in item.elements]
    return item.kind, item.text
