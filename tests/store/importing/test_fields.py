"""What a legacy file's scalars become, and which values are refused, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from store.errors import BadDocument
from store.limits import INT64_MAX, INT64_MIN
from store.masks import holds_secret
from tests.store.importing.samples import database_leaves, on_disk, places, plan, put, run


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("nodes: [{id: a, version: 1.10}]", "nodes.a.version", "1.10"),
        ("nodes: [{id: a, version: 2025-01-02}]", "nodes.a.version", "2025-01-02"),
        ("nodes: [{id: a, version: yes}]", "nodes.a.version", "yes"),
        ("nodes: [{id: 017, host: h}]", "nodes.017.host", "h"),
        ("nodes: [{id: a, inference_port: 0x1F91}]", "nodes.a.inference_port", 0x1F91),
        ("nodes: [{id: a, inference_port: 8080.0}]", "nodes.a.inference_port", 8080),
        ("nodes: [{id: a, inference_port: 8_080}]", "nodes.a.inference_port", 8080),
        ("nodes: [{id: a, inference_port: ~}]", "nodes.a.inference_port", 0),
        ("nodes: [{id: a, host: ~, models: ~, hardware: ~}]", "nodes.a.hardware", []),
        ("nodes: [{id: a, is_enabled: no}]", "nodes.a.is_enabled", False),
        ("nodes: [{id: a, models: [m]}]", "nodes.a.models.m.args", []),
        (
            "nodes: [{id: a, models: [{m: {args: [1, yes]}}]}]",
            "nodes.a.models.m.args",
            ["1", "yes"],
        ),
        ("nodes: [{id: a, models: {m: ~}}]", "nodes.a.models.m.args", []),
        ("current_seed: {signature: 0012}", "current_seed.signature", "0012"),
        ("current_seed: {signature: 1e5, seed: 1}", "current_seed.signature", "1e5"),
        ("current_seed: {claimed: on, seed: 1}", "current_seed.claimed", True),
        ("current_seed: {claimed: ~, seed: 1}", "current_seed.claimed", False),
        (f"current_seed: {{seed: {INT64_MIN}}}", "current_seed.seed", INT64_MIN),
        (f"current_seed: {{seed: {INT64_MAX}}}", "current_seed.seed", INT64_MAX),
        (f"current_height: {INT64_MAX}", "current_height", INT64_MAX),
        ("current_height: 0x10", "current_height", 16),
        ("current_height: 017", "current_height", 15),
        ("current_height: 1e3", "current_height", 1000),
        ("current_height: ~", "current_height", 0),
        ("current_node_version: 3.10", "current_node_version", "3.10"),
        ("current_node_version: ~", "current_node_version", ""),
        ("merged_node_config: yes", "merged_node_config", True),
        ("bandwidth_params: {kb_per_input_token: 1}", "bandwidth_params.kb_per_input_token", 1.0),
        ("new_params: {later: [1, {a: b}]}", "new_params.later", [1, {"a": "b"}]),
        ("service: {on: 2001-12-14}", "service.on", "2001-12-14T00:00:00Z"),
        ("service: {truth: yes}", "service.truth", "yes"),
        ("service: {ten: 1.10}", "service.ten", 1.1),
        ("service: {nothing: ~}", "service.nothing", None),
        ("service: {empty: {}, list: []}", "service.empty", {}),
        ("service: {exact: !!float 5}", "service.exact", 5.0),
        ("service: {'': 1}", 'service.""', 1),
    ],
)
def test_scalars_mean_what_the_daemon_reads(
    *, tmp_path: Path, text: str, path: str, value: Any
) -> None:
    run(put(tmp_path, "legacy.yaml", text), places(tmp_path))
    found = database_leaves(places(tmp_path))
    assert path in found
    assert (found[path], type(found[path])) == (value, type(value))


REFUSED: dict[str, tuple[str, int, int, str]] = {
    "port text": ("nodes:\n- id: a\n  inference_port: abc\n", 3, 19, "nodes.a.inference_port"),
    "port half": ("nodes:\n- id: a\n  poc_port: 5.5\n", 3, 13, "nodes.a.poc_port"),
    "port high": ("nodes:\n- id: a\n  poc_port: 70000\n", 3, 13, "nodes.a.poc_port"),
    "port below": ("nodes:\n- id: a\n  poc_port: -1\n", 3, 13, "nodes.a.poc_port"),
    "port bool": ("nodes:\n- id: a\n  poc_port: true\n", 3, 13, "nodes.a.poc_port"),
    "nodes map": ("nodes: {}\n", 1, 8, "nodes: must be a list"),
    "nodes text": ("nodes: node1\n", 1, 8, "nodes: must be a list"),
    "node null": ("nodes:\n- ~\n", 2, 3, "nodes.0: a node needs an id"),
    "node text": ("nodes:\n- node1\n", 2, 3, "nodes.0: must be a mapping"),
    "node no id": ("nodes:\n- id: a\n- host: x\n", 3, 3, "nodes.1: a node needs an id"),
    "node empty id": ("nodes:\n- id: ''\n", 2, 7, "nodes.0.id: a node's id must not be empty"),
    "node null id": ("nodes:\n- id:\n  host: x\n", 2, 6, "nodes.0.id: a node's id must not be"),
    "node id twice": ("nodes:\n- id: a\n- id: a\n", 3, 7, "a second node with the id 'a'"),
    "node id 1 and '1'": ("nodes:\n- id: 1\n- id: '1'\n", 3, 7, "a second node with the id '1'"),
    "host list": ("nodes:\n- id: a\n  host: [x]\n", 3, 9, "nodes.a.host"),
    "enabled": ("nodes:\n- id: a\n  is_enabled: 1\n", 3, 15, "nodes.a.is_enabled"),
    "hardware map": ("nodes:\n- id: a\n  hardware: {}\n", 3, 13, "nodes.a.hardware"),
    "hardware less": (
        "nodes:\n- id: a\n  hardware:\n  - count: -1\n", 4, 12, "nodes.a.hardware.0.count",
    ),
    "model twice": ("nodes:\n- id: a\n  models: [m, m]\n", 3, 15, "the model 'm' is listed twice"),
    "model args": ("nodes:\n- id: a\n  models: {m: {args: 5}}\n", 3, 22, "nodes.a.models.m.args"),
    "height 2^63": (f"current_height: {2**63}\n", 1, 17, "current_height"),
    "height below 0": ("\ncurrent_height: -1\n", 2, 17, "must be 0 to 2^63-1, not -1"),
    "height text": ("last_processed_height: soon\n", 1, 24, "last_processed_height"),
    "height half": ("current_height: 1.5\n", 1, 17, "current_height"),
    "height rounded": ("current_height: 9007199254740993.5\n", 1, 17, "current_height"),
    "truth": ("merged_node_config: maybe\n", 1, 21, "merged_node_config"),
    "seed above": (f"current_seed:\n  seed: {2**63}\n", 2, 9, "current_seed.seed"),
    "seed below": (f"current_seed:\n  seed: {-(2**63) - 1}\n", 2, 9, "current_seed.seed"),
    "seed number": ("upcoming_seed: 5\n", 1, 16, "upcoming_seed: must be a mapping"),
    "epoch below": ("previous_seed: {epoch_index: -1}\n", 1, 30, "previous_seed.epoch_index"),
    "versions list": ("node_versions: []\n", 1, 16, "node_versions: must be a mapping"),
    "versions half": ("node_versions:\n  versions:\n  - {height: 5}\n", 3, 5, "node_versions"),
    "upgrade text": ("upgrade_plan: soon\n", 1, 15, "upgrade_plan: must be a mapping"),
    "upgrade height": ("upgrade_plan: {height: -5}\n", 1, 24, "upgrade_plan.height"),
    "binaries": ("upgrade_plan: {binaries: 5}\n", 1, 26, "upgrade_plan.binaries"),
    "binary list": ("upgrade_plan: {binaries: {x: [1]}}\n", 1, 30, "upgrade_plan.binaries.x"),
    "params list": ("validation_params: []\n", 1, 20, "validation_params: must be a mapping"),
    "params text": ("validation_params: {expiration_blocks: x}\n", 1, 40, "expiration_blocks"),
    "params inf": ("bandwidth_params: {kb_per_input_token: .inf}\n", 1, 40, "kb_per_input_token"),
    "params nan": ("new_params: {x: .nan}\n", 1, 17, "new_params.x"),
    "setting nan": ("service: {x: .NaN}\n", 1, 14, "service.x"),
    "setting inf": ("service: {x: [1, -.inf]}\n", 1, 18, "service.x"),
    "setting 2^63": (f"service: {{x: {2**63}}}\n", 1, 14, "beyond 64 bits"),
    "setting long": (f"service: {{x: [{10**19}9]}}\n", 1, 15, "beyond 64 bits"),
    "settings clash": ("a: 1\nlegacy: {a: 2}\n", 2, 13, "legacy.a: two values"),
    "settings inside": ("a: 1\nlegacy: {a: {b: 2}}\n", 2, 17, "legacy.a.b: two values"),
    "settings around": ("legacy: {a: {b: 2}}\na: 1\n", 2, 4, "legacy.a: two values"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_misfit_is_refused_at_its_place_and_stays_there(tmp_path: Path, case: str) -> None:
    text, line, column, told = REFUSED[case]
    file = put(tmp_path, "legacy.yaml", text)
    before = on_disk(tmp_path)
    made = plan(file, places(tmp_path))
    first = made.refused[0]
    assert (first.line, first.column) == (line, column)
    assert "it stays in the file" in first.reason
    if not case.startswith("settings"):  # of two settings at one path the first goes
        assert {row.path for row in made.refused}.isdisjoint(each.path for each in made.writes)
    with pytest.raises(BadDocument) as refused:
        made.refuse_misfits()
    assert (refused.value.line, refused.value.column) == (line, column)
    assert str(refused.value).startswith(f"{file}:{line}:{column}: ")
    assert told in str(refused.value)
    assert "nothing was changed" in str(refused.value)
    assert on_disk(tmp_path) == before


def test_digits_beyond_64_bits_are_refused_in_every_format(tmp_path: Path) -> None:
    for name, text in (
        ("a.json", '{"service": {"x": 99999999999999999999}}'),
        ("a.toml", "[service]\nx = 99999999999999999999\n"),
        ("a.yaml", "service:\n  x: -99999999999999999999\n"),
    ):
        with pytest.raises(BadDocument, match=r"64 bits|too large"):
            plan(put(tmp_path, name, text), places(tmp_path)).refuse_misfits()


@pytest.mark.parametrize(
    ("parts", "value", "secret"),
    [
        (("svc", "apiKey"), "x", True),
        (("svc", "apiKey"), "", False),
        (("svc", "api_key_file"), {"password": "x"}, True),
        (("svc", "users"), [{"name": "a"}, {"deep": [{"token": "x"}]}], True),
        (("svc", "users"), [{"name": "a"}, {"count": 5}], False),
        (("svc", "tokens"), ["a"], True),
        (("svc", "cert"), "-----BEGIN CERTIFICATE-----", True),
        (("svc", "public_key"), "x", False),
        (("svc", "token"), 5, False),
    ],
)
def test_a_secret_is_found_however_deep_it_is(
    *, parts: tuple[str, ...], value: Any, secret: bool
) -> None:
    assert holds_secret(parts, value) is secret
