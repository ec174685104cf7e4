"""The statements of nodedeck's own writes; each runs inside a transaction of ``ConfigManager``.

Upserts, never REPLACE, which would skip delete triggers and lose the row's place.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from store.codec import dump
from store.database import Database
from store.models import EpochSeed, Node, NodeVersion, UpgradePlan
from store.tables import (
    CURRENT_TIMESTAMP,
    FeatureFlags,
    InferenceNodes,
    MlnodeSecurity,
    NodeVersions,
    SeedInfo,
    SettingProfiles,
    Settings,
    UpgradePlans,
)

# raw SQL where a daemon's rate counts, or a list of thousands: building these queries in Peewee
# costs more than running them
_PUT_CHAIN: Final = (
    "INSERT INTO chain_state(key,value,updated_at) VALUES(?,?,CURRENT_TIMESTAMP)"
    " ON CONFLICT(key) DO UPDATE SET value=excluded.value, updated_at=CURRENT_TIMESTAMP"
)
_PUT_PARAMS: Final = (
    "INSERT INTO network_params(param_type,param_data,updated_at) VALUES(?,?,CURRENT_TIMESTAMP)"
    " ON CONFLICT(param_type) DO UPDATE SET param_data=excluded.param_data,"
    " updated_at=CURRENT_TIMESTAMP"
)
_NODE_COLUMNS: Final = tuple(Node.model_fields)
_PUT_NODE: Final = (
    f"INSERT INTO inference_nodes({','.join(_NODE_COLUMNS)},created_at,updated_at)"
    f" VALUES({','.join('?' * len(_NODE_COLUMNS))},CURRENT_TIMESTAMP,CURRENT_TIMESTAMP)"
    " ON CONFLICT(id) DO UPDATE SET"
    f" {','.join(f'{name}=excluded.{name}' for name in _NODE_COLUMNS if name != 'id')},"
    " updated_at=CURRENT_TIMESTAMP"
)
_PUT_SETTING: Final = (
    "INSERT INTO settings(service,key,type,value_json,description,help_text,complexity,is_secret,"
    "constraints_json,updated_at) VALUES(?,?,?,?,'','','simple',0,'{}',CURRENT_TIMESTAMP)"
    " ON CONFLICT(service,key) DO UPDATE SET value_json=excluded.value_json,"
    " updated_at=CURRENT_TIMESTAMP"
)


def put_chain(db: Database, key: str, value: Any) -> None:
    """Store a chain value as the daemon's text."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    db.execute_sql(_PUT_CHAIN, (key, text))


def drop_chain(db: Database, key: str) -> None:
    """Remove a chain value."""
    db.execute_sql("DELETE FROM chain_state WHERE key=?", (key,))


def drop_params(db: Database, kind: str) -> None:
    """Remove the parameters of one type."""
    db.execute_sql("DELETE FROM network_params WHERE param_type=?", (kind,))


def put_seed(db: Database, kind: str, seed: EpochSeed) -> None:
    """Make a seed the active one of its type; an older epoch's row stays as history."""
    row = seed.model_dump()
    same = (
        SeedInfo.select(SeedInfo.id)
        .where(
            (SeedInfo.type == kind)
            & SeedInfo.is_active
            & (SeedInfo.epoch_index == seed.epoch_index)
        )
        .order_by(SeedInfo.id.desc())
        .limit(1)
        .tuples()
        .execute(db.sqlite)
    )
    found = [row_id for (row_id,) in same]
    if found:
        SeedInfo.update(**row).where(SeedInfo.id == found[0]).execute(db.sqlite)
        keep = found[0]
    else:
        keep = SeedInfo.insert(
            type=kind, is_active=True, created_at=CURRENT_TIMESTAMP, **row
        ).execute(db.sqlite)
    SeedInfo.update(is_active=False).where(
        (SeedInfo.type == kind) & SeedInfo.is_active & (SeedInfo.id != keep)
    ).execute(db.sqlite)


def drop_seed(db: Database, kind: str) -> None:
    """Leave a seed type without an active row."""
    SeedInfo.update(is_active=False).where((SeedInfo.type == kind) & SeedInfo.is_active).execute(
        db.sqlite
    )


def put_params(db: Database, kind: str, values: dict[str, Any]) -> None:
    """Store the parameters of one type as JSON."""
    db.execute_sql(_PUT_PARAMS, (kind, dump(values)))


def put_versions(db: Database, versions: tuple[NodeVersion, ...]) -> None:
    """Make the version stack exactly these entries."""
    have = {
        (height, version): row_id
        for row_id, height, version in NodeVersions.select(
            NodeVersions.id, NodeVersions.height, NodeVersions.version
        )
        .tuples()
        .execute(db.sqlite)
    }
    want = {(entry.height, entry.version) for entry in versions}
    for key, row_id in have.items():
        if key not in want:
            NodeVersions.delete().where(NodeVersions.id == row_id).execute(db.sqlite)
    for height, version in sorted(want - have.keys()):
        NodeVersions.insert(height=height, version=version, created_at=CURRENT_TIMESTAMP).execute(
            db.sqlite
        )


