"""What a plan consists of: leaves with their fate, entities to write, values to seal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from store import codec, entities
from store.paths import Kind
from store.sealing.places import NOTHING, Beside


class Action(StrEnum):
    """What happens to a leaf.

    ``seal`` is a proposal that an operator confirms; ``skip`` is what somebody left out, ``stay``
    what has no place in the database, and ``refused`` what does not fit the place it has.
    """

    ADD = "add"
    CHANGE = "change"
    EQUAL = "equal"
    CONFLICT = "conflict"
    SEAL = "seal"
    STAY = "stay"
    SKIP = "skip"
    REFUSED = "refused"


TABLES: Final[Mapping[Kind, str]] = {
    Kind.CHAIN: "chain_state",
    Kind.SEED: "seed_info",
    Kind.PARAMS: "network_params",
    Kind.VERSIONS: "node_versions",
    Kind.UPGRADE: "upgrade_plans",
    Kind.NODE: "inference_nodes",
    Kind.SETTING: "settings",
    Kind.PROVIDER: "provider_configs",
    Kind.NODE_KEY: "mlnode_security",
    Kind.PROFILE: "setting_profiles",
    Kind.FLAG: "feature_flags",
}
_DESTINATIONS: Final = {
    Action.STAY: "file",
    Action.SKIP: "file",
    Action.REFUSED: "file",
    Action.SEAL: "secret",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One leaf of a file; a secret's value is masked.

    ``kind`` is that of the entity it would be part of, None where the database has no place for it.
    ``present`` is the database's value. ``readings`` are told where YAML readers disagree, and
    ``reading`` names the one that was chosen; ``fixed`` says that an operator mended the value.
    ``at`` is the key of the file that goes if the entity is cut out, empty where none could be.
    ``contested`` says that another file gives it, or what goes with it, another value. ``text`` is
    a float's own text, where it has one.
    """

    path: str
    value: Any
    action: Action
    present: Any = None
    line: int = 0
    reason: str = ""
    readings: tuple[str, ...] = ()
    file: Path = Path()
    column: int = 0
    kind: Kind | None = None
    reading: str = ""
    fixed: bool = False
    at: tuple[str, ...] = ()
    contested: bool = False
    text: str = ""

    @property
    def shown(self) -> str:
        """The value for a person: a float as the file writes it."""
        return self.text or codec.shown(self.value)

    @property
    def destination(self) -> str:
        """``file``, ``secret`` or ``database``."""
        return _DESTINATIONS.get(self.action, "database")

    @property
    def table(self) -> str:
        """The table it has a place in, empty for what only a file holds."""
        return TABLES[self.kind] if self.kind is not None else ""

    def as_json(self) -> dict[str, Any]:
        """The row as a plan and a receipt have it."""
        service, key = None, None
        if self.kind is Kind.SETTING:
            service, key = entities.setting_key(self.path)
        return {
            "path": self.path,
            "value": self.value,
            "present": self.present,
            "line": self.line,
            "reason": self.reason,
            "action": str(self.action),
            "destination": self.destination,
            "readings": list(self.readings),
            "file": str(self.file),
            "column": self.column,
            "table": self.table or None,
            "service": service,
            "key": key,
            "reading": self.reading or None,
            "fixed": self.fixed,
        }


@dataclass(frozen=True, slots=True)
class Write:
    """An entity as the import stores it."""

    path: str
    kind: Kind
    value: Any


@dataclass(frozen=True, slots=True)
class Seal:
    """A secret that is proposed to be sealed; ``at`` are the keys of ``file`` that hold it.

    Its value is in no picture of it.
    """

    path: str
    value: Any = field(repr=False)
    at: tuple[tuple[str, ...], ...] = ()
    beside: Beside = NOTHING
    file: Path = Path()
