"""What can still be read of an entity that does not fit, to compare it with another file's."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from store import paths
from store.importing.fields import Fault, Fields, Unfit
from store.reading import Item, to_python

Reader = Callable[[Fields, Item], Any]


def readable(item: Item, path: str, faults: Iterable[Fault], read: Reader) -> Any:
    """An entity's value whose misfits are as the file has them, and the rest as it was read.

    Where nothing can be read around the misfits, all of it is as the file has it.
    """
    depth = len(paths.split(path))
    wrong = {"".join(paths.split(fault.path)[depth : depth + 1]) for fault in faults}
    rest = {name: below for name, below in item.entries.items() if name not in wrong}
    if wrong <= item.entries.keys():
        with contextlib.suppress(Unfit):
            return {
                **read(Fields(), replace(item, value=rest)),
                **{name: to_python(item.entries[name]) for name in wrong},
            }
    return to_python(item)


def node(fields: Fields, item: Item) -> dict[str, Any]:
    """A node's value without its id; raises Unfit for none."""
    for _, found in fields.nodes(Item("list", (item,))):
        if found is not None:
            value = found.model_dump(mode="json")
            del value["id"]
            return value
    raise Unfit("nodes")
