"""Rules out of a JSON Schema and out of a pydantic model."""

from __future__ import annotations

import enum
import json
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr

from store.errors import InvalidValue
from store.settings_rules import Complexity, SettingType
from store.settings_schema import read

EXAMPLE = Path(__file__).parents[2] / "demo_data" / "settings-schema.json"


class Colour(enum.StrEnum):
    RED = "red"


class Inner(BaseModel):
    depth: int = Field(3, gt=0, description="How deep")


class Model(BaseModel):
    url: str | None = Field(None, description="Where", pattern="^ws")
    backend: Literal["a", "b"] = "a"
    colour: Colour = Colour.RED
    folder: Path = Path("/x")
    token: SecretStr = SecretStr("q")
    names: list[str] = Field(default=[], max_length=2)
    inner: Inner = Inner()
    ratio: float = Field(
        0.5, ge=0, le=1, json_schema_extra={"complexity": "advanced", "help_text": "Carefully."}
    )
    either: int | float = 3
    needed: bool


def test_a_pydantic_model_tells_everything() -> None:
    loaded = read(Model, "svc")
    rules = {rule.key: rule for rule in loaded.rules}
    assert {key: rule.type.value for key, rule in rules.items()} == {
        "url": "string",
        "backend": "enum",
        "colour": "enum",
        "folder": "path",
        "token": "secret",
        "names": "json",
        "inner.depth": "integer",
        "ratio": "float",
        "either": "float",
        "needed": "boolean",
    }
    assert rules["url"].constraints.nullable
    assert rules["url"].constraints.pattern == "^ws"
    assert (rules["url"].has_default, rules["url"].default) == (True, None)
    assert rules["backend"].constraints.allowed == ("a", "b")
    assert rules["names"].constraints.shape == "list"
    assert rules["names"].constraints.max_length == 2
    assert rules["inner.depth"].constraints.above == 0
    assert rules["inner.depth"].description == "How deep"
    assert (rules["ratio"].complexity, rules["ratio"].help_text) == (
        Complexity.ADVANCED,
        "Carefully.",
    )
    assert not rules["needed"].has_default
    assert not rules["token"].has_default
    assert loaded.unchecked == (
        "svc.token: its default, since no secret is kept in clear",
        "svc.names: items",
    )


def test_services_are_the_properties_that_have_properties() -> None:
    class All(BaseModel):
        first: Model
        second: Inner

    assert read(All).services == ("first", "second")


def test_the_shipped_example_is_whole() -> None:
    loaded = read(json.loads(EXAMPLE.read_text(encoding="utf-8")))
    assert loaded.services == ("stt-worker", "tts-worker", "router")
    assert loaded.unchecked == ()
    assert {rule.type for rule in loaded.rules} == set(SettingType)
    assert all(rule.description for rule in loaded.rules)
    assert {rule.complexity for rule in loaded.rules} == set(Complexity)


def of(**key: Any) -> dict[str, Any]:
    return {"properties": {"svc": {"properties": {"key": key}}}}


def test_a_part_of_a_key_may_have_any_name() -> None:
    tree = {"properties": {"odd svc": {"properties": {"a.b": {"type": "integer"}}}}}
    assert [rule.path for rule in read(tree).rules] == ['"odd svc"."a.b"']


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({}, "the schema: has no properties"),
        ({"properties": []}, "mapping of properties"),
        ({"properties": {"port": {"type": "integer"}}}, "port: is a single value and no service"),
        ({"properties": {"svc": 5}}, "svc: must be a mapping"),
        (of(type="number", minimum="x"), "svc.key: Input should be"),
        (of(type="string", pattern="("), "svc.key: missing )"),
        (of(type="null"), "has the type 'null'"),
        (of(), "has the type None"),
        (of(enum=[]), "list of allowed values"),
        (of(type=["integer", "string"]), "must have one type, not integer, string"),
        (of(anyOf=[{"type": "integer"}, {"type": "string"}]), "not 2 alternatives"),
        (of(type="integer", default="x"), "default does not fit its own schema: svc.key: must be"),
        (of(type="integer", minimum=5, default=4), "must be at least 5"),
        (of(type="integer", complexity="expert"), "'expert' is not a valid Complexity"),
        ({"properties": {"svc": {"$ref": "#/$defs/x"}}}, "which is not in the schema"),
        ({"properties": {"svc": {"$ref": "http://x"}}}, "outside the schema"),
        (
            {"properties": {"svc": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"$ref": "#/$defs/x"}}},
            "refers to itself",
        ),
        (
            {
                "properties": {"svc": {"$ref": "#/$defs/x"}},
                "$defs": {"x": {"properties": {"x": {"$ref": "#/$defs/x"}}}},
            },
            "nested too deep",
        ),
    ],
)
def test_what_is_no_schema_is_refused_with_its_place(schema: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read(schema)
    assert reason in caught.value.message


def test_what_is_not_checked_is_named() -> None:
    assert read(of(type="string", format="uri", contentEncoding="x")).unchecked == (
        "svc.key: contentEncoding, format uri",
    )