def add_version(db: Database, entry: NodeVersion) -> None:
    """Put a version on the stack unless it is there."""
    NodeVersions.insert(
        height=entry.height, version=entry.version, created_at=CURRENT_TIMESTAMP
    ).on_conflict(
        action="IGNORE",
    ).execute(db.sqlite)


def pop_versions(db: Database, height: int) -> str | None:
    """Take entries at or below a height off the stack; the newest one's version, None if none."""
    lowest = db.value("SELECT min(height) FROM node_versions")  # an index answers it at once
    if not isinstance(lowest, int | float) or lowest > height:
        return None
    newest = db.value(
        "SELECT version FROM node_versions WHERE height<=? ORDER BY height DESC, id DESC LIMIT 1",
        (height,),
    )
    NodeVersions.delete().where(NodeVersions.height <= height).execute(db.sqlite)
    return str(newest)


def put_upgrade(db: Database, plan: UpgradePlan) -> None:
    """Make a plan the active one; older plans stay as history."""
    row = plan.model_dump() | {"binaries": dump(plan.binaries)}
    keep = UpgradePlans.insert(is_active=True, created_at=CURRENT_TIMESTAMP, **row).execute(
        db.sqlite
    )
    UpgradePlans.update(is_active=False).where(
        UpgradePlans.is_active & (UpgradePlans.id != keep)
    ).execute(db.sqlite)


def drop_upgrade(db: Database) -> None:
    """Leave no upgrade plan active."""
    UpgradePlans.update(is_active=False).where(UpgradePlans.is_active).execute(db.sqlite)


def put_node(db: Database, node: Node) -> None:
    """Add a node or bring its row up to date; its place in the order stays."""
    db.execute_sql(_PUT_NODE, _node_row(node))


def put_nodes(db: Database, nodes: Iterable[Node]) -> None:
    """Add nodes or bring their rows up to date."""
    db.execute_many(_PUT_NODE, map(_node_row, nodes))


def _node_row(node: Node) -> tuple[Any, ...]:
    row = node.model_dump(mode="json")
    row |= {"models": dump(row["models"]), "hardware": dump(row["hardware"])}
    return tuple(row[name] for name in _NODE_COLUMNS)


def drop_node(db: Database, node_id: str) -> bool:
    """Remove a node and its security key; whether there was a key."""
    keys = MlnodeSecurity.delete().where(MlnodeSecurity.node_id == node_id).execute(db.sqlite)
    InferenceNodes.delete().where(InferenceNodes.id == node_id).execute(db.sqlite)
    return bool(keys)


def enable_node(db: Database, node_id: str, enabled: bool) -> None:
    """Switch a node on or off and leave all else of its row."""
    InferenceNodes.update(is_enabled=enabled, updated_at=CURRENT_TIMESTAMP).where(
        InferenceNodes.id == node_id
    ).execute(db.sqlite)


def node_key_version(db: Database, node_id: str) -> int:
    """The version of a node's security key, 0 where it has none."""
    found = db.value("SELECT key_version FROM mlnode_security WHERE node_id=?", (node_id,))
    return int(found or 0)


def put_setting(db: Database, service: str, key: str, kind: str, value: Any) -> None:
    """Add a setting or change its value; its metadata stays."""
    db.execute_sql(_PUT_SETTING, (service, key, kind, dump(value)))


def put_settings(db: Database, settings: Iterable[tuple[str, str, str, Any]]) -> None:
    """Add settings or change their values, each by service, key, type and value."""
    rows = ((service, key, kind, dump(value)) for service, key, kind, value in settings)
    db.execute_many(_PUT_SETTING, rows)


def put_profile(db: Database, service: str, name: str, values: dict[str, Any]) -> None:
    """Store a profile of a service's values, by key."""
    row = {"values_json": dump(values), "updated_at": CURRENT_TIMESTAMP}
    SettingProfiles.insert(service=service, name=name, **row).on_conflict(
        conflict_target=[SettingProfiles.service, SettingProfiles.name], update=row
    ).execute(db.sqlite)


def drop_profile(db: Database, service: str, name: str) -> None:
    """Remove a profile."""
    SettingProfiles.delete().where(
        (SettingProfiles.service == service) & (SettingProfiles.name == name)
    ).execute(db.sqlite)


def put_flag(db: Database, name: str, value: Any, description: str | None = None) -> None:
    """Store a feature flag; without a new description the old one stays."""
    row = {"value_json": dump(value), "updated_at": CURRENT_TIMESTAMP}
    told = {} if description is None else {"description": description}
    FeatureFlags.insert(name=name, **{"description": "", **row, **told}).on_conflict(
        conflict_target=[FeatureFlags.name], update=row | told
    ).execute(db.sqlite)


def describe_flag(db: Database, name: str, description: str) -> None:
    """Say what a flag is for; its rule stays."""
    told = {"description": description, "updated_at": CURRENT_TIMESTAMP}
    FeatureFlags.update(**told).where(FeatureFlags.name == name).execute(db.sqlite)


def drop_flag(db: Database, name: str) -> None:
    """Remove a feature flag."""
    FeatureFlags.delete().where(FeatureFlags.name == name).execute(db.sqlite)


def drop_setting(db: Database, service: str, key: str) -> None:
    """Remove a setting."""
    Settings.delete().where((Settings.service == service) & (Settings.key == key)).execute(
        db.sqlite
    )
