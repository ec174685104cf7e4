"""Where PyYAML, YAML 1.2 and Go read a plain scalar differently."""

from __future__ import annotations

import pytest

from store.reading import read, readings


def kinds(text: str) -> list[str]:
    found = readings(read(f"a: {text}\n".encode(), "f", "yaml").entries["a"])
    return [reading.kind for reading in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", ["bool", "str", "str"]),
        ("017", ["int", "int", "int"]),
        ("0o17", ["str", "int", "int"]),
        ("08", ["str", "int", "float"]),
        ("1e3", ["str", "float", "float"]),
        ("0X1F", ["str", "str", "int"]),
        ("22:22", ["int", "str", "str"]),
        ("2001-1-2", ["str", "str", "time"]),
        ("1e999", ["str", "float", "str"]),
        ("2001-13-45", ["error", "error", "str"]),
        ("0b_", ["error", "str", "str"]),
        ("=", ["error", "str", "str"]),
        ("100000000000000000000000", ["int", "int", "float"]),
        ("0000-01-01", ["error", "error", "time"]),
    ],
)
def test_differences_are_named(text: str, expected: list[str]) -> None:
    assert kinds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("0", "8080", "-1", "999999999999999999", "9999999999999999999", "false"),
        *("5m", "10.0.0.0/8", "1_000", "true", "~", "1.10", "0x1F", "-.inf", ".nan", "node1"),
        *("2001-12-14", "2001-12-14T21:59:43.10-05:00", "2001-12-14 21:59:43"),
        *("'yes'", "!!str yes", "[yes]"),
    ],
)
def test_agreement_is_silent(text: str) -> None:
    assert kinds(text) == []


def test_readings_name_their_readers() -> None:
    found = readings(read(b"a: 017", "f", "yaml").entries["a"])
    assert [tuple(reading) for reading in found] == [
        ("PyYAML", "int", "15"),
        ("YAML 1.2", "int", "17"),
        ("Go", "int", "15"),
    ]
