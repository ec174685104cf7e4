"""Immutable values of the document, typed; a write is validated against these before it is tried.

Ranges follow the daemon's types: heights and epoch indexes are 0 to 2^63-1, seeds are signed
64-bit. A zero port or limit is the daemon's "unset": these models accept it, and ``checked_node``
refuses it for writes of our own.
"""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from store.limits import INT64_MAX, INT64_MIN

Height = Annotated[StrictInt, Field(ge=0, le=INT64_MAX)]
Int64 = Annotated[StrictInt, Field(ge=INT64_MIN, le=INT64_MAX)]
Port = Annotated[StrictInt, Field(ge=0, le=65535)]
Number = StrictInt | StrictFloat


class Value(BaseModel):
    """Base of all values: frozen, and a field nobody knows is an error, not a loss."""

    # built when first used: most calls of the command line use few of them
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class EpochSeed(Value):
    """The seed of one epoch. Seed 0 at epoch 0 without a signature means "none yet"."""

    seed: Int64 = 0
    epoch_index: Height = 0
    signature: StrictStr = ""
    claimed: StrictBool = False

    @property
    def absent(self) -> bool:
        """Whether this is the daemon's way of saying that there is no seed."""
        return self.seed == 0 and self.epoch_index == 0 and not self.signature


class ModelArgs(Value):
    """How a model is started."""

    args: tuple[StrictStr, ...] = ()


class Hardware(Value):
    """A kind of accelerator and how many of it."""

    type: StrictStr = ""
    count: Annotated[StrictInt, Field(ge=0, le=INT64_MAX)] = 0


class Node(Value):
    """An inference node of the registry, in the legacy file's field names."""

    id: Annotated[StrictStr, Field(min_length=1)]
    host: StrictStr = ""
    inference_segment: StrictStr = ""
    inference_port: Port = 0
    poc_segment: StrictStr = ""
    poc_port: Port = 0
    models: dict[StrictStr, ModelArgs] = {}
    max_concurrent: Annotated[StrictInt, Field(ge=0, le=INT64_MAX)] = 0
    hardware: tuple[Hardware, ...] = ()
    version: StrictStr = ""
    is_enabled: StrictBool = True


class NodeVersion(Value):
    """A node version and the height from which it counts."""

    height: Height
    version: Annotated[StrictStr, Field(min_length=1)]


class NodeVersions(Value):
    """The version stack, in the legacy file's shape."""

    versions: tuple[NodeVersion, ...] = ()


class UpgradePlan(Value):
    """The next upgrade: binaries by platform, each a URL."""

    name: StrictStr = ""
    height: Height = 0
    binaries: dict[StrictStr, StrictStr] = {}
    node_version: StrictStr = ""


class Params(Value):
    """Network parameters; unknown ones are kept, since the chain may grow them."""

    model_config = ConfigDict(frozen=True, extra="allow")


class ValidationParams(Params):
    """Validation parameters: two times in seconds, one count of blocks."""

    timestamp_expiration: Int64 = 0
    timestamp_advance: Int64 = 0
    expiration_blocks: Int64 = 0


class BandwidthParams(Params):
    """Bandwidth parameters, in kilobytes."""

    estimated_limits_per_block_kb: Annotated[StrictInt, Field(ge=0, le=INT64_MAX)] = 0
    kb_per_input_token: Number = 0.0
    kb_per_output_token: Number = 0.0


class SeedRecord(EpochSeed):
    """A row of the seeds' history."""

    type: str
    active: bool
    created_at: datetime | None


class EpochMark(Value):
    """An epoch that is over: whether its seed was claimed, None where it has none."""

    epoch: int
    claimed: bool | None


class UpgradeRecord(UpgradePlan):
    """A row of the upgrade plans' history."""

    active: bool
    created_at: datetime | None


class Undecoded(Value):
    """A stored value that does not fit its place, shown as it is."""

    path: str
    raw: str
    wanted: str


class Change(Value):
    """One row of the audit log, its values decoded.

    ``action`` is I, U, D or R (rewritten with nothing changed); ``at`` is UTC; an ``actor`` of
    None is a writer other than nodedeck.
    """

    id: int
    at: datetime
    path: str
    action: str
    old: Any
    new: Any
    actor: str | None
    reason: str | None


class FieldChange(Value):
    """One leaf that differs between the two values of a change; None where it is absent."""

    path: str
    old: Any
    new: Any


class ChainState(Value):
    """The chain values; None where the database has none or it does not decode."""

    current_height: int | None = None
    last_processed_height: int | None = None
    current_node_version: str | None = None
    last_used_version: str | None = None
    merged_node_config: bool | None = None


class HeightMark(Value):
    """A height and when it was written, for learning the block time."""

    at: datetime
    height: int


class ParamsDocument(Value):
    """The parameters of one type, in stored order."""

    type: str
    path: str
    values: dict[str, Any]


class Snapshot(Value):
    """The small state at one moment, read in one transaction."""

    taken_at: datetime
    change_id: int
    config_epoch: str
    written_at: datetime | None
    chain: ChainState
    other_chain: dict[str, str]
    previous_seed: EpochSeed | None
    current_seed: EpochSeed | None
    upcoming_seed: EpochSeed | None
    nodes: tuple[Node, ...]
    params: tuple[ParamsDocument, ...]
    versions: tuple[NodeVersion, ...]
    upgrade_plan: UpgradePlan | None
    heights: tuple[HeightMark, ...]
    undecoded: tuple[Undecoded, ...]

    @property
    def seconds_per_block(self) -> float | None:
        """The learned block time, or None before two different heights were seen.

        The median of Δt/Δh over the last height changes, so that neither a pause nor a daemon
        that flushes only now and then pulls it away.
        """
        return learned_block_time(self.heights)

    @property
    def empty(self) -> bool:
        """Whether nothing has been put into the database yet."""
        return self.change_id == 0


def learned_block_time(marks: tuple[HeightMark, ...]) -> float | None:
    """Median seconds per block over height marks in time order; None where nothing was learned."""
    spans = sorted(
        (later.at - earlier.at).total_seconds() / (later.height - earlier.height)
        for earlier, later in itertools.pairwise(marks)
        if later.height > earlier.height and later.at > earlier.at
    )
    if not spans:
        return None
    middle = len(spans) // 2
    return spans[middle] if len(spans) % 2 else (spans[middle - 1] + spans[middle]) / 2
