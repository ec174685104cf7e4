"""config.yaml: the static keys, and what of the document still lives in the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from store import files
from store.errors import BadDocument, CannotCut, NodedeckError, VersionConflict
from store.paths import CHAIN_VALUES, PARAMS_SUFFIX, SEED_PATHS
from store.reading import Item, guess_format, read, to_python
from store.static_layer import StaticFile
from store.yaml_text import replace

DYNAMIC_ROOTS: Final = frozenset(
    (*CHAIN_VALUES, *SEED_PATHS, "nodes", "node_versions", "upgrade_plan")
)


def is_dynamic(root: str) -> bool:
    """Whether a top-level key of a node configuration is homed in the database."""
    return root in DYNAMIC_ROOTS or root.endswith(PARAMS_SUFFIX)


def load(path: Path) -> StaticFile:
    """Read the config file; a missing one has no keys, an unreadable one a fault."""
    try:
        tree = read_tree(path)
    except NodedeckError as fault:
        return StaticFile(path, fault=fault)
    return StaticFile(
        path,
        {name: value for name, value in tree.items() if not is_dynamic(name)},
        tuple(name for name in tree if is_dynamic(name)),
    )


def read_tree(path: Path) -> dict[str, Any]:
    """All that a configuration file holds, nothing where there is no file.

    Raises BadDocument with the place of the fault, and NodedeckError where it cannot be read.
    """
    if not files.exists(path):
        return {}
    return parsed(path, files.read(path))


def parsed(path: Path, data: bytes) -> dict[str, Any]:
    """All that the bytes of a configuration file hold; raises BadDocument."""
    root = read(data, str(path), guess_format(path.name, data))
    tree = {} if root.kind == "null" else to_python(root)
    if not isinstance(tree, dict):
        raise _not_a_mapping(path, root)
    return tree


def _not_a_mapping(path: Path, root: Item) -> BadDocument:
    return BadDocument(
        "the configuration must be a mapping of keys",
        file=str(path),
        line=root.line,
        column=root.column,
    )


def edited(path: Path, data: bytes, parts: tuple[str, ...], value: Any) -> bytes:
    """The file's text with the value at ``parts`` replaced or added, every other byte as it was.

    Raises CannotCut where that cannot be proven; of a TOML file it never can.
    """
    if guess_format(path.name, data) == "toml":
        raise CannotCut(
            f"{path} is TOML, whose text cannot be edited with proof; nothing was changed.",
            hint="Edit it by hand and restart the daemon.",
        )
    try:
        return replace(data, parts, value)
    except CannotCut as error:
        raise CannotCut(f"{path}: {error.message}", hint=error.hint) from error


def keep(path: Path, before: bytes, after: bytes) -> None:
    """Replace the file's text, under the caller's ``files.locked``.

    Raises VersionConflict where the file is no longer ``before``: an editor takes no lock.
    """
    if files.digest(files.read(path)) != files.digest(before):
        raise VersionConflict(
            f"{path} was changed by somebody else meanwhile; nothing was written.",
            hint="Look at it and try again.",
        )
    files.write(path, after)
