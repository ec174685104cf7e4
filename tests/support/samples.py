"""Values that many tests write, and the picture of a database before and after."""

from __future__ import annotations

from typing import Any

from store.limits import INT64_MIN
from store.manager import ConfigManager
from store.models import EpochSeed, Node, UpgradePlan
from tests.support import foreign

NODE = Node.model_validate(
    {
        "id": "node1",
        "host": "10.0.0.1",
        "inference_port": 5050,
        "poc_port": 8080,
        "models": {"Qwen": {"args": ["--tp", "8"]}},
        "max_concurrent": 500,
        "hardware": [{"type": "H100", "count": 8}],
        "version": "v1",
    }
)
SEED = EpochSeed(seed=INT64_MIN, epoch_index=12, signature="ab", claimed=True)
PLAN = UpgradePlan(name="v2", height=99, binaries={"linux/amd64": "https://x"}, node_version="v3")


def other(**fields: Any) -> Node:
    return NODE.model_copy(update=fields)


def counted(manager: ConfigManager) -> tuple[Any, ...]:
    """Everything that a failed write must leave alone."""
    tables = (*foreign.AUDITED, "mlnode_security", "services", "audit_log")
    return tuple(manager.database.rows(f"SELECT * FROM {table}") for table in tables)
