"""The operator's own keys and colours, from a file under the XDG config directory.

A mistake in it is a sentence, and what it is about keeps its default: nobody should be kept out
of the console by a typing error at night.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from platformdirs import user_config_dir

from store import files
from store.errors import NodedeckError

NAME: Final = "deck.toml"
_KNOWN: Final = ("theme", "glyphs", "animations", "keys")


@dataclass(frozen=True, slots=True)
class Preferences:
    """What the operator chose; ``faults`` are sentences about what could not be taken."""

    theme: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    glyphs: str | None = None
    faults: tuple[str, ...] = ()
    animations: bool = False


def place() -> Path:
    """The file; nothing is made."""
    return Path(user_config_dir("nodedeck")) / NAME


def load(
    path: Path,
    *,
    commands: Collection[str],
    themes: Collection[str],
    glyphs: Collection[str] = (),
) -> Preferences:
    """Read the file; a missing one chooses nothing."""
    try:
        if not files.exists(path):
            return Preferences()
        found = tomllib.loads(files.read(path).decode())
    except (NodedeckError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return Preferences(faults=(f"{path} cannot be read: {error}; it is left out.",))
    faults = [f"{path}: there is no choice {name!r}." for name in found if name not in _KNOWN]
    theme = _one_of("theme", found.get("theme"), themes, path, faults)
    signs = _one_of("glyphs", found.get("glyphs"), glyphs, path, faults)
    moving = _switch("animations", found.get("animations", False), path, faults)
    keys = _keys(found.get("keys", {}), commands, path, faults)
    return Preferences(theme, keys, signs, tuple(faults), moving)


def _one_of(
    what: str, chosen: Any, known: Collection[str], path: Path, faults: list[str]
) -> str | None:
    if chosen is None:
        return None
    if isinstance(chosen, str) and chosen in known:
        return chosen
    there_are = ", ".join(sorted(known))
    faults.append(f"{path}: there is no {what} {chosen!r}; there are {there_are}.")
    return None


def _switch(what: str, chosen: Any, path: Path, faults: list[str]) -> bool:
    if not isinstance(chosen, bool):
        faults.append(f"{path}: {what} must be true or false, not {chosen!r}; it stays false.")
        return False
    return chosen


def _keys(chosen: Any, commands: Collection[str], path: Path, faults: list[str]) -> dict[str, str]:
    if not isinstance(chosen, dict):
        faults.append(f"{path}: keys must be a table of commands and their keys.")
        return {}
    taken: dict[str, str] = {}
    for command, keys in chosen.items():
        if command not in commands:
            faults.append(f"{path}: there is no command {command!r}; the help lists them.")
        elif not isinstance(keys, str) or not keys.strip():
            faults.append(f"{path}: the keys of {command} must be text such as 'x' or 'f5,ctrl+x'.")
        else:
            taken[command] = keys
    return taken
