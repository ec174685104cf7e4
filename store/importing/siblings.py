"""What the files of one import have to know of each other when they are brought back.

A value that came since goes into one file, not into each; one that several files contested went
nowhere, and is in its file alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from store import files
from store.importing import choices, mending
from store.importing import plan as planning
from store.importing.plan import Choices, Plan, Role, Source
from store.reading import Item
from store.static_file import is_dynamic


@dataclass(frozen=True, slots=True)
class Siblings:
    """What stands in the other files of an import, for one of them.

    ``first`` is the file that takes what has no place in any; ``owned`` are the top-level keys
    whose additions are this file's, ``known`` those of all files together. ``paths`` and ``nodes``
    are the leaves and the ids that others have, ``contested`` this file's leaves that others give
    another value.
    """

    first: bool = True
    owned: frozenset[str] = frozenset()
    known: frozenset[str] = frozenset()
    paths: frozenset[str] = frozenset()
    nodes: frozenset[str] = frozenset()
    contested: frozenset[str] = frozenset()

    def takes(self, root: str) -> bool:
        """Whether this file takes what was added at or below a top-level key since."""
        return root in self.owned or (self.first and root not in self.known)


NONE: Final = Siblings()
"""For the only file of an import."""


def of_import(facts: Mapping[str, Any], brought: Sequence[str]) -> dict[str, Siblings]:
    """The siblings of each file that is brought back, by the name that the receipt has for it.

    ``brought`` has the one first that the import is named after. Raises what reading and planning
    the files' copies raise; a copy that is gone is of a file that stays, and says nothing.
    """
    sources = list(_sources(facts))
    if len(sources) < 2:
        return dict.fromkeys(brought, NONE)
    plan = _planned(sources, choices.from_json(facts.get("choices")))
    named = {str(each.path): each for each in sources}
    kept = {name: named[name] for name in brought}
    owners: dict[str, str] = {}
    for name, source in kept.items():
        for root in filter(is_dynamic, _roots(source)):
            owners.setdefault(root, name)
    return {
        name: Siblings(
            first=name == brought[0],
            owned=frozenset(root for root, owner in owners.items() if owner == name),
            known=frozenset(owners),
            paths=frozenset(_paths(plan, (each for each in kept.values() if each is not source))),
            nodes=frozenset(
                node for each in kept.values() if each is not source for node in ids_of(each)
            ),
            contested=frozenset(row.path for row in plan.rows_of(source.path) if row.contested),
        )
        for name, source in kept.items()
    }


def listed_nodes(source: Source) -> Item | None:
    """The list of nodes of a source, None where it has none."""
    if source.role is Role.NODE_LIST:
        return source.root
    return source.root.entries.get("nodes") if source.role is Role.NODE_CONFIG else None


def ids_of(source: Source) -> set[str]:
    """The ids of the nodes that a source lists."""
    listed = listed_nodes(source)
    elements = listed.elements if listed is not None else ()
    named = (element.entries.get("id") for element in elements)
    return {name.text for name in named if name is not None}


def _sources(facts: Mapping[str, Any]) -> Iterable[Source]:
    copies = {facts["file"]: facts["backup"], **facts.get("backups", {})}
    for each in facts.get("files", ()):
        place = copies.get(each["file"])
        if place is not None and files.exists(Path(place)):
            data, role = files.read(Path(place)), Role(each["role"])
            yield planning.source(Path(each["file"]), data, role=role, prefix=each["prefix"])


def _planned(sources: Sequence[Source], decided: Choices) -> Plan:
    used = {row for each in sources for row in mending.mended(each, decided.rows).used}
    rows = tuple(row for row in decided.rows if row in used or row.strategy is not None)
    return planning.make(sources, planning.nothing, replace(decided, rows=rows))


def _roots(source: Source) -> Iterable[str]:
    return source.root.entries if source.role is Role.NODE_CONFIG else ()


def _paths(plan: Plan, others: Iterable[Source]) -> Iterable[str]:
    return (row.path for each in others for row in plan.rows_of(each.path))
