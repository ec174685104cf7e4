"""Storing and removing one entity by its path, its value given in the document's shape.

What an import, an undo or a whole document writes comes through here; nothing is checked against
the rules for forms, since what was stored once may be stored again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from store import codec, writes
from store.database import Database
from store.models import EpochSeed, Node, NodeVersions, UpgradePlan
from store.paths import OTHER_SETTINGS, PARAMS_SUFFIX, Kind, join, split


def put(db: Database, path: str, kind: Kind, value: Any) -> None:
    """Store one entity; raises pydantic's ValidationError for a value that is none of its kind."""
    parts = split(path)
    if kind is Kind.CHAIN:
        writes.put_chain(db, parts[-1], value)
    elif kind is Kind.SEED:
        writes.put_seed(db, path.removesuffix("_seed"), EpochSeed.model_validate(value))
    elif kind is Kind.PARAMS:
        writes.put_params(db, parts[0].removesuffix(PARAMS_SUFFIX), value)
    elif kind is Kind.VERSIONS:
        writes.put_versions(db, NodeVersions.model_validate(value).versions)
    elif kind is Kind.UPGRADE:
        writes.put_upgrade(db, UpgradePlan.model_validate(value))
    elif kind is Kind.NODE:
        writes.put_node(db, Node.model_validate({"id": parts[1], **value}))
    elif kind is Kind.PROFILE:
        writes.put_profile(db, parts[1], parts[2], value)
    elif kind is Kind.FLAG:
        writes.put_flag(db, parts[1], value)
    else:
        service, key = setting_key(path)
        writes.put_setting(db, service, key, codec.setting_type(value), value)


def drop(db: Database, path: str, kind: Kind) -> None:
    """Remove one entity; one that is not there stays absent."""
    parts = split(path)
    if kind is Kind.CHAIN:
        writes.drop_chain(db, parts[-1])
    elif kind is Kind.SEED:
        writes.drop_seed(db, path.removesuffix("_seed"))
    elif kind is Kind.PARAMS:
        writes.drop_params(db, parts[0].removesuffix(PARAMS_SUFFIX))
    elif kind is Kind.VERSIONS:
        writes.put_versions(db, ())
    elif kind is Kind.UPGRADE:
        writes.drop_upgrade(db)
    elif kind is Kind.NODE:
        writes.drop_node(db, parts[1])
    elif kind is Kind.PROFILE:
        writes.drop_profile(db, parts[1], parts[2])
    elif kind is Kind.FLAG:
        writes.drop_flag(db, parts[1])
    else:
        writes.drop_setting(db, *setting_key(path))


@lru_cache(maxsize=8192)  # an import asks four times for each
def setting_key(path: str) -> tuple[str, str]:
    """The service and the key of a setting's path."""
    parts = split(path)
    service, *rest = parts[1:] if parts[0] == OTHER_SETTINGS else parts
    return service, join(*rest)
