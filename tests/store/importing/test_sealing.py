"""Secrets of imported files: proposed, sealed when asked, and otherwise left where they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from store import database
from store.door import Door
from store.errors import InvalidValue, NodedeckError, VersionConflict
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing import suspicion
from store.importing.plan import Action, Role, Strategy
from store.locations import Locations
from store.manager import ConfigManager
from store.operations import recording
from store.sealing.places import State
from tests.store.importing.samples import ACTOR, SECRET, on_disk, places, plan, put
from tests.support import foreign
from tests.support.clock import FixedClock

PEM = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----"
TOKEN = "aB3xK9mQ2zR7vL5tW8nY"
FILE = {"svc": {"port": 1, "password": SECRET, "cert": PEM, "blob": TOKEN, "nested": {"pw": "xyz"}}}
PROPOSED = ["svc.password", "svc.cert", "svc.blob", "svc.nested.pw"]
PROVIDERS = {
    "openai": {"api_key": f"{SECRET}-1", "base_url": "https://a.example", "model": "gpt-x"},
    "other": {"key": f"{SECRET}-2"},
    "plain": f"{SECRET}-3",
}


def seal(made: planning.Plan, at: Locations, *, rewrite: bool = False) -> engine.Result:
    return engine.apply(made, at, actor=ACTOR, clock=FixedClock(), rewrite=rewrite, seal=True)


def opened(at: Locations, path: str) -> Any:
    with ConfigManager.open(at, actor=ACTOR) as manager:
        return manager.reveal_secret(path, reason="a test")


def settings_file(folder: Path, content: Any = FILE) -> Path:
    return put(folder, "svc.json", json.dumps(content, indent=1))


def test_they_are_proposed_masked(tmp_path: Path) -> None:
    made = plan(settings_file(tmp_path), places(tmp_path))
    assert [row.path for row in made.rows if row.action is Action.SEAL] == PROPOSED
    shown = planning.as_json(made)
    assert {row["destination"] for row in shown["items"]} == {"database", "secret"}
    for value in (SECRET, TOKEN, "xyz"):
        assert value not in f"{json.dumps(shown)}{made.rows}{made.seals}{made.writes}"


def test_unasked_they_stay_in_the_file(tmp_path: Path) -> None:
    file, at = settings_file(tmp_path), places(tmp_path)
    engine.apply(plan(file, at), at, actor=ACTOR, clock=FixedClock(), rewrite=True)
    left = json.loads(file.read_text())
    assert left["svc"] == {name: FILE["svc"][name] for name in FILE["svc"] if name != "port"}
    with ConfigManager.open(at, actor=ACTOR) as manager:
        assert manager.secrets() == []


def test_asked_they_are_sealed_in_the_same_transaction_and_cut(tmp_path: Path) -> None:
    file, at = settings_file(tmp_path), places(tmp_path)
    result = seal(plan(file, at), at, rewrite=True)
    assert result.rewritten
    assert SECRET not in file.read_text()
    assert TOKEN not in file.read_text()
    assert opened(at, "svc.password") == SECRET
    assert opened(at, "svc.cert") == PEM
    assert opened(at, "svc.blob") == TOKEN
    with ConfigManager.open(at, actor=ACTOR) as manager:
        assert {each.state for each in manager.secrets()} == {State.SEALED}
        acts = [(each.act, each.path) for each in manager.accesses() if each.act == "import"]
        (receipt, *_) = manager.database.rows("SELECT receipt_json FROM imports")
    assert sorted(acts) == sorted(("import", path) for path in PROPOSED)
    assert SECRET not in receipt[0]
    files = on_disk(tmp_path)
    clear = [name for name, data in files.items() if SECRET.encode() in bytes(data)]  # type: ignore[arg-type]
    assert clear == [result.backup.name] if result.backup else clear == []


def test_again_there_is_nothing_to_do(tmp_path: Path) -> None:
    file, at = settings_file(tmp_path), places(tmp_path)
    seal(plan(file, at), at)
    again = seal(plan(file, at), at)
    assert again.nothing_to_do
    assert all(row.action in (Action.STAY, Action.EQUAL) for row in again.plan.rows)
    seal(plan(file, at, strategy=Strategy.REPLACE), at)
    with ConfigManager.open(at, actor=ACTOR) as manager:
        assert {each.version for each in manager.secrets()} == {1}


def test_a_fault_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, at = settings_file(tmp_path), places(tmp_path)
    made, before = plan(file, at), file.read_bytes()
    real = recording.record
    seen: list[str] = []

    def failing(door: Door, act: str, path: str, *more: Any) -> None:
        seen.append(path)
        if len(seen) == len(PROPOSED) + 3:  # the first round is the rehearsal's
            raise NodedeckError("a fault")
        real(door, act, path, *more)

    monkeypatch.setattr(recording, "record", failing)
    with pytest.raises(NodedeckError, match="a fault"):
        seal(made, at, rewrite=True)
    assert file.read_bytes() == before
    assert not at.database.exists() or database.blank(at.database)


def test_a_value_that_is_sealed_text_is_refused_whole(tmp_path: Path) -> None:
    text = "sealed:v1:0123456789abcdef:QUJD"
    file, at = settings_file(tmp_path, {"svc": {"a": 1, "token": text}}), places(tmp_path)
    with pytest.raises(InvalidValue, match="not sealed text"):
        seal(plan(file, at), at)
    assert not at.database.exists() or database.blank(at.database)


def test_what_came_meanwhile_is_a_conflict(
    manager: ConfigManager, locations: Locations, tmp_path: Path
) -> None:
    made = plan(settings_file(tmp_path), locations)
    manager.set_secret("svc.password", "another-value")
    with pytest.raises(VersionConflict):
        seal(made, locations)
    assert manager.reveal_secret("svc.password", reason="a test") == "another-value"


def test_one_that_the_database_has_in_clear_is_an_operators_decision(
    database: Path, locations: Locations, tmp_path: Path
) -> None:
    foreign.write(
        database,
        "INSERT INTO settings(service,key,type,value_json) VALUES('svc','blob','string','\"x\"')",
    )
    made = plan(settings_file(tmp_path, {"svc": {"blob": TOKEN}}), locations)
    assert [str(row.action) for row in made.rows] == ["conflict"]


def test_the_daemons_own_stay_where_it_reads_them(tmp_path: Path) -> None:
    text = f"ml_node_key_config: {{worker_private: {SECRET}}}\nother: {{blob: {TOKEN}}}\n"
    made = plan(put(tmp_path, "config.yaml", text), places(tmp_path), role=Role.NODE_CONFIG)
    assert made.seals == ()
    (key, other) = made.rows
    assert (key.action, key.value, other.value) == (Action.STAY, "********", "********")
    assert "the daemon reads it there" in key.reason


def test_provider_keys_are_sealed_with_what_stands_beside(tmp_path: Path) -> None:
    file, at = put(tmp_path, "provider_keys.json", json.dumps(PROVIDERS)), places(tmp_path)
    made = plan(file, at)
    assert (made.source.role, len(made.seals)) == (Role.PROVIDERS, 3)
    assert SECRET not in f"{json.dumps(planning.as_json(made))}{made}".replace(str(made.source), "")
    result = seal(made, at, rewrite=True)
    assert json.loads(file.read_text()) == {}
    assert opened(at, "provider_configs.plain") == f"{SECRET}-3"
    with ConfigManager.open(at, actor=ACTOR) as manager:
        rows = manager.database.rows("SELECT provider, base_url, model FROM provider_configs")
    assert rows[0] == ("openai", "https://a.example", "gpt-x")
    assert result.receipt == 1


def test_by_its_name_a_file_of_provider_keys_never_becomes_settings(tmp_path: Path) -> None:
    more = {"hosted": {"api_key": SECRET, "base_url": "https://a.example"},
            "local": {"api_key": "", "base_url": "http://127.0.0.1", "models": ["a", "b"]},
            "version": 2}  # fmt: skip
    file, at = put(tmp_path, "provider_keys.json", json.dumps(more)), places(tmp_path)
    made = plan(file, at)
    assert made.source.role is Role.PROVIDERS
    assert {row.path: str(row.action) for row in made.rows} == {
        "provider_configs.hosted.api_key": "seal",
        "provider_configs.hosted.base_url": "seal",
        "provider_configs.local.api_key": "stay",
        "provider_configs.local.base_url": "stay",
        "provider_configs.local.models": "stay",
        "version": "stay",
    }
    seal(made, at, rewrite=True)
    assert json.loads(file.read_text()) == {name: more[name] for name in ("local", "version")}


def test_provider_keys_unasked_stay(tmp_path: Path) -> None:
    file, at = put(tmp_path, "provider_keys.json", json.dumps(PROVIDERS)), places(tmp_path)
    done = engine.apply(plan(file, at), at, actor=ACTOR, clock=FixedClock(), rewrite=True)
    assert done.nothing_to_do
    assert not at.database.exists()


def test_a_list_of_providers(tmp_path: Path) -> None:
    listed = [{"provider": "a", "api_key": SECRET, "odd": 1}, {"name": "b", "key": ""}, 7]
    file, at = put(tmp_path, "keys.json", json.dumps(listed)), places(tmp_path)
    made = plan(file, at, role=Role.PROVIDERS)
    told = {row.path: (str(row.action), row.value) for row in made.rows}
    assert told == {
        "provider_configs.a.api_key": ("seal", "********"),
        "provider_configs.a.odd": ("stay", 1),
        "provider_configs.b.api_key": ("stay", "********"),
        "2": ("stay", "7") if told.get("2") == ("stay", "7") else ("stay", 7),
    }
    seal(made, at)
    assert opened(at, "provider_configs.a") == SECRET


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("svc.blob", TOKEN),
        ("svc.blob", "Zm9vYmFyIGJheiBx4pyTIGFuZCBtb3JlIG9mIGl0"),
        ("svc.x", "k3j9x8q2w7e5r1t6y4u0p9a8"),
        ("webhook.value", "whsec_a8F3kL0pQ9zX7cV5bN2m"),
    ],
)
def test_random_text_is_proposed(path: str, text: str) -> None:
    assert suspicion.why(path.split("."), text) == suspicion.BY_CHANCE


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("svc.account", "gonka1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5lzv7xu"),
        ("svc.owner", "cosmos1qypqxpq9qcrsszg2pvxq6rs0zqg3yyc5lzv7xu"),
        ("svc.owner", "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2"),
        ("svc.owner", "0x52908400098527886E0F7030069857D2E4169EE7"),
        ("current_seed.signature", "aB3xK9mQ2zR7vL5tW8nY"),
        ("svc.seed", "8f14e45fceea167a5a36dedd4bea2543e5f1c6b7a8d9e0f1"),
        ("svc.public_key", "AqF3kL0pQ9zX7cV5bN2mAqF3kL0pQ9zX7cV5bN2mAqF="),
        ("svc.worker_public", "aB3xK9mQ2zR7vL5tW8nY"),
        ("svc.key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHunter2Hunter2"),
        ("svc.x", "AAAAC3NzaC1lZDI1NTE5AAAAIHq9zX7cV5bN2maB3xK9mQ2z"),
        ("svc.x", "123e4567-e89b-12d3-a456-426614174000"),
        ("svc.x", "12D3KooWGzBvLqJ8xZ9mQ2zR7vL5tW8nYaB3xK9mQ2z"),
        ("svc.picture_data", "aB3xK9mQ2zR7vL5tW8nY"),
        ("svc.x", "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"),
        ("svc.x", "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"),
        ("svc.x", "Qwen/Qwen3-235B-A22B-Instruct-2507-FP8"),
        ("svc.x", "meta-llama/Meta-Llama-3.1-405B-Instruct"),
        ("svc.x", "MetaLlama31InstructTurbo"),
        ("svc.x", "https://api.example.com/v1/aB3xK9mQ2zR7vL5tW8nY"),
        ("svc.x", "sha256-aB3xK9mQ2zR7vL5tW8nYaB3xK9mQ2zR7vL5tW8nY="),
        ("svc.x", "registry.example.com/team/service-image-v1.2.3"),
        ("svc.x", "api-7d9f8b6c5d-x2x4z.default.svc.cluster.local"),
        ("svc.x", "/var/lib/nodedeck/models/checkpoint000123"),
        ("svc.x", "2025-10-22T09:30:00.123456Z"),
        ("svc.x", "NVIDIA_H100_80GB_HBM3_79GB"),
        ("svc.x", "TheQuickBrownFoxJumpsOverTheLazyDog2"),
        ("svc.x", "abcdefghijklmnopqrstuvwxyz0123456789"),
        ("svc.x", "11111111111111111111111111"),
        ("svc.x", "short1A"),
        ("svc.x", "a plain sentence with 12 Words and more to it"),
    ],
)
def test_public_and_readable_text_is_not(path: str, text: str) -> None:
    assert suspicion.why(path.split("."), text) == ""
