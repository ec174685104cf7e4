"""What an import reads: legacy files, and another nodedeck's database, each with a guessed role."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from store import files
from store.errors import BadDocument
from store.importing import provider_keys
from store.importing.choices import Role
from store.paths import STATIC_ROOTS
from store.reading import Format, Item, guess_format, read
from store.sealing.places import NOTHING, Beside
from store.static_file import is_dynamic


@dataclass(frozen=True, slots=True)
class Opened:
    """A secret of another database: its value, or the reason why it cannot be opened."""

    path: str
    value: Any = field(default=None, repr=False)
    fault: str = ""
    beside: Beside = NOTHING


@dataclass(frozen=True, slots=True)
class Source:
    """A source as it was read.

    ``data`` are a file's bytes, of a database a text of all that was read from it. ``role`` is the
    guess, unless it was given. Of a database there are also its ``secrets``, the file of the master
    ``key`` that they were opened with, and the ``descriptions`` of its flags by their paths.
    """

    path: Path
    data: bytes = field(repr=False)
    format: Format | Literal["sqlite"]
    root: Item = field(repr=False)
    role: Role
    prefix: str = ""
    secrets: tuple[Opened, ...] = ()
    key: Path | None = None
    descriptions: tuple[tuple[str, str], ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the data, in hex."""
        return files.digest(self.data)

    @property
    def is_file(self) -> bool:
        """Whether it is a text file, which can be copied and cut, and no database."""
        return self.format != "sqlite"


def source(path: Path, data: bytes, *, role: Role | None = None, prefix: str = "") -> Source:
    """A legacy file's bytes as read; raises BadDocument with the place of the fault."""
    kind = guess_format(path.name, data)
    root = read(data, str(path), kind)
    if root.kind == "null":
        raise BadDocument("the file holds nothing to import; nothing was changed.", file=str(path))
    return Source(path, data, kind, root, role or guess_role(root, path), prefix)


def guess_role(root: Item, path: Path) -> Role:
    """What a file looks like; raises BadDocument where it looks like nothing known."""
    if root.kind == "list" and provider_keys.is_one(root, path):
        return Role.PROVIDERS
    if root.kind == "list" and all("id" in element.entries for element in root.elements):
        return Role.NODE_LIST
    if root.kind != "map":
        raise BadDocument(
            "the file must be a mapping of keys, or a list of nodes that each have an id;"
            " nothing was changed.",
            file=str(path),
            line=root.line,
            column=root.column,
        )
    names = root.entries.keys()
    if provider_keys.is_one(root, path):
        return Role.PROVIDERS
    typical = any(map(is_dynamic, names)) or {"chain_node", "ml_node_key_config"} & names
    return Role.NODE_CONFIG if typical or names <= set(STATIC_ROOTS) else Role.SETTINGS
