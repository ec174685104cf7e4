"""Scalars as the daemon's YAML library, Go's yaml.v3, reads them: into ``any`` and into fields."""

from __future__ import annotations

import re
from decimal import Decimal
from math import isinf
from typing import Literal, overload

from store.reading.item import Item, Kind, Scalar
from store.reading.timestamps import timestamp

INT64_MIN, INT64_MAX, UINT64_MAX = -(2**63), 2**63 - 1, 2**64 - 1

Resolved = tuple[Kind, Scalar]
Field = Literal["int", "str", "bool", "float"]

_INFINITY, _NOT_A_NUMBER = float("inf"), float("nan")
_CONSTANTS: dict[str, Resolved] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), ("null", None)),
    **dict.fromkeys(("true", "True", "TRUE"), ("bool", True)),
    **dict.fromkeys(("false", "False", "FALSE"), ("bool", False)),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), ("float", _NOT_A_NUMBER)),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), ("float", _INFINITY)),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), ("float", -_INFINITY)),
}
_FIELD_TRUE = frozenset(("y", "Y", "yes", "Yes", "YES", "on", "On", "ON"))
_FIELD_FALSE = frozenset(("n", "N", "no", "No", "NO", "off", "Off", "OFF"))

_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[bB](?P<binary>[01]+)|0[oO](?P<octal>[0-7]+)|0[xX](?P<hex>[0-9a-fA-F]+)"
    r"|0(?P<old_octal>[0-7]*)|(?P<decimal>[1-9][0-9]*))"
)
_BASES = {"binary": 2, "octal": 8, "hex": 16, "old_octal": 8, "decimal": 10}
# Go parses what follows 0b and 0o once more on its own, and so accepts a sign there.
_SIGN_AFTER_PREFIX = re.compile(r"0(?:b([-+][01]+)|o([-+][0-7]+))")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_DOTTED_FLOAT = re.compile(r"\.[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+(?:_[0-9]+)*)?")
# No decimal of more digits fits 64 bits, and Python refuses to read thousands of them.
_MAX_DECIMAL_DIGITS = 20

_NOUNS: dict[Kind, str] = {
    "map": "a mapping",
    "list": "a list",
    "str": "text",
    "int": "the integer",
    "float": "the number",
    "bool": "the boolean",
    "null": "null",
    "time": "the time",
}


class Misfit(ValueError):
    """A scalar does not fit the field it is meant for; its text is a short reason."""


def resolve(text: str) -> Resolved:
    """Return the kind and value that Go gives a plain scalar decoded into ``any``.

    A time's value is RFC 3339 text; integers reach from -2^63 to 2^64-1, beyond is float.
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    first = text[0]
    found: Resolved | None = None
    if first == ".":
        found = _dotted_float(text)
    elif first in "+-0123456789":
        found = _timestamp(text) or _number(text.replace("_", ""))
    return found or ("str", text)


def resolve_tagged(text: str, kind: Kind) -> Scalar:
    """Return the value of a scalar whose tag demands ``kind``; raise Misfit where it is another."""
    if kind == "str":
        return text
    found, value = resolve(text)
    if found == kind:
        return value
    if kind == "float" and isinstance(value, int) and found == "int":
        return float(value)
    raise Misfit(f"expected {kind}, found {_shown(found, text)}")


def as_bool_field(text: str) -> bool | None:
    """Return what ``yes``, ``no``, ``on``, ``off`` and their like mean in a boolean field."""
    if text in _FIELD_TRUE:
        return True
    return False if text in _FIELD_FALSE else None


@overload
def coerce(item: Item, want: Literal["int"]) -> int: ...
@overload
def coerce(item: Item, want: Literal["str"]) -> str: ...
@overload
def coerce(item: Item, want: Literal["bool"]) -> bool: ...
@overload
def coerce(item: Item, want: Literal["float"]) -> float: ...


def coerce(item: Item, want: Field) -> int | str | bool | float:
    """Return an item's value for a typed field, as Go decodes it; null gives the zero value.

    Text fields take any scalar as it is written (``version: 1.10`` stays ``1.10``). Where Go would
    cut off a fraction or round an integer, and for all that Go refuses, it raises Misfit.
    """
    if want == "int":
        return _as_int(item)
    if want == "str":
        return _as_str(item)
    return _as_bool(item) if want == "bool" else _as_float(item)


def _timestamp(text: str) -> Resolved | None:
    found = timestamp(text)
    return None if found is None else ("time", found)


def _number(text: str) -> Resolved | None:
    integer = _integer(text)
    return ("int", integer) if integer is not None else _float(text)


def _integer(text: str) -> int | None:
    if found := _SIGN_AFTER_PREFIX.fullmatch(text):
        value = int(found[1], 2) if found[1] else int(found[2], 8)
        return value if INT64_MIN <= value <= INT64_MAX else None
    found = _INTEGER.fullmatch(text)
    if found is None or len(found["decimal"] or "") > _MAX_DECIMAL_DIGITS:
        return None
    notation = found.lastgroup or ""
    value = int(found[notation] or "0", _BASES[notation])
    if found["sign"] == "-":
        return -value if -value >= INT64_MIN else None
    # Go reads what overflows int64 as uint64, but that reader knows no sign.
    return value if value <= (INT64_MAX if found["sign"] else UINT64_MAX) else None


def _float(text: str) -> Resolved | None:
    return _finite(text) if _FLOAT.fullmatch(text) else None


def _dotted_float(text: str) -> Resolved | None:
    return _finite(text.replace("_", "")) if _DOTTED_FLOAT.fullmatch(text) else None


def _finite(text: str) -> Resolved | None:
    value = float(text)
    return None if isinf(value) else ("float", value)


def _shown(kind: Kind, text: str) -> str:
    """Name a value for a reason: its kind, and of what can be no secret, shortened, its text."""
    if kind in ("map", "list", "null", "str"):
        return _NOUNS[kind]
    return f"{_NOUNS[kind]} {text if len(text) <= 40 else text[:39] + '…'}"


def _misfit(item: Item, expected: str) -> Misfit:
    return Misfit(f"expected {expected}, found {_shown(item.kind, item.text)}")


def _as_int(item: Item) -> int:
    value = item.value
    if item.kind == "null":
        return 0
    if isinstance(value, float) and value.is_integer():
        exact = int(value)
        if not _is_rounded(item.text, exact):
            value = exact
    if not isinstance(value, int) or isinstance(value, bool):
        raise _misfit(item, "an integer")
    if not INT64_MIN <= value <= INT64_MAX:
        raise _misfit(item, "an integer of 64 bits")
    return value


def _is_rounded(text: str, value: int) -> bool:
    """Tell whether a decimal's text says another number than the float that was made of it."""
    return bool(text) and Decimal(text.replace("_", "")) != value


def _as_str(item: Item) -> str:
    if item.kind in ("map", "list"):
        raise _misfit(item, "text")
    if item.kind == "null":
        return ""
    return item.value if item.kind == "str" and isinstance(item.value, str) else item.text


def _as_bool(item: Item) -> bool:
    if item.kind == "null":
        return False
    if isinstance(item.value, bool):
        return item.value
    meant = as_bool_field(item.text) if item.kind == "str" else None
    if meant is None:
        raise _misfit(item, "true or false")
    return meant


def _as_float(item: Item) -> float:
    if item.kind == "null":
        return 0.0
    if isinstance(item.value, (int, float)) and not isinstance(item.value, bool):
        return _to_float(item, item.value)
    raise _misfit(item, "a number")


def _to_float(item: Item, value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        raise _misfit(item, "a number of 64 bits") from None
