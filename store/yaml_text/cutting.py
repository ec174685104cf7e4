"""Cutting entries out of a file's text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from store.errors import CannotCut
from store.yaml_text.document import Document, Edit, parse
from store.yaml_text.proof import prove, reparsed
from store.yaml_text.tree import Entry, Node, Path, Unsafe, let_go

_BLANKS = re.compile(r"[ \t]*")
_BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n)+")
_BLANK_LINE = re.compile(r"[ \t]*\r?\n")


@dataclass(frozen=True, slots=True)
class Cut:
    """A file's new bytes, and those removed pieces that contained comments."""

    data: bytes
    removed: tuple[str, ...]


def cut(data: bytes, paths: Iterable[Path]) -> Cut:
    """Cut the mapping entries at ``paths`` out of YAML or JSON text; every other byte stays.

    A comment right above a key in its column, comments on its lines and deeper ones below go with
    it; a comment that begins the file stays. A block mapping that loses all entries becomes ``{}``.
    Raises CannotCut, with the lines to remove by hand, unless the result provably has all the rest.
    """
    dropped = frozenset(paths)
    if not dropped:
        return Cut(data, ())
    document: Document | None = None
    try:
        document = parse(data)
        cutter = _Cutter(document, dropped)
        edits = cutter.edits()
        result = document.edited(edits)
        prove(document, reparsed(result, document.is_json), dropped, cut=True)
    except Unsafe as unsafe:
        hint = _by_hand(document, dropped) if document else ""
        why = f"The keys cannot be cut out of the text: {unsafe}."
        told = f"{why} {hint}".strip()
        raise CannotCut(f"{why} Nothing was changed.", hint=hint, why=told) from None
    pieces = (document.text[edit.start : edit.end] for edit in sorted(edits))
    done = Cut(result, tuple(piece for piece in pieces if "#" in piece))
    if document.root:
        let_go(document.root)
    return done


def shown(path: tuple[str | None, ...]) -> str:
    """Return a path for a message."""
    return ".".join(part or "''" for part in path)


def _by_hand(document: Document, dropped: frozenset[Path]) -> str:
    """Return the lines in which the entries stand."""
    lines: list[tuple[int, str]] = []

    def collect(node: Node, at: tuple[str | None, ...]) -> None:
        for entry in node.entries if node.kind == "map" else ():
            path = (*at, entry.name)
            if path not in dropped:
                collect(entry.value, path)
                continue
            last = document.line_number(max(entry.key.start, entry.end - 1))
            span = f"{entry.key.line}-{last}" if last > entry.key.line else f"{last}"
            lines.append((entry.key.line, f"{span} ({shown(path)})"))

    if document.root:
        collect(document.root, ())
    if not lines:
        return ""
    return f"Remove by hand the lines {', '.join(text for _, text in sorted(lines))}."


