"""What a rule lets through, and the reason it gives for the rest."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.codec import dump, shown
from store.errors import InvalidValue, Refused
from store.limits import INT64_MAX, INT64_MIN
from store.settings_rules import (
    Constraints,
    Rule,
    SettingType,
    checked,
    stored_constraints,
    typed,
)


def rule(kind: str, **constraints: Any) -> Rule:
    limits = Constraints.model_validate(constraints)
    return Rule(service="svc", key="key", type=SettingType(kind), constraints=limits)


@pytest.mark.parametrize(
    ("wanted", "text", "value"),
    [
        (rule("string"), "007", "007"),
        (rule("string"), "", ""),
        (rule("string"), "null", "null"),
        (rule("string", nullable=True), "null", None),
        (rule("integer"), "-7", -7),
        (rule("integer", min=1, max=3), "3", 3),
        (rule("float"), "1", 1.0),
        (rule("float", above=0, below=1), "0.5", 0.5),
        (rule("boolean"), "On", True),
        (rule("boolean"), "0", False),
        (rule("enum", allowed=["a", "b"]), "b", "b"),
        (rule("enum", allowed=[1, True]), "true", True),
        (rule("enum", allowed=[1, True]), "1", 1),
        (rule("path"), "/var/lib/x", "/var/lib/x"),
        (rule("json"), '{"a":[1]}', {"a": [1]}),
        (rule("json", shape="list", min_length=1), "[2]", [2]),
        (rule("string", pattern="^v[0-9]+$", max_length=3), "v12", "v12"),
    ],
)
def test_text_becomes_a_value_of_the_rules_type(wanted: Rule, text: str, value: Any) -> None:
    found = typed(wanted, text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("wanted", "text", "reason"),
    [
        (rule("integer"), "x", "must be a 64-bit integer, not 'x'"),
        (rule("integer"), "1.0", "must be a 64-bit integer"),
        (rule("integer"), "", "must be a 64-bit integer"),
        (rule("integer"), str(INT64_MAX + 1), "must be a 64-bit integer"),
        (rule("integer", min=1), "0", "must be at least 1, not '0'"),
        (rule("integer", max=2), "3", "must be at most 2"),
        (rule("float"), "nan", "must be a finite number"),
        (rule("float"), "inf", "must be a finite number"),
        (rule("float"), "x", "must be a finite number"),
        (rule("float", above=0), "0", "must be above 0"),
        (rule("float", below=1), "1", "must be below 1"),
        (rule("boolean"), "maybe", "must be true or false"),
        (rule("enum", allowed=["a", "b"]), "c", "must be one of a, b, not 'c'"),
        (rule("path"), "", "must be the path of a file"),
        (rule("path"), "a\0b", "must be the path of a file"),
        (rule("json"), "{", "must be JSON"),
        (rule("json", shape="object"), "[]", "must be a JSON object"),
        (rule("json", shape="list", max_length=1), "[1,2]", "must have at most 1 elements"),
        (rule("string", min_length=2), "a", "must have at least 2 characters"),
        (rule("string", pattern="^v"), "x", "must match ^v"),
        (rule("integer", nullable=True), "none", "must be a 64-bit integer"),
    ],
)
def test_a_misfit_is_refused_with_its_reason(wanted: Rule, text: str, reason: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        typed(wanted, text)
    assert caught.value.message.startswith(f"svc.key: {reason}")
    assert caught.value.message.endswith("; nothing was changed.")


@pytest.mark.parametrize("kind", [kind for kind in SettingType if kind not in ("json", "secret")])
@pytest.mark.parametrize("value", [None, [], {}])
def test_what_is_no_scalar_fits_no_scalar_type(kind: str, value: Any) -> None:
    with pytest.raises(InvalidValue):
        checked(rule(kind, allowed=["a"] if kind == "enum" else None), value)


def test_truth_is_no_number() -> None:
    for kind in ("integer", "float"):
        with pytest.raises(InvalidValue):
            checked(rule(kind), True)
    with pytest.raises(InvalidValue):
        checked(rule("enum", allowed=[1]), True)


def test_a_secret_is_refused_whatever_it_is() -> None:
    for value in ("hunter2", "", None, 1):
        with pytest.raises(Refused, match="is not stored in clear") as caught:
            checked(rule("secret", nullable=True), value)
        assert "hunter2" not in str(caught.value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(INT64_MIN, INT64_MAX) | st.floats() | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=5,
)


@given(kind=st.sampled_from(SettingType), value=_JSON)
def test_any_value_fits_or_is_refused_in_words(kind: SettingType, value: Any) -> None:
    try:
        found = checked(rule(kind, min=-5, max=5), value)
    except (InvalidValue, Refused) as error:
        assert "nothing was changed" in error.message
    else:
        assert found is value
        if isinstance(value, float) and kind in ("integer", "float"):
            assert math.isfinite(value)


@given(kind=st.sampled_from([kind for kind in SettingType if kind != "secret"]), text=st.text())
def test_what_text_becomes_can_be_written_again_as_text(kind: SettingType, text: str) -> None:
    wanted = rule(kind, allowed=[text] if kind == "enum" else None)
    try:
        value = typed(wanted, text)
    except InvalidValue:
        return
    assert typed(wanted, dump(value) if kind is SettingType.JSON else shown(value)) == value


def test_constraints_are_told_in_words() -> None:
    limits = Constraints.model_validate({"min": 1, "allowed": [1, "b"], "nullable": True})
    assert limits.words() == "one of 1, b; min 1; or null"
    assert Constraints().words() == ""


@pytest.mark.parametrize(
    "stored", ["", "[]", '{"min":"x"}', '{"odd":1}', '{"pattern":"("}', b"", 5]
)
def test_constraints_that_cannot_be_read_are_none(stored: Any) -> None:
    assert stored_constraints(stored) is None
