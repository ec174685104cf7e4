"""Any document: what is cut or replaced is exact, or it is refused."""

from __future__ import annotations

import json
from typing import Any

import yaml
from hypothesis import event, given, settings
from hypothesis import strategies as st

from store.errors import BadDocument, CannotCut
from store.yaml_text import cut, replace
from tests.store.test_yaml_text import Path, T, content

KEYS = ["a", "b", "'c d'", '"e#f"', "g-1", "h", "? i\n", "j"]
SCALARS = [
    "1",
    "x y",
    "'q # q'",
    '"d: d"',
    "~",
    "",
    "!!str 5",
    "http://h:1/p",
    "2001-12-14",
    "-1.5",
]
COMMENTS = ["", "", "", " # c", "   # 'x"]


class Writer:
    """Draws a document as text, with everything that makes text hard to edit."""

    def __init__(self, draw: st.DrawFn) -> None:
        self._draw = draw
        self._anchors: list[str] = []

    def pick(self, options: list[T]) -> T:
        return self._draw(st.sampled_from(options))

    def flow(self, depth: int) -> str:
        kind = self.pick(["scalar", "scalar", "map", "list"]) if depth else "scalar"
        if kind == "map":
            keys = self.keys(0, [key for key in KEYS if "?" not in key])
            comma = self.pick([", ", ",", ",\n     ", ", # c\n     "])
            inner = comma.join(f"{key}: {self.flow(depth - 1)}" for key in keys)
            return "{" + inner + self.pick(["", " ", ", " if keys else ""]) + "}"
        if kind == "list":
            count = self._draw(st.integers(0, 3))
            return "[" + ", ".join(self.flow(depth - 1) or "0" for _ in range(count)) + "]"
        return str(self.pick([s for s in SCALARS if s]))

    def keys(self, least: int, options: list[str]) -> list[str]:
        keys = st.lists(st.sampled_from(options), min_size=least, max_size=4, unique=True)
        return list(self._draw(keys))

    def filler(self, indent: int) -> str:
        comment = " " * self.pick([indent, indent, indent + 2, 0]) + "# note\n"
        return str(self.pick(["", "", "", "\n", comment, comment + "\n", "\n" + comment]))

    def value(self, indent: int, depth: int) -> str:
        """Return what follows a key's colon, the line break included."""
        kind = self.pick(["scalar"] * 3 + ["map", "list", "block", "flow", "alias", "anchor"])
        comment = self.pick(COMMENTS)
        if kind == "map" and depth:
            return f"{comment}\n" + self.mapping(indent + self.pick([2, 4]), depth - 1)
        if kind == "list":
            pad = " " * (indent + self.pick([0, 2]))
            lines = [f"{pad}- {self.flow(1)}{self.pick(COMMENTS)}\n" for _ in range(2)]
            return f"{comment}\n" + "".join(lines)
        if kind == "block":
            header = self.pick(["|", ">", "|-", "|+", ">+"])
            pad = " " * (indent + 2)
            return f" {header}{comment}\n{pad}one\n{self.pick(['', chr(10)])}{pad}# two\n"
        if kind == "flow":
            return f" {self.flow(2)}{comment}\n"
        if kind == "alias" and self._anchors:
            return f" *{self.pick(self._anchors)}{comment}\n"
        if kind == "anchor":
            name = f"n{len(self._anchors)}"
            text = f" &{name} {self.flow(1)}{comment}\n"
            self._anchors.append(name)
            return text
        return f" {self.pick(SCALARS)}".rstrip() + f"{comment}\n"

    def mapping(self, indent: int, depth: int) -> str:
        text = ""
        for key in self.keys(1, KEYS):
            lead = " " * indent
            shown = f"{lead}{key}{lead}" if key.startswith("?") else f"{lead}{key}"
            text += self.filler(indent) + f"{shown}:{self.value(indent, depth)}"
        return text

    def document(self) -> bytes:
        root = self.flow(3) + "\n" if self.pick([0, 0, 0, 1]) else self.mapping(0, 3)
        head = self.pick(["", "", "# head\n", "---\n", "# head\n\n--- # c\n"])
        tail = self.pick(["", "", "# tail\n", "...\n", "\n\n"])
        text = head + root + tail
        text = text.rstrip("\n") if self.pick([0, 0, 1]) else text
        text = text.replace("\n", "\r\n") if self.pick([0, 0, 1]) else text
        mark: str = self.pick(["", "", "\ufeff"])
        return (mark + text).encode()


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    return Writer(draw).document()


def paths_of(value: Any, at: Path = ()) -> list[Path]:
    if not isinstance(value, dict):
        return []
    return [p for key, each in value.items() for p in [(*at, key), *paths_of(each, (*at, key))]]


def without(value: Any, drop: set[Path], at: Path = ()) -> Any:
    if not isinstance(value, dict):
        return value
    return {k: without(v, drop, (*at, k)) for k, v in value.items() if (*at, k) not in drop}


def comments(data: bytes) -> list[bytes]:
    return [line for line in data.split(b"\n") if line.lstrip().startswith(b"#")]


@settings(max_examples=500, deadline=None)
@given(documents(), st.data())
def test_any_cut_is_exact_or_refused(data: bytes, choose: st.DataObject) -> None:
    try:
        before = content(data)
    except BadDocument:
        event("unreadable")
        return
    paths = paths_of(before)
    if not paths:
        return
    drop = set(choose.draw(st.lists(st.sampled_from(paths), min_size=1, max_size=3)))
    try:
        result = cut(data, drop)
    except CannotCut as error:
        event(f"refused: {error.message.split(':')[1][:30]}")
        return
    event("cut")
    assert content(result.data) == without(before, drop)
    yaml.compose(result.data, Loader=yaml.CSafeLoader)
    rest = result.data.replace(b"{}", b"")
    assert len(rest) <= len(data)
    gone = sum(piece.count("#") for piece in result.removed)
    assert result.data.count(b"#") + gone >= data.count(b"#")
    assert data.startswith(b"\xef\xbb\xbf") == result.data.startswith(b"\xef\xbb\xbf")
    kept = comments(result.data)
    originals = comments(data)
    assert all(line in originals for line in kept)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
    | st.sampled_from(["yes", "017", "1e3", "~", "", "a b", "x: y", "- a", "22:22", "=", "<<"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab :#1", max_size=3), inner)
    ),
    max_leaves=4,
)


@settings(max_examples=500, deadline=None)
@given(documents(), VALUES, st.sampled_from([None, "new", "yes", "a b"]), st.data())
def test_any_replacement_is_exact_or_refused(
    data: bytes, value: Any, new_key: str | None, choose: st.DataObject
) -> None:
    try:
        before = content(data)
    except BadDocument:
        event("unreadable")
        return
    paths = paths_of(before)
    path = choose.draw(st.sampled_from(paths)) if paths else ()
    path = (*path, new_key) if new_key else path
    if not path:
        return
    try:
        result = replace(data, path, value)
    except CannotCut as error:
        event(f"refused: {error.message.split(':')[1][:30]}")
        return
    event("replaced")
    after = content(result)
    at = after
    for part in path:
        at = at[part]
    assert json.dumps(at) == json.dumps(value)
    top = next(
        path[:end]
        for end in range(1, len(path) + 1)
        if path[:end] not in paths or end == len(path) or _is_null_at(before, path[:end])
    )
    assert without(after, {top}) == without(before, {top})
    assert {line.strip() for line in comments(result)} <= {line.strip() for line in comments(data)}


def _is_null_at(value: Any, path: Path) -> bool:
    for part in path:
        value = value[part]
    return value is None
