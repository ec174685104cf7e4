"""Errors quote a value only where it can be no secret."""

from __future__ import annotations

from typing import Any

import pytest

from store import checks, documents
from store.codec import MASK
from store.errors import BadDocument, InvalidValue
from store.importing.fields import Fields, Unfit
from store.manager import ConfigManager
from store.models import Node
from store.reading import read
from store.settings_rules import Rule, SettingType, checked

SECRET = "HUNTERG"


@pytest.mark.parametrize("present", [True, 5, 0.5, {"a": 1}, [1]])
def test_an_override_that_misfits_is_masked_like_a_value(present: Any) -> None:
    with pytest.raises(InvalidValue) as refused:
        documents.like(present, SECRET, "api.access_token")
    assert SECRET not in str(refused.value)
    assert MASK in str(refused.value)
    with pytest.raises(InvalidValue, match="not 'lots'"):
        documents.like(5, "lots", "api.port")


@pytest.mark.parametrize(
    ("text", "kind", "place", "told"),
    [
        ('{"password": HUNTERG}', "json", (1, 14), "expected a value, found a bare word"),
        ("password: *HUNTERG", "yaml", (1, 11), "an alias has no anchor before it"),
        ("password: !HUNTERG x", "yaml", (1, 11), "a tag of its own is unknown here"),
        ("password: !HUNTERG [x]", "yaml", (1, 11), "a tag of its own is unknown here"),
        ("password: !!int HUNTERG", "yaml", (1, 11), "expected int, found text"),
        ("password = HUNTERG", "toml", (1, 12), "not TOML: invalid value"),
    ],
)
def test_a_reader_names_the_place_and_not_the_value(
    text: str, kind: Any, place: tuple[int, int], told: str
) -> None:
    with pytest.raises(BadDocument) as refused:
        read(text.encode(), "f", kind)
    assert (refused.value.line, refused.value.column) == place
    assert told in str(refused.value)
    assert SECRET not in str(refused.value)


def test_a_field_of_another_type_is_named_and_a_secret_not_told() -> None:
    item = read(b"apiKey: HUNTERG\nheight: abc\n", "f", "yaml")
    fields = Fields()
    for name, path in (("apiKey", "svc.apiKey"), ("height", "svc.height")):
        with pytest.raises(Unfit):
            fields.entries(item.entries[name], path)
    covered, told = fields.faults
    assert SECRET not in covered.why
    assert "'abc'" in told.why


def test_a_setting_and_a_node_that_misfit_are_masked() -> None:
    rule = Rule(service="svc", key="api_token", type=SettingType.INTEGER)
    with pytest.raises(InvalidValue) as refused:
        checked(rule, SECRET)
    assert SECRET not in str(refused.value)
    value = {"id": "n", "models": {"m": {"args": f"--api-key {SECRET}"}}}
    with pytest.raises(InvalidValue) as refused:
        checks.checked(Node, value, "nodes.n")
    assert SECRET not in str(refused.value)


def test_text_that_is_not_utf8_is_not_told(manager: ConfigManager) -> None:
    with pytest.raises(InvalidValue, match="character 8") as refused:
        manager.set_last_used_version(f"{SECRET}\udcff")
    assert SECRET not in str(refused.value)
