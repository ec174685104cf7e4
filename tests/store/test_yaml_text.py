"""Cutting and replacing values in text: what goes, what stays, what is refused."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest

from store.errors import CannotCut, InvalidValue
from store.reading import read, to_python
from store.yaml_text import cut, replace

Path = tuple[str, ...]
T = TypeVar("T")


def cut_text(text: str, *paths: str) -> str:
    return cut(text.encode(), [tuple(path.split(".")) for path in paths]).data.decode()


def replaced(text: str, path: str, value: Any) -> str:
    return replace(text.encode(), tuple(path.split(".")), value).decode()


def content(text: str | bytes) -> Any:
    return to_python(read(text.encode() if isinstance(text, str) else text, "f", "yaml"))


CUTS = {
    "middle key": ("a: 1\nb: 2\nc: 3\n", ["b"], "a: 1\nc: 3\n"),
    "last key": ("a: 1\nb: 2\n", ["b"], "a: 1\n"),
    "only key": ("# head\na: 1\n# tail\n", ["a"], "# head\n{}\n# tail\n"),
    "only key nested": ("a:  # why\n  b: 1\nc: 2\n", ["a.b"], "a: {}  # why\nc: 2\n"),
    "all of two": ("m:\n  a: 1\n  b: 2\n", ["m.a", "m.b"], "m: {}\n"),
    "all before an end mark": ("---\na: 1\n...\n", ["a"], "---\n{}\n...\n"),
    "comment above": ("a: 1\n# on b\nb: 2\nc: 3\n", ["b"], "a: 1\nc: 3\n"),
    "comment above first key": ("# head\na: 1\nb: 2\n", ["a"], "# head\nb: 2\n"),
    "comment after a blank": ("a: 1\n\n# far\n\n# on b\nb: 2\n", ["b"], "a: 1\n\n# far\n\n"),
    "trailing comment": ("a: 1 # x\nb: 2 # y\n", ["a"], "b: 2 # y\n"),
    "next comment stays": ("a: 1\n# on b\nb: 2\n", ["a"], "# on b\nb: 2\n"),
    "deeper comment goes": ("a:\n  b: 1\n  # end of a\nc: 2\n", ["a"], "c: 2\n"),
    "blank lines": ("a: 1\n\nb: 2\n\nc: 3\n", ["b"], "a: 1\n\nc: 3\n"),
    "literal": ("a: |\n  x\n  # no comment\n\nb: 2\n", ["a"], "b: 2\n"),
    "literal before": ("a: |\n  x\n# c\nb: 2\n", ["b"], "a: |\n  x\n"),
    "text that looks like a comment": ('a: "x\n\n  # y"\nb: 2\n', ["b"], 'a: "x\n\n  # y"\n'),
    "folded at the end": ("a: 1\nb: >-\n  x\n  y", ["b"], "a: 1\n"),
    "sequence at the key": ("n:\n- 1\n# two\n- 2\nb: 3\n", ["n"], "b: 3\n"),
    "sequence indented": ("n:\n  - a: 1\n    b: 2\nb: 3\n", ["n"], "b: 3\n"),
    "no newline at the end": ("a: 1\nb: 2", ["b"], "a: 1\n"),
    "no newline, all": ("a: 1", ["a"], "{}\n"),
    "crlf": ("a: 1\r\n\r\nb: 2\r\n# c\r\nc: 3\r\n", ["b"], "a: 1\r\n\r\n# c\r\nc: 3\r\n"),
    "byte order mark": ("\ufeffa: 1\nb: 2\n", ["a"], "\ufeffb: 2\n"),
    "directive": ("%YAML 1.1\n---\na: 1\nb: 2\n", ["a"], "%YAML 1.1\n---\nb: 2\n"),
    "quoted key": ("'a b': 1\n\"c\": 2\n", ["a b"], '"c": 2\n'),
    "explicit key": ("? a\n: 1\nb: 2\n", ["a"], "b: 2\n"),
    "explicit key without value": ("? a\n? b\n", ["a"], "? b\n"),
    "empty value": ("a:\nb: 2\n", ["a"], "b: 2\n"),
    "empty value nested": ("m:\n  a:   # c\n  b: 2\n", ["m.a"], "m:\n  b: 2\n"),
    "tabs as blanks": ("a:\t1\t# x\nb: 2\n", ["a"], "b: 2\n"),
    "alias": ("a: &x 1\nb: *x\nc: 3\n", ["b"], "a: &x 1\nc: 3\n"),
    "anchor and alias together": ("a: &x 1\nb: *x\nc: 3\n", ["a", "b"], "c: 3\n"),
    "parent and child": ("a:\n  b: 1\nc: 2\n", ["a", "a.b"], "c: 2\n"),
    "odd spelling stays": ("a: +12\nb: ~\nc: [ 1,2 ]\nd: 0\n", ["d"], "a: +12\nb: ~\nc: [ 1,2 ]\n"),
    "flow first": ("{a: 1, b: 2, c: 3}\n", ["a"], "{b: 2, c: 3}\n"),
    "flow middle": ("{a: 1, b: 2, c: 3}\n", ["b"], "{a: 1, c: 3}\n"),
    "flow last": ("{a: 1, b: 2, c: 3 }\n", ["c"], "{a: 1, b: 2 }\n"),
    "flow last two": ("{a: 1, b: 2, c: 3}\n", ["b", "c"], "{a: 1}\n"),
    "flow all": ("x: &y { a: 1, b: 2, }\n", ["x.a", "x.b"], "x: &y {}\n"),
    "flow trailing comma": ("{a: 1, b: 2,}\n", ["b"], "{a: 1}\n"),
    "flow without values": ("{a, b, c}\n", ["b"], "{a, c}\n"),
    "json first": ('{\n  "a": 1,\n  "b": 2\n}\n', ["a"], '{\n  "b": 2\n}\n'),
    "json last": ('{\n  "a": 1,\n  "b": 2\n}\n', ["b"], '{\n  "a": 1\n}\n'),
    "json nested": ('{"a": {"b": 1, "c": [2]}, "d": 3}', ["a.b"], '{"a": {"c": [2]}, "d": 3}'),
    "flow comments": (
        "{\n  a: 1, # on a\n  # above b\n  b: 2, # on b\n  c: 3 # on c\n}\n",
        ["b"],
        "{\n  a: 1, # on a\n  # above b\n  c: 3 # on c\n}\n",
    ),
    "flow last with comments": (
        "{\n  a: 1, # on a\n  b: 2 # on b\n}\n",
        ["b"],
        "{\n  a: 1 # on a\n}\n",
    ),
    "flow line shared": ("{a: 1, b: 2,\n c: 3}\n", ["b"], "{a: 1,\n c: 3}\n"),
}


@pytest.mark.parametrize(("text", "paths", "expected"), CUTS.values(), ids=CUTS.keys())
def test_cut(text: str, paths: list[str], expected: str) -> None:
    assert cut_text(text, *paths) == expected


def test_cut_reports_the_comments_it_took() -> None:
    result = cut(b"# head\n\na: 1 # one\nb: 2\n# three\nc: 3\n", [("a",), ("b",), ("c",)])
    assert result.data == b"# head\n\n{}\n"
    assert result.removed == ("a: 1 # one\n", "# three\nc: 3\n")


def test_cut_of_nothing_changes_nothing() -> None:
    assert cut(b"anything: [", []).data == b"anything: ["


REFUSED_CUTS = {
    "anchor in use": ("a: &x 1\nb: *x\n", ["a"], "an alias has no anchor"),
    "anchor inside in use": ("a: {k: &x 1}\nb: *x\n", ["a"], "an alias has no anchor"),
    "another anchor takes over": ("a: &x 1\nb: &x 2\nc: *x\n", ["b"], "something else"),
    "merged mapping in use": ("a: &x {k: 1}\nb: {<<: *x}\n", ["a"], "has no anchor"),
    "key comes back by merge": ("d: &d {k: 1}\na:\n  <<: *d\n  k: 2\n", ["a.k"], "something else"),
    "only by merge": ("d: &d {k: 1}\na:\n  <<: *d\n", ["a.k"], "a.k is not written in it"),
    "behind an alias": ("d: &d {k: 1}\na: *d\n", ["a.k"], "a.k is not written in it"),
    "not there": ("a: 1\n", ["b", "c.d"], "b, c.d is not written in it"),
    "no mapping": ("- a: 1\n", ["a"], "the document is not a mapping"),
    "empty file": ("# c\n", ["a"], "the document is not a mapping"),
    "would empty an anchored mapping": ("a: &x\n  b: 1\n", ["a.b"], "has an anchor or tag"),
    "would empty an explicit key": ("? a\n:\n  b: 1\n", ["a.b"], "written with '?'"),
    "kept blank lines": ("a: |+\n  x\nb: 1\n\nc: 2\n", ["b"], "something else"),
    "not yaml": ("a: [\n", ["a"], "line 2: not YAML"),
    "duplicate": ("a: 1\na: 2\n", ["a"], "line 2: the key 'a' is already defined"),
    "two documents": ("a: 1\n---\nb: 1\n", ["a"], "a second document begins"),
    "unknown tag": ("a: !x 1\nb: 1\n", ["b"], "a tag of its own is unknown"),
    "surrogate escapes": ('{"a": "\\ud83d\\ude00", "b": 1}', ["b"], "not YAML"),
    "lone carriage return": ("a: 1\rb: 2\n", ["a"], "unusual line break, U+000D"),
    "next line": ("a: 1\u0085b: 2\n", ["a"], "unusual line break, U+0085"),
}


@pytest.mark.parametrize(("text", "paths", "reason"), REFUSED_CUTS.values(), ids=REFUSED_CUTS)
def test_cut_refuses(text: str, paths: list[str], reason: str) -> None:
    with pytest.raises(CannotCut) as caught:
        cut_text(text, *paths)
    assert reason in caught.value.message
    assert "Nothing was changed." in caught.value.message


def test_refusal_names_the_lines_to_remove_by_hand() -> None:
    with pytest.raises(CannotCut) as caught:
        cut_text("a: &x 1\nm:\n  b:\n    - 1\n    - 2\nc: *x\n", "a", "m.b")
    assert caught.value.hint == "Remove by hand the lines 1 (a), 3-5 (m.b)."


REPLACEMENTS = {
    "plain": ("a: 1 # c\nb: 2\n", "a", 5, "a: 5 # c\nb: 2\n"),
    "text": ("url: http://x:1 # c\n", "url", "http://node:26657", "url: http://node:26657 # c\n"),
    "double quotes stay": ('a: "x" # c\n', "a", "y", 'a: "y" # c\n'),
    "single quotes stay": ("a: 'x'\n", "a", "it's", "a: 'it''s'\n"),
    "single quotes cannot hold a break": ("a: 'x'\n", "a", "p\nq", 'a: "p\\nq"\n'),
    "number from quotes": ("a: '1'\n", "a", 1, "a: 1\n"),
    "text like a number": ("a: x\n", "a", "017", 'a: "017"\n'),
    "text like a bool elsewhere": ("a: x\n", "a", "yes", 'a: "yes"\n'),
    "text like base 60": ("a: x\n", "a", "22:22", 'a: "22:22"\n'),
    "text like a comment": ("a: x\n", "a", "b #c", 'a: "b #c"\n'),
    "odd text": ("a: x\n", "a", "\x1b\x85\u2028é", 'a: "\\u001b\\u0085\\u2028é"\n'),
    "empty text": ("a: x\n", "a", "", 'a: ""\n'),
    "large float": ("a: 1\n", "a", 1e16, "a: 1.0e+16\n"),
    "null": ("a: 1\n", "a", None, "a: null\n"),
    "bool": ("a: 1\n", "a", True, "a: true\n"),
    "list": ("a: x # c\n", "a", ["b", {"c": 1}], 'a: ["b", {"c": 1}] # c\n'),
    "empty value": ("a:   # c\nb: 1\n", "a", 1, "a: 1   # c\nb: 1\n"),
    "no newline": ("a: 1", "a", 2, "a: 2"),
    "multi-line plain": ("a: x\n  y # c\nb: 1\n", "a", "z", "a: z # c\nb: 1\n"),
    "literal": ("a: | # c\n  x\n  y\n\nb: 1\n", "a", "z", "a: z # c\n\nb: 1\n"),
    "literal at the end": ("a: |-\n  x", "a", "z", "a: z"),
    "block list": ("a: # c\n  - 1\n  # in\n  - 2 # x\nb: 1\n", "a", [3], "a: [3] # c\nb: 1\n"),
    "list at the key": ("a:\n- 1\n- 2\nb: 1\n", "a", [], "a: []\nb: 1\n"),
    "alias": ("a: &x 1\nb: *x # c\n", "b", 2, "a: &x 1\nb: 2 # c\n"),
    "crlf": ("a: 1\r\nb: 2\r\n", "a", 5, "a: 5\r\nb: 2\r\n"),
    "tagged": ("a: !!str 1\n", "a", 2, "a: 2\n"),
    "json": ('{"a": 1, "b": "x"}', "b", "yes no", '{"a": 1, "b": "yes no"}'),
    "json text for a number": ('{"a": 1}', "a", "x", '{"a": "x"}'),
    "flow plain": ("m: {a: x}\n", "m.a", "y", "m: {a: y}\n"),
    "flow url": ("m: {a: x}\n", "m.a", "http://y", 'm: {a: "http://y"}\n'),
    "new key": ("a: 1\n", "b", 2, "a: 1\nb: 2\n"),
    "new key, no newline": ("a: 1", "b", 2, "a: 1\nb: 2"),
    "new key, crlf": ("a: 1\r\n", "b", 2, "a: 1\r\nb: 2\r\n"),
    "new key, comment at the end": ("a: 1\n\n# end\n", "b", 2, "a: 1\nb: 2\n\n# end\n"),
    "new key, end mark": ("a: 1\n...\n", "b", 2, "a: 1\nb: 2\n...\n"),
    "new key nested": ("a:\n    b: 1\nc: 2\n", "a.d", "x", "a:\n    b: 1\n    d: x\nc: 2\n"),
    "new key after deeper lines": (
        "a:\n  b:\n    c: 1 # x\n    # y\n  # z\nd: 1\n",
        "a.e",
        2,
        "a:\n  b:\n    c: 1 # x\n    # y\n  e: 2\n  # z\nd: 1\n",
    ),
    "new key after a literal": ("a:\n  b: |\n    x\n", "a.c", 1, "a:\n  b: |\n    x\n  c: 1\n"),
    "new key after a list": ("a:\n- 1\n", "b", 1, "a:\n- 1\nb: 1\n"),
    "new parents": ("a: 1\n", "b.c.d", 2, "a: 1\nb:\n  c:\n    d: 2\n"),
    "new parents, wide": ("a:\n    x: 1\n", "b.c", 2, "a:\n    x: 1\nb:\n    c: 2\n"),
    "parent without value": ("a: # c\nb: 1\n", "a.x", 2, "a: # c\n  x: 2\nb: 1\n"),
    "parent null": ("a: ~ # c\nb: 1\n", "a.x.y", 2, 'a: {"x": {"y": 2}} # c\nb: 1\n'),
    "new key over a merge": (
        "d: &d {k: 1}\na:\n  <<: *d\n",
        "a.k",
        2,
        "d: &d {k: 1}\na:\n  <<: *d\n  k: 2\n",
    ),
    "new odd key": ("a: 1\n", "yes", 2, 'a: 1\n"yes": 2\n'),
    "new in flow": ("m: {a: 1} # c\n", "m.b", "x", "m: {a: 1, b: x} # c\n"),
    "new in empty flow": ("m: {}\n", "m.b.c", 1, 'm: {b: {"c": 1}}\n'),
    "new after a comma": ("m: {a: 1, }\n", "m.b", 1, "m: {a: 1, b: 1 }\n"),
    "new in json": ('{"a": 1}', "b", "x", '{"a": 1, "b": "x"}'),
    "new in empty json": ("{}", "b", None, '{"b": null}'),
    "new in json lines": (
        '{\n  "m": {\n    "a": 1\n  }\n}\n',
        "m.b",
        2,
        '{\n  "m": {\n    "a": 1,\n    "b": 2\n  }\n}\n',
    ),
    "new in flow lines": ("m: {\n  a: 1 # c\n}\n", "m.b", 2, "m: {\n  a: 1, # c\n  b: 2\n}\n"),
    "empty file": ("", "a.b", 1, "a:\n  b: 1\n"),
    "comments only": ("# c", "a", 1, "# c\na: 1"),
    "start mark only": ("---\n", "a", 1, "---\na: 1\n"),
}


@pytest.mark.parametrize(
    ("text", "path", "value", "expected"), REPLACEMENTS.values(), ids=REPLACEMENTS.keys()
)
def test_replace(text: str, path: str, value: Any, expected: str) -> None:
    assert replaced(text, path, value) == expected


REFUSED_REPLACEMENTS = {
    "shared": ("a: &x {k: 1}\nb: *x\n", "a.k", "something else"),
    "through an alias": ("a: &x {k: 1}\nb: *x\n", "b.k", "b is an alias and shared"),
    "anchor in use": ("a: &x 1\nb: *x\n", "a", "an alias has no anchor"),
    "scalar in the way": ("a: 1\n", "a.b", "a is not a mapping"),
    "list in the way": ("a: [1]\n", "a.b", "a is not a mapping"),
    "root list": ("- 1\n", "a", "the document is not a mapping"),
    "anchored block": ("a: &x\n  - 1\n", "a", "anchor or a tag"),
    "explicit key": ("? a\n", "a", "no colon on its line"),
    "open literal": ("a: |\n  x", "b", "something else"),
    "after an end mark": ("---\n...\n", "a", "readable"),
    "unreadable": ("a: [", "a", "not YAML"),
}


@pytest.mark.parametrize(
    ("text", "path", "reason"), REFUSED_REPLACEMENTS.values(), ids=REFUSED_REPLACEMENTS.keys()
)
def test_replace_refuses(text: str, path: str, reason: str) -> None:
    with pytest.raises(CannotCut) as caught:
        replaced(text, path, 2)
    assert reason in caught.value.message
    assert "Nothing was changed." in caught.value.message


def test_replace_refuses_the_root() -> None:
    with pytest.raises(CannotCut, match="The root"):
        replace(b"a: 1\n", (), 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**64, "\ud800", "\0", {1: 2}])
def test_replace_refuses_values_without_safe_text(value: Any) -> None:
    with pytest.raises(InvalidValue):
        replaced("a: 1\n", "a", value)
