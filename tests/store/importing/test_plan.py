"""What a plan says: every leaf with its fate, nothing dropped, secrets masked, nothing changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from store.errors import BadDocument, UsageError
from store.importing import plan as planning
from store.importing.plan import Action, Role, Strategy
from store.locations import Locations
from store.manager import ConfigManager
from store.reading import Item
from tests.store.importing.samples import (
    KEYS,
    RUNNING,
    SAMPLES,
    SECRET,
    on_disk,
    places,
    plan,
    put,
)
from tests.support import foreign


def actions(made: planning.Plan) -> dict[str, str]:
    return {row.path: str(row.action) for row in made.rows}


def row(made: planning.Plan, path: str) -> planning.Row:
    return next(row for row in made.rows if row.path == path)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("config-fresh.yaml", Role.NODE_CONFIG),
        ("config-running.yaml", Role.NODE_CONFIG),
        ("node-config.json", Role.NODE_LIST),
        ("dev_config.toml", Role.SETTINGS),
        ("services.json", Role.SETTINGS),
    ],
)
def test_a_file_is_taken_for_what_it_looks_like(tmp_path: Path, name: str, role: Role) -> None:
    made = plan(put(tmp_path, name, SAMPLES[name]), places(tmp_path))
    assert made.source.role is role
    assert sum(made.totals.values()) == len(made.rows) > 0


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("api: {port: 1}\n", Role.NODE_CONFIG),
        ("{}", Role.NODE_CONFIG),
        ("rack: r4\nchain_node: {}\n", Role.NODE_CONFIG),
        ("some_params: {a: 1}\n", Role.NODE_CONFIG),
        ("physics: {a: 1}\n", Role.SETTINGS),
        ("[]", Role.NODE_LIST),
    ],
)
def test_roles_at_the_edges(tmp_path: Path, text: str, role: Role) -> None:
    assert planning.load(put(tmp_path, "x.yaml", text)).role is role


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("text", ["[{id: a}]", "{physics: {a: 1}}"])
def test_a_role_that_does_not_fit_is_refused(tmp_path: Path, text: str, role: Role) -> None:
    file = put(tmp_path, "x.yaml", text)
    if role is Role.DATABASE:
        with pytest.raises(UsageError, match="is no database"):
            plan(file, places(tmp_path), role=role)
        return
    fits = (role is Role.NODE_LIST) == text.startswith("[")
    if fits:
        assert plan(file, places(tmp_path), role=role).rows or role is Role.NODE_LIST
        return
    with pytest.raises(BadDocument, match=r"must be a (mapping|list)"):
        plan(file, places(tmp_path), role=role)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_plan_changes_nothing(tmp_path: Path, name: str) -> None:
    file = put(tmp_path, name, SAMPLES[name])
    before = on_disk(tmp_path)
    plan(file, places(tmp_path))
    assert on_disk(tmp_path) == before


def texts(item: Item) -> list[str]:
    """The texts of all scalars below an item."""
    below = [*item.entries.values(), *item.elements]
    return [text for inner in below for text in texts(inner)] or [item.text]


@pytest.mark.parametrize("name", SAMPLES)
def test_every_line_with_a_value_has_a_row(tmp_path: Path, name: str) -> None:
    made = plan(put(tmp_path, name, SAMPLES[name]), places(tmp_path))
    told = json.dumps(planning.as_json(made), ensure_ascii=False)
    for text in texts(made.source.root):
        if SECRET not in text and not text.startswith(("0x", "1e", "1_", "+")):
            assert text in told


def test_rows_say_where_from_and_where_to(tmp_path: Path) -> None:
    made = plan(put(tmp_path, "config.yaml", RUNNING), places(tmp_path))
    items = {item["path"]: item for item in planning.as_json(made)["items"]}
    assert items["api.port"]["destination"] == "file"
    assert items["api.port"]["reason"] == "static key"
    assert items["rack_label"]["reason"] == "not a key of the database"
    assert items["current_height"] == {
        "path": "current_height",
        "value": 1934882,
        "present": None,
        "line": 8,
        "reason": "",
        "action": "add",
        "destination": "database",
        "readings": [],
        "file": str(tmp_path / "config.yaml"),
        "column": 17,
        "table": "chain_state",
        "service": None,
        "key": None,
        "reading": None,
        "fixed": False,
    }
    assert items["nodes.node1.version"]["readings"] == []
    assert items['nodes."node-2.rack4".host']["line"] == 42


def test_scalars_that_readers_disagree_on_are_flagged(tmp_path: Path) -> None:
    made = plan(
        put(tmp_path, "svc.yaml", "svc: {at: 22:22, mode: 017, plain: x}\n"), places(tmp_path)
    )
    assert row(made, "svc.at").readings == (
        "PyYAML: int 1342",
        "YAML 1.2: str 22:22",
        "Go: str 22:22",
    )
    assert row(made, "svc.mode").readings
    assert row(made, "svc.plain").readings == ()


UNKNOWN = """\
nodes:
  - id: a
    colour: blue
    hardware: [{type: x, memory: 80}]
    models: {m: {args: [], quant: fp8}}
