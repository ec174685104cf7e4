"""A legacy file with the values of now, so that a daemon can go back to it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Sequence, Set
from pathlib import Path
from typing import Any, Final

from store import codec, documents
from store.database import Database
from store.errors import NodedeckError, Refused
from store.importing import mending, siblings, standing
from store.importing import plan as planning
from store.importing.choices import Choices, RowChoice, rows_from_json
from store.importing.leaves import overlaid
from store.importing.plan import Action, Plan, Role, Row, Source
from store.importing.siblings import Siblings
from store.models import FieldChange
from store.paths import PARAMS_SUFFIX, join, split
from store.static_file import is_dynamic
from store.yaml_text import replace

# what the database has another value of, whoever was to win
_ANOTHER: Final = (Action.CONFLICT, Action.CHANGE)
# what can be told of a value in both
_COMPARED: Final = (Action.EQUAL, *_ANOTHER)
# what an import leaves in its file
_LEFT: Final = (Action.STAY, Action.SKIP, Action.REFUSED)


def legacy_now(
    db: Database,
    facts: dict[str, Any],
    base: bytes,
    kept: bytes,
    *,
    moved: Set[str],
    beside: Siblings = siblings.NONE,
) -> tuple[bytes, tuple[FieldChange, ...]]:
    """A file in its legacy shape with the values of now, on the text of ``base``.

    ``facts`` are what the import's receipt says of it, ``kept`` is the file's text of before it,
    ``moved`` are the nodes that differ from what it wrote, and ``beside`` is what other files of it
    have. Last come the values that ``base`` has, ``kept`` has not and the new text would lose, with
    what stands there in their place. Raises Refused where something that only the file has would be
    lost, CannotCut where the text cannot be changed with proof.
    """
    file = Path(facts["file_path"])
    role = Role(facts["role"])
    source = planning.source(file, base, role=role, prefix=facts.get("prefix", ""))
    decided = _decided(facts, file)
    fixes = [row for row in decided if row.fix is not None]
    against = _told(_planned(db, source, decided), fixes, beside)
    text = _FILLED[role](db, source, against, moved, beside)
    for at, value in _fixed(source, fixes, against):
        text = replace(text, at, value)
    if text == base:
        return base, ()
    filled = planning.source(file, text, role=role, prefix=source.prefix)
    # what was mended once stands in the new text by itself
    unmended = [row for row in decided if row.fix is None]
    again = _planned(db, filled, unmended)
    wrong = [row.path for row in again.rows if row.action in _ANOTHER]
    if wrong:
        raise NodedeckError(
            f"{file} would not read back {wrong[0]} as the database has it; nothing was changed."
        )
    return text, tuple(_lost(db, source, kept, decided, again)) if base != kept else ()


def _decided(facts: dict[str, Any], file: Path) -> list[RowChoice]:
    """What was decided about rows, a file that was named in another way then by its path."""
    named = Path(facts["file"])
    return [
        dataclasses.replace(row, file=file) if row.file == named else row
        for row in rows_from_json(facts.get("choices"))
    ]


def _told(plan: Plan, fixes: Sequence[RowChoice], beside: Siblings) -> Plan:
    """The plan with what files contested left in the file, for it went nowhere at the import.

    All that an operator mended is marked, also what stands inside of it.
    """

    def told(row: Row) -> Row:
        if row.action is Action.ADD and row.path in beside.contested:
            return dataclasses.replace(row, action=Action.SKIP)
        mended = fixes and any(each.concerns(row.file, split(row.path)) for each in fixes)
        return dataclasses.replace(row, fixed=True) if mended else row

    return dataclasses.replace(plan, rows=tuple(map(told, plan.rows)))


def _fixed(
    source: Source, fixes: Sequence[RowChoice], against: Plan
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Where the file has what an operator mended, and what the database has in its place.

    Of nodes the whole list is written.
    """
    found: dict[tuple[str, ...], Any] = {}
    for row in against.rows:
        parts = split(row.path)
        if not row.fixed or row.action not in _COMPARED or parts[0] == "nodes":
            continue
        covering = (each for each in fixes if each.concerns(source.path, parts))
        depth = min(len(split(each.pattern)) for each in covering)
        at = parts[:depth]
        if depth == len(parts):
            found[at] = row.present
        else:
            found[at] = overlaid(found.get(at, {}), join(*at), {row.path: row.present})
    for at, value in found.items():
        yield (_in_file(source, at) if source.role is Role.SETTINGS else at), value


def _lost(
    db: Database, edited: Source, kept: bytes, decided: Sequence[RowChoice], after: Plan
) -> Iterator[FieldChange]:
    """What was put into the file by hand since the import, and is not in the text after."""
    source = planning.source(edited.path, kept, role=edited.role, prefix=edited.prefix)
    before, now = _values(_planned(db, source, decided)), _values(after)
    for path, value in _values(_planned(db, edited, decided)).items():
        changed = path not in before or planning.differ(path, value, before[path])
        if changed and (path not in now or planning.differ(path, value, now[path])):
            yield FieldChange(path=path, old=value, new=now.get(path))


