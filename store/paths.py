"""Addresses of values in the document: parse, quote, place and match.

A path is dotted; a part that is not ``[A-Za-z0-9_-]+`` stands as a JSON string. This module alone
knows the grammar and which path belongs to which entity and home. ``part_sql`` writes the same
text inside triggers, so a path means one thing to every writer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from store.errors import UsageError

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
_TOKEN: Final = re.compile(
    r"""(?P<blob>x'[0-9A-F]*'(?:_params)?)|(?P<bare>[A-Za-z0-9_*-]+)|(?P<text>")"""
)

CHAIN_VALUES: Final = {
    "current_height": "integer",
    "last_processed_height": "integer",
    "current_node_version": "text",
    "last_used_version": "text",
    "merged_node_config": "boolean",
}
HEIGHT_PATHS: Final = ("current_height", "last_processed_height")
SEED_TYPES: Final = ("previous", "current", "upcoming")
SEED_PATHS: Final = tuple(f"{kind}_seed" for kind in SEED_TYPES)
STATIC_ROOTS: Final = ("api", "chain_node", "ml_node_key_config", "nats")
PARAMS_SUFFIX: Final = "_params"
# a foreign chain_state key or a setting under a reserved name keeps clear of the document's roots
OTHER_CHAIN: Final = "chain_state"
OTHER_SETTINGS: Final = "settings"
# kept beside the document and in its audit log, but no part of it
PROFILES_ROOT: Final = "profiles"
FLAGS_ROOT: Final = "flags"
# the table's name, since a settings file may well have a service called providers
PROVIDERS_ROOT: Final = "provider_configs"
NODE_KEY: Final = "security_key"
_RESERVED: Final = frozenset(
    (
        *CHAIN_VALUES,
        *SEED_PATHS,
        *STATIC_ROOTS,
        OTHER_CHAIN,
        OTHER_SETTINGS,
        PROFILES_ROOT,
        FLAGS_ROOT,
        PROVIDERS_ROOT,
        "node_versions",
        "upgrade_plan",
        "nodes",
    )
)


class Kind(StrEnum):
    """What an entity is."""

    CHAIN = "chain"
    SEED = "seed"
    PARAMS = "params"
    VERSIONS = "versions"
    UPGRADE = "upgrade"
    NODE = "node"
    SETTING = "setting"
    PROFILE = "profile"
    FLAG = "flag"
    PROVIDER = "provider"
    NODE_KEY = "node key"
    STATIC = "static"


class Home(StrEnum):
    """Where a path is stored."""

    FILE = "file"
    DATABASE = "database"


@dataclass(frozen=True, slots=True)
class Address:
    """A path's entity, the way inside it, and its home."""

    entity: str
    kind: Kind
    field: tuple[str, ...] = ()

    @property
    def home(self) -> Home:
        """The file for static roots, the database for everything else."""
        return Home.FILE if self.kind is Kind.STATIC else Home.DATABASE


@lru_cache(maxsize=8192)
def quote(part: str) -> str:
    """One part of a path as it is written in a path."""
    return part if _BARE.fullmatch(part) else json.dumps(part, ensure_ascii=False)


def join(*parts: str) -> str:
    """The path made of these parts."""
    return ".".join(map(quote, parts))


@lru_cache(maxsize=8192)  # a reading of the whole document asks for the same paths again
def split(path: str) -> tuple[str, ...]:
    """The parts of a path; raises UsageError where the text is not one."""
    if _PLAIN.fullmatch(path):  # most are, and there are as many as a document has leaves
        return tuple(path.split("."))
    return tuple(part for part, _ in _tokens(path))


def written(path: str) -> tuple[str, ...]:
    """The parts of a path, each in the one way to write it; raises UsageError like ``split``."""
    if _PLAIN.fullmatch(path):
        return tuple(path.split("."))
    return tuple(text for _, text in _tokens(path))


def _tokens(path: str) -> list[tuple[str, str]]:
    """Each part of a path, and the one way to write it; a blob's literal stands unquoted."""
    tokens: list[tuple[str, str]] = []
    at = 0
    while True:
        match = _TOKEN.match(path, at)
        if match is None:
            raise _not_a_path(path, at)
        if match["text"]:
            try:
                part, length = json.JSONDecoder().raw_decode(path[at:])
            except ValueError:
                raise _not_a_path(path, at) from None
            end = at + length
        else:
            part, end = match[0], match.end()
        tokens.append((part, part if match["blob"] else quote(part)))
        if end == len(path):
            return tokens
        if path[end] != ".":
            raise _not_a_path(path, end)
        at = end + 1


def _not_a_path(path: str, at: int) -> UsageError:
    return UsageError(
        f"{path!r} is not a path: nothing fits at character {at + 1}.",
        hint='A path is like nodes.node1.host; quote other parts: nodes."node-2.rack4".host.',
    )


def is_reserved(root: str) -> bool:
    """Whether a first part belongs to the document itself, so that no service may have it."""
    return root in _RESERVED or root.endswith(PARAMS_SUFFIX)


