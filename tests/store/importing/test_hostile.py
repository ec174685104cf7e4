"""Odd and hostile files through the whole import: kept exactly, or refused with their place."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from store.errors import BadDocument, NodedeckError
from store.importing import plan as planning
from tests.store.importing.samples import database_leaves, on_disk, places, plan, put, run

BOM = b"\xef\xbb\xbf"
# settings are under a service of the file's own name; what stays in the text after a rewrite
KEPT: dict[str, tuple[bytes, dict[str, Any], bytes]] = {
    "a mark": (BOM + b"svc: {a: 1}\n", {"svc.a": 1}, BOM + b"{}\n"),
    "crlf": (b"svc:\r\n  a: x\r\n  b: |\r\n    y\r\n    z\r\n", {
        "svc.a": "x", "svc.b": "y\nz\n"}, b""),
    "no end of line": (b"svc: {a: 1}", {"svc.a": 1}, b""),
    "number keys": (b"svc: {1: a, 2.50: b, true: c, ~: d}\n", {
        "svc.1": "a", 'svc."2.50"': "b", "svc.true": "c", 'svc."~"': "d"}, b""),
    "date keys": (b"svc: {2001-12-14: a}\n", {"svc.2001-12-14": "a"}, b""),
    "odd names": ('svc: {"a.b": 1, "": 2, "x\\ty": 3, "ü": 4}\n'.encode(), {
        'svc."a.b"': 1, 'svc.""': 2, 'svc."x\\ty"': 3, 'svc."ü"': 4}, b""),
    "the edges of 64 bits": (f"svc: {{a: {2**63 - 1}, b: {-(2**63)}}}\n".encode(), {
        "svc.a": 2**63 - 1, "svc.b": -(2**63)}, b""),
    "tiny and huge": (b"svc: {a: 1e308, b: 5e-324, c: -0.0}\n", {
        "svc.a": 1e308, "svc.b": 5e-324, "svc.c": -0.0}, b""),
    "times": (b"svc: {a: 2001-12-14, b: 2001-12-14T21:59:43.10-05:00, c: 12:30:45}\n", {
        "svc.a": "2001-12-14T00:00:00Z", "svc.b": "2001-12-14T21:59:43.1-05:00",
        "svc.c": "12:30:45"}, b""),
    "text of all kinds": (b"svc: {a: \"\\U0001F600\\u00e9\", b: 'it''s', c: \"[red]\\e[0m\"}\n", {
        "svc.a": "\U0001f600é", "svc.b": "it's", "svc.c": "[red]\x1b[0m"}, b""),
}  # fmt: skip


@pytest.mark.parametrize("case", KEPT)
def test_an_odd_value_is_kept_exactly(tmp_path: Path, case: str) -> None:
    text, wanted, left = KEPT[case]
    file = put(tmp_path, "legacy.yaml", text)
    done = run(file, places(tmp_path), rewrite=True)
    found = database_leaves(places(tmp_path))
    assert {path: found.get(path) for path in wanted} == wanted
    assert [type(found[path]) for path in wanted] == [type(value) for value in wanted.values()]
    assert done.backup is not None
    assert done.backup.read_bytes() == text
    assert not left or file.read_bytes() == left
    assert run(file, places(tmp_path)).nothing_to_do


def test_merged_and_aliased_values_go_and_their_anchors_stay_whole(tmp_path: Path) -> None:
    text = "base: &b {port: 1, host: h}\nsvc: {<<: *b, port: 2, again: *b}\n"
    file = put(tmp_path, "legacy.yaml", text)
    run(file, places(tmp_path))
    found = database_leaves(places(tmp_path))
    assert found == {
        **{"base.port": 1, "base.host": "h", "svc.port": 2, "svc.host": "h"},
        **{"svc.again.port": 1, "svc.again.host": "h"},
    }
    assert run(file, places(tmp_path)).nothing_to_do


REFUSED: dict[str, tuple[bytes, str]] = {
    "utf-16 with a mark": ("svc: {a: 1}\n".encode("utf-16"), "the file is UTF-16"),
    "utf-16 without": ("svc: {a: 1}\n".encode("utf-16-le"), ":1:1: the file is UTF-16"),
    "utf-16 the other way": ("svc: {ä: 1}\n".encode("utf-16-be"), ":1:1: the file is UTF-16"),
    "utf-32": ("svc: {a: 1}\n".encode("utf-32"), ":1:1: the file is UTF-32"),
    "latin-1": ("svc:\n  a: é\n".encode("latin-1"), ":2:6: the byte 0xE9 is not UTF-8"),
    "half a character": (b"svc: {a: \xe2\x82}\n", ":1:10: the byte 0xE2 is not UTF-8"),
    "a surrogate": (b"svc: {a: \xed\xa0\x80}\n", ":1:10: the byte 0xED is not UTF-8"),
    "binary": (b"svc: {a: !!binary aGk=}\n", ":1:10: the tag tag:yaml.org,2002:binary is unknown"),
    "a second document": (b"svc: {a: 1}\n...\n---\nsvc: {b: 2}\n", ":3:1: a second document"),
    "a list as a key": (b"svc: {? [a] : 1}\n", ":1:9: a mapping or a list cannot be a key"),
    "merging a text": (b"svc: {<<: x}\n", ":1:11: << takes a mapping"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_kept_is_refused_with_its_place(tmp_path: Path, case: str) -> None:
    text, told = REFUSED[case]
    file = put(tmp_path, "legacy.yaml", text)
    before = on_disk(tmp_path)
    with pytest.raises(BadDocument) as refused:
        run(file, places(tmp_path), rewrite=True)
    assert told in str(refused.value)
    assert on_disk(tmp_path) == before


def test_all_faults_of_a_file_are_named_at_once(tmp_path: Path) -> None:
    text = (
        "nodes: [{id: a, poc_port: 70000, max_concurrent: x}, {id: a}, 5]\n"
        "current_height: .nan\nmore_params: {x: .inf, y: 99999999999999999999}\n"
    )
    made = plan(put(tmp_path, "config.yaml", text), places(tmp_path))
    assert [(row.path, row.line, row.column) for row in made.refused] == [
        ("nodes.a.max_concurrent", 1, 50),
        ("nodes.a.poc_port", 1, 27),
        ("nodes.1.id", 1, 59),
        ("nodes.2", 1, 63),
        ("current_height", 2, 17),
        ("more_params.x", 3, 18),
        ("more_params.y", 3, 27),
    ]
    assert made.writes == ()


def doubling(first: str, each: str) -> str:
    """A line that names the one before twice, forty times over."""
    lines = (f"a{n}: &a{n} {each.format(n - 1)}\n" for n in range(1, 40))
    return f"a0: &a0 {first}\n" + "".join(lines)


BOMBS = {
    "merges": doubling("{k: 1}", "{{<<: [*a{0}, *a{0}]}}"),
    "aliases": doubling("[1, 1]", "[*a{0}, *a{0}]"),
    "brackets": "[" * 200_000,
    "braces": "{" * 200_000,
    "a circle": "a: &a [*a]\n",
}


@pytest.mark.parametrize("text", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_refused_before_it_costs_memory(tmp_path: Path, text: str) -> None:
    file = put(tmp_path, "config.yaml", text)
    tracemalloc.start()
    try:
        with pytest.raises(BadDocument):
            planning.load(file)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 60 * 2**20


def test_a_file_too_large_is_refused_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.yaml"
    with file.open("wb") as sparse:
        sparse.truncate(50 * 2**30)
    tracemalloc.start()
    try:
        with pytest.raises(NodedeckError, match="which no configuration has"):
            planning.load(file)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 200 * 2**20
