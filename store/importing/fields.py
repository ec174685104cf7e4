"""A node configuration's items as typed values, every misfit with its line and column.

Known fields are read as the daemon's library reads them into its types, so a version written
``1.10`` stays that text. What no field takes is collected, never dropped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from store import masks
from store.checks import reason
from store.limits import INT64_MAX, INT64_MIN
from store.models import (
    BandwidthParams,
    EpochSeed,
    Node,
    NodeVersions,
    Params,
    UpgradePlan,
    ValidationParams,
    Value,
)
from store.paths import CHAIN_VALUES, Kind, quote, split
from store.reading import Item, Misfit, coerce, to_python
from store.reading.scalars import Field

Model = TypeVar("Model", bound=Value)

_NOTHING: Final = Item("null", None)
_DIGITS: Final = re.compile(r"[-+]?[0-9][0-9_]*")

_CHAIN_FIELDS: Final[dict[str, Field]] = {"integer": "int", "boolean": "bool", "text": "str"}
_SEED: Final[dict[str, Field]] = {
    "seed": "int", "epoch_index": "int", "signature": "str", "claimed": "bool",
}  # fmt: skip
_NODE: Final[dict[str, Field]] = {
    "id": "str", "host": "str", "inference_segment": "str", "inference_port": "int",
    "poc_segment": "str", "poc_port": "int", "max_concurrent": "int", "version": "str",
    "is_enabled": "bool",
}  # fmt: skip
_PARAMS: Final[dict[str, tuple[type[Params], dict[str, Field]]]] = {
    "validation": (
        ValidationParams,
        {"timestamp_expiration": "int", "timestamp_advance": "int", "expiration_blocks": "int"},
    ),
    "bandwidth": (
        BandwidthParams,
        {
            "estimated_limits_per_block_kb": "int",
            "kb_per_input_token": "float",
            "kb_per_output_token": "float",
        },
    ),
}


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value of the file that no field takes."""

    path: str
    item: Item


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that does not fit the place it has, and why; no secret is quoted."""

    path: str
    item: Item
    why: str


class Unfit(ValueError):
    """What was read cannot be an entity; ``faults`` of its reader say why."""


@dataclass(slots=True)
class Fields:
    """Reads the items of one file, and notes what is wrong with them.

    ``unknown`` grows by what the database does not take: what no field takes, and secrets, which
    stay in the file until they can be sealed. ``faults`` grows by what does not fit. A scalar that
    does not is read as its field's zero value, so that one look finds all of an entity's faults.
    """

    unknown: list[Unknown] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, item: Item, path: str, why: str) -> Unfit:
        """Note a fault after which nothing more can be read of an entity."""
        self.faults.append(Fault(path, item, why))
        return Unfit(path)

    def entries(self, item: Item, path: str) -> Mapping[str, Item]:
        """The entries of a mapping; null has none."""
        if item.kind not in ("map", "null"):
            raise self.fault(item, path, f"must be a mapping, not {_kind(item, path)}")
        return item.entries

    def elements(self, item: Item, path: str) -> tuple[Item, ...]:
        """The elements of a list; null has none."""
        if item.kind not in ("list", "null"):
            raise self.fault(item, path, f"must be a list, not {_kind(item, path)}")
        return item.elements

    def scalar(self, item: Item, path: str, want: Field) -> Any:
        """A scalar as a field of the daemon's takes it."""
        try:
            return coerce(item, want)
        except Misfit as misfit:
            self.faults.append(Fault(path, item, str(misfit)))
            return coerce(_NOTHING, want)

    def plain(self, item: Item, path: str) -> Any:
        """Any value, as JSON can hold it; NaN, infinity and integers beyond 64 bits are faults."""
        if item.kind == "map":
            return {
                key: self.plain(below, f"{path}.{quote(key)}")
                for key, below in item.entries.items()
            }
        if item.kind == "list":
            return [self.plain(element, f"{path}.{at}") for at, element in enumerate(item.elements)]
        value = item.value
        if isinstance(value, float) and not math.isfinite(value):
            self.faults.append(Fault(path, item, f"{item.text} is no number that can be stored"))
            return None
        # digits too many for 64 bits are a float to the daemon, and would come back rounded
        too_long = (
            isinstance(value, float) and abs(value) > INT64_MAX and _DIGITS.fullmatch(item.text)
        )
        if too_long or (type(value) is int and not INT64_MIN <= value <= INT64_MAX):
            self.faults.append(Fault(path, item, f"{item.text} is beyond 64 bits"))
        return value

    def chain(self, key: str, item: Item) -> Any:
        """A chain value."""
        value = self.scalar(item, key, _CHAIN_FIELDS[CHAIN_VALUES[key]])
        if type(value) is int and value < 0:
            self.faults.append(Fault(key, item, f"must be 0 to 2^63-1, not {value}"))
        return value

    def seed(self, item: Item, path: str) -> EpochSeed:
        """An epoch seed."""
        return self._model(EpochSeed, item, path, self._flat(item, path, _SEED))

    def params(self, kind: str, item: Item, path: str) -> dict[str, Any]:
        """Parameters of one type; those without a known type are kept as they are."""
        model, known = _PARAMS.get(kind, (Params, {}))
        values = {}
        for name, below in self.entries(item, path).items():
            at = f"{path}.{quote(name)}"
            plain = self.plain(below, at)
            if name in known:
                values[name] = self.scalar(below, at, known[name])
            elif masks.holds_secret(split(at), plain):
                self.unknown.append(Unknown(at, below))
            else:
                values[name] = plain
        return self._model(model, item, path, values).model_dump(exclude_unset=True)

    def versions(self, item: Item, path: str) -> NodeVersions:
        """The version stack, in order of height, an entry that stands twice once."""
        known, listed = self._split(item, path, {"versions"}), []
        for at, element in enumerate(self._list(known, "versions", path)):
            below = f"{path}.versions.{at}"
            listed.append(self._flat(element, below, {"height": "int", "version": "str"}))
        stack = self._model(NodeVersions, item, path, {"versions": listed})
        ordered = sorted(set(stack.versions), key=lambda entry: (entry.height, entry.version))
        return NodeVersions(versions=tuple(ordered))

    def upgrade(self, item: Item, path: str) -> UpgradePlan:
        """The upgrade plan; binaries are texts by platform."""
        binaries = {}
        if (found := item.entries.get("binaries")) is not None:
            for platform, url in self.entries(found, f"{path}.binaries").items():
                below = f"{path}.binaries.{quote(platform)}"
                text = self.scalar(url, below, "str")
                if masks.unfit(Kind.UPGRADE, (platform,), text):
                    self.unknown.append(Unknown(below, url))
                else:
                    binaries[platform] = text
        flat: dict[str, Field] = {"name": "str", "height": "int", "node_version": "str"}
        values = self._flat(item, path, flat, besides={"binaries"})
        return self._model(UpgradePlan, item, path, {**values, "binaries": binaries})

    def nodes(self, item: Item, path: str = "nodes") -> Iterator[tuple[Item, Node | None]]:
        """The node list's items, each as a node, or None where it is none: ``faults`` say why."""
        found: dict[str, int] = {}
        for at, element in enumerate(self.elements(item, path)):
            known = len(self.faults)
            try:
                self._refuse_second(element, f"{path}.{at}.id", found)
                node = self._node(element, f"{path}.{at}")
            except Unfit:
                yield element, None
                continue
            yield element, node if len(self.faults) == known else None

    def _refuse_second(self, item: Item, path: str, found: dict[str, int]) -> None:
        """Refuse a node whose id an earlier one has, be that one fit or not."""
        named = item.entries.get("id", _NOTHING)
        if named.kind in ("map", "list", "null"):
            return  # no id, which its own reading tells
        node_id = coerce(named, "str")
        if node_id in found:
            why = f"a second node with the id {node_id!r} (the first is at line {found[node_id]})"
            raise self.fault(named, path, why)
        found[node_id] = item.line

    def _node(self, item: Item, path: str) -> Node:
        entries = self.entries(item, path)
        if "id" not in entries:
            raise self.fault(item, path, "a node needs an id")
        if not (node_id := self.scalar(entries["id"], f"{path}.id", "str")):
            raise self.fault(entries["id"], f"{path}.id", "a node's id must not be empty")
        # from here on a node is called by its id, as everywhere else
        path = f"{path.rpartition('.')[0]}.{quote(node_id)}"
        values = self._flat(item, path, _NODE, besides={"models", "hardware"})
        if (models := entries.get("models")) is not None:
            values["models"] = self._models(models, f"{path}.models")
        values["hardware"] = [
            self._flat(element, f"{path}.hardware.{at}", {"type": "str", "count": "int"})
            for at, element in enumerate(self._list(entries, "hardware", path))
        ]
        return self._model(Node, item, path, values)

    def _models(self, item: Item, path: str) -> dict[str, Any]:
        """Models in any of the shapes found: names, single-key mappings, or one mapping."""
        if item.kind != "list":
            return {
                name: self._model_args(below, f"{path}.{quote(name)}")
                for name, below in self.entries(item, path).items()
            }
        found: dict[str, Any] = {}
        for at, element in enumerate(item.elements):
            below = f"{path}.{at}"
            named = (
                self._models(element, below)
                if element.kind == "map"
                else {self.scalar(element, below, "str"): {}}
            )
            if twice := found.keys() & named.keys():
                raise self.fault(element, below, f"the model {min(twice)!r} is listed twice")
            found |= named
        return found

    def _model_args(self, item: Item, path: str) -> dict[str, Any]:
        known = self._split(item, path, {"args"})
        below = f"{path}.args"
        return {"args": [self.scalar(arg, below, "str") for arg in self._list(known, "args", path)]}

    def _list(self, entries: Mapping[str, Item], name: str, path: str) -> tuple[Item, ...]:
        return self.elements(entries[name], f"{path}.{name}") if name in entries else ()

    def _split(self, item: Item, path: str, known: set[str]) -> Mapping[str, Item]:
        """The known entries of a mapping; the others are noted as unknown."""
        entries = self.entries(item, path)
        for name, below in entries.items():
            if name not in known:
                self.unknown.append(Unknown(f"{path}.{quote(name)}", below))
        return {name: below for name, below in entries.items() if name in known}

    def _flat(
        self, item: Item, path: str, wanted: Mapping[str, Field], besides: set[str] | None = None
    ) -> dict[str, Any]:
        known = self._split(item, path, {*wanted, *(besides or ())})
        return {
            name: self.scalar(known[name], f"{path}.{name}", want)
            for name, want in wanted.items()
            if name in known
        }

    def _model(self, model: type[Model], item: Item, path: str, values: Any) -> Model:
        """The typed value; a misfit is refused at the place of the item it is about."""
        try:
            return model.model_validate(values)
        except ValidationError as error:
            for fault in error.errors():
                place, below = _place(item, fault["loc"])
                told = masks.told(path + below, fault["input"])
                self.fault(place, path + below, f"{reason(fault['msg'])}, not {told}")
            raise Unfit(path) from None


def _place(item: Item, location: tuple[int | str, ...]) -> tuple[Item, str]:
    """The item nearest to where a model found a fault, and the path below to it."""
    below = ""
    for part in location:
        inner = (
            item.entries.get(part)
            if isinstance(part, str)
            else next(iter(item.elements[part : part + 1]), None)
        )
        if inner is None:
            break
        item, below = inner, f"{below}.{quote(str(part))}"
    return item, below


def _kind(item: Item, path: str) -> str:
    return {"map": "a mapping", "list": "a list", "null": "nothing"}.get(
        item.kind, masks.told(path, to_python(item))
    )


def nearest(item: Item, leaf: str, path: str) -> Item:
    """The item a leaf was read from, as near as the file's own shape allows."""
    for part in split(leaf[len(path) + 1 :]) if leaf != path else ():
        inner = item.entries.get(part)
        if inner is None:
            return item
        item = inner
    return item


def leaves_of(item: Item, parts: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Item]]:
    """Every leaf of an item by the parts of its path."""
    if item.kind == "map" and item.entries:
        for name, below in item.entries.items():
            yield from leaves_of(below, (*parts, name))
    else:
        yield parts, item
