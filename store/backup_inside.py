"""What is in a backup, and what of it differs from now: by kind of entity, and leaf by leaf."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from store import codec, documents, files, paths, restoring
from store.backup import Backup
from store.collecting import held_back
from store.database import Database
from store.errors import UsageError
from store.locations import Locations
from store.models import FieldChange
from store.paths import Kind

Tree = dict[str, object]
_NODES: Final = "nodes"


@dataclass(frozen=True, slots=True)
class Inside:
    """The document that a backup holds, and whether the config file is not what its copy was."""

    tree: Tree
    config_differs: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """How many entities of a kind a backup holds, how many there are now, how many differ."""

    kind: Kind
    then: int
    now: int
    differ: int


@dataclass(frozen=True, slots=True)
class Compared:
    """What a restore would change, and how much of each kind that has entities here or there.

    Kinds that differ come first.
    """

    changes: tuple[FieldChange, ...]
    tallies: tuple[Tally, ...]


@held_back()
def read(backup: Backup, locations: Locations) -> Inside:
    """What is in a backup, unproven; raises what ``restoring.held`` raises."""
    tree, _ = restoring.held(backup.path)
    return Inside(tree, restoring.config_differs(backup, locations.config))


@held_back()
def present(locations: Locations, db: Database) -> Tree:
    """What the live database holds of the document; nothing where it is gone."""
    if not files.exists(locations.database):
        return {}
    with db.reading():
        return documents.database_tree(db)


@held_back()
def compare(inside: Inside, now: Tree) -> Compared:
    """What a restore of a backup would change of what there is now."""
    changes = tuple(restoring.differences(now, inside.tree))
    then, there = _held(inside.tree), _held(now)
    differ = _entities(change.path for change in changes)
    tallies = (
        Tally(kind, *(len(each.get(kind, ())) for each in (then, there, differ)))
        for kind in Kind
        if kind in then or kind in there
    )
    return Compared(changes, tuple(sorted(tallies, key=lambda tally: not tally.differ)))


def _held(tree: Tree) -> dict[Kind, set[str]]:
    """The entities of a tree; of nodes, which may be ten thousand, the fields are not walked."""
    rest = {root: below for root, below in tree.items() if root != _NODES}
    found = _entities(codec.leaves(rest)) if rest else {}
    nodes = tree.get(_NODES)
    if isinstance(nodes, dict):
        found[Kind.NODE] = {paths.join(_NODES, node) for node in nodes}
    return found


def _entities(leaves: Iterable[str]) -> dict[Kind, set[str]]:
    """The entities that some leaves belong to."""
    found: dict[Kind, set[str]] = {}
    for path in leaves:
        kind, entity = _entity(path)
        found.setdefault(kind, set()).add(entity)
    return found


def _entity(path: str) -> tuple[Kind, str]:
    try:
        address = paths.locate(path)
    except UsageError:  # a key that only a foreign writer could make
        address = None
    return (Kind.SETTING, path) if address is None else (address.kind, address.entity)
