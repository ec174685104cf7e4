"""Chain state: heights, epoch seeds, network parameters, the version stack, the upgrade plan.

These belong to the daemon, which writes them from its memory; the rules are those of its own
ConfigManager.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from store import checks, codec, latest, outlook, paths, state, writes
from store.door import Door
from store.errors import InvalidValue
from store.models import (
    EpochSeed,
    NodeVersion,
    SeedRecord,
    UpgradePlan,
    UpgradeRecord,
)
from store.paths import SEED_TYPES, Address, Kind
from store.tables import SeedInfo, UpgradePlans


class ChainOperations(Door):
    """What the daemon's ConfigManager does with chain state."""

    def height(self) -> int | None:
        """The current block height, None where the database has none."""
        return self._read_height("current_height")

    def last_processed_height(self) -> int | None:
        """The last processed block height, None where the database has none."""
        return self._read_height("last_processed_height")

    def _read_height(self, key: str) -> int | None:
        with self.database.reading():
            found = latest.value_at(self.database, Address(key, Kind.CHAIN))
        return found if isinstance(found, int) else None

    def set_height(self, height: int, *, reason: str | None = None) -> int:
        """Store the current block height (0 to 2^63-1).

        Where it passes entries of the version stack, the newest passed version becomes the
        current one and the passed entries leave the stack.
        """
        checks.checked_height("current_height", height)
        with self._writing(reason) as newest:
            writes.put_chain(self.database, "current_height", height)
            passed = writes.pop_versions(self.database, height)
            if passed is not None:
                writes.put_chain(self.database, "current_node_version", passed)
        return newest[0]

    def set_last_processed_height(self, height: int, *, reason: str | None = None) -> int:
        """Store the last processed block height (0 to 2^63-1)."""
        key = "last_processed_height"
        return self._set_chain(key, checks.checked_height(key, height), reason)

    def set_current_node_version(self, version: str, *, reason: str | None = None) -> int:
        """Store the node version that is current."""
        return self._set_chain("current_node_version", version, reason)

    def set_last_used_version(self, version: str, *, reason: str | None = None) -> int:
        """Store the node version that was last used."""
        return self._set_chain("last_used_version", version, reason)

    def set_merged_node_config(self, merged: bool, *, reason: str | None = None) -> int:
        """Store whether the node configuration was merged."""
        return self._set_chain("merged_node_config", merged, reason)

    def _set_chain(self, key: str, value: Any, reason: str | None) -> int:
        with self._writing(reason) as newest:
            writes.put_chain(self.database, key, value)
        return newest[0]

    def seed(self, kind: str) -> EpochSeed | None:
        """The active seed of a type, None where there is none yet."""
        _check_seed_type(kind)
        with self.database.reading():
            return outlook.seed(state.snapshot(self.database, self.clock()), kind)

    def set_seed(self, kind: str, seed: EpochSeed, *, reason: str | None = None) -> int:
        """Make a seed the active one of its type: previous, current or upcoming."""
        _check_seed_type(kind)
        with self._writing(reason) as newest:
            writes.put_seed(self.database, kind, seed)
        return newest[0]

    def advance_seeds(self, *, reason: str | None = None) -> int:
        """Turn the epoch: upcoming becomes current, current becomes previous, at once.

        Raises InvalidValue where there is no upcoming seed.
        """
        with self._writing(reason) as newest:
            snapshot = state.snapshot(self.database, self.clock())
            upcoming, current = (
                outlook.seed(snapshot, "upcoming"),
                outlook.seed(snapshot, "current"),
            )
            if upcoming is None:
                raise InvalidValue(
                    "There is no upcoming seed to advance to; nothing was changed.",
                    hint="The daemon writes it before the epoch ends.",
                )
            if current is not None:
                writes.put_seed(self.database, "previous", current)
            writes.put_seed(self.database, "current", upcoming)
            writes.drop_seed(self.database, "upcoming")
        return newest[0]

    def mark_previous_seed_claimed(self, *, reason: str | None = None) -> int:
        """Note that the previous epoch's reward was claimed; raises InvalidValue without a seed."""
        with self._writing(reason) as newest:
            previous = outlook.seed(state.snapshot(self.database, self.clock()), "previous")
            if previous is None:
                raise InvalidValue("There is no previous seed; nothing was changed.")
            claimed = previous.model_copy(update={"claimed": True})
            writes.put_seed(self.database, "previous", claimed)
        return newest[0]

    def seed_history(self, kind: str | None = None, limit: int = 50) -> list[SeedRecord]:
        """Seed rows, newest first, the inactive ones too; of one type where it is named."""
        query = SeedInfo.select(
            SeedInfo.type, SeedInfo.seed, SeedInfo.epoch_index, SeedInfo.signature,
            SeedInfo.claimed, SeedInfo.is_active, SeedInfo.created_at,
        )  # fmt: skip
        if kind is not None:
            _check_seed_type(kind)
            query = query.where(SeedInfo.type == kind)
        with self.database.reading():
            rows = list(
                query.order_by(SeedInfo.id.desc())
                .limit(limit)
                .tuples()
                .execute(self.database.sqlite)
            )
        names = ("type", "seed", "epoch_index", "signature", "claimed", "active")
        return [
            SeedRecord.model_construct(
                **dict(zip(names, row, strict=False)), created_at=_time(row[-1])
            )
            for row in rows
        ]

    def params(self, kind: str) -> dict[str, Any] | None:
        """The parameters of one type, None where there are none or they do not decode."""
        path = paths.join(f"{kind}{paths.PARAMS_SUFFIX}")
        with self.database.reading():
            found = latest.value_at(self.database, Address(path, Kind.PARAMS))
        return found if isinstance(found, dict) else None

    def set_params(self, kind: str, values: Mapping[str, Any], *, reason: str | None = None) -> int:
        """Store the parameters of one type; validation and bandwidth are checked."""
        checked = checks.checked_params(kind, dict(values))
        with self._writing(reason) as newest:
            writes.put_params(self.database, kind, checked)
        return newest[0]

    def node_versions(self) -> tuple[NodeVersion, ...]:
        """The version stack, lowest height first."""
        return self._snapshot_versions()

    def _snapshot_versions(self) -> tuple[NodeVersion, ...]:
        with self.database.reading():
            return state.snapshot(self.database, self.clock()).versions

    def add_node_version(self, height: int, version: str, *, reason: str | None = None) -> int:
        """Put a version on the stack in its order; one that is there already changes nothing."""
        entry = checks.checked(NodeVersion, {"height": height, "version": version}, "node_versions")
        with self._writing(reason) as newest:
            writes.add_version(self.database, entry)
        return newest[0]

    def set_node_versions(
        self, versions: Sequence[NodeVersion], *, reason: str | None = None
    ) -> int:
        """Make the version stack exactly these entries."""
        with self._writing(reason) as newest:
            writes.put_versions(self.database, tuple(versions))
        return newest[0]

    def upgrade_plan(self) -> UpgradePlan | None:
        """The active upgrade plan, None where none is planned."""
        with self.database.reading():
            return state.snapshot(self.database, self.clock()).upgrade_plan

    def set_upgrade_plan(self, plan: UpgradePlan, *, reason: str | None = None) -> int:
        """Make a plan the active upgrade plan."""
        with self._writing(reason) as newest:
            writes.put_upgrade(self.database, plan)
        return newest[0]

    def clear_upgrade_plan(self, *, reason: str | None = None) -> int:
        """Leave no upgrade plan active."""
        with self._writing(reason) as newest:
            writes.drop_upgrade(self.database)
        return newest[0]

    def upgrade_history(self, limit: int = 50) -> list[UpgradeRecord]:
        """Upgrade plans, newest first, the inactive ones too."""
        query = UpgradePlans.select(
            UpgradePlans.name, UpgradePlans.height, UpgradePlans.node_version,
            UpgradePlans.is_active, UpgradePlans.binaries, UpgradePlans.created_at,
        )  # fmt: skip
        with self.database.reading():
            rows = list(
                query.order_by(UpgradePlans.id.desc())
                .limit(limit)
                .tuples()
                .execute(self.database.sqlite)
            )
        names = ("name", "height", "node_version", "active")
        return [
            UpgradeRecord.model_construct(
                **dict(zip(names, row, strict=False)),
                binaries=codec.load(row[4]) if isinstance(row[4], str) else row[4],
                created_at=_time(row[-1]),
            )
            for row in rows
        ]


def _time(text: object) -> datetime | None:
    return latest.parse_time(str(text))


def _check_seed_type(kind: str) -> None:
    if kind not in SEED_TYPES:
        raise InvalidValue(f"{kind!r} is no seed type; there are {', '.join(SEED_TYPES)}.")
