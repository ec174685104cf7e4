"""Which files to use: flags, then environment, then the current directory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from store.errors import UsageError
from store.sealing import keyfile

_READ_ONLY: Final = ("1", "true", "yes", "on")
_NOT_READ_ONLY: Final = ("", "0", "false", "no", "off")

CONFIG_VARIABLES = ("NODEDECK_CONFIG", "API_CONFIG_PATH")
DATABASE_VARIABLES = ("NODEDECK_DB", "API_SQLITE_PATH")
DATABASE_NAME = "state.db"
CONFIG_NAME = "config.yaml"


@dataclass(frozen=True, slots=True)
class Locations:
    """The config file and the database of one host, and the master key of who looks at them."""

    config: Path
    database: Path
    # not one of the host's two files: whose key it is depends on who looks
    master_key: Path | None = field(default=None, compare=False)


def journal_of(database: Path) -> Path:
    """The place of the journal of an import into a database."""
    return database.with_name(database.name + "-import")


def resolve(
    *, db: str | None, config: str | None, environ: Mapping[str, str], cwd: Path
) -> Locations:
    """The two files that a call means.

    A flag wins over the environment; the database stands beside the config file unless named, and
    the config file beside the database where only that is named.
    """
    named_db = db or _first(environ, DATABASE_VARIABLES)
    named_config = config or _first(environ, CONFIG_VARIABLES)
    if named_config:
        config_path = cwd / named_config
    elif named_db:
        config_path = (cwd / named_db).parent / CONFIG_NAME
    else:
        config_path = cwd / CONFIG_NAME
    database = cwd / named_db if named_db else config_path.parent / DATABASE_NAME
    return Locations(config_path, database, keyfile.place(environ))


def read_only_wanted(environ: Mapping[str, str]) -> bool:
    """Whether NODEDECK_READONLY asks for read-only; raises UsageError for a word it takes not."""
    word = environ.get("NODEDECK_READONLY", "").lower()
    if word in _NOT_READ_ONLY:
        return False
    if word in _READ_ONLY:
        return True
    raise UsageError(
        "NODEDECK_READONLY is no yes and no no; nothing was done.",
        hint=f"It takes {', '.join(_READ_ONLY)}, or {', '.join(filter(None, _NOT_READ_ONLY))}.",
    )


def actor_of(environ: Mapping[str, str], user: str, host: str, flag: str | None = None) -> str:
    """Who signs a write: the flag, NODEDECK_ACTOR, else the person behind sudo or the user."""
    name = flag or environ.get("NODEDECK_ACTOR")
    return name or f"{environ.get('SUDO_USER') or user}@{host}"


def _first(environ: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((environ[name] for name in names if environ.get(name)), None)
