"""The tree of a YAML text with true marks, made from libyaml's events.

PyYAML's own nodes will not do: an alias has its anchor's marks there, and a block's end lies after
the comments that follow it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from yaml.events import (
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from store.reading.yaml_events import events

Path = tuple[str, ...]
"""The keys of nested mappings from the root."""


class Unsafe(Exception):
    """An edit that cannot be made with proof; its text is the reason."""


class Entry(NamedTuple):
    """A key and its value."""

    key: Node
    value: Node

    @property
    def name(self) -> str | None:
        """The key's text; None where an alias stands for it."""
        return self.key.text if self.key.kind == "scalar" else None

    @property
    def end(self) -> int:
        """The offset after the entry's last character that is no comment."""
        return max(self.key.end, self.value.end)


@dataclass(slots=True)
class Node:
    """A value in the text, from offset ``start``, anchor and tag included, up to ``end``.

    ``inner`` is the offset after a flow collection's opening bracket. ``identity`` is all of the
    node but its children that an edit elsewhere must not change.
    """

    kind: Literal["map", "list", "scalar", "alias"]
    identity: tuple[object, ...]
    start: int
    end: int
    line: int
    text: str = ""
    style: str = ""
    inner: int = 0
    is_flow: bool = False
    is_bare: bool = True
    """Neither an anchor nor a tag stands before the value."""
    children: list[Node] = field(default_factory=list)

    @property
    def entries(self) -> list[Entry]:
        """The entries of a mapping, in order."""
        return [Entry(*pair) for pair in zip(self.children[::2], self.children[1::2], strict=True)]

    @property
    def is_block(self) -> bool:
        """Tell whether this is a mapping or list written in lines of its own."""
        return self.kind in ("map", "list") and not self.is_flow


def build(text: str) -> Node | None:
    """Return the root of a text that the reader has accepted; None for no document."""
    root: Node | None = None
    open_nodes: list[Node] = []
    for event in events(text):
        if isinstance(event, CollectionEndEvent):
            _close(open_nodes.pop(), _end(event), text)
        elif isinstance(event, NodeEvent):
            node = _node(event)
            if open_nodes:
                open_nodes[-1].children.append(node)
            else:
                root = node
            if isinstance(event, CollectionStartEvent):
                open_nodes.append(node)
    return root


def let_go(root: Node) -> None:
    """Take a tree that nobody needs any more apart, branch by branch.

    Left to itself, that of ten thousand nodes goes in one step, for which every thread waits.
    """
    branches = [root]
    while branches:
        branch = branches.pop()
        if branch.kind != "scalar":
            branches += branch.children
            branch.children.clear()


def _start(event: Event) -> tuple[int, int]:
    """Return the offset and the line, from 1, at which an event begins."""
    mark = event.start_mark
    return (mark.index, mark.line + 1) if mark else (0, 0)


def _end(event: Event) -> int:
    mark = event.end_mark
    return mark.index if mark else 0


def _node(event: NodeEvent) -> Node:
    start, line = _start(event)
    end = _end(event)
    if isinstance(event, ScalarEvent):
        style = event.style or ""
        identity = (event.anchor, event.tag, style, event.value)
        is_bare = event.anchor is None and event.tag is None
        return Node("scalar", identity, start, end, line, event.value, style, is_bare=is_bare)
    if not isinstance(event, CollectionStartEvent):
        return Node("alias", (event.anchor,), start, end, line)
    return Node(
        "map" if isinstance(event, MappingStartEvent) else "list",
        (event.anchor, event.tag),
        start,
        end,
        line,
        inner=end,
        is_flow=bool(event.flow_style),
        is_bare=event.anchor is None and event.tag is None,
    )


def _close(node: Node, end: int, text: str) -> None:
    for entry in node.entries if node.kind == "map" else ():
        _settle_missing_value(entry, text)
    if node.is_flow:
        node.end = end
    elif node.children:
        node.end = max(child.end for child in node.children[-2:])
    else:
        node.end = node.start


def _settle_missing_value(entry: Entry, text: str) -> None:
    """Put the empty value of a key without a colon behind its key, not before the next token."""
    value = entry.value
    if value.start == value.end and text[value.start - 1 : value.start] != ":":
        value.start = value.end = entry.key.end
