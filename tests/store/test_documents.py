"""Flag, environment, database, file: which layer supplies a value."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from store import documents
from store.documents import Source
from store.errors import NodedeckError, UnknownPath
from store.locations import Locations
from store.manager import ConfigManager
from store.paths import Home
from store.settings_builtin import BUILT_IN
from tests.support.clock import FixedClock
from tests.support.samples import NODE

CONFIG = """\
api:
  port: 9000
  host: file
chain_node:
  signer_key_name: from-file
extra: kept
current_height: 1
nodes:
  - id: stale
    host: stale
validation_params:
  expiration_blocks: 3
"""


@pytest.fixture
def layered(locations: Locations, clock: FixedClock) -> Callable[..., ConfigManager]:
    locations.config.write_text(CONFIG, encoding="utf-8")

    def open_with(environ: dict[str, str], flags: dict[str, str]) -> ConfigManager:
        over = documents.overrides(environ, flags)
        return ConfigManager.open(locations, actor="a@b", clock=clock, overrides=over)

    return open_with


@pytest.mark.parametrize(
    ("environ", "flags", "value", "source"),
    [
        ({}, {}, 9000, Source.FILE),
        ({"DAPI_API__PORT": "9001"}, {}, 9001, Source.ENV),
        ({"DAPI_API__PORT": "9001"}, {"api.port": "9002"}, 9002, Source.FLAG),
        ({}, {"api.port": "9002"}, 9002, Source.FLAG),
    ],
)
def test_flags_win_over_environment_over_the_file(
    layered: Callable[..., ConfigManager],
    environ: dict[str, str],
    flags: dict[str, str],
    value: int,
    source: Source,
) -> None:
    with layered(environ, flags) as manager:
        entry = manager.get("api.port")
    assert (entry.value, entry.source, entry.home) == (value, source, Home.FILE)


@pytest.mark.parametrize(
    ("environ", "flags", "value", "source"),
    [
        ({}, {}, 50, Source.DATABASE),
        ({"DAPI_CURRENT_HEIGHT": "51"}, {}, 51, Source.ENV),
        ({"DAPI_CURRENT_HEIGHT": "51"}, {"current_height": "52"}, 52, Source.FLAG),
    ],
)
def test_flags_win_over_environment_over_the_database_over_the_file(
    layered: Callable[..., ConfigManager],
    environ: dict[str, str],
    flags: dict[str, str],
    value: int,
    source: Source,
) -> None:
    with layered(environ, flags) as manager:
        manager.set_height(50)
        entry = manager.get("current_height")
        assert manager.snapshot().chain.current_height == 50, "an override is never written"
    assert (entry.value, entry.source, entry.home) == (value, source, Home.DATABASE)


def test_named_variables_override_their_keys(layered: Callable[..., ConfigManager]) -> None:
    with layered({"KEY_NAME": "from-env", "KEYRING_BACKEND": ""}, {}) as manager:
        assert manager.get("chain_node.signer_key_name").value == "from-env"
        with pytest.raises(UnknownPath):
            manager.get("chain_node.keyring_backend")


def test_a_stale_key_in_the_file_never_shines_through(
    layered: Callable[..., ConfigManager],
) -> None:
    with layered({}, {}) as manager:
        manager.set_params("validation", {"timestamp_advance": 1})
        for path in ("current_height", "nodes.stale.host", "validation_params.expiration_blocks"):
            with pytest.raises(UnknownPath):
                manager.get(path)
        found = {entry.path: entry.value for entry in manager.effective().leaves()}
    assert found == {
        "api.port": 9000,
        "api.host": "file",
        "chain_node.signer_key_name": "from-file",
        "extra": "kept",
        "validation_params.timestamp_advance": 1,
        **{rule.path: rule.default for rule in BUILT_IN},
    }


def test_the_nearest_paths_are_offered(layered: Callable[..., ConfigManager]) -> None:
    with layered({}, {}) as manager, pytest.raises(UnknownPath, match=r"api\.port"):
        manager.get("api.prot")


def test_a_subtree_can_be_read_and_the_document_has_the_legacy_shape(
    layered: Callable[..., ConfigManager],
) -> None:
    with layered({}, {}) as manager:
        manager.add_node(NODE)
        assert manager.get("api").value == {"port": 9000, "host": "file"}
        assert manager.get("nodes.node1").value["host"] == "10.0.0.1"
        legacy = manager.effective().legacy()
    assert [node["id"] for node in legacy["nodes"]] == ["node1"]


def test_a_broken_file_is_a_fault_and_the_database_still_answers(
    manager: ConfigManager, locations: Locations
) -> None:
    locations.config.write_text("api: [", encoding="utf-8")
    manager.set_height(3)
    document = manager.effective()
    assert document.static.fault is not None
    assert document.get("current_height").value == 3
    with pytest.raises(NodedeckError, match=r"config\.yaml"):
        document.get("api.port")
