"""A text to edit with what is known of it, and the edits that make a new one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from store.errors import BadDocument
from store.reading import Item, read
from store.yaml_text.tree import Entry, Node, Unsafe, build

_MARK = "\ufeff"
_LINE_BREAKS = "\r\x85\u2028\u2029"
_ODD_LINE_BREAK = re.compile(r"\r(?!\n)|[\x85\u2028\u2029]")
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\r?\n|\Z)")
_BLANK_LINES = re.compile(r"(?:[ \t]*\r?\n)*")
_COMMA = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*,")
_COMMENT_LINE = re.compile(r"(?P<indent>[ \t]*)#[^\n]*(?:\n|\Z)")


class Edit(NamedTuple):
    """The characters from ``start`` up to ``end`` become ``text``."""

    start: int
    end: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One document's text without its byte order mark, its tree and its content."""

    text: str
    mark: str
    root: Node | None
    item: Item
    is_json: bool

    @property
    def newline(self) -> str:
        """The line break that the text uses."""
        return "\r\n" if "\r\n" in self.text else "\n"

    def edited(self, edits: Iterable[Edit]) -> bytes:
        """Return the bytes after all edits; where two overlap, what both cover goes once."""
        pieces: list[str] = [self.mark]
        at = 0
        for edit in sorted(edits):
            pieces += [self.text[at : max(at, edit.start)], edit.text]
            at = max(at, edit.end)
        return "".join([*pieces, self.text[at:]]).encode("utf-8")

    def line_start(self, offset: int) -> int:
        """Return the offset at which the line of ``offset`` begins."""
        return self.text.rfind("\n", 0, offset) + 1

    def line_end(self, offset: int) -> int:
        """Return the offset after the line break that ends the line of ``offset``."""
        found = self.text.find("\n", offset)
        return len(self.text) if found < 0 else found + 1

    def ends_line(self, offset: int) -> bool:
        """Tell whether only a comment or nothing follows on the line."""
        return _REST_OF_LINE.match(self.text, offset) is not None

    def begins_line(self, offset: int) -> bool:
        """Tell whether only blanks stand before ``offset`` on its line."""
        return not self.text[self.line_start(offset) : offset].strip(" \t")

    def column(self, entry: Entry) -> int:
        """Return the blanks before a block entry's key; Unsafe if it does not begin its line."""
        start = self.line_start(entry.key.start)
        lead = self.text[start : entry.key.start]
        if lead.strip(" ") not in ("", "?"):
            raise Unsafe(f"the key in line {entry.key.line} does not begin its line")
        return len(lead) - len(lead.lstrip(" "))

    def after_lines(self, end: int, column: int) -> int:
        """Return where the lines end of a block value whose last character is before ``end``.

        The comment lines below it that are indented deeper than ``column`` belong to it.
        """
        # A block scalar ends at the start of the line after it, everything else within a line.
        if not self.text[:end].endswith("\n"):
            if not self.ends_line(end):
                raise Unsafe(f"something follows a value on line {self.line_number(end)}")
            end = self.line_end(end)
        while True:
            blank = _BLANK_LINES.match(self.text, end)
            comment = _COMMENT_LINE.match(self.text, blank.end() if blank else end)
            if comment is None or len(comment["indent"]) <= column:
                return end
            end = comment.end()

    def after_comma(self, offset: int) -> int | None:
        """Return the offset after the comma that comes next but for blanks and comments."""
        found = _COMMA.match(self.text, offset)
        return found.end() if found else None

    def line_number(self, offset: int) -> int:
        """Return the line of an offset, from 1."""
        return self.text.count("\n", 0, offset) + 1


def parse(data: bytes) -> Document:
    """Return the document in ``data``; raise Unsafe if it cannot be read or edited."""
    try:
        item = read(data, "", "yaml")
    except BadDocument as error:
        where = f"line {error.line}: " if error.line else ""
        raise Unsafe(f"{where}{error.message.strip().rstrip('.')}") from None
    text = data.decode("utf-8")
    mark = _MARK if text.startswith(_MARK) else ""
    text = text.removeprefix(_MARK)
    # most texts have none of these, which is seen at once, and searched for in a large one is not
    odd = any(letter in text for letter in _LINE_BREAKS)
    if odd and (found := _ODD_LINE_BREAK.search(text)):
        line = text.count("\n", 0, found.start()) + 1
        raise Unsafe(f"line {line} has an unusual line break, U+{ord(found[0]):04X}")
    return Document(text, mark, build(text), item, _is_json(data, text))


def _is_json(data: bytes, text: str) -> bool:
    if not text.lstrip().startswith("{"):
        return False
    try:
        read(data, "", "json")
    except BadDocument:
        return False
    return True
