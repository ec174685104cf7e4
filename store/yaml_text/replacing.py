"""Replacing one value in a file's text, or adding it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from store.errors import CannotCut
from store.reading import Item, resolve
from store.yaml_text.cutting import shown
from store.yaml_text.document import Document, Edit, parse
from store.yaml_text.proof import prove, reparsed
from store.yaml_text.tree import Entry, Node, Path, Unsafe
from store.yaml_text.writing import Value, written

_COLON = re.compile(r"[ \t]*:")
_HEADER_COMMENT = re.compile(r"[ \t]+#[^\r\n]*")
_DEFAULT_STEP = 2


class _Change(NamedTuple):
    """Edits, the outermost path that they touch, and what must stand there afterwards."""

    edits: list[Edit]
    path: Path
    expected: Any


def replace(data: bytes, path: Path, value: Value) -> bytes:
    """Set the value at ``path`` in YAML or JSON text; every other byte stays.

    The new text keeps the old quotes where they are safe, and comments behind it. A missing key is
    added at the end of its mapping, missing parents with it; lists and dicts are written as flow.
    Raises CannotCut unless the result provably has this value and all the rest, and InvalidValue
    for a value without safe text.
    """
    if not path:
        raise CannotCut("The root of a document cannot be replaced. Nothing was changed.")
    try:
        document = parse(data)
        change = _Editor(document, path).change(value)
        result = document.edited(change.edits)
        after = reparsed(result, document.is_json)
        if change.path:
            prove(document, after, {change.path}, cut=False)
        if not _holds(_at(after.item, change.path), change.expected):
            raise Unsafe("the new text would not read as the new value")
    except Unsafe as unsafe:
        raise CannotCut(
            f"{shown(path)} cannot be changed in the text: {unsafe}. Nothing was changed.",
            hint="Edit the file by hand.",
        ) from None
    return result


def _at(item: Item, path: Path) -> Item | None:
    for part in path:
        found = item.entries.get(part)
        if found is None:
            return None
        item = found
    return item


def _holds(item: Item | None, expected: Any) -> bool:
    """Tell whether an item is exactly a value: ``1``, ``1.0`` and ``True`` are three things."""
    if item is None:
        return False
    if isinstance(expected, dict):
        return item.kind == "map" and (
            item.entries.keys() == expected.keys()
            and all(_holds(item.entries[key], each) for key, each in expected.items())
        )
    if isinstance(expected, (list, tuple)):
        return len(item.elements) == len(expected) and (
            item.kind == "list" and all(map(_holds, item.elements, expected))
        )
    return type(item.value) is type(expected) and item.value == expected and item.kind != "time"


def _nested(path: Path, value: Any) -> Any:
    for part in reversed(path):
        value = {part: value}
    return value


def _is_null(node: Node) -> bool:
    is_plain = node.kind == "scalar" and not node.style and node.is_bare
    return is_plain and resolve(node.text)[0] == "null"


class _Editor:
    """Finds the place of a path and works out the edits."""

    def __init__(self, document: Document, path: Path) -> None:
        self._document = document
        self._text = document.text
        self._path = path

    def change(self, value: Value) -> _Change:
        node = self._document.root
        if node is None or (_is_null(node) and node.start == node.end):
            return _Change([self._at_end(value)], (), _nested(self._path, value))
        for depth, part in enumerate(self._path):
            if node.kind == "alias":
                raise Unsafe(f"{shown(self._path[:depth])} is an alias and shared with others")
            if node.kind != "map":
                raise Unsafe(f"{shown(self._path[:depth]) or 'the document'} is not a mapping")
            done, rest = self._path[: depth + 1], self._path[depth + 1 :]
            found = [entry for entry in node.entries if entry.name == part]
            if not found:
                missing = self._path[depth:]
                return _Change(self._append(node, missing, value), done, _nested(rest, value))
            entry, in_flow = found[0], node.is_flow
            if not rest or _is_null(entry.value):
                return self._fill(entry, done, rest, value, in_flow)
            node = entry.value
        raise AssertionError("a path has an end")

    def _fill(self, entry: Entry, done: Path, rest: Path, value: Value, in_flow: bool) -> _Change:
        expected = _nested(rest, value)
        is_open = entry.value.start == entry.value.end and not in_flow
        if rest and is_open and self._document.ends_line(entry.end):
            column = self._document.column(entry) + self._step()
            edit = self._lines(self._document.line_end(entry.end), column, rest, value)
            return _Change([edit], done, expected)
        return _Change(self._overwrite(entry, expected, in_flow), done, expected)

    def _written(self, value: Any, *, style: str = "", in_flow: bool) -> str:
        return written(value, style='"' if self._document.is_json else style, in_flow=in_flow)

    def _overwrite(self, entry: Entry, value: Any, in_flow: bool) -> list[Edit]:
        old = entry.value
        style = old.style if old.style in ("'", '"') else ""
        new = self._written(value, style=style, in_flow=in_flow)
        if old.is_block:
            return self._overwrite_block(entry, new)
        if old.style in ("|", ">"):
            return [self._overwrite_block_scalar(old, new)]
        if old.start < old.end:
            return [Edit(old.start, old.end, new)]
        at = self._after_colon(entry)
        return [Edit(at, at, " " + new)]

    def _after_colon(self, entry: Entry) -> int:
        found = _COLON.match(self._text, entry.key.end)
        if found is None:
            raise Unsafe(f"the key in line {entry.key.line} has no colon on its line")
        return found.end()

    def _overwrite_block(self, entry: Entry, new: str) -> list[Edit]:
        """Write behind the key and drop the lines of the old mapping or list."""
        at = self._after_colon(entry)
        if not entry.value.is_bare or not self._document.ends_line(at):
            raise Unsafe(f"the value in line {entry.value.line} has an anchor or a tag")
        end = self._document.after_lines(entry.end, self._document.column(entry))
        return [Edit(at, at, " " + new), Edit(self._document.line_end(at), end)]

    def _overwrite_block_scalar(self, old: Node, new: str) -> Edit:
        """Write over the header and the lines; the header's comment and blank lines after stay."""
        header_end = self._document.line_end(old.start)
        comment = _HEADER_COMMENT.search(self._text, old.start, header_end)
        content = self._text[old.start : old.end].rstrip(" \t\r\n")
        end = self._document.line_end(old.start + len(content))
        is_ended = self._text[:end].endswith("\n")
        after = self._document.newline if is_ended else ""
        return Edit(old.start, end, new + (comment[0] if comment else "") + after)

    def _append(self, node: Node, missing: Path, value: Value) -> list[Edit]:
        if node.is_flow:
            return self._append_to_flow(node, missing, value)
        entries = node.entries
        column = self._document.column(entries[0])
        end = self._document.after_lines(entries[-1].end, column)
        return [self._lines(end, column, missing, value)]

    def _at_end(self, value: Value) -> Edit:
        return self._lines(len(self._text), 0, self._path, value)

    def _lines(self, at: int, column: int, path: Path, value: Value) -> Edit:
        """Return the lines of a new entry with its parents, inserted between two lines."""
        step, newline = self._step(), self._document.newline
        lines = [
            " " * (column + depth * step) + self._written(part, in_flow=True) + ":"
            for depth, part in enumerate(path)
        ]
        lines[-1] += " " + self._written(value, in_flow=False)
        block = newline.join(lines)
        is_between = at == 0 or self._text[at - 1] == "\n"
        return Edit(at, at, block + newline if is_between else newline + block)

    def _step(self) -> int:
        """Return by how many blanks the document indents a block mapping in another."""
        root = self._document.root
        for entry in root.entries if root and root.kind == "map" and root.is_block else ():
            if entry.value.kind == "map" and entry.value.is_block:
                inner = self._document.column(entry.value.entries[0])
                return max(1, inner - self._document.column(entry))
        return _DEFAULT_STEP

    def _append_to_flow(self, node: Node, missing: Path, value: Value) -> list[Edit]:
        entries = node.entries
        key = self._written(missing[0], style=self._key_style(entries), in_flow=True)
        new = f"{key}: {self._written(_nested(missing[1:], value), in_flow=True)}"
        if not entries:
            return [Edit(node.inner, node.inner, new)]
        end = entries[-1].end
        comma = self._document.after_comma(end)
        after = comma or end
        comma_edits = [] if comma else [Edit(end, end, ",")]
        last = entries[-1].key.start
        if self._document.begins_line(last) and self._document.ends_line(after):
            indent = self._text[self._document.line_start(last) : last]
            at = self._document.line_end(after)
            return [*comma_edits, Edit(at, at, indent + new + self._document.newline)]
        if comma:
            return [Edit(after, after, f" {new}")]
        return [Edit(end, end, f", {new}")]

    @staticmethod
    def _key_style(entries: list[Entry]) -> str:
        return entries[-1].key.style if entries and entries[-1].key.style in ("'", '"') else ""
