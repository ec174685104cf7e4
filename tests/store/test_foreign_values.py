"""What only other programs write is shown as it is and makes nothing fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.manager import ConfigManager
from tests.support import foreign


def test_what_does_not_decode_is_named_and_nothing_raises(
    manager: ConfigManager, database: Path
) -> None:
    chain = {
        "current_height": "-5",
        "last_processed_height": "soon",
        "merged_node_config": "maybe",
    }
    foreign.write(
        database,
        *(foreign.insert("chain_state", {"key": k, "value": v}) for k, v in chain.items()),
        foreign.node("node1", inference_port="http", models="not json", is_enabled=7),
        foreign.node(b"\x00blob", hardware='{"a":1}'),
        foreign.node("", host=b"\xff"),
        foreign.seed("current", "abc", -1),  # type: ignore[arg-type]
        foreign.insert("network_params", {"param_type": "validation", "param_data": "{"}),
        foreign.insert("network_params", {"param_type": b"\x01", "param_data": "[]"}),
        foreign.insert("network_params", {"param_type": "", "param_data": "{}"}),
        foreign.insert("node_versions", {"height": -1, "version": "v1"}),
        foreign.insert("upgrade_plans", {"name": "v", "height": 1, "binaries": "[1]"}),
        foreign.insert("settings", {"service": b"\x00", "key": "a b", "value_json": "{"}),
    )
    snapshot = manager.snapshot()
    faults = {fault.path: fault.raw for fault in snapshot.undecoded}
    assert (
        faults.items()
        >= {
            "current_height": "-5",
            "last_processed_height": "soon",
            "merged_node_config": "maybe",
            "nodes.node1.inference_port": "http",
            "nodes.node1.models": "not json",
            "nodes.node1.is_enabled": "7",
            "nodes.x'00626C6F62'.hardware": '{"a":1}',
            "current_seed.seed": "abc",
            "current_seed.epoch_index": "-1",
            "validation_params": "{",
            "x'01'_params": "[]",
            "upgrade_plan.binaries": "[1]",
        }.items()
    )
    assert any(path.startswith("node_versions") for path in faults)
    assert snapshot.chain.current_height is None
    assert len(snapshot.nodes) == 3
    assert manager.effective().leaves()
    assert len(manager.history(limit=100)) == 13


@pytest.mark.parametrize("depth", [60, 500, 900, 1900])
def test_deep_nesting_makes_no_reading_fail(
    manager: ConfigManager, database: Path, depth: int
) -> None:
    deep = '{"a":' * depth + "1" + "}" * depth
    row = {"param_type": "validation", "param_data": deep}
    foreign.write(database, foreign.insert("network_params", row))
    faults = manager.snapshot().undecoded
    assert [fault.raw for fault in faults] == ([deep] if depth > 64 else [])
    assert manager.effective().legacy()
    assert manager.history("*_params")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(seed=st.integers(0, 2**32))
def test_no_foreign_transaction_makes_reading_fail(
    manager: ConfigManager, database: Path, seed: int
) -> None:
    writer = foreign.RandomWriter(seed)
    with foreign.connect(database) as db:
        for _ in range(10):
            writer.transaction(db)
    manager.newest(50)
    manager.history("nodes.*.host")
    for entry in manager.effective().leaves():
        assert manager.get(entry.path) == entry


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("nodes.node1.inference_port", "5050", 5050),
        ("current_height", "5", 5),
        ("validation_params", '{"expiration_blocks":1}', {"expiration_blocks": 1}),
        ("current_seed.seed", "-7", -7),
    ],
)
def test_an_undecodable_value_can_be_put_right(
    manager: ConfigManager, database: Path, path: str, text: str, value: Any
) -> None:
    foreign.write(
        database,
        foreign.node("node1", inference_port="http"),
        foreign.insert("chain_state", {"key": "current_height", "value": "soon"}),
        foreign.insert("network_params", {"param_type": "validation", "param_data": "{"}),
        foreign.seed("current", "abc", 1),  # type: ignore[arg-type]
    )
    manager.set_value(path, text)
    assert manager.get(path).value == value
