"""Files that a wizard can offer: legacy files by their place, their name and their look."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from store import files
from store.errors import NodedeckError
from store.importing import plan as planning
from store.importing.plan import Role, Source

ENDINGS: Final = (".yaml", ".yml", ".toml", ".json")
MOST: Final = 50
_LOOKED_INTO_BYTES: Final = 1 << 20
_USUAL: Final = ("~/.dapi", "/etc/dapi", "/etc/nodedeck")
_NEVER: Final = (".import-receipt.", ".pre-migration.", ".pre-rollback.", "-lock.", "compose.")
_TOOLS: Final = frozenset(
    (
        "pyproject.toml", "cargo.toml", "ruff.toml", ".ruff.toml", "deck.toml", "poetry.toml",
        "package.json", "tsconfig.json", "mkdocs.yml", "mkdocs.yaml", ".pre-commit-config.yaml",
        "settings-schema.json",
    )
)  # fmt: skip
_TOOL_KEYS: Final = frozenset(("project", "build-system", "tool", "package", "workspace"))


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that may be imported: its size in bytes, what it looks like, or why it is not read."""

    path: Path
    size: int
    role: Role | None = None
    fault: str = ""


def folders(config: Path, database: Path, cwd: Path) -> tuple[Path, ...]:
    """Where legacy files usually are: beside the config file and the database, here, and so on."""
    found = [config.parent, database.parent, cwd]
    with contextlib.suppress(RuntimeError):  # a user without a home
        found += [Path(place).expanduser() for place in _USUAL]
    return tuple(dict.fromkeys(found))


def likely_files(places: Iterable[Path]) -> list[Path]:
    """Files of some folders that may be legacy files, by their names, each once."""
    found: list[Path] = []
    for folder in dict.fromkeys(place.resolve() for place in places):
        try:
            here = sorted(path for path in folder.iterdir() if _may_be(path.name))
        except OSError:
            continue  # a folder that cannot be listed offers nothing; a path can still be typed
        found += [path for path in here if path.is_file()]
    return found[:MOST]


def offers(paths: Sequence[Path], named: Sequence[Path] = ()) -> list[Offer]:
    """Files with what they look like; those ``named`` by hand are offered whatever they are."""
    asked = [(path, True) for path in named]
    found = (
        _looked_at(path, by_hand=by_hand)
        for path, by_hand in dict((*((path, False) for path in paths), *asked)).items()
    )
    return [each for each in found if each is not None]


def _may_be(name: str) -> bool:
    low = name.lower()
    return low.endswith(ENDINGS) and low not in _TOOLS and not any(part in low for part in _NEVER)


def _looked_at(path: Path, *, by_hand: bool) -> Offer | None:
    """A file as it is offered, None for what is a tool's file or none any more."""
    try:
        size = path.stat().st_size
    except OSError as error:
        told = str(files.cannot("look at", path, error))
        return Offer(path, 0, fault=told) if by_hand else None
    if size > _LOOKED_INTO_BYTES:
        return Offer(path, size)
    try:
        source = planning.load(path)
    except NodedeckError as fault:
        return Offer(path, size, fault=fault.message)
    if by_hand or not _is_a_tools(source):
        return Offer(path, size, source.role)
    return None


def _is_a_tools(source: Source) -> bool:
    """Whether a file is another program's, or a report of our own."""
    entries = source.root.entries if source.root.kind == "map" else {}
    if source.format == "toml":
        return not _TOOL_KEYS.isdisjoint(entries)
    schema = entries.get("schema")
    return schema is not None and str(schema.value).startswith("nodedeck.")