class _Cutter:
    """Collects the edits that cut the dropped paths; outer entries take the inner ones along."""

    def __init__(self, document: Document, dropped: frozenset[Path]) -> None:
        self._document = document
        self._text = document.text
        self._dropped = dropped
        self._found: set[tuple[str | None, ...]] = set()
        self._edits: list[Edit] = []

    def edits(self) -> list[Edit]:
        root = self._document.root
        if root is None or root.kind != "map":
            raise Unsafe("the document is not a mapping")
        self._walk(root, (), None)
        inside = {path for path in self._dropped if self._found & set(_parents(path))}
        if missing := self._dropped - self._found - inside:
            raise Unsafe(f"{', '.join(sorted(map(shown, missing)))} is not written in it")
        return self._edits

    def _walk(self, node: Node, at: tuple[str | None, ...], host: Entry | None) -> None:
        entries = node.entries
        gone = [(*at, entry.name) in self._dropped for entry in entries]
        self._found.update(
            (*at, e.name) for e, is_gone in zip(entries, gone, strict=True) if is_gone
        )
        if any(gone) and node.is_flow:
            self._cut_flow(node, entries, gone)
        elif any(gone):
            self._cut_block(node, entries, gone, host)
        for entry, is_gone in zip(entries, gone, strict=True):
            if not is_gone and entry.value.kind == "map":
                self._walk(entry.value, (*at, entry.name), entry)

    def _cut_block(
        self, node: Node, entries: list[Entry], gone: list[bool], host: Entry | None
    ) -> None:
        floor = host.key.end if host else 0
        spans: list[Edit] = []
        for entry, is_gone in zip(entries, gone, strict=True):
            if is_gone:
                spans.append(self._block_span(entry, floor))
            floor = entry.end
        if all(gone):
            spans.append(self._empty_mapping(node, host, spans[0].start))
        self._edits += spans

    def _block_span(self, entry: Entry, floor: int) -> Edit:
        """Return an entry's lines with the comments that belong to it; none before ``floor``."""
        column = self._document.column(entry)
        start = self._document.line_start(entry.key.start)
        end = self._document.after_lines(entry.end, column)
        start = self._with_comments_above(start, column, floor)
        if start == 0 or _BLANK_LINE.fullmatch(
            self._text, self._document.line_start(start - 1), start
        ):
            blank = _BLANK_LINES.match(self._text, end)
            end = blank.end() if blank else end
        return Edit(start, end)

    def _with_comments_above(self, start: int, column: int, floor: int) -> int:
        lead = " " * column + "#"
        first = start
        while first > floor:
            above = self._document.line_start(first - 1)
            if above < floor or not self._text.startswith(lead, above):
                return first
            first = above
        # Comments that reach up to the first line are the file's header.
        return start if first == 0 else first

    def _empty_mapping(self, node: Node, host: Entry | None, start: int) -> Edit:
        if host is None:
            return Edit(start, start, "{}" + self._document.newline)
        if not node.is_bare:
            raise Unsafe(f"the mapping in line {node.line} would be empty but has an anchor or tag")
        colon = _BLANKS.match(self._text, host.key.end)
        at = colon.end() if colon else host.key.end
        if self._text[at : at + 1] != ":":
            raise Unsafe(f"the key in line {host.key.line} is written with '?'")
        return Edit(at + 1, at + 1, " {}")

    def _cut_flow(self, node: Node, entries: list[Entry], gone: list[bool]) -> None:
        if all(gone):
            self._edits.append(Edit(node.inner, node.end - 1))
            return
        last_kept = max(index for index, is_gone in enumerate(gone) if not is_gone)
        for index, entry in enumerate(entries[:last_kept]):
            if gone[index]:
                self._edits.append(self._flow_span(entry.key.start, self._after_comma(entry.end)))
        tail = entries[last_kept + 1 :]
        if tail:
            comma = self._after_comma(entries[last_kept].end)
            end = self._document.after_comma(tail[-1].end) or tail[-1].end
            self._edits.append(Edit(comma - 1, comma))
            self._edits.append(self._flow_tail(comma, tail[0].key.start, end))

    def _after_comma(self, offset: int) -> int:
        found = self._document.after_comma(offset)
        if found is None:
            raise Unsafe(f"no comma follows the entry in line {self._document.line_number(offset)}")
        return found

    def _flow_span(self, start: int, end: int) -> Edit:
        """Return an entry with its comma: its lines if they are its own, else up to the next."""
        if not self._document.ends_line(end):
            blanks = _BLANKS.match(self._text, end)
            return Edit(start, blanks.end() if blanks else end)
        if self._document.begins_line(start):
            return Edit(self._document.line_start(start), self._document.line_end(end))
        return Edit(len(self._text[:start].rstrip(" \t")), end)

    def _flow_tail(self, comma: int, start: int, end: int) -> Edit:
        """Return the last entries, from behind the comma before them; its own comment stays."""
        if self._document.begins_line(start) and self._document.ends_line(end):
            return Edit(self._document.line_start(start), self._document.line_end(end))
        has_comment = "#" in self._text[comma:start]
        return Edit(self._document.line_start(start) if has_comment else comma, end)


def _parents(path: Path) -> list[Path]:
    return [path[:end] for end in range(1, len(path))]
