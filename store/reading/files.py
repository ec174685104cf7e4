"""The one way to read a legacy file, whatever its format."""

from __future__ import annotations

import re
from hashlib import sha256
from pathlib import PurePath
from typing import Literal
from weakref import WeakValueDictionary

from store.collecting import held_back
from store.reading.intake import decode
from store.reading.item import Item
from store.reading.json_reader import read_json
from store.reading.toml_reader import read_toml
from store.reading.yaml_reader import read_yaml

Format = Literal["yaml", "toml", "json"]

# The TOML library is pure Python and slow on hostile texts, so that its limit is lower.
_READERS = {"yaml": read_yaml, "toml": read_toml, "json": read_json}
_LIMITS = {"yaml": 16 * 2**20, "toml": 2**20, "json": 16 * 2**20}

_held: WeakValueDictionary[tuple[Format, bytes], Item] = WeakValueDictionary()

_SUFFIXES: dict[str, Format] = {
    ".yaml": "yaml",
    ".yml": "yaml",
    ".toml": "toml",
    ".json": "json",
}
_TOML_LINE = re.compile(r"""\[{1,2}\s*[\w.\- "']+\]{1,2}\s*(?:#.*)?|[\w.\-"']+\s*=.*""")
_SAMPLE = 65_536


@held_back()
def read(data: bytes, name: str, format: Format) -> Item:
    """Return a file's document as a tree; ``name`` is for messages only. An empty file is null.

    Raises BadDocument, with line and column where the fault has a place, for everything that
    cannot be read completely and safely.
    """
    # whoever still holds the tree of the same bytes spares another reading of them
    key = (format, sha256(data).digest())
    held = _held.get(key)
    if held is None:
        text = decode(data, name, _LIMITS[format])
        held = _READERS[format](text, name) if text.strip(" \t\r\n") else Item("null", None)
        _held[key] = held
    return held


def guess_format(name: str, data: bytes) -> Format:
    """Return a file's format by its suffix, else by its first line that says something."""
    if known := _SUFFIXES.get(PurePath(name).suffix.lower()):
        return known
    lines = data[:_SAMPLE].decode("utf-8-sig", errors="replace").splitlines()
    told = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    first = told[0] if told else ""
    if _TOML_LINE.fullmatch(first):
        return "toml"
    return "json" if first.startswith(("{", "[")) else "yaml"