def _values(plan: Plan) -> dict[str, Any]:
    values = {row.path: row.value for row in plan.rows}
    (source,) = plan.sources
    return values | {join("nodes", name, "id"): name for name in siblings.ids_of(source)}


def _planned(db: Database, source: Source, decided: Sequence[RowChoice]) -> Plan:
    return planning.make([source], standing.present_in(db), _still(source, decided))


def _still(source: Source, decided: Sequence[RowChoice]) -> Choices:
    """What was decided for the import, as far as this text still has what it is about."""
    used = mending.mended(source, decided).used
    return Choices(rows=tuple(row for row in decided if row in used or row.strategy is not None))


def _node_config(
    db: Database, source: Source, against: Plan, moved: Set[str], beside: Siblings
) -> bytes:
    now = documents.legacy_shape(documents.database_tree(db))
    in_file = {name for name in source.root.entries if is_dynamic(name)}
    text = source.data
    for row in against.rows:
        parts = split(row.path)
        if row.action in _ANOTHER and parts[0] != "nodes":
            text = replace(text, parts, row.present)
    named = {row.path for row in against.rows} | beside.paths
    for root in filter(is_dynamic, now):
        if root in in_file and root.endswith(PARAMS_SUFFIX) and isinstance(now[root], dict):
            for name, value in now[root].items() if beside.takes(root) else ():
                if not any(path in named for path in codec.leaves(value, root, name)):
                    text = replace(text, (root, name), value)
        elif root not in in_file and beside.takes(root):
            text = replace(text, (root,), now[root])
    if "nodes" in in_file:
        nodes = _nodes_of(source, now, beside)
        if _are_others(source, against, nodes, moved):
            text = replace(text, ("nodes",), nodes)
    return text


def _nodes_of(source: Source, now: dict[str, Any], beside: Siblings) -> list[dict[str, Any]]:
    """The nodes of now that belong into a file: its own, and those that no file has."""
    own = siblings.ids_of(source)
    added = {node["id"] for node in now.get("nodes", [])} - own - beside.nodes
    there = own | added if beside.takes("nodes") else own
    return [node for node in now.get("nodes", []) if node["id"] in there]


def _are_others(source: Source, against: Plan, now: list[dict[str, Any]], moved: Set[str]) -> bool:
    """Whether the file's nodes, as far as they went into the database, are others there by now.

    Raises Refused where they are and the file holds something that the database does not.
    """
    rows = [row for row in against.rows if split(row.path)[0] == "nodes"]
    there, own = {node["id"] for node in now}, siblings.ids_of(source)
    if not (moved & own or there - own or _differ(rows, there)):
        return False
    kept = [row.path for row in rows if _only_in_file(row, there)]
    if kept:
        raise Refused(
            f"{kept[0]} stands only in {source.path}, and the list of nodes around it is"
            " another by now; nothing was changed.",
            hint="Take it out of the file's copy and back in by hand, or use --state before.",
        )
    return True


def _differ(rows: Sequence[Row], there: set[str]) -> bool:
    """Whether a value of a node is another, or a node that never went in is there by now."""
    mended = any(row.fixed and row.action in _COMPARED for row in rows)
    if mended or any(row.action not in (Action.EQUAL, *_LEFT) for row in rows):
        return True
    never_in = there - {_node_of(row) for row in rows if row.action is Action.EQUAL}
    return any(_node_of(row) in never_in for row in rows)


def _only_in_file(row: Row, there: set[str]) -> bool:
    """Whether the database has no place for a row, or has not the node that it is of."""
    return row.action in _LEFT and (row.kind is None or _node_of(row) not in there)


def _node_of(row: Row) -> str:
    return "".join(split(row.path)[1:2])


def _node_list(
    db: Database, source: Source, against: Plan, moved: Set[str], beside: Siblings
) -> bytes:
    now = documents.legacy_shape(documents.database_tree(db))
    nodes = _nodes_of(source, now, beside)
    if not _are_others(source, against, nodes, moved):
        return source.data
    return (json.dumps(nodes, ensure_ascii=False, indent=2) + "\n").encode()


def _settings(
    _db: Database, source: Source, against: Plan, _moved: Set[str], _beside: Siblings
) -> bytes:
    text = source.data
    for row in against.rows:
        if row.action in _ANOTHER:
            parts = split(row.path)
            text = replace(text, _in_file(source, parts), row.present)
    return text


def _providers(
    _db: Database, source: Source, _against: Plan, _moved: Set[str], _beside: Siblings
) -> bytes:
    return source.data  # what was sealed is the database's alone: the copy has it as it was


def _in_file(source: Source, parts: tuple[str, ...]) -> tuple[str, ...]:
    """Where a setting's path stands in its file, as the plan took it from there."""
    if source.prefix:
        return parts[1:]
    item = source.root.entries.get(parts[1]) if len(parts) == 2 else None
    own = parts[0] == source.path.stem and item is not None and item.kind != "map"
    return parts[1:] if own else parts


_FILLED: Final[dict[Role, Callable[[Database, Source, Plan, Set[str], Siblings], bytes]]] = {
    Role.NODE_CONFIG: _node_config,
    Role.NODE_LIST: _node_list,
    Role.SETTINGS: _settings,
    Role.PROVIDERS: _providers,
}
