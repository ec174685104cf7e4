"""Storing the entities of a plan: lists of settings and nodes with one prepared statement."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter

from store import codec, entities, paths, writes
from store.database import Database
from store.importing.rows import Write
from store.models import Node
from store.paths import Kind


def store(db: Database, some: Iterable[Write]) -> None:
    """Store entities in their order, as ``entities.put`` stores each; raises what it raises."""
    for kind, group in groupby(some, key=attrgetter("kind")):
        if kind is Kind.SETTING:
            writes.put_settings(db, map(_setting, group))
        elif kind is Kind.NODE:
            writes.put_nodes(db, map(_node, group))
        else:
            for write in group:
                entities.put(db, write.path, write.kind, write.value)


def _setting(write: Write) -> tuple[str, str, str, object]:
    return *entities.setting_key(write.path), codec.setting_type(write.value), write.value


def _node(write: Write) -> Node:
    return Node.model_validate({"id": paths.split(write.path)[1], **write.value})
