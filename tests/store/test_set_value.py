"""One value set from text, whatever kind of path it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.documents import Source
from store.errors import InvalidValue, UnknownPath, UsageError
from store.limits import INT64_MAX
from store.manager import ConfigManager
from store.models import NodeVersion
from store.paths import Home
from tests.support import foreign
from tests.support.samples import NODE, PLAN, SEED, counted


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("current_height", "7", 7),
        ("merged_node_config", "yes", True),
        ("current_node_version", "v9", "v9"),
        ("current_seed.seed", str(INT64_MAX), INT64_MAX),
        ("current_seed.claimed", "false", False),
        ("current_seed.signature", "", ""),
        ("validation_params.expiration_blocks", "-3", -3),
        ("bandwidth_params.kb_per_input_token", "0.5", 0.5),
        ("poc_params.a.b", "9", 9),
        ("node_versions", '{"versions":[]}', None),
        ("node_versions.versions", '[{"height":3,"version":"c"}]', [{"height": 3, "version": "c"}]),
        ("upgrade_plan.height", "100", 100),
        ("upgrade_plan.binaries", '{"a":"b"}', {"a": "b"}),
        ('upgrade_plan.binaries."linux/amd64"', "https://y", "https://y"),
        ("nodes.node1.host", "node1.local", "node1.local"),
        ("nodes.node1.inference_port", "1", 1),
        ("nodes.node1.hardware", '[{"type":"A100","count":1}]', [{"type": "A100", "count": 1}]),
        ("nodes.node1.models.Qwen.args", '["--x"]', ["--x"]),
        ("svc.count", "4", 4),
        ("svc.name", "true", "true"),
        ('"odd svc"."a.b"', "x", "x"),
        ("settings.api.port", "4", 4),
        ("chain_state.extra", "e", "e"),
    ],
)  # fmt: skip
def test_every_kind_of_path_can_be_set(
    manager: ConfigManager, database: Path, path: str, text: str, value: Any
) -> None:
    manager.add_node(NODE)
    manager.set_seed("current", SEED)
    manager.set_params("validation", {"expiration_blocks": 20})
    manager.set_params("bandwidth", {"kb_per_input_token": 0})
    manager.set_params("poc", {"a": {"b": 1}})
    manager.set_node_versions([NodeVersion(height=1, version="v1")])
    manager.set_upgrade_plan(PLAN)
    for setting in ("svc.count", "settings.api.port"):
        manager.set_value(setting, "1", create=True)
    for setting in ("svc.name", '"odd svc"."a.b"'):
        manager.set_value(setting, '"text"', create=True)
    foreign.write(database, "INSERT INTO chain_state(key,value) VALUES('extra','d')")
    change_id = manager.set_value(path, text, reason="by hand")
    change = manager.history(limit=1)[0]
    assert (change.id, change.reason) == (change_id, "by hand")
    if value is None:
        with pytest.raises(UnknownPath):
            manager.get(path)
        return
    entry = manager.get(path)
    assert (entry.value, entry.source, entry.home) == (value, Source.DATABASE, Home.DATABASE)
    assert type(entry.value) is type(value)


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("1", 1, "integer"),
        ("1.5", 1.5, "float"),
        ("true", True, "boolean"),
        ("words", "words", "string"),
        ('{"a":[1]}', {"a": [1]}, "json"),
        ("null", None, "json"),
    ],
)
def test_a_new_settings_type_is_read_from_its_text(
    manager: ConfigManager, text: str, value: Any, kind: str
) -> None:
    manager.set_value("svc.key", text, create=True)
    assert manager.get("svc.key").value == value
    assert manager.database.value("SELECT type FROM settings") == kind


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    path=st.sampled_from(
        [
            "current_height",
            "merged_node_config",
            "current_node_version",
            "nodes.node1.host",
            "nodes.node1.models",
            "nodes.node1.poc_port",
            "svc.key",
            "poc_params.a",
        ]
    ),
    text=st.text(),
)
def test_any_text_is_stored_whole_or_refused_whole(
    manager: ConfigManager, path: str, text: str
) -> None:
    manager.set_params("poc", {"a": "text"})
    manager.update_node(NODE) if manager.snapshot().nodes else manager.add_node(NODE)
    before = counted(manager)
    try:
        manager.set_value(path, text, create=True)
    except (InvalidValue, UsageError):
        assert counted(manager) == before
    assert manager.snapshot().undecoded == ()
