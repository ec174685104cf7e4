"""Settings from an import, and what foreign writers and a bad override leave of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from store.doctor import examine
from store.documents import overrides
from store.errors import (
    BadDocument,
    InvalidValue,
    NodedeckError,
)
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing.plan import Action, Choices, Strategy
from store.locations import Locations
from store.manager import ConfigManager
from tests.store.test_settings import SCHEMA, stored
from tests.support.samples import counted


@pytest.fixture
def declared(manager: ConfigManager) -> ConfigManager:
    manager.load_schema(SCHEMA)
    return manager


# import


@pytest.fixture
def legacy(tmp_path: Path) -> Path:
    return tmp_path / "legacy.json"


def test_an_import_keeps_the_rules(
    declared: ConfigManager, locations: Locations, legacy: Path
) -> None:
    legacy.write_text(json.dumps({"svc": {"burst": 2, "pin": "1234", "free": [1]}}))
    plan = engine.preview([planning.load(legacy)], locations)
    rows = {row.path: row for row in plan.rows}
    assert (rows["svc.pin"].action, rows["svc.pin"].value) == (Action.SEAL, "********")
    engine.apply(plan, locations, actor="a@b", clock=declared.clock)
    assert declared.get("svc.burst").value == 2
    assert declared.get("svc.free").value == [1]
    assert not declared.database.rows("SELECT 1 FROM settings WHERE key='pin'")
    assert "1234" not in json.dumps(declared.database.rows("SELECT receipt_json FROM imports"))


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        ({"svc": {"burst": 99}}, "svc.burst: must be at most 9"),
        ({"svc": {"burst": {"x": 1}}}, "would stand below the setting svc.burst"),
        ({"svc": {"net": 1}}, "would stand above the setting svc.net.port"),
    ],
)
def test_an_import_that_breaks_a_rule_is_refused_with_the_place(
    declared: ConfigManager, locations: Locations, legacy: Path, tree: Any, words: str
) -> None:
    legacy.write_text(json.dumps(tree, indent=1))
    before = counted(declared)
    made = engine.preview([planning.load(legacy)], locations)
    with pytest.raises(BadDocument, match=words) as caught:
        made.refuse_misfits()
    assert caught.value.line > 1
    assert not made.writes
    assert counted(declared) == before


def test_what_the_database_keeps_is_not_judged(
    declared: ConfigManager, locations: Locations, legacy: Path
) -> None:
    declared.set_value("svc.burst", "3")
    legacy.write_text('{"svc":{"burst":99}}')
    source = planning.load(legacy)
    assert engine.preview([source], locations).rows[0].action is Action.CONFLICT
    replaced = engine.preview([source], locations, Choices(strategy=Strategy.REPLACE))
    assert replaced.rows[0].action is Action.REFUSED


# foreign writers


def test_both_of_two_overlapping_settings_stay_in_sight(
    manager: ConfigManager, locations: Locations, database: Path
) -> None:
    for key, value in (("a.b", "2"), ("a", "1"), ("c", '{"x":9}'), ("c.x", "3")):
        stored(database, "svc", key, value)
    leaves = {entry.path: entry.value for entry in manager.raw().leaves()}
    assert leaves == {'svc.a.""': 1, "svc.a.b": 2, 'svc.c."".x': 9, "svc.c.x": 3}
    told = [each.message for each in examine(locations)]
    assert any("svc.a.b stands below svc.a" in each for each in told)
    assert manager.set_value("svc.a.b", "5") > 0
    manager.unset("svc.a")
    assert manager.get("svc.a.b").value == 5


def test_two_spellings_of_one_path_stay_in_sight(manager: ConfigManager, database: Path) -> None:
    stored(database, "svc", "a", "1")
    stored(database, "svc", '"a"', "2")
    assert sorted(entry.value for entry in manager.raw().leaves()) == [1, 2]


def test_one_bad_override_stops_only_its_own_path(locations: Locations) -> None:
    locations.config.write_text("api:\n  port: 9000\n  host: h\n", encoding="utf-8")
    over = overrides({"DAPI_API__PORT": "x"}, {})
    with ConfigManager.open(locations, actor="a@b", overrides=over) as manager:
        assert manager.get("api.host").value == "h"
        for path in ("api.port", "api"):
            with pytest.raises(
                InvalidValue, match=r"api\.port: must be a 64-bit integer"
            ) as caught:
                manager.get(path)
            assert "environment" in caught.value.hint
        for whole in (manager.effective().leaves, manager.effective().legacy, manager.api_config):
            with pytest.raises(NodedeckError, match=r"api\.port"):
                whole()
