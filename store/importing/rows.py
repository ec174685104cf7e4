"""What a plan consists of: leaves with their fate, entities to write, values to seal."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from store.paths import Kind
from store.sealing.places import NOTHING, Beside


class Role(StrEnum):
    """What a file is taken for."""

    NODE_CONFIG = "node configuration"
    NODE_LIST = "node list"
    SETTINGS = "settings"
    PROVIDERS = "provider keys"


class Strategy(StrEnum):
    """Who wins where file and database differ."""

    MERGE = "merge"
    REPLACE = "replace"


class Action(StrEnum):
    """What happens to a leaf; ``seal`` is a proposal that an operator confirms."""

    ADD = "add"
    CHANGE = "change"
    EQUAL = "equal"
    CONFLICT = "conflict"
    SEAL = "seal"
    STAY = "stay"


@dataclass(frozen=True, slots=True)
class Row:
    """One leaf of the file; a secret's value is masked."""

    path: str
    value: Any
    action: Action
    present: Any = None
    line: int = 0
    reason: str = ""
    readings: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The row as a plan and a receipt have it."""
        destinations = {Action.STAY: "file", Action.SEAL: "secret"}
        return {
            "path": self.path,
            "value": self.value,
            "present": self.present,
            "line": self.line,
            "reason": self.reason,
            "action": str(self.action),
            "destination": destinations.get(self.action, "database"),
            "readings": list(self.readings),
        }


@dataclass(frozen=True, slots=True)
class Write:
    """An entity as the import stores it."""

    path: str
    kind: Kind
    value: Any


@dataclass(frozen=True, slots=True)
class Seal:
    """A secret that is proposed to be sealed; ``at`` are the keys of the file that hold it.

    Its value is in no picture of it.
    """

    path: str
    value: Any = field(repr=False)
    at: tuple[tuple[str, ...], ...] = ()
    beside: Beside = NOTHING
