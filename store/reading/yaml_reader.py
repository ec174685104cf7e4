"""YAML as the daemon's Go library reads it, in one pass over libyaml's events.

The pass counts depth and expanded values while it goes, because libyaml's own composer crashes the
process on deep nesting, and objects shared by aliases make every later walk endless.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple, NoReturn

import yaml
from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from store.errors import BadDocument
from store.reading.intake import MAX_DEPTH, MAX_NODES, Places
from store.reading.item import Item, Kind, Scalar
from store.reading.scalars import Misfit, resolve, resolve_tagged
from store.reading.yaml_events import events

_PREFIX = "tag:yaml.org,2002:"
_SCALAR_TAGS: dict[str, Kind] = {
    _PREFIX + "str": "str",
    _PREFIX + "int": "int",
    _PREFIX + "float": "float",
    _PREFIX + "bool": "bool",
    _PREFIX + "null": "null",
    _PREFIX + "timestamp": "time",
}
_MERGE_TAG = _PREFIX + "merge"
_NO_TAG = (None, "!")

_Place = tuple[int, int]
_NOWHERE: _Place = (0, 0)


class _Built(NamedTuple):
    """An item and how many collections nest in it, itself included."""

    item: Item
    height: int


class _Anchored(NamedTuple):
    """What an anchor names: the value and its number of expanded values."""

    built: _Built
    size: int


class _Entry(NamedTuple):
    """One entry of a mapping as written, with the event that began its value."""

    value: Item
    start: Event


def read_yaml(text: str, name: str) -> Item:
    """Return the one document of a YAML text; null if there is none.

    Raises BadDocument with the place for everything that is not one well-formed, finite document
    of known tags with unique keys.
    """
    return _Composer(text, name).document()


def _events(text: str, name: str) -> Iterator[Event]:
    """Yield libyaml's events; turn its errors into one line each."""
    try:
        yield from events(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        if mark is None:
            raise BadDocument(f"not YAML: {_sentence(error)}.", file=name) from None
        is_tab = text[mark.index : mark.index + 1] == "\t"
        raise BadDocument(
            f"not YAML: {_sentence(error)}.",
            file=name,
            line=mark.line + 1,
            column=mark.column + 1,
            hint="Indent with spaces, not with tabs." if is_tab else "",
        ) from None
    except yaml.reader.ReaderError as error:
        line, column = Places(text).at(error.position)
        raise BadDocument(
            f"the character U+{int(error.character):04X} is not allowed in YAML.",
            file=name,
            line=line,
            column=column,
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise BadDocument(f"not YAML: {type(error).__name__}.", file=name) from None


def _sentence(error: yaml.MarkedYAMLError) -> str:
    parts = [error.problem or "it cannot be parsed", error.context or ""]
    return " ".join(" ".join(part for part in parts if part).split())


def _is_merge_key(event: Event) -> bool:
    if not isinstance(event, ScalarEvent) or event.value != "<<":
        return False
    return event.tag == _MERGE_TAG or (not event.style and event.tag in _NO_TAG)


def _plain_key(event: Event) -> str:
    """The text of a key that is nothing but text, as nearly all are; else an empty one."""
    if type(event) is not ScalarEvent or event.anchor is not None or event.tag not in _NO_TAG:
        return ""
    text: str = event.value
    return "" if "\0" in text else text


class _Composer:
    """Builds the tree of one document; ``None`` marks an anchor whose value is still open."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        self._events = _events(text, name)
        self._anchors: dict[str, _Anchored | None] = {}
        self._nodes = 0

    def document(self) -> Item:
        root: Item | None = None
        for event in self._events:
            if not isinstance(event, DocumentStartEvent):
                continue
            if root is not None:
                self._refuse(
                    event,
                    "a second document begins here; the daemon would read only the first.",
                    "Keep one document.",
                )
            root = self._value(next(self._events), depth=0).item
        return root or Item("null", None)

    def _refuse(self, event: Event, message: str, hint: str = "") -> NoReturn:
        line, column = _place(event)
        raise BadDocument(message, file=self._name, line=line, column=column, hint=hint)

    def _charge(self, event: Event, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._refuse(event, f"the document has more than {MAX_NODES:,} values when expanded.")

    def _value(self, event: Event, depth: int, key: _Place = _NOWHERE) -> _Built:
        """Build the value that ``event`` begins, inside ``depth`` collections, behind ``key``."""
        if isinstance(event, AliasEvent):
            return self._alias(event, depth, key)
        before = self._nodes
        self._charge(event, 1)
        anchor = event.anchor if isinstance(event, NodeEvent) else None
        if anchor is not None:
            self._anchors[anchor] = None
        built = self._collection_or_scalar(event, depth, key)
        if anchor is not None:
            self._anchors[anchor] = _Anchored(built, self._nodes - before)
        return built

    def _collection_or_scalar(self, event: Event, depth: int, key: _Place) -> _Built:
        if isinstance(event, ScalarEvent):
            return _Built(self._scalar(event, key), 0)
        if depth >= MAX_DEPTH:
            self._refuse(event, f"the document nests deeper than {MAX_DEPTH} levels.")
        is_mapping = isinstance(event, MappingStartEvent)
        tag = event.tag if isinstance(event, CollectionStartEvent) else None
        if tag not in _NO_TAG and tag != _PREFIX + ("map" if is_mapping else "seq"):
            self._refuse_tag(event, tag)
        return (self._mapping if is_mapping else self._sequence)(event, depth, key)

    def _alias(self, event: AliasEvent, depth: int, key: _Place) -> _Built:
        if event.anchor not in self._anchors:
            hint = "A text that begins with * stands in quotes."
            self._refuse(event, "an alias has no anchor before it.", hint)
        anchored = self._anchors[event.anchor]
        if anchored is None:
            self._refuse(event, "an alias stands inside its own anchor.")
        self._charge(event, anchored.size)
        item, height = anchored.built
        if depth + height > MAX_DEPTH:
            self._refuse(event, f"the document nests deeper than {MAX_DEPTH} levels.")
        line, column = _place(event)
        here = replace(item, line=line, column=column, key_line=key[0], key_column=key[1])
        return _Built(here, height)

    def _scalar(self, event: ScalarEvent, key: _Place) -> Item:
        text: str = event.value
        if "\0" in text:
            self._refuse(event, "the text contains a NUL character.")
        is_untagged, is_plain = event.tag in _NO_TAG, not event.style
        kind: Kind = "str"
        value: Scalar = text
        if not is_untagged:
            kind = self._tagged_kind(event)
            try:
                value = resolve_tagged(text, kind)
            except Misfit as misfit:
                self._refuse(event, f"the value does not fit its tag: {misfit}.")
        elif is_plain:
            kind, value = resolve(text)
        is_plain = is_plain and is_untagged
        return Item(kind, value, *_place(event), text, is_plain, *key)

    def _tagged_kind(self, event: ScalarEvent) -> Kind:
        kind = _SCALAR_TAGS.get(event.tag or "")
        if kind is None:
            self._refuse_tag(event, event.tag)
        return kind

    def _refuse_tag(self, event: Event, tag: str | None) -> NoReturn:
        # a password that begins with ! and has no quotes is a tag to YAML
        known = f"the tag {tag}" if tag and tag.startswith(_PREFIX) else "a tag of its own"
        hint = "A text that begins with ! stands in quotes."
        self._refuse(event, f"{known} is unknown here.", hint)

    def _sequence(self, start: Event, depth: int, key: _Place) -> _Built:
        elements: list[Item] = []
        height = 0
        while not isinstance(event := next(self._events), SequenceEndEvent):
            item, below = self._value(event, depth + 1)
            elements.append(item)
            height = max(height, below)
        return _Built(Item("list", tuple(elements), *_place(start), "", False, *key), height + 1)

    def _mapping(self, start: Event, depth: int, key: _Place) -> _Built:
        entries: dict[str, Item] = {}
        merge: _Entry | None = None
        lines: dict[str, int] = {}
        height = 0
        while not isinstance(event := next(self._events), MappingEndEvent):
            name = self._key_text(event, lines)
            value_start = next(self._events)
            item, below = self._value(value_start, depth + 1, _place(event))
            height = max(height, below)
            if _is_merge_key(event):
                merge = _Entry(item, value_start)
            else:
                entries[name] = item
        for source in self._merge_sources(merge) if merge else ():
            for name, item in source.entries.items():
                entries.setdefault(name, item)
        return _Built(Item("map", entries, *_place(start), "", False, *key), height + 1)

    def _key_text(self, event: Event, lines: dict[str, int]) -> str:
        """Return a key as text, by which Go compares keys: ``1`` and ``"1"`` are one key."""
        name = _plain_key(event) or ("<<" if _is_merge_key(event) else self._key(event).text)
        if name in lines:
            self._refuse(event, f"the key {name!r} is already defined in line {lines[name]}.")
        lines[name] = _place(event)[0]
        return name

    def _key(self, event: Event) -> Item:
        item: Item | None = None
        if isinstance(event, ScalarEvent):
            item = self._scalar(event, _NOWHERE)
            if event.anchor is not None:
                self._anchors[event.anchor] = _Anchored(_Built(item, 0), 1)
        elif isinstance(event, AliasEvent):
            item = self._alias(event, 0, _NOWHERE).item
        if item is None or item.kind in ("map", "list"):
            self._refuse(event, "a mapping or a list cannot be a key.")
        return item

    def _merge_sources(self, merge: _Entry) -> tuple[Item, ...]:
        """Return the mappings that ``<<`` brings in; the first that has a key gives its value."""
        if merge.value.kind == "map":
            return (merge.value,)
        sources = merge.value.elements
        is_list = isinstance(merge.start, SequenceStartEvent)
        if not is_list or any(source.kind != "map" for source in sources):
            self._refuse(merge.start, "<< takes a mapping or a list of mappings.")
        return sources


def _place(event: Event) -> _Place:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else _NOWHERE
