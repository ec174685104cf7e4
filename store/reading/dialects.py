"""Plain scalars on which YAML readers disagree: PyYAML (YAML 1.1), YAML 1.2 and Go's library."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple, cast

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from store.reading.item import Item, Kind
from store.reading.scalars import Misfit, resolve

# No reader sees anything but text behind any other first character.
_TELLING = frozenset("yYnNtTfFoO~0123456789+-.=<")
# most of what stands in files, and the same to all of them
_AGREED = re.compile(r"-?[1-9][0-9]{0,17}|0|true|false")
_CORE_CONSTANTS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_CORE_INTEGER = re.compile(r"(?P<decimal>[-+]?[0-9]+)|0o(?P<octal>[0-7]+)|0x(?P<hex>[0-9a-fA-F]+)")
_CORE_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_GROUPED_DIGITS = re.compile(r"[-+]?[0-9][0-9_.]*[0-9]")
_TIMESTAMP_TAG = "tag:yaml.org,2002:timestamp"


class Reading(NamedTuple):
    """What one reader makes of a plain scalar; the kind ``error`` means that it fails on it."""

    reader: str
    kind: str
    text: str


def readings(item: Item) -> tuple[Reading, ...]:
    """Return how PyYAML, YAML 1.2 and Go read a plain scalar where they differ, else nothing."""
    if not item.plain or item.text[:1] not in _TELLING or _AGREED.fullmatch(item.text):
        return ()
    return _differing(item.text)


@lru_cache(maxsize=4096)  # the same versions and limits stand in every node of a list
def _differing(text: str) -> tuple[Reading, ...]:
    found = (
        Reading("PyYAML", *_described(_pyyaml, text)),
        Reading("YAML 1.2", *_described(_core, text)),
        Reading("Go", *_go(text)),
    )
    agreed = len({reading[1:] for reading in found}) == 1
    return () if agreed else found


def reread(item: Item, reader: str) -> Item:
    """Return a plain scalar as another reader takes it; raise Misfit where that one fails on it."""
    if reader == "Go":
        kind, value = resolve(item.text)
        return replace(item, kind=kind, value=value)
    try:
        found = (_pyyaml if reader == "PyYAML" else _core)(item.text)
    # PyYAML's constructors leak whatever Python raises on an odd scalar.
    except (yaml.YAMLError, ValueError, KeyError, IndexError, AttributeError, OverflowError):
        raise Misfit(f"{reader} cannot read it") from None
    if isinstance(found, date):
        return replace(item, kind="time", value=_rfc3339(found))
    return replace(item, kind=cast("Kind", _kind(found)), value=found)


def _rfc3339(value: date) -> str:
    """Return a date or time as the daemon's library writes one: UTC where no zone is named."""
    text = value.isoformat() if isinstance(value, datetime) else f"{value.isoformat()}T00:00:00"
    has_zone = isinstance(value, datetime) and value.tzinfo is not None
    return text.replace("+00:00", "Z") if has_zone else f"{text}Z"


def _pyyaml(text: str) -> Any:
    """Construct a plain scalar as ``yaml.safe_load`` does; odd ones raise bare library errors."""
    tag = _pyyaml_tag(text)
    return SafeConstructor().construct_object(yaml.ScalarNode(tag, text))


def _pyyaml_tag(text: str) -> str:
    return str(Resolver().resolve(yaml.ScalarNode, text, (True, False)))  # type: ignore[no-untyped-call]


def _core(text: str) -> Any:
    """Read by YAML 1.2's core schema and, as its parsers do, with grouped digits and dates."""
    if text in _CORE_CONSTANTS:
        return _CORE_CONSTANTS[text]
    if _pyyaml_tag(text) == _TIMESTAMP_TAG:
        return _pyyaml(text)
    digits = text.replace("_", "") if _GROUPED_DIGITS.fullmatch(text) else text
    if found := _CORE_INTEGER.fullmatch(digits):
        if found["decimal"]:
            return int(found["decimal"])
        return int(found["octal"], 8) if found["octal"] else int(found["hex"], 16)
    return float(digits) if _CORE_FLOAT.fullmatch(digits) else text


def _described(read: Callable[[str], Any], text: str) -> tuple[str, str]:
    try:
        value = read(text)
    # PyYAML's constructors leak whatever Python raises on an odd scalar.
    except (yaml.YAMLError, ValueError, KeyError, IndexError, AttributeError, OverflowError):
        return "error", ""
    if isinstance(value, date):
        return "time", _instant(value)
    return _kind(value), _canonical(value)


def _go(text: str) -> tuple[str, str]:
    kind, value = resolve(text)
    if kind != "time":
        return kind, _canonical(value)
    try:
        return kind, _instant(datetime.fromisoformat(str(value)))
    except ValueError:  # a year or an offset that Python does not have
        return kind, str(value)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return type(value).__name__


def _canonical(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else repr(value)


def _instant(value: date) -> str:
    """Return a date or time as UTC text, so that one instant compares equal in all readers."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    elif value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value.astimezone(UTC).isoformat()
