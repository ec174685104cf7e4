"""Values as text that Go, PyYAML and YAML 1.2 all read back as exactly those values."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any

from store.errors import InvalidValue
from store.reading import Item, readings, resolve

Value = str | int | float | bool | list[Any] | dict[str, Any] | None

_INT_MIN, _INT_MAX = -(2**63), 2**64 - 1
_PLAIN = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_./+@%=~-]*(?:[: ][A-Za-z0-9_./+@%=~-]+)*")
_UNPRINTABLE = re.compile(r"[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")


def written(value: object, *, style: str = "", in_flow: bool = False, nul: bool = False) -> str:
    """Return a value as one line; lists and dicts in the manner of JSON.

    ``style`` is ``'`` or ``"`` where a text shall have these quotes; inside flow collections plain
    text is more restricted. A NUL, which our own reader refuses, is written where ``nul`` allows
    it. Raises InvalidValue for what has no safe text.
    """
    if isinstance(value, str):
        return (
            _double_quoted(value, nul=True)
            if nul and "\0" in value
            else _text(value, style, in_flow)
        )
    if isinstance(value, dict):
        pairs = (f"{_double_quoted(_key(key))}: {_inner(each)}" for key, each in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_inner, value)) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and _INT_MIN <= value <= _INT_MAX:
        return str(value)
    if isinstance(value, float) and isfinite(value):
        return _float(value)
    raise InvalidValue(f"{str(value)[:60]} cannot be written to a configuration file.")


def _inner(value: object) -> str:
    return written(value, style='"', in_flow=True)


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise InvalidValue(f"the key {key!r} is not text.")


def _float(value: float) -> str:
    text = repr(value)
    # YAML 1.1 takes 1e+16 for text; it wants the point.
    return text if "." in text else text.replace("e", ".0e")


def _text(value: str, style: str, in_flow: bool) -> str:
    if style == "'" and value.isprintable():
        return "'" + value.replace("'", "''") + "'"
    if style == "" and _is_plain(value) and not (in_flow and ":" in value):
        return value
    return _double_quoted(value)


def _is_plain(value: str) -> bool:
    """Tell whether every reader takes the bare text for this text."""
    if not _PLAIN.fullmatch(value):
        return False
    kind, read = resolve(value)
    return kind == "str" and not readings(Item(kind, read, text=value, plain=True))


def _double_quoted(value: str, *, nul: bool = False) -> str:
    if ("\0" in value and not nul) or _SURROGATE.search(value):
        raise InvalidValue("a text with NUL or half a surrogate pair cannot be written.")
    quoted = json.dumps(value, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
