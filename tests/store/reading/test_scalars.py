"""Scalars as Go's yaml.v3 reads them, freely and into typed fields."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from store.reading import Item, Misfit, as_bool_field, coerce, read, resolve
from store.reading.scalars import resolve_tagged

TABLE = Path(__file__).parents[2] / "support" / "yaml-scalars.json"
ROWS: list[tuple[str, str, object]] = json.loads(TABLE.read_text(encoding="utf-8"))


def test_table_is_whole() -> None:
    assert len(ROWS) == 414


@pytest.mark.parametrize(("text", "kind", "expected"), ROWS)
def test_resolve_reads_as_go(text: str, kind: str, expected: object) -> None:
    found, value = resolve(text)
    assert found == kind
    if kind == "int":
        assert value == int(str(expected))
    elif kind == "float":
        assert isinstance(value, float)
        wanted = float(str(expected))
        assert value == wanted or (math.isnan(value) and math.isnan(wanted))
    else:
        assert value == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("null", None)),
        ("0b-1", ("int", -1)),
        ("0o+7", ("int", 7)),
        ("+9223372036854775808", ("float", 9223372036854775808.0)),
        ("18446744073709551615", ("int", 2**64 - 1)),
        ("18446744073709551616", ("float", 18446744073709551616.0)),
        ("٣", ("str", "٣")),
        ("1٣", ("str", "1٣")),
        ("2001-02-29", ("str", "2001-02-29")),
        ("2000-02-29", ("time", "2000-02-29T00:00:00Z")),
        ("0000-02-29", ("time", "0000-02-29T00:00:00Z")),
        ("2001-12-14  1:2:3,5", ("time", "2001-12-14T01:02:03.5Z")),
        ("2001-12-14T24:00:00Z", ("str", "2001-12-14T24:00:00Z")),
        ("2001-12-14T00:00:00+00:00", ("time", "2001-12-14T00:00:00Z")),
        ("2001-12-14T00:00:00+05:60", ("time", "2001-12-14T00:00:00+06:00")),
        ("2001-12-14T00:00:00+25:00", ("str", "2001-12-14T00:00:00+25:00")),
        ("<<", ("str", "<<")),
    ],
)
def test_resolve_at_the_edges(text: str, expected: tuple[str, object]) -> None:
    assert resolve(text) == expected


def test_tags_demand_their_kind() -> None:
    assert resolve_tagged("017", "str") == "017"
    assert resolve_tagged("5", "float") == 5.0
    with pytest.raises(Misfit, match="expected bool, found text"):
        resolve_tagged("yes", "bool")


def item(text: str) -> Item:
    return read(f"a: {text}\n".encode(), "f", "yaml").entries["a"]


@pytest.mark.parametrize("word", ["y", "Yes", "ON", "no", "off", "N"])
def test_bool_fields_take_old_words(word: str) -> None:
    assert as_bool_field(word) is (word.lower() in ("y", "yes", "on"))
    assert coerce(item(word), "bool") is as_bool_field(word)
    assert coerce(item(f'"{word}"'), "bool") is as_bool_field(word)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5", 5), ("5.0", 5), ("08", 8), ("0x1F", 31), ("~", 0), ("-9223372036854775808", -(2**63))],
)
def test_int_fields(text: str, expected: int) -> None:
    value = coerce(item(text), "int")
    assert value == expected
    assert type(value) is int


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("abc", "expected an integer, found text"),
        ('"5"', "expected an integer, found text"),
        ("5.7", "expected an integer, found the number 5.7"),
        ("true", "expected an integer, found the boolean true"),
        ("[1]", "expected an integer, found a list"),
        (".inf", "expected an integer, found the number .inf"),
        ("9223372036854775808", "expected an integer of 64 bits, found the integer"),
        ("1e19", "expected an integer of 64 bits, found the number 1e19"),
        ("8.713906120561900193e18", "expected an integer, found the number"),
        ("2001-12-14", "expected an integer, found the time 2001-12-14"),
    ],
)
def test_int_fields_refuse(text: str, reason: str) -> None:
    with pytest.raises(Misfit) as caught:
        coerce(item(text), "int")
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.10", "1.10"),
        ("'1.10'", "1.10"),
        ("017", "017"),
        ("yes", "yes"),
        ("True", "True"),
        ("~", ""),
        ("2001-12-14", "2001-12-14"),
        ('"a\\nb"', "a\nb"),
    ],
)
def test_text_fields_take_the_text_as_written(text: str, expected: str) -> None:
    assert coerce(item(text), "str") == expected


def test_text_fields_of_other_formats() -> None:
    assert coerce(read(b"v = 1.10", "f", "toml").entries["v"], "str") == "1.10"
    assert coerce(read(b'{"v": 1.10}', "f", "json").entries["v"], "str") == "1.10"
    with pytest.raises(Misfit, match="expected text, found a mapping"):
        coerce(read(b"{}", "f", "json"), "str")


def test_float_and_bool_fields() -> None:
    assert coerce(item("5"), "float") == 5.0
    assert coerce(item("0.9"), "float") == 0.9
    assert coerce(item("null"), "float") == 0.0
    assert coerce(item("null"), "bool") is False
    assert coerce(item("TRUE"), "bool") is True
    with pytest.raises(Misfit, match="expected a number, found text"):
        coerce(item("x"), "float")
    with pytest.raises(Misfit, match="expected true or false, found the integer 1"):
        coerce(item("1"), "bool")
    huge = read(b"v = 1" + b"0" * 400, "f", "toml").entries["v"]
    with pytest.raises(Misfit, match="expected a number of 64 bits"):
        coerce(huge, "float")
