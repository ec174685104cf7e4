"""The views under the reference documents' own names."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import masks, schema, views
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.examples import examples
from tests.support.foreign import RandomWriter
from tests.support.samples import NODE, PLAN, SEED

COLUMNS = {
    "service_configs": "service config_json version config_epoch updated_at updated_by",
    "config_items": "id service key value_json type complexity description help_text is_secret"
    " updated_at updated_by",
    "config_history": "id service key old_value_json new_value_json changed_at changed_by"
    " change_reason",
    "settings_audit_log": "id setting_key old_value new_value changed_by changed_at",
    "config_documents": "id format_version payload_json updated_at",
    "schema_version": "id version model_hash updated_at",
}


def rows(path: Path, view: str) -> list[dict[str, Any]]:
    with foreign.connect(path) as db:
        cursor = db.execute(f"SELECT * FROM {view}")
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor]


@pytest.mark.parametrize("view", COLUMNS)
def test_a_view_has_the_documents_columns_and_cannot_be_written(database: Path, view: str) -> None:
    with foreign.connect(database) as db:
        cursor = db.execute(f"SELECT * FROM {view}")
        assert [column[0] for column in cursor.description] == COLUMNS[view].split()
        with pytest.raises(sqlite3.OperationalError, match="it is a view"):
            db.execute(f"DELETE FROM {view}")


def test_there_are_no_others() -> None:
    assert views.all_views().keys() == COLUMNS.keys()


def test_settings_are_told_with_their_rules(manager: ConfigManager, database: Path) -> None:
    manager.load_schema(
        {"properties": {"burst": {"type": "integer", "description": "How many"}}}, service="svc"
    )
    manager.set_value("svc.burst", "3", reason="why")
    manager.set_value("svc.burst", "4")
    manager.set_value("settings.api.a.b", "5", create=True)
    items = {row["key"]: row for row in rows(database, "config_items")}
    assert (items["burst"]["value_json"], items["burst"]["type"]) == ("4", "integer")
    assert (items["burst"]["description"], items["burst"]["updated_by"]) == (
        "How many",
        "tester@host",
    )
    services = {row["service"]: row for row in rows(database, "service_configs")}
    assert json.loads(services["api"]["config_json"]) == {"a.b": 5}
    assert (services["svc"]["version"], services["svc"]["updated_by"]) == (2, "tester@host")
    assert services["svc"]["config_epoch"] == manager.snapshot().config_epoch
    history = sorted(rows(database, "config_history"), key=lambda row: row["id"])
    assert [(row["key"], row["old_value_json"], row["new_value_json"]) for row in history] == [
        ("burst", None, "3"),
        ("burst", "3", "4"),
        ("a.b", None, "5"),
    ]
    assert history[0]["change_reason"] == "why"
    log = {row["setting_key"] for row in rows(database, "settings_audit_log")}
    assert log == {"svc.burst", "settings.api.a.b"}


def test_the_whole_document_is_one_payload(manager: ConfigManager, database: Path) -> None:
    manager.set_height(41)
    manager.set_seed("current", SEED)
    manager.add_node(NODE)
    manager.set_upgrade_plan(PLAN)
    manager.set_params("validation", {"expiration_blocks": 3})
    manager.add_node_version(5, "v5")
    manager.set_merged_node_config(True)
    manager.set_value("svc.a", "1", create=True)
    foreign.write(
        database, "INSERT INTO chain_state(key,value) VALUES('last_processed_height','x')"
    )
    (row,) = rows(database, "config_documents")
    payload = json.loads(row["payload_json"])
    assert (row["id"], row["format_version"]) == (1, schema.VERSION)
    assert payload["current_height"] == 41
    assert payload["last_processed_height"] == "x"
    assert payload["merged_node_config"] is True
    assert payload["current_seed"]["seed"] == SEED.seed
    assert payload["nodes"][0]["id"] == "node1"
    assert payload["nodes"][0]["models"] == {"Qwen": {"args": ["--tp", "8"]}}
    assert payload["validation_params"] == {"expiration_blocks": 3}
    assert payload["node_versions"] == {"versions": [{"height": 5, "version": "v5"}]}
    assert payload["upgrade_plan"]["name"] == "v2"
    assert payload["svc"] == {"a": 1}


def test_the_schema_is_told(database: Path) -> None:
    (row,) = rows(database, "schema_version")
    assert (row["id"], row["version"]) == (1, schema.VERSION)
    assert len(row["model_hash"]) == 64
    assert row["updated_at"].endswith("Z")


_NAMES = st.sampled_from(
    ("password", "apiKey", "api_key", "authToken", "x.private", "SECRETS", "note", "signing-key")
) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
_VALUES = st.recursive(
    st.just("hunter2") | st.integers() | st.just("-----BEGIN PRIVATE KEY"),
    lambda below: st.lists(below, max_size=2) | st.dictionaries(_NAMES, below, max_size=2),
    max_leaves=3,
)


@examples(40)
@given(name=_NAMES, value=_VALUES)
def test_no_view_tells_a_secret(database: Path, name: str, value: Any) -> None:
    row = {"service": "svc", "key": name, "value_json": json.dumps(value)}
    foreign.write(database, "DELETE FROM settings", "DELETE FROM audit_log")
    foreign.write(database, foreign.insert("settings", row), "UPDATE settings SET value_json='1'")
    foreign.write(database, ("UPDATE settings SET value_json=?", (json.dumps(value),)))
    if masks.holds_secret((name,), value):
        for view in COLUMNS:
            told = json.dumps(rows(database, view))
            assert "hunter2" not in told
            assert "BEGIN PRIVATE" not in told


def test_a_declared_secret_is_not_told_either(manager: ConfigManager, database: Path) -> None:
    row = {"service": "svc", "key": "pin", "value_json": '"hunter2"'}
    foreign.write(database, foreign.insert("settings", row))
    manager.load_schema({"properties": {"pin": {"type": "string", "secret": True}}}, service="svc")
    for view in COLUMNS:
        assert "hunter2" not in json.dumps(rows(database, view))


@pytest.mark.parametrize("seed", range(4))
def test_views_survive_whatever_is_stored(database: Path, seed: int) -> None:
    writer = RandomWriter(seed)
    with foreign.connect(database) as db:
        db.execute("PRAGMA synchronous=OFF")
        for _ in range(60):
            writer.transaction(db)
        for view in COLUMNS:
            for row in db.execute(f"SELECT * FROM {view}").fetchall():
                assert row
