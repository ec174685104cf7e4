"""Import, export, import the export into an empty database, export again: one document."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.export import as_json, as_yaml
from store.importing import plan as planning
from store.limits import INT64_MAX, INT64_MIN
from tests.store.importing.samples import (
    SAMPLES,
    SECRET,
    database_leaves,
    document,
    places,
    put,
    run,
)
from tests.support.examples import examples
from tui.demo import demo_files

DEMO = sorted(path.name for path in demo_files().iterdir())


def again(tree: dict[str, Any], folder: Path, name: str) -> dict[str, Any]:
    """The document after its export is the config file of a new host and imported there.

    A setting goes by its path, so settings and the node configuration are files of their own.
    """
    folder.mkdir()
    at = places(folder)
    settings = {key: value for key, value in tree.items() if key in ("services", "svc")}
    config = {key: value for key, value in tree.items() if key not in settings}
    text = as_json if name.endswith(".json") else as_yaml
    for part, file in ((config, "config"), (settings, "services")):
        if part:
            path = put(folder, f"{file}{Path(name).suffix}", text(part))
            run(path, at)
    if name.endswith(".json"):
        (folder / "config.json").rename(at.config)
    return document(at)


@pytest.mark.parametrize("suffix", ["yaml", "json"])
@pytest.mark.parametrize("name", ["config-fresh.yaml", "config-running.yaml", "api-config.yaml"])
def test_a_node_configuration_goes_round(tmp_path: Path, name: str, suffix: str) -> None:
    host = tmp_path / "host"
    host.mkdir()
    if name in SAMPLES:
        put(host, "config.yaml", SAMPLES[name])
    else:
        shutil.copy(demo_files() / name, host / "config.yaml")
    run(host / "config.yaml", places(host))
    first = document(places(host))
    other = tmp_path / "other"
    assert again(first, other, f"x.{suffix}") == first
    assert as_yaml(document(places(other))) == as_yaml(first)


@pytest.mark.parametrize("name", ["dev_config.toml", "services.json", "node-config.json"])
def test_settings_and_node_lists_go_round(tmp_path: Path, name: str) -> None:
    for folder in ("host", "other"):
        (tmp_path / folder).mkdir()
    host, other = places(tmp_path / "host"), places(tmp_path / "other")
    run(put(tmp_path, name, SAMPLES[name]), host)
    first = document(host)
    run(put(other.config.parent, "exported.yaml", as_yaml(first)), other)
    assert document(other) == first
    assert SECRET not in as_yaml(first)


@pytest.mark.parametrize("name", DEMO)
def test_the_demo_files_go_round(tmp_path: Path, name: str) -> None:
    for folder in ("host", "other"):
        (tmp_path / folder).mkdir()
    host, other = places(tmp_path / "host"), places(tmp_path / "other")
    run(demo_copy(name, tmp_path), host)
    first = database_leaves(host)
    assert first
    run(put(other.config.parent, "exported.yaml", as_yaml(document(host))), other)
    assert database_leaves(other) == first


def demo_copy(name: str, folder: Path) -> Path:
    return Path(shutil.copy(demo_files() / name, folder / name))


NAMES = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=12)
HEIGHTS = st.integers(0, INT64_MAX)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = (
    st.none() | st.booleans() | st.integers(INT64_MIN, INT64_MAX) | FLOATS | NAMES
)  # fmt: skip


def _mapping(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


NODES = st.lists(
    st.fixed_dictionaries(
        {"id": NAMES},
        optional={
            "host": NAMES,
            "inference_port": st.integers(0, 65535),
            "poc_segment": NAMES,
            "max_concurrent": HEIGHTS,
            "version": NAMES,
            "is_enabled": st.booleans(),
            "models": st.dictionaries(
                NAMES, st.fixed_dictionaries({"args": st.lists(NAMES)}), max_size=2
            ),
            "hardware": st.lists(_mapping(type=NAMES, count=HEIGHTS), max_size=2),
        },
    ),
    max_size=3,
    unique_by=lambda node: node["id"],
)
SEEDS = _mapping(
    seed=st.integers(INT64_MIN, INT64_MAX),
    epoch_index=HEIGHTS,
    signature=NAMES,
    claimed=st.booleans(),
)
CONFIGS = _mapping(
    current_height=HEIGHTS,
    current_node_version=NAMES,
    merged_node_config=st.booleans(),
    previous_seed=SEEDS,
    current_seed=SEEDS,
    validation_params=_mapping(expiration_blocks=st.integers(0, INT64_MAX)),
    bandwidth_params=_mapping(kb_per_input_token=FLOATS),
    node_versions=st.fixed_dictionaries(
        {
            "versions": st.lists(
                st.fixed_dictionaries({"height": HEIGHTS, "version": NAMES}), min_size=1, max_size=3
            )
        }
    ),
    upgrade_plan=_mapping(
        name=NAMES, height=HEIGHTS, binaries=st.dictionaries(NAMES, NAMES, max_size=2)
    ),
    nodes=NODES,
    api=_mapping(port=st.integers(0, 65535)),
)
TREES = st.dictionaries(
    st.sampled_from(("svc", "services")),
    st.dictionaries(
        NAMES,
        st.recursive(
            SCALARS,
            lambda below: st.lists(below, max_size=3) | st.dictionaries(NAMES, below, max_size=3),
            max_leaves=8,
        ),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
)


def _go_round(tree: dict[str, Any], name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        host = Path(folder) / "host"
        host.mkdir()
        file = put(host, name, as_yaml(tree))
        run(file, places(host))
        if not places(host).database.exists():  # static keys and secrets alone: nothing to store
            assert planning.load(file)
            return
        first = document(places(host))
        assert again(first, Path(folder) / "other", "x.yaml") == first


@examples(10)
@given(CONFIGS)
def test_made_up_node_configurations_go_round(tree: dict[str, Any]) -> None:
    _go_round({"chain_node": {}, **tree}, "config.yaml")


@examples(10)
@given(TREES)
def test_made_up_settings_go_round(tree: dict[str, Any]) -> None:
    _go_round(tree, "services.yaml")


@pytest.mark.soak
@settings(max_examples=1_000)
@given(CONFIGS, TREES)
def test_many_made_up_files_go_round(config: dict[str, Any], tree: dict[str, Any]) -> None:
    _go_round({"chain_node": {}, **config}, "config.yaml")
    _go_round(tree, "services.yaml")
