"""Exports: what is written is read back as the same document, by us and by PyYAML."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from store.errors import BadDocument, NodedeckError
from store.export import as_json, as_yaml, count_masked, exported, render
from store.manager import ConfigManager
from store.masks import masked
from store.models import Node
from store.reading import read, to_python

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
TRICKY = st.sampled_from(
    (
        *("yes", "No", "on", "y", "1e3", "22:22", "017", "0o17", "08", "0x1F", "1_000", "~", ""),
        *("null", "2001-12-14", "2001-1-2", "=", "<<", "*a", "&a", "!x", "- a", "a: b", "a #b"),
        *("#", "'", '"', " a", "a ", "\t", "a\nb", "a\r\nb", "\u2028", "\x85", "\ufeff", "\x7f"),
        *("\x1b[0m", "x" * 2000, "é🙂", "---", "...", "%x", "@x", "`x", "[", "{", "?", "? a"),
        *(":", "a:", ".inf", ".nan", "1e999"),
    )
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | TEXTS
    | TRICKY
)
KEYS = TEXTS | TRICKY
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(KEYS, below, max_size=4),
    max_leaves=15,
)
DOCUMENTS = st.dictionaries(KEYS, VALUES, max_size=5)


def exactly(value: Any) -> Any:
    """A value with its types, since 1 == 1.0 == True."""
    if isinstance(value, dict):
        return [(name, exactly(below)) for name, below in value.items()]
    if isinstance(value, list):
        return list(map(exactly, value))
    return type(value).__name__, repr(value)


@given(DOCUMENTS)
@example({})
@example({"a": [[[]], [{}], [{"b": [1, [2]]}]], "c": {"d": {}}})
def test_yaml_is_read_back_as_the_same_document(tree: dict[str, Any]) -> None:
    text = as_yaml(tree)
    assert exactly(to_python(read(text.encode(), "x", "yaml"))) == exactly(tree)
    assert exactly(yaml.safe_load(text)) == exactly(tree)


@given(st.dictionaries(TEXTS, VALUES.filter(lambda value: "inf" not in repr(value)), max_size=5))
def test_json_is_read_back_as_the_same_document(tree: dict[str, Any]) -> None:
    text = as_json(tree)
    assert exactly(to_python(read(text.encode(), "x", "json"))) == exactly(tree)


def test_yaml_keeps_order_and_unicode_and_shares_nothing() -> None:
    shared = {"ä": [1]}
    text = as_yaml({"z": shared, "a": shared, "nodes": [{"id": "n", "args": ["--x", "4"]}]})
    assert text == (
        'z:\n  "ä":\n    - 1\na:\n  "ä":\n    - 1\n'
        'nodes:\n  - id: n\n    args:\n      - "--x"\n      - "4"\n'
    )


def test_numbers_beyond_64_bits_keep_their_digits() -> None:
    assert as_yaml({"a": 10**23}) == f"a: {10**23}\n"
    assert yaml.safe_load(as_yaml({"a": 10**23})) == {"a": 10**23}


def test_not_a_number_has_a_place_in_yaml_only() -> None:
    tree: dict[str, Any] = {"api": {"x": float("nan"), "y": float("-inf")}}
    assert as_yaml(tree) == "api:\n  x: .nan\n  y: -.inf\n"
    with pytest.raises(NodedeckError, match=r"api\.x is nan, which JSON cannot hold"):
        render(tree, "json")


def test_half_a_surrogate_pair_has_a_place_in_json_only() -> None:
    tree: dict[str, Any] = {"api": {"list": ["ok", "\ud83d"]}}
    assert json.loads(as_json(tree)) == tree
    with pytest.raises(
        NodedeckError, match=r"api\.list\.1 holds half a surrogate pair, which YAML cannot hold"
    ):
        render(tree, "yaml")


def test_masks_reach_into_lists_of_objects() -> None:
    tree = masked((), {"a": [{"password": "x", "user": "u"}], "token": "t", "tokens": 3})
    assert tree == {"a": [{"password": "********", "user": "u"}], "token": "********", "tokens": 3}
    assert count_masked(tree) == 2


def test_the_document_leaves_out_nodedecks_own_settings(manager: ConfigManager) -> None:
    manager.config.write_text("api:\n  port: 9000\n")
    manager.set_height(5)
    manager.set_value("nodedeck.idle", "5", create=True)
    manager.set_value("gateway.burst", "7", create=True)
    manager.add_node(Node(
        id="b.c", host="h", inference_port=1, poc_port=2, max_concurrent=3, models={"m": {}},
    ))  # fmt: skip
    tree = exported(manager.effective())
    assert list(tree) == ["api", "current_height", "nodes", "gateway"]
    assert tree["nodes"][0]["id"] == "b.c"
    assert to_python(read(render(tree, "yaml").encode(), "x", "yaml")) == tree


def test_an_unreadable_config_file_is_no_document(manager: ConfigManager, tmp_path: Path) -> None:
    manager.config.write_text("api: [\n")
    with pytest.raises(BadDocument):
        exported(manager.effective())
