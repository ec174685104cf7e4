"""One contract for every ConfigStore."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from store import database, documents
from store.documents import Overrides, Source
from store.errors import BadDocument, InvalidValue
from store.locations import Locations
from store.manager import ConfigManager
from store.stores import ConfigStore, DatabaseConfigStore, FileConfigStore

DOCUMENT: dict[str, Any] = {
    "api": {"port": 9000, "public_url": "http://203.0.113.4:8000", "test_mode": False},
    "current_height": 120,
    "current_seed": {
        "seed": -9223372036854775808,
        "epoch_index": 7,
        "signature": "0e1",
        "claimed": True,
    },
    "validation_params": {"timestamp_expiration": 60, "expiration_blocks": 150},
    "node_versions": {"versions": [{"height": 100, "version": "v1"}]},
    "upgrade_plan": {
        "name": "v2",
        "height": 500,
        "node_version": "",
        "binaries": {"linux/amd64": "https://example.org/a.zip"},
    },
    "nodes": [
        {
            "id": "node-2.rack4",
            "host": "192.0.2.7",
            "inference_segment": "",
            "inference_port": 5050,
            "poc_segment": "/api",
            "poc_port": 8080,
            "max_concurrent": 250,
            "version": "yes",
            "is_enabled": False,
            "models": {"Qwen/Qwen3-32B-FP8": {"args": ["--tp", "4"]}},
            "hardware": [{"type": "H100", "count": 8}],
        }
    ],
    "rendering": {
        "agent_colors": {"code reviewer": "#00FF00"},
        "levels": ["info", "on"],
        "e": 1e-8,
    },
}

Maker = Callable[[Path, Overrides], ConfigStore]


def yaml_store(folder: Path, over: Overrides) -> ConfigStore:
    return FileConfigStore(folder / "config.yaml", over)


def toml_store(folder: Path, over: Overrides) -> ConfigStore:
    return FileConfigStore(folder / "config.toml", over)


def database_store(folder: Path, over: Overrides) -> ConfigStore:
    places = Locations(folder / "config.yaml", folder / "state.db")
    if not places.database.exists():
        database.create(places.database, created_by="test")
    return DatabaseConfigStore(ConfigManager.open(places, actor="store@test", overrides=over))


MAKERS = {"yaml": yaml_store, "toml": toml_store, "database": database_store}


def closed(store: ConfigStore) -> None:
    if isinstance(store, DatabaseConfigStore):
        store.close()


@pytest.fixture(params=list(MAKERS))
def maker(request: pytest.FixtureRequest) -> Maker:
    return MAKERS[request.param]


@pytest.fixture
def store(maker: Maker, tmp_path: Path) -> Iterator[ConfigStore]:
    made = maker(tmp_path, Overrides())
    yield made
    closed(made)


def test_it_is_a_config_store(store: ConfigStore) -> None:
    assert isinstance(store, ConfigStore)


def test_an_empty_store_holds_an_empty_document(store: ConfigStore) -> None:
    assert store.load_raw() == {}
    assert store.load_effective() == {}
    assert store.source_metadata() == {}


def test_what_is_saved_is_loaded_by_it_and_by_another(
    store: ConfigStore, maker: Maker, tmp_path: Path
) -> None:
    store.save_raw(DOCUMENT)
    assert store.load_raw() == DOCUMENT
    other = maker(tmp_path, Overrides())
    assert other.load_raw() == DOCUMENT
    closed(other)


def test_saving_removes_what_the_document_does_not_hold(store: ConfigStore) -> None:
    store.save_raw(DOCUMENT)
    kept = {"api": {"port": 9001}, "current_height": 121}
    store.save_raw(kept)
    assert store.load_raw() == kept


def test_an_update_changes_one_value_and_keeps_the_rest(store: ConfigStore) -> None:
    store.save_raw(DOCUMENT)

    def change(tree: dict[str, Any]) -> None:
        tree["api"]["port"] = 9005
        tree["current_height"] += 1
        tree["nodes"][0]["is_enabled"] = True

    kept = store.update_raw(change)
    assert kept == store.load_raw()
    assert kept["api"] == {**DOCUMENT["api"], "port": 9005}
    assert kept["current_height"] == 121
    assert kept["nodes"] == [{**DOCUMENT["nodes"][0], "is_enabled": True}]
    assert kept["rendering"] == DOCUMENT["rendering"]


def test_an_update_that_raises_keeps_nothing(store: ConfigStore) -> None:
    store.save_raw(DOCUMENT)

    def change(tree: dict[str, Any]) -> None:
        tree["api"]["port"] = 1
        tree["current_height"] = 1
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        store.update_raw(change)
    assert store.load_raw() == DOCUMENT


@pytest.mark.parametrize(
    "wrong",
    [{"api": {"port": float("nan")}}, {"nodes": [{"host": "a"}]}, {"nodes": [{"id": "a"}] * 2}],
)
def test_a_document_that_cannot_be_kept_is_refused(
    store: ConfigStore, wrong: dict[str, Any]
) -> None:
    store.save_raw(DOCUMENT)
    with pytest.raises(InvalidValue, match="nothing was changed"):
        store.save_raw({**DOCUMENT, **wrong})
    assert store.load_raw() == DOCUMENT


def test_overrides_count_but_are_never_kept(maker: Maker, tmp_path: Path) -> None:
    over = documents.overrides({"DAPI_API__PORT": "9999"}, {"current_height": "7"})
    store = maker(tmp_path, over)
    store.save_raw(DOCUMENT)
    assert store.load_effective()["api"]["port"] == 9999
    assert store.load_effective()["current_height"] == 7
    assert store.load_raw() == DOCUMENT
    sources = store.source_metadata()
    assert (sources["api.port"], sources["current_height"]) == (Source.ENV, Source.FLAG)
    assert sources["api.public_url"] in (Source.FILE, Source.DATABASE)
    closed(store)


def add_many(kind: str, folder: Path, times: int) -> None:
    store = MAKERS[kind](folder, Overrides())

    def add(tree: dict[str, Any]) -> None:
        tree["current_height"] += 1
        tree["api"]["port"] += 1

    for _ in range(times):
        store.update_raw(add)
    closed(store)


@pytest.mark.parametrize("kind", list(MAKERS))
def test_no_update_of_several_processes_is_lost(kind: str, tmp_path: Path) -> None:
    store = MAKERS[kind](tmp_path, Overrides())
    store.save_raw({"api": {"port": 1000}, "current_height": 0})
    closed(store)
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=add_many, args=(kind, tmp_path, 15)) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0] * 4
    store = MAKERS[kind](tmp_path, Overrides())
    assert store.load_raw() == {"api": {"port": 1060}, "current_height": 60}
    closed(store)


def test_an_unreadable_config_file_is_said_and_left(store: ConfigStore, tmp_path: Path) -> None:
    store.save_raw(DOCUMENT)
    for name in ("config.yaml", "config.toml"):
        if (tmp_path / name).exists():
            (tmp_path / name).write_text("api: [\n")
            with pytest.raises(BadDocument):
                store.load_raw()
            with pytest.raises(BadDocument):
                store.update_raw(lambda tree: tree.update(current_height=1))
            assert (tmp_path / name).read_text() == "api: [\n"


def test_a_yaml_file_keeps_its_comments(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("# ours\napi:\n  port: 9000  # by hand\ncurrent_height: 1\n")
    FileConfigStore(file).update_raw(lambda tree: tree["api"].update(port=9001))
    assert file.read_text() == "# ours\napi:\n  port: 9001  # by hand\ncurrent_height: 1\n"


def test_the_database_store_keeps_the_files_text_and_signs_its_changes(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("# ours\napi:\n  port: 9000  # by hand\nrack: r4\n")
    store = database_store(tmp_path, Overrides())

    def change(tree: dict[str, Any]) -> None:
        tree["api"]["port"] = 9001
        tree["current_height"] = 5

    kept = store.update_raw(change)
    assert kept == {"api": {"port": 9001}, "rack": "r4", "current_height": 5}
    assert file.read_text() == "# ours\napi:\n  port: 9001  # by hand\nrack: r4\n"
    closed(store)
    places = Locations(file, tmp_path / "state.db")
    with ConfigManager.open(places, actor="", read_only=True) as manager:
        assert [(one.path, one.actor) for one in manager.history()] == [
            ("current_height", "store@test")
        ]
