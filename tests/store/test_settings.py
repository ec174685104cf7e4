"""Settings through the manager: schemas, defaults, validation, locking, search."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import settings as typed_settings
from store.doctor import examine
from store.documents import Source, overrides
from store.errors import (
    InvalidValue,
    Refused,
    UnknownPath,
    UsageError,
    VersionConflict,
)
from store.export import exported
from store.locations import Locations
from store.manager import ConfigManager
from store.settings_checks import problems
from store.stores import DatabaseConfigStore
from tests.support import foreign
from tests.support.samples import NODE, counted

SCHEMA: dict[str, Any] = {
    "properties": {
        "svc": {
            "properties": {
                "burst": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 9,
                    "default": 5,
                    "description": "How many at once",
                },
                "mode": {"enum": ["fast", "safe"], "default": "safe", "complexity": "advanced"},
                "ratio": {"type": "number"},
                "pin": {"type": "string", "secret": True},
                "net": {"properties": {"port": {"type": "integer", "default": 80}}},
            }
        }
    }
}


@pytest.fixture
def declared(manager: ConfigManager) -> ConfigManager:
    manager.load_schema(SCHEMA)
    return manager


def stored(path: Path, service: str, key: str, value: str, **more: Any) -> None:
    row = {"service": service, "key": key, "value_json": value, **more}
    foreign.write(path, foreign.insert("settings", row))


# defaults


def test_a_default_counts_until_a_value_is_set_and_again_after(declared: ConfigManager) -> None:
    entry = declared.get("svc.burst")
    assert (entry.value, entry.source) == (5, Source.DEFAULT)
    declared.set_value("svc.burst", "7")
    entry = declared.get("svc.burst")
    assert (entry.value, entry.source) == (7, Source.DATABASE)
    assert declared.unset("svc.burst", reason="enough") > 0
    assert declared.get("svc.burst").source is Source.DEFAULT
    change = declared.history("svc.burst", limit=1)[0]
    assert (change.action, change.old, change.reason) == ("D", 7, "enough")
    assert declared.unset("svc.burst") == 0


def test_a_value_that_equals_the_default_is_a_value(declared: ConfigManager) -> None:
    declared.set_value("svc.burst", "5")
    assert declared.source_of("svc.burst") is Source.DATABASE


def test_defaults_are_listed_and_in_no_legacy_document(declared: ConfigManager) -> None:
    declared.set_value("svc.net.port", "81")
    leaves = {entry.path: entry.source for entry in declared.effective().leaves()}
    assert leaves["svc.burst"] is Source.DEFAULT
    assert leaves["svc.net.port"] is Source.DATABASE
    assert leaves["nodedeck.retention.days"] is Source.DEFAULT
    assert exported(declared.effective()) == {"svc": {"net": {"port": 81}}}
    assert {entry.path for entry in declared.raw().leaves()} == {"svc.net.port"}


def test_a_default_takes_an_override_of_its_type(locations: Locations) -> None:
    over = overrides({"DAPI_SVC__BURST": "8"}, {})
    with ConfigManager.open(locations, actor="a@b", overrides=over) as manager:
        manager.load_schema(SCHEMA)
        assert (manager.get("svc.burst").value, manager.source_of("svc.burst")) == (8, Source.ENV)


def test_unset_asks_for_a_setting(declared: ConfigManager) -> None:
    for path in ("nodes.node1.host", "current_height", "api.port", "svc", "flags.x"):
        with pytest.raises(UsageError, match="is not a setting"):
            declared.unset(path)
    with pytest.raises(UnknownPath, match=r"Did you mean svc\.burst"):
        declared.unset("svc.bursts")


# validation


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        ("svc.burst", "10", "svc.burst: must be at most 9, not '10'"),
        ("svc.burst", "x", "svc.burst: must be a 64-bit integer"),
        ("svc.mode", "slow", "svc.mode: must be one of fast, safe"),
        ("svc.ratio", "nan", "svc.ratio: must be a finite number"),
        ("svc.ratio.x", "1", "would stand below the setting svc.ratio"),
        ("svc.net", "1", "would stand above the setting svc.net.port"),
        ("nodedeck.retention.days", "0", "nodedeck.retention.days: must be at least 1"),
    ],
)
def test_a_misfit_is_refused_and_changes_nothing(
    declared: ConfigManager, path: str, text: str, words: str
) -> None:
    before = counted(declared)
    with pytest.raises(InvalidValue) as caught:
        declared.set_value(path, text, create=True)
    assert words in caught.value.message
    assert counted(declared) == before


def test_a_declared_setting_needs_no_create_and_keeps_its_type(declared: ConfigManager) -> None:
    declared.set_value("svc.ratio", "1")
    assert declared.get("svc.ratio").value == 1.0
    assert declared.database.value("SELECT type FROM settings") == "float"


def test_the_metadata_of_a_settings_own_row_binds(manager: ConfigManager, database: Path) -> None:
    stored(database, "svc", "level", "3", type="integer", constraints_json='{"max":5}')
    with pytest.raises(InvalidValue, match="must be at most 5"):
        manager.set_value("svc.level", "6")
    assert manager.set_value("svc.level", "4") > 0


def test_a_null_is_a_value_that_can_be_replaced(manager: ConfigManager) -> None:
    manager.set_value("svc.x", "null", create=True)
    assert manager.set_value("svc.x", "word") > 0


@pytest.mark.parametrize("path", ["svc.pin", "svc.api_token"])
def test_a_secret_is_sealed_however_it_is_set(declared: ConfigManager, path: str) -> None:
    writes: tuple[Callable[[], int], ...] = (
        lambda: declared.set_value(path, "hunter2", create=True),
        lambda: declared.set_settings("svc", {path[4:]: "hunter3"}, create=True),
    )
    for write in writes:
        assert write() > 0
        assert "hunter" not in str(counted(declared))
        assert declared.get(path).value == "********"
    assert declared.reveal_secret(path, reason="a test") == "hunter3"
    assert declared.set_value(path, "********") == 0
    assert declared.secret(path).version == 2


def test_no_secret_gets_into_an_entity(manager: ConfigManager) -> None:
    manager.add_node(NODE)
    manager.set_params("poc", {"api_key": 1, "plain": 1})
    with pytest.raises(Refused, match=r"poc_params\.api_key is a secret"):
        manager.set_value("poc_params", '{"api_key":"hunter2","plain":1}')
    with pytest.raises(Refused):
        manager.set_node("node1", {"models": '{"m":{"args":["-----BEGIN X"]}}'})
    assert manager.set_value("poc_params.plain", "2") > 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    path=st.sampled_from(["svc.burst", "svc.mode", "svc.ratio", "svc.net.port"]),
    text=st.text(max_size=5) | st.integers(-2, 12).map(str),
)
def test_what_is_stored_fits_its_rule(declared: ConfigManager, path: str, text: str) -> None:
    try:
        declared.set_value(path, text)
    except InvalidValue:
        return
    assert not list(_problems(declared))


def _problems(manager: ConfigManager) -> list[str]:
    with manager.database.reading():
        return [message for message, _ in problems(manager.database)]


# several at once


def test_several_settings_are_one_write(declared: ConfigManager) -> None:
    declared.set_settings("svc", {"burst": 2, "net.port": 82}, reason="move")
    assert {change.reason for change in declared.history(limit=2)} == {"move"}
    with pytest.raises(InvalidValue, match=r"svc\.burst"):
        declared.set_settings("svc", {"net.port": 83, "burst": 20})
    assert declared.get("svc.net.port").value == 82
    with pytest.raises(UnknownPath, match=r"no setting svc\.new"):
        declared.set_settings("svc", {"new": 1})
    assert declared.set_settings("svc", {"new": 1}, create=True) > 0
    with pytest.raises(UsageError):
        declared.set_settings("svc", {"a..b": 1}, create=True)
    with pytest.raises(InvalidValue, match="NaN"):
        declared.set_settings("svc", {"new": float("nan")})


# locking


def test_a_stale_version_is_a_conflict_that_names_who_was_first(declared: ConfigManager) -> None:
    assert declared.version_of("svc.burst") == 0
    declared.set_value("svc.burst", "2", expect_version=0)
    assert declared.version_of("svc.mode") == 1
    before = counted(declared)
    writes: tuple[Callable[[], int], ...] = (
        lambda: declared.set_value("svc.mode", "fast", expect_version=0),
        lambda: declared.set_settings("svc", {"mode": "fast"}, expect_version=0),
        lambda: declared.unset("svc.burst", expect_version=0),
    )
    for write in writes:
        with pytest.raises(VersionConflict) as caught:
            write()
        assert "service svc has version 1, not 0: tester@host was first, at 20" in str(caught.value)
        assert "--expect-version 1" in caught.value.hint
    assert counted(declared) == before


def test_elsewhere_the_version_is_the_newest_change(manager: ConfigManager, database: Path) -> None:
    manager.add_node(NODE)
    seen = manager.version_of("nodes.node1.host")
    assert seen == manager.history("nodes.node1", limit=1)[0].id
    foreign.write(database, "UPDATE inference_nodes SET version='v9'")
    with pytest.raises(VersionConflict, match="an external writer was first"):
        manager.set_value("nodes.node1.host", "h", expect_version=seen)
    with pytest.raises(VersionConflict, match="has version 0, not 7: it was never written"):
        manager.set_value("current_height", "1", expect_version=7)
    assert manager.version_of("api.port") is None
    assert manager.version_of("nodes") is None
    with pytest.raises(UsageError, match="has no versions"):
        manager.set_value("api.port", "1", expect_version=0)


def test_of_many_writers_with_one_version_one_wins(locations: Locations) -> None:
    outcomes: list[str] = []
    start = threading.Barrier(4)

    def write(number: int) -> None:
        with ConfigManager.open(locations, actor=f"writer{number}") as manager:
            start.wait()
            try:
                manager.set_settings("svc", {"x": number}, expect_version=0, create=True)
                outcomes.append("won")
            except VersionConflict:
                outcomes.append("lost")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["lost", "lost", "lost", "won"]


# schemas


def test_loading_again_replaces_and_names_what_no_longer_fits(declared: ConfigManager) -> None:
    declared.set_value("svc.burst", "9")
    loaded = declared.load_schema(
        {"properties": {"burst": {"type": "integer", "maximum": 3}}}, service="svc"
    )
    assert (loaded.services, loaded.rules) == (("svc",), 1)
    assert loaded.misfits == ("svc.burst: must be at most 3, not '9'; it stays until it is set.",)
    assert [rule.key for rule in declared.schema("svc")] == ["burst"]
    with pytest.raises(UnknownPath):
        declared.get("svc.mode")


def test_a_value_that_is_declared_secret_is_hidden_from_then_on(
    manager: ConfigManager, locations: Locations, database: Path
) -> None:
    manager.set_value("svc.pin", "1234", create=True)
    loaded = manager.load_schema(SCHEMA)
    assert loaded.misfits == (
        "svc.pin: is a secret, and its value stands in clear in the database.",
    )
    assert manager.get("svc.pin").value == "********"
    assert manager.history("svc.pin", limit=1)[0].new == "********"
    foreign.write(database, "UPDATE settings SET is_secret=0")
    assert manager.get("svc.pin").value == "********"
    (flag,) = manager.database.rows("SELECT is_secret FROM settings")
    assert flag == (1,)
    told = "The secret svc.pin stands in clear in the database."
    assert told in [each.message for each in examine(locations)]


def test_a_schema_that_cannot_be_kept_changes_nothing(declared: ConfigManager) -> None:
    before = declared.schema()
    for schema, error in (
        ({"properties": {"nodedeck": {"properties": {"x": {"type": "integer"}}}}}, Refused),
        ({"properties": {"svc": {"properties": {"x": {"type": "odd"}}}}}, InvalidValue),
    ):
        with pytest.raises(error):
            declared.load_schema(schema)
    declared.set_value("other.a", "1", create=True)
    with pytest.raises(InvalidValue, match="would stand below the setting"):
        declared.load_schema(
            {"properties": {"other": {"properties": {"a": {"properties": {"b": {"const": 1}}}}}}}
        )
    assert declared.schema() == before


def test_a_schema_is_removed_with_its_defaults(declared: ConfigManager) -> None:
    assert declared.remove_schema("svc") == 5
    with pytest.raises(UnknownPath):
        declared.get("svc.burst")
    with pytest.raises(UnknownPath, match="No schema is loaded for svc"):
        declared.remove_schema("svc")
    with pytest.raises(Refused):
        declared.remove_schema("nodedeck")


def test_rules_that_somebody_broke_are_passed_over(declared: ConfigManager, database: Path) -> None:
    foreign.write(
        database,
        "UPDATE setting_rules SET constraints_json='[' WHERE key='burst'",
        "UPDATE setting_rules SET type='odd' WHERE key='mode'",
        "UPDATE setting_rules SET key=x'00' WHERE key='ratio'",
    )
    assert {rule.key for rule in declared.schema("svc")} == {"pin", "net.port"}
    assert declared.set_value("svc.burst", "99", create=True) > 0


# nodedeck's own


def test_thresholds_are_settings(manager: ConfigManager, database: Path) -> None:
    db = manager.database
    assert typed_settings.threshold(db, "retention.heights_days") == 7
    manager.set_value("nodedeck.retention.heights_days", "3")
    assert typed_settings.threshold(db, "retention.heights_days") == 3
    for value in ("-1", "not json"):
        foreign.write(database, f"UPDATE settings SET value_json='{value}'")
        assert typed_settings.threshold(db, "retention.heights_days") == 7


# search


def test_search_looks_at_path_and_description(declared: ConfigManager) -> None:
    def found(text: str = "", **more: str) -> list[str]:
        return [each.path for each in declared.search_settings(text, **more)]

    assert found("AT ONCE") == ["svc.burst"]
    assert found("svc.net") == ["svc.net.port"]
    assert found(service="svc", complexity="advanced") == ["svc.mode"]
    assert found(type="enum") == ["svc.mode"]
    assert found("retention", service="svc") == []
    assert found("retention", service="nodedeck") == [
        "nodedeck.retention.heights_days",
        "nodedeck.retention.days",
    ]


def test_a_whole_document_keeps_the_rules_too(declared: ConfigManager) -> None:
    store = DatabaseConfigStore(declared)
    store.save_raw({"svc": {"burst": 2}})
    before = counted(declared)
    for tree, error in (
        ({"svc": {"burst": 99}}, InvalidValue),
        ({"svc": {"burst": {"x": 1}}}, InvalidValue),
        ({"svc": {"pin": "********"}}, InvalidValue),
    ):
        with pytest.raises(error):
            store.save_raw(tree)
    assert counted(declared) == before
    assert store.load_effective() == {"svc": {"burst": 2}}
    store.save_raw({"svc": {"burst": 2, "pin": "hunter2"}})
    kept = store.load_raw()
    assert kept == {"svc": {"burst": 2, "pin": "********"}}
    store.save_raw(kept)
    assert declared.reveal_secret("svc.pin", reason="a test") == "hunter2"
    assert declared.secret("svc.pin").version == 1
