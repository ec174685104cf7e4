"""As of then: what every entity was, and the document, at a change or at a moment.

The audit log replays to the entities' values at any change that it holds. What it does not hold,
before its beginning or before a retention horizon, is unknown and never taken for absent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from store import audit, codec, history, latest, paths, retention
from store.database import Database
from store.documents import Document, Entry
from store.errors import NodedeckError, UsageError
from store.paths import HEIGHT_PATHS, Kind
from store.sealing import wording
from store.static_layer import StaticFile

Point = int | datetime
"""A place in the log: a change id, or a moment."""

# a recursive walk over the distinct paths of the index, and one seek each
_AS_OF: Final = """
WITH RECURSIVE named(path) AS (
  SELECT min(path) FROM audit_log
  UNION ALL
  SELECT (SELECT min(path) FROM audit_log WHERE path>named.path)
    FROM named WHERE named.path IS NOT NULL)
SELECT named.path, a.new_json FROM named JOIN audit_log a
  ON a.id=(SELECT max(id) FROM audit_log WHERE path=named.path AND id<=?)
  WHERE a.new_json IS NOT NULL
"""


# keys of providers and nodes are in the log, and no part of any document
_DOCUMENT: Final = tuple(
    audit.SHOWN_SETTINGS if entity is audit.SETTINGS else entity
    for entity in audit.ENTITIES
    if entity not in (audit.PROVIDERS, audit.NODE_KEYS)
)
_KEPT_APART: Final = (Kind.PROVIDER, Kind.NODE_KEY)


class BeforeHorizon(NodedeckError):
    """What was then is unknown: the log does not reach back so far."""


class PastDocument(Document):
    """What the database held of the document after one change; the config file has no part in it.

    ``unknown`` names the paths that the log no longer knows of that time; they are not in the
    tree. Nodes stand in their present order, and those that are gone come last: row order is not
    in the log.
    """

    def __init__(
        self, tree: dict[str, Any], config: Path, change_id: int, unknown: tuple[str, ...]
    ) -> None:
        super().__init__(tree, StaticFile(config))
        self.change_id = change_id
        self.unknown = unknown

    def get(self, path: str) -> Entry:
        """The value at a path then; raises BeforeHorizon where it is unknown, or UnknownPath."""
        if paths.split(path)[0] in self.unknown:
            raise BeforeHorizon(
                f"What {path} was at change #{self.change_id} is unknown: the log no longer holds"
                " the heights of that time.",
                hint=f"{retention.HEIGHTS_SETTING} says for how many days they are kept.",
            )
        return super().get(path)


def change_as_of(db: Database, point: Point | None) -> int:
    """The id of the last change up to a point, None being now.

    Raises BeforeHorizon where the log does not reach back to it, and UsageError for a change that
    is yet to come.
    """
    newest = latest.newest_id(db)
    if point is None:
        return newest
    if isinstance(point, datetime):
        found = history.change_at(db, point)
        then = history.stamp(point)
    else:
        found, then = point, f"change #{point}"
        if found > newest:
            raise UsageError(
                f"There is no change #{found} yet; the newest is #{newest}.",
                hint="'nodedeck history' lists the changes.",
            )
    horizon = max(1, retention.horizons(db).rest)
    if found < horizon:
        raise BeforeHorizon(
            f"What the document held at {then} is unknown: {_beginning(db, horizon)}.",
            hint="Ask for a later time; 'nodedeck history' lists the changes there are.",
        )
    return found


def _beginning(db: Database, horizon: int) -> str:
    first = db.rows("SELECT id, at FROM audit_log WHERE id>=? ORDER BY id LIMIT 1", (horizon,))
    return f"the log begins with change #{first[0][0]} at {first[0][1]}" if first else "no log yet"


def stored_as_of(db: Database, change_id: int) -> dict[str, str]:
    """The stored value of every entity that there was after a change, by path, in path order.

    Horizons are the caller's concern: this is what the log says.
    """
    return dict(db.rows(_AS_OF, (change_id,)))


def entities_as_of(db: Database, change_id: int) -> dict[str, Any]:
    """The same as ``stored_as_of``, decoded."""
    return {
        path: codec.entity_value(history.kind_of(path), path, stored)
        for path, stored in stored_as_of(db, change_id).items()
    }


def unknown_at(db: Database, change_id: int) -> tuple[str, ...]:
    """The paths that were forgotten sooner than the rest, so that nobody knows them any more."""
    return HEIGHT_PATHS if change_id < retention.horizons(db).heights else ()


def document_as_of(db: Database, config: Path, point: Point | None) -> PastDocument:
    """The database's part of the document at a point, inside the caller's read transaction.

    Raises as ``change_as_of`` does; heights that were forgotten sooner are the document's
    ``unknown``.
    """
    change_id = change_as_of(db, point)
    values = entities_as_of(db, change_id)
    unknown = unknown_at(db, change_id)
    for path in unknown:
        values.pop(path, None)
    return PastDocument(_tree(db, values), config, change_id, unknown)


def _tree(db: Database, values: Mapping[str, Any]) -> dict[str, Any]:
    there = {name for (name,) in db.rows("SELECT name FROM sqlite_master WHERE type='table'")}
    now = [
        path
        for entity in _DOCUMENT
        if entity.table in there  # an older database that is only read lacks the newer ones
        for path, _ in latest.present(db, entity)
    ]
    place = {path: at for at, path in enumerate(now)}
    kinds = list(Kind)

    def order(path: str) -> tuple[int, int, str]:
        return kinds.index(history.kind_of(path)), place.get(path, len(place)), path

    tree: dict[str, Any] = {}
    shown = (path for path in values if history.kind_of(path) not in _KEPT_APART)
    for path in sorted(shown, key=order):
        *above, name = history.parts_of(path)
        branch = tree
        for part in above:
            below = branch.get(part)
            branch[part] = branch = below if isinstance(below, dict) else {}
        branch[name] = wording.shown(values[path])
    return tree
