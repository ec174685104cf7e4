"""Stored text becomes values and back; what does not decode stays as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import codec, fitting, paths
from store.limits import INT64_MAX, INT64_MIN
from store.models import EpochSeed, Node, Undecoded
from store.paths import Kind

text = st.text(st.characters(exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner) | st.dictionaries(text, inner),
    max_leaves=20,
)  # fmt: skip


@given(values)
def test_a_value_survives_being_stored(value: Any) -> None:
    stored = codec.dump(value)
    assert codec.load(stored) == value
    assert "\n" not in stored


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}, "\ud800"])
def test_what_the_database_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        codec.dump(value)


@pytest.mark.parametrize("stored", ["", "{", "not json", "[" * 100_000, "1" * 10_000])
def test_text_that_is_no_readable_json_stays_text(stored: str) -> None:
    assert codec.load(stored) == stored


@pytest.mark.parametrize("opened", ['{"a":', "[", '[{"a":'])
def test_a_value_nested_too_deeply_to_walk_stays_text(opened: str) -> None:
    closed = opened.replace('"a":', "").translate(str.maketrans("[{", "]}"))[::-1]
    levels = codec.DEEPEST // len(closed)
    deepest = opened * levels + "1" + closed * levels
    too_deep = opened * (levels + 1) + "1" + closed * (levels + 1)
    assert codec.dump(codec.load(deepest)) == deepest
    assert codec.load(too_deep) == too_deep
    assert isinstance(codec.load(f"[{'[],' * 500}[]]"), list)


@given(st.text())
def test_loading_never_fails(stored: str) -> None:
    codec.load(stored)


@pytest.mark.parametrize(
    ("key", "raw", "value"),
    [
        ("current_height", "42", 42),
        ("current_height", "+42", 42),
        ("current_height", "-1", -1),
        ("current_height", str(INT64_MAX), INT64_MAX),
        ("current_height", str(INT64_MAX + 1), str(INT64_MAX + 1)),
        ("current_height", "4 2", "4 2"),
        ("current_height", "٤٢", "٤٢"),
        ("current_height", "4_2", "4_2"),
        ("current_height", "", ""),
        ("current_height", "4.0", "4.0"),
        ("merged_node_config", "true", True),
        ("merged_node_config", "False", False),
        ("merged_node_config", "1", True),
        ("merged_node_config", "maybe", "maybe"),
        ("current_node_version", "3", "3"),
        ("chain_state.other", "5", "5"),
    ],
)
def test_chain_values_decode_by_their_keys_type(key: str, raw: str, value: Any) -> None:
    decoded = codec.entity_value(Kind.CHAIN, key, json.dumps(raw))
    assert decoded == value
    assert type(decoded) is type(value)


@given(st.integers(INT64_MIN, INT64_MAX))
def test_every_64_bit_integer_is_read(number: int) -> None:
    assert codec.as_integer(str(number)) == number


@pytest.mark.parametrize("number", [INT64_MIN - 1, INT64_MAX + 1, 10**30])
def test_an_integer_beyond_64_bits_is_none(number: int) -> None:
    assert codec.as_integer(str(number)) is None


def test_sqlites_zero_and_one_become_booleans_only_where_they_are_meant() -> None:
    stored = '{"seed":1,"epoch_index":0,"signature":"","claimed":1}'
    value = codec.entity_value(Kind.SEED, "current_seed", stored)
    assert value["claimed"] is True
    assert value["seed"] == 1
    assert type(value["seed"]) is int
    odd = codec.entity_value(Kind.NODE, "nodes.a", '{"is_enabled":2}')
    assert odd == {"is_enabled": 2}


def test_fields_that_do_not_fit_are_named_and_take_their_default() -> None:
    faults: list[Undecoded] = []
    value = {"id": "n", "host": 7, "inference_port": "x", "strange": 1, "version": "v1"}
    node = fitting.typed(Node, value, "nodes.n", faults)
    assert node == Node(id="n", version="v1")
    assert {fault.path: fault.raw for fault in faults} == {
        "nodes.n.host": "7",
        "nodes.n.inference_port": "x",
        "nodes.n.strange": "1",
    }


def test_a_value_of_another_shape_is_a_fault_of_the_whole() -> None:
    faults: list[Undecoded] = []
    assert fitting.typed(EpochSeed, "text", "current_seed", faults) == EpochSeed()
    assert [(fault.path, fault.raw) for fault in faults] == [("current_seed", "text")]


@given(st.dictionaries(st.sampled_from(sorted(EpochSeed.model_fields)) | text, values))
def test_typing_never_fails_and_drops_nothing_in_silence(value: dict[str, Any]) -> None:
    faults: list[Undecoded] = []
    seed = fitting.typed(EpochSeed, value, "current_seed", faults)
    named = {paths.split(fault.path)[1] for fault in faults}
    assert named | seed.model_fields_set == value.keys()


@pytest.mark.parametrize(
    ("value", "shown"),
    [("a b", "a b"), (1, "1"), (None, "null"), ({"a": [1]}, '{"a":[1]}'), (float("inf"), "inf")],
)
def test_a_value_is_shown_bare_or_as_json(value: Any, shown: str) -> None:
    assert codec.shown(value) == shown


def test_leaves_are_scalars_lists_and_empty_mappings() -> None:
    value = {"a": {"b.c": 1, "d": []}, "e": {}, "f": [{"g": 1}]}
    assert codec.leaves(value, "n") == {
        'n.a."b.c"': 1,
        "n.a.d": [],
        "n.e": {},
        "n.f": [{"g": 1}],
    }
