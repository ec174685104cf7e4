"""The document as a legacy file: YAML that every reader reads alike, JSON or TOML.

Secrets are masked unless they are asked for.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final, Literal

from store import masks, paths
from store.documents import Document
from store.errors import InvalidValue, NodedeckError
from store.limits import INT64_MAX, INT64_MIN
from store.yaml_text.writing import written

Format = Literal["yaml", "json", "toml"]

# settings of this service are nodedeck's own thresholds, which no legacy reader knows
OWN_SERVICE: Final = "nodedeck"
# YAML readers look for the colon of a plain key within 1,024 bytes only
_LONGEST_PLAIN_KEY: Final = 250
# controls, which no reader of ours takes raw, and half surrogate pairs, which have no UTF-8
_NOT_IN_A_FILE: Final = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")


def exported(document: Document, *, mask: bool = True) -> dict[str, Any]:
    """The effective document in the legacy file's shape, without nodedeck's own settings.

    Raises the config file's fault where that file could not be read: an export without its static
    keys would look complete.
    """
    if document.static.fault is not None:
        raise document.static.fault
    whole = document.legacy(mask=mask)
    return {name: value for name, value in whole.items() if name != OWN_SERVICE}


def render(tree: dict[str, Any], kind: Format) -> str:
    """A tree of mappings, lists and scalars as the text of a file that ends in a newline.

    Raises NodedeckError, naming the path, for a value that the format cannot hold.
    """
    return {"yaml": as_yaml, "json": as_json, "toml": as_toml}[kind](tree)


def as_yaml(tree: dict[str, Any]) -> str:
    """YAML in block style whose scalars mean the same to Go, to PyYAML and to YAML 1.2.

    Integers beyond 64 bits stand as their digits, which Go reads as a rounded float. Raises
    NodedeckError for a text with half a surrogate pair.
    """
    return "".join(f"{line}\n" for line in _mapping(tree, ())) if tree else "{}\n"


def as_json(tree: dict[str, Any]) -> str:
    """Indented JSON; raises NodedeckError for infinities and NaN, which JSON has not."""
    for parts, value in _scalars(tree, ()):
        if isinstance(value, float) and not math.isfinite(value):
            raise NodedeckError(
                f"{paths.join(*parts)} is {value}, which JSON cannot hold; nothing was written.",
                hint="Export it as YAML.",
            )
    text = json.dumps(tree, ensure_ascii=False, indent=2)
    return _NOT_IN_A_FILE.sub(lambda found: f"\\u{ord(found[0]):04x}", text) + "\n"


def as_toml(tree: dict[str, Any]) -> str:
    """TOML, which has no null: such values are left out, as ``nulls`` names them.

    Raises NodedeckError for an integer beyond 64 bits and a text with half a surrogate pair.
    """
    import tomli_w  # of no use to every other caller

    for parts, value in _scalars(tree, ()):
        texts = [part for part in (*parts, value) if isinstance(part, str)]
        if isinstance(value, int) and not INT64_MIN <= value <= INT64_MAX:
            reason = "an integer beyond 64 bits"
        elif any(_SURROGATE.search(text) for text in texts):
            reason = "half a surrogate pair"
        else:
            continue
        raise NodedeckError(
            f"{paths.join(*parts)} holds {reason}, which TOML cannot hold; nothing was written.",
            hint="Export it as JSON, or mend the value.",
        )
    return tomli_w.dumps(_without_nulls(tree))


def nulls(tree: dict[str, Any]) -> list[str]:
    """The paths of the values that TOML leaves out."""
    return [paths.join(*parts) for parts, value in _scalars(tree, ()) if value is None]


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(below) for name, below in value.items() if below is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value if item is not None]
    return value


def count_masked(tree: dict[str, Any]) -> int:
    """How many values of a masked tree are the mask, or show it inside."""
    return sum(masks.shows_mask(value) for _, value in _scalars(tree, ()))


def _scalars(value: Any, parts: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict):
        for name, below in value.items():
            yield from _scalars(below, (*parts, str(name)))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from _scalars(below, (*parts, str(index)))
    else:
        yield parts, value


def _mapping(tree: dict[str, Any], parts: tuple[str, ...]) -> Iterator[str]:
    for name, value in tree.items():
        inside = (*parts, str(name))
        key = _scalar(str(name), inside)
        if len(key) > _LONGEST_PLAIN_KEY:
            yield f"? {key}"
            key = ""
        if not (isinstance(value, dict | list) and value):
            yield f"{key}: {_scalar(value, inside)}"
        else:
            yield f"{key}:"
            yield from (f"  {line}" for line in _block(value, inside))


def _sequence(items: list[Any], parts: tuple[str, ...]) -> Iterator[str]:
    for index, item in enumerate(items):
        inside = (*parts, str(index))
        if isinstance(item, dict | list) and item:
            for number, line in enumerate(_block(item, inside)):
                yield f"{'  ' if number else '- '}{line}"
        else:
            yield f"- {_scalar(item, inside)}"


def _block(value: dict[str, Any] | list[Any], parts: tuple[str, ...]) -> Iterator[str]:
    return _mapping(value, parts) if isinstance(value, dict) else _sequence(value, parts)


def _scalar(value: Any, parts: tuple[str, ...]) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return ".nan" if math.isnan(value) else f"{'-' if value < 0 else ''}.inf"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    try:
        return written(value, nul=True)
    except InvalidValue:
        raise NodedeckError(
            f"{paths.join(*parts)} holds half a surrogate pair, which YAML cannot hold;"
            " nothing was written.",
            hint="Export it as JSON, or mend the value.",
        ) from None
