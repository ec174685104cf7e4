"""What stored values mean: the one place where the audit log's JSON becomes values and back.

Reading never fails: what does not decode is kept as it is and named, so that a screen can show it
and a finding can speak of it.
"""

from __future__ import annotations

import json
from typing import Any, Final

from store.limits import INT64_MAX, INT64_MIN
from store.paths import CHAIN_VALUES, Kind, join

MASK: Final = "********"
_decoder: Final = json.JSONDecoder()
# ``json.dumps`` makes one for each call that wants what is not its default
_encoder: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
# levels of nesting that every walk over a value can take; the readers of files have the same limit
DEEPEST: Final = 64
# a bool is an int as well
_SETTING_TYPES: Final[dict[type, str]] = {
    bool: "boolean", int: "integer", float: "float", str: "string",
}  # fmt: skip
_BOOLEANS: Final = {"claimed", "is_enabled"}
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
_TYPED_TRUTHS: Final = _TRUTHS | {"yes": True, "on": True, "no": False, "off": False}


def dump(value: Any) -> str:
    """A value as compact JSON; raises ValueError for what neither JSON nor UTF-8 can hold.

    That is NaN, the infinities, and (as UnicodeEncodeError) half a surrogate pair.
    """
    text = _encoder.encode(value)
    text.encode()
    return text


def load(stored: str) -> Any:
    """Stored JSON as a value; text that is no JSON, or too deep to walk, stays the text it is."""
    try:
        value = _decoded(stored)
    except (ValueError, RecursionError):
        return stored
    if not isinstance(value, (dict, list)):
        return value
    brackets = stored.count("{") + stored.count("[")
    return stored if brackets > DEEPEST and _deeper(value, DEEPEST) else value


def _decoded(stored: str) -> Any:
    # a document is thousands of values, and most have no white space that ``decode`` would look for
    try:
        value, end = _decoder.raw_decode(stored)
    except ValueError:
        end = -1
    return value if end == len(stored) else _decoder.decode(stored)


def _deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    below = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_deeper(item, levels - 1) for item in below)


def entity_value(kind: Kind, path: str, stored: str | None) -> Any:
    """The value of an entity as the document holds it; None where it is absent."""
    if stored is None:
        return None
    value = load(stored)
    if kind is Kind.CHAIN:
        return chain_value(path, value)
    if isinstance(value, dict) and kind in (Kind.SEED, Kind.NODE):
        for name in _BOOLEANS & value.keys():
            if type(value[name]) is int and value[name] in (0, 1):
                value[name] = bool(value[name])
    return value


def chain_value(key: str, raw: Any) -> Any:
    """A chain value by its key's type; the raw text where it does not decode."""
    wanted = CHAIN_VALUES.get(key, "text")
    if wanted == "integer":
        number = as_integer(raw)
        return raw if number is None else number
    if wanted == "boolean":
        return _TRUTHS.get(str(raw).lower(), raw)
    return raw


def truth(text: str) -> bool | None:
    """What a person means by true, yes, on, 1 and their opposites, None for anything else."""
    return _TYPED_TRUTHS.get(text.lower())


def as_integer(text: Any) -> int | None:
    """Decimal text as a 64-bit integer, None where it is not one."""
    if not isinstance(text, str) or len(text) > 20:
        return None
    digits = text[1:] if text[:1] in "+-" else text
    if not (digits.isascii() and digits.isdigit()):
        return None
    number = int(text)
    return number if INT64_MIN <= number <= INT64_MAX else None


def shown(value: Any) -> str:
    """A value as one text for a person: text bare, everything else as JSON."""
    if isinstance(value, str):
        return value
    try:
        return dump(value)
    except (ValueError, RecursionError):
        return repr(value)


def leaves(value: Any, *prefix: str) -> dict[str, Any]:
    """Every leaf of a value by its path; lists, and mappings without entries, are leaves."""
    if isinstance(value, dict) and value:
        found: dict[str, Any] = {}
        for name, below in value.items():
            found |= leaves(below, *prefix, str(name))
        return found
    return {join(*prefix): value}


def leaves_at(path: str, value: Any) -> dict[str, Any]:
    """The leaves of an entity's value by their full paths; what has none below is one itself."""
    if isinstance(value, dict) and value:
        return {
            f"{path}.{below}": leaf
            for name, inner in value.items()
            for below, leaf in leaves(inner, str(name)).items()
        }
    return {path: value}


def setting_type(value: Any) -> str:
    """The type of a setting that has this value."""
    known = _SETTING_TYPES.get(type(value))
    return known or next(
        (name for kind, name in _SETTING_TYPES.items() if isinstance(value, kind)), "json"
    )