current_seed: {seed: 1, note: {by: hand}}
upgrade_plan: {name: v2, info: x}
node_versions: {versions: [{height: 1, version: a, why: b}], more: 1}
"""


def test_fields_that_nothing_takes_are_named_and_hold_their_key_in_the_file(tmp_path: Path) -> None:
    made = plan(put(tmp_path, "config.yaml", UNKNOWN), places(tmp_path))
    stay = {row.path: row.value for row in made.rows if row.action is Action.STAY}
    assert stay == {
        "nodes.a.colour": "blue",
        "nodes.a.hardware.0.memory": 80,
        "nodes.a.models.m.quant": "fp8",
        "current_seed.note": {"by": "hand"},
        "upgrade_plan.info": "x",
        "node_versions.versions.0.why": "b",
        "node_versions.more": 1,
    }
    assert made.movable == ()


def test_secrets_stay_in_the_file_and_are_masked(tmp_path: Path) -> None:
    file = put(
        tmp_path,
        "config.yaml",
        f"""\
ml_node_key_config: {{worker_private: {SECRET}}}
extra: [{{password: {SECRET}}}]
new_params: {{token: {SECRET}, fine: 1, deep: {{password: {SECRET}}}}}
upgrade_plan: {{name: v2, binaries: {{apiKey: {SECRET}, x: y}}}}
nodes: [{{id: a, auth: {{password: {SECRET}}}}}]
""",
    )
    made = plan(file, places(tmp_path))
    assert SECRET not in json.dumps(planning.as_json(made))
    assert SECRET not in str([write.value for write in made.writes])
    stay = [row.path for row in made.rows if "looks like a secret" in row.reason]
    assert stay == [
        "ml_node_key_config.worker_private",
        "extra",
        "new_params.token",
        "new_params.deep",
        "upgrade_plan.binaries.apiKey",
        "nodes.a.auth",
    ]
    assert made.movable == ()


def test_secrets_in_settings_are_proposed_and_the_rest_goes(tmp_path: Path) -> None:
    made = plan(put(tmp_path, "services.json", KEYS), places(tmp_path))
    assert actions(made) == {
        "openai.api_key": "seal",
        "openai.base_url": "add",
        "openai.model": "add",
        "local.api_key": "add",
        "local.models": "add",
        "local.users": "seal",
    }
    assert SECRET not in f"{json.dumps(planning.as_json(made))}{made.seals}{made.rows}"
    left = made.decided(seal=False)
    assert (actions(left)["openai.api_key"], left.seals) == ("stay", ())


def test_the_mask_of_an_export_is_no_value(tmp_path: Path) -> None:
    made = plan(put(tmp_path, "svc.yaml", "svc: {token: '********'}\n"), places(tmp_path))
    assert actions(made) == {"svc.token": "stay"}


def test_merge_keeps_what_the_database_has_and_replace_lets_the_file_win(
    manager: ConfigManager, locations: Locations, tmp_path: Path
) -> None:
    manager.set_height(5)
    manager.set_params("validation", {"expiration_blocks": 7})
    file = put(
        tmp_path,
        "c.yaml",
        "current_height: 9\nlast_processed_height: 8\n"
        "validation_params: {expiration_blocks: 9, timestamp_advance: 3}\n",
    )
    merged = plan(file, locations)
    assert actions(merged) == {
        "current_height": "conflict",
        "last_processed_height": "add",
        "validation_params.expiration_blocks": "conflict",
        "validation_params.timestamp_advance": "add",
    }
    assert row(merged, "current_height").present == 5
    assert "keeps it" in row(merged, "current_height").reason
    replaced = plan(file, locations, strategy=Strategy.REPLACE)
    assert actions(replaced) == {
        "current_height": "change",
        "last_processed_height": "add",
        "validation_params.expiration_blocks": "change",
        "validation_params.timestamp_advance": "add",
    }


def test_a_present_secret_is_masked(database: Path, locations: Locations, tmp_path: Path) -> None:
    foreign.write(
        database,
        "INSERT INTO settings(service,key,type,value_json,is_secret) VALUES"
        f"('svc','cert','string','\"-----BEGIN {SECRET}\"',0)",
    )
    made = plan(put(tmp_path, "s.yaml", "svc: {cert: none}\n"), locations)
    assert row(made, "svc.cert").present == "********"


@pytest.mark.parametrize(
    ("name", "text", "prefix", "paths"),
    [
        ("legacy.yaml", "a: 1\nsvc: {b: 2}\n", "", ["legacy.a", "svc.b"]),
        ("legacy.yaml", "a: 1\nsvc: {b: 2}\n", "all", ["all.a", "all.svc.b"]),
        ("x.yaml", "x: {a.b: 1}\n", "", ['x."a.b"']),
        ("x.yaml", "api: {port: 1}\nfoo: 1\n", "svc", ["svc.api.port", "svc.foo"]),
    ],
)
def test_the_service_of_a_setting(
    *, tmp_path: Path, name: str, text: str, prefix: str, paths: list[str]
) -> None:
    made = plan(put(tmp_path, name, text), places(tmp_path), role=Role.SETTINGS, prefix=prefix)
    assert [row.path for row in made.rows] == paths


@pytest.mark.parametrize(
    ("name", "text", "prefix"),
    [
        ("x.yaml", "settings: {a: 1}\n", ""),
        ("nodes.yaml", "a: 1\n", ""),
        ("x.yaml", "a: 1\n", "api"),
        ("x.yaml", "a: 1\n", "odd_params"),
    ],
)
def test_a_service_cannot_have_a_reserved_name(
    *, tmp_path: Path, name: str, text: str, prefix: str
) -> None:
    with pytest.raises(UsageError, match=r"nothing was changed\. .*--prefix NAME"):
        plan(put(tmp_path, name, text), places(tmp_path), prefix=prefix)


def test_a_plan_as_json_has_the_fields_that_scripts_read(tmp_path: Path) -> None:
    shown: dict[str, Any] = planning.as_json(
        plan(put(tmp_path, "config.yaml", RUNNING), places(tmp_path))
    )
    assert list(shown) == [
        *("schema", "file", "digest", "role", "strategy", "totals", "files", "items"),
    ]
    assert shown["schema"] == "nodedeck.import.plan/1"
    assert shown["totals"] == {
        "add": 33,
        "change": 0,
        "equal": 0,
        "conflict": 0,
        "seal": 0,
        "stay": 3,
        "skip": 0,
        "refused": 0,
    }


def test_a_float_is_shown_as_the_file_has_it(tmp_path: Path) -> None:
    text = "svc: {a: 1e3, b: 1.50, c: 2, d: [1e3], n: .nan}\n"
    rows = {row.path: row for row in plan(put(tmp_path, "c.yaml", text), places(tmp_path)).rows}
    assert (rows["svc.a"].value, rows["svc.a"].shown) == (1000.0, "1e3")
    shown = {path: row.shown for path, row in rows.items()}
    assert shown == {
        "svc.a": "1e3",
        "svc.b": "1.50",
        "svc.c": "2",
        "svc.d": "[1000.0]",
        "svc.n": ".nan",
    }