def setting_path(service: str, key: str) -> str:
    """The path of a setting; ``key`` is itself a path below the service."""
    root = quote(service)
    return f"{OTHER_SETTINGS}.{root}.{key}" if is_reserved(service) else f"{root}.{key}"


def locate(path: str) -> Address | None:
    """The entity a path belongs to, or None for a path that names several or none.

    ``nodes`` alone, or a service alone, names several.
    """
    parts, texts = split(path), written(path)
    root = parts[0]
    if root in CHAIN_VALUES:
        return Address(root, Kind.CHAIN) if len(parts) == 1 else None
    if root in SEED_PATHS:
        return Address(root, Kind.SEED, parts[1:])
    if root == "node_versions":
        return Address(root, Kind.VERSIONS, parts[1:])
    if root == "upgrade_plan":
        return Address(root, Kind.UPGRADE, parts[1:])
    if root.endswith(PARAMS_SUFFIX):
        return Address(texts[0], Kind.PARAMS, parts[1:])
    if root == "nodes" and parts[2:3] == (NODE_KEY,):
        # a secret with a home of its own, beside the node's fields
        return Address(".".join(texts[:3]), Kind.NODE_KEY, parts[3:])
    if root == "nodes":
        return Address(".".join(texts[:2]), Kind.NODE, parts[2:]) if len(parts) > 1 else None
    if root == PROFILES_ROOT:
        return Address(".".join(texts[:3]), Kind.PROFILE, parts[3:]) if len(parts) > 2 else None
    if root == FLAGS_ROOT:
        return Address(".".join(texts[:2]), Kind.FLAG, parts[2:]) if len(parts) > 1 else None
    if root == PROVIDERS_ROOT:
        return Address(".".join(texts[:2]), Kind.PROVIDER, parts[2:]) if len(parts) > 1 else None
    whole = ".".join(texts)
    if root in STATIC_ROOTS:
        return Address(whole, Kind.STATIC)
    if root == OTHER_CHAIN:
        return Address(whole, Kind.CHAIN) if len(parts) == 2 else None
    if root == OTHER_SETTINGS:
        # the prefix is for reserved names only: there is one path to a setting
        entity = whole if len(parts) > 1 and is_reserved(parts[1]) else ".".join(texts[1:])
        return Address(entity, Kind.SETTING) if len(parts) > 2 else None
    return Address(whole, Kind.SETTING) if len(parts) > 1 else None


def nearest(path: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """The known paths most like this one, best first."""
    import difflib

    return difflib.get_close_matches(path, list(known), n=limit, cutoff=0.5)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A path in which ``*`` is any text inside one part; it also matches what lies below."""

    text: str
    parts: tuple[re.Pattern[str], ...]

    @classmethod
    def parse(cls, text: str) -> Pattern:
        """Read a pattern; raises UsageError where it is not one."""
        return cls(text, tuple(map(_glob, split(text))))

    def matches(self, parts: Sequence[str]) -> bool:
        """Whether the pattern names this path or one of its ancestors."""
        return len(parts) >= len(self.parts) and all(
            glob.fullmatch(part) for glob, part in zip(self.parts, parts, strict=False)
        )

    def touches(self, parts: Sequence[str]) -> bool:
        """Whether the pattern names this path, an ancestor, or something below it."""
        return all(glob.fullmatch(part) for glob, part in zip(self.parts, parts, strict=False))


def _glob(part: str) -> re.Pattern[str]:
    return re.compile("".join(".*" if c == "*" else re.escape(c) for c in part), re.DOTALL)


def plain_sql(column: str) -> str:
    """SQL for any stored value as one that JSON can hold: a blob as its literal, inf as text."""
    return (
        f"CASE typeof({column}) WHEN 'blob' THEN 'x'''||hex({column})||'''' WHEN 'real' THEN"
        f" CASE WHEN {column}>1.7976931348623157e308 THEN 'inf'"
        f" WHEN {column}<-1.7976931348623157e308 THEN '-inf' ELSE {column} END ELSE {column} END"
    )


def part_sql(column: str, suffix: str = "") -> str:
    """SQL for a stored text as one part of a path; NULL stays NULL, a blob is its literal."""
    tail = f"||'{suffix}'" if suffix else ""
    text = f"{column}{tail}"
    return (
        f"CASE typeof({column}) WHEN 'null' THEN NULL"
        f" WHEN 'blob' THEN 'x'''||hex({column})||''''{tail}"
        f" ELSE CASE WHEN {text}<>'' AND {text} NOT GLOB '*[^A-Za-z0-9_-]*'"
        f" AND NOT instr({text},char(0)) THEN {text} ELSE json_quote({text}) END"
        " END"
    )


def reserved_sql(column: str) -> str:
    """SQL for ``is_reserved``."""
    # a chain of comparisons: IN over a list builds a table each time that a trigger runs
    names = " ".join(f"WHEN '{name}' THEN 1" for name in sorted(_RESERVED))
    suffix = f"substr({column},-{len(PARAMS_SUFFIX)})='{PARAMS_SUFFIX}'"
    return f"CASE {column} {names} ELSE {suffix} END"
