"""Rekeying moves every value at once, and whatever stops it, every value opens and it finishes."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import random
import signal
from collections.abc import Iterator
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from store import files
from store.errors import HalfDone, NodedeckError, SecretError, UsageError
from store.locations import Locations
from store.manager import ConfigManager
from store.sealing import keyfile, vault
from store.sealing import places as places_module
from store.sealing.places import State
from tests.support import foreign
from tests.support.audit_state import assert_sound
from tests.support.samples import NODE

PATHS = ("provider_configs.openai", "nodes.node1.security_key", "svc.token")
KILLS = 100
BOUNDED = 25


@pytest.fixture
def places(database: Path, tmp_path_factory: pytest.TempPathFactory) -> Locations:
    key = tmp_path_factory.mktemp("keys") / "master.key"
    return Locations(database.with_name("config.yaml"), database, key)


@pytest.fixture
def sealed(places: Locations) -> Iterator[ConfigManager]:
    with ConfigManager.open(places, actor="ops@host") as manager:
        manager.add_node(NODE)
        for path in PATHS:
            manager.set_secret(path, f"hunter2 of {path}")
        yield manager


def assert_all_open(manager: ConfigManager) -> None:
    for path in PATHS:
        assert manager.reveal_secret(path, reason="a test") == f"hunter2 of {path}"


def test_every_value_moves_and_the_old_key_stays(sealed: ConfigManager, database: Path) -> None:
    old = keyfile.create(sealed.master_key)
    moved = sealed.rekey_secrets(reason="yearly")
    assert (moved.count, moved.lost, moved.left) == (3, (), ())
    assert {each.key_id for each in sealed.secrets()} == {moved.key_id} != {old.id}
    assert [each.version for each in sealed.secrets()] == [1, 1, 1]
    assert_all_open(sealed)
    assert moved.retired is not None and keyfile.ring(sealed.master_key).retired == (old,)
    newest = sealed.history("svc.token", limit=1)[0]
    assert newest.reason == "yearly"
    assert "3 to key" in next(e.result for e in sealed.accesses() if e.act == "rekey")
    with foreign.connect(database) as db:
        assert_sound(db)


def test_an_older_value_comes_back_with_its_retired_key(sealed: ConfigManager) -> None:
    sealed.rekey_secrets()
    sealed.undo(sealed.secret("svc.token").change)
    assert_all_open(sealed)
    sealed.rekey_secrets()
    assert_all_open(sealed)


def test_there_must_be_a_key(manager: ConfigManager) -> None:
    with pytest.raises(UsageError, match="no master key"):
        manager.rekey_secrets()
    assert not manager.master_key.parent.exists()
    assert manager.accesses(limit=1)[0].result.startswith("failed: ")


def test_a_lost_value_stops_it_unless_it_may_stay(sealed: ConfigManager) -> None:
    stray = f"sealed:v1:{'0' * 16}:{'A' * 60}"
    sealed.database.execute_sql("UPDATE mlnode_security SET security_key=?", (stray,))
    before = sealed.database.rows("SELECT * FROM settings")
    with pytest.raises(SecretError, match=r"nodes\.node1\.security_key is sealed with"):
        sealed.rekey_secrets()
    assert sealed.database.rows("SELECT * FROM settings") == before
    moved = sealed.rekey_secrets(accept_lost=True)
    assert (moved.count, [each.place.path for each in moved.lost]) == (2, [PATHS[1]])
    assert sealed.database.rows("SELECT security_key FROM mlnode_security") == [(stray,)]


def test_one_that_fails_after_its_commit_says_how_to_finish(
    sealed: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Path) -> None:
        raise files.cannot("replace", sealed.master_key, OSError(28, "No space"), left="Again.")

    with monkeypatch.context() as broken:
        broken.setattr(keyfile, "retire", fails)
        with pytest.raises(HalfDone, match="Cannot replace"):
            sealed.rekey_secrets()
    assert_all_open(sealed)
    moved = sealed.rekey_secrets()
    assert moved.count == 0
    assert keyfile.ring(sealed.master_key).upcoming is None
    assert_all_open(sealed)


def _dies(places: Locations, target: object, name: str) -> None:
    """Rekey, and die as by kill -9 where a step begins."""
    setattr(target, name, lambda *_args, **_more: os.kill(os.getpid(), signal.SIGKILL))
    with ConfigManager.open(places, actor="victim@host") as manager:
        manager.rekey_secrets()


def _rekeys(places: Locations, ready: Event) -> None:
    """Rekey again and again, until somebody ends it."""
    with ConfigManager.open(places, actor="victim@host") as manager:
        ready.set()
        while True:
            manager.rekey_secrets()


@pytest.mark.parametrize(
    ("target", "name"),
    [
        (keyfile, "next_key"),
        (vault.Vault, "move"),
        (places_module, "write"),
        (keyfile, "retire"),
        (Path, "hardlink_to"),
        (Path, "replace"),
        (files, "sync_directory"),
    ],
)
def test_death_at_any_step_costs_nothing(
    sealed: ConfigManager, places: Locations, target: object, name: str
) -> None:
    sealed.close()
    process = multiprocessing.get_context("fork").Process(target=_dies, args=(places, target, name))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert_all_open(sealed)
    assert sealed.rekey_secrets().lost == ()
    assert keyfile.ring(sealed.master_key).upcoming is None
    assert_all_open(sealed)


@pytest.mark.parametrize("kills", [BOUNDED, pytest.param(KILLS, marks=pytest.mark.soak)])
def test_kill_9_at_random_moments(sealed: ConfigManager, places: Locations, kills: int) -> None:
    chance, context = random.Random(8), multiprocessing.get_context("fork")  # noqa: S311
    unfinished = 0
    for _ in range(kills):
        sealed.close()
        ready = context.Event()
        process = context.Process(target=_rekeys, args=(places, ready))
        process.start()
        assert ready.wait(30)
        # some runs live on to their second and third rekey
        process.join(chance.uniform(0.0, 0.06))
        process.kill()
        process.join()
        assert_all_open(sealed)
        unfinished += keyfile.upcoming_of(sealed.master_key).exists()
        with contextlib.suppress(FileNotFoundError):
            for old in sealed.master_key.parent.glob("master.key.????????????????"):
                if old.suffix[1:] not in {each.key_id for each in sealed.secrets()}:
                    old.unlink()
    assert unfinished > kills // 10, "or the kills came at harmless moments only"
    sealed.rekey_secrets()
    assert {each.state for each in sealed.secrets()} == {State.SEALED}
    assert len({each.key_id for each in sealed.secrets()}) == 1
    assert_all_open(sealed)


def test_two_at_once_wait_for_each_other(sealed: ConfigManager, places: Locations) -> None:
    sealed.close()
    context = multiprocessing.get_context("fork")
    both = [context.Process(target=_rekey_once, args=(places,)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]
    assert_all_open(sealed)
    assert len({each.key_id for each in sealed.secrets()}) == 1


def _rekey_once(places: Locations) -> None:
    with ConfigManager.open(places, actor="other@host") as manager:
        manager.rekey_secrets()


def test_a_key_that_cannot_be_written_changes_nothing(
    sealed: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(path: Path, _: bytes) -> None:
        raise files.cannot("write", path, OSError(28, "No space left on device"))

    monkeypatch.setattr(files, "write", fails)
    with pytest.raises(NodedeckError, match="Cannot write"):
        sealed.rekey_secrets()
    assert_all_open(sealed)
