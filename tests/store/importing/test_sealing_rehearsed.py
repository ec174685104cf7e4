"""What is to be sealed is sealed and opened in a copy first, and nobody is told any of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from store.errors import NodedeckError, Refused, SecretError
from store.importing import apply as engine
from store.locations import Locations
from store.sealing import keyfile, seals
from store.sealing.keyfile import MasterKey
from store.sealing.vault import Vault
from tests.store.importing.samples import ACTOR, SECRET, on_disk, plan, put
from tests.support.clock import FixedClock

FILE = {"svc": {"port": 1, "password": SECRET, "auth_token": {"pw": f"{SECRET}-2", "n": 1}}}


@pytest.fixture
def at(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Locations:
    """A host without a database, and the place of a key that is not there yet."""
    key = tmp_path_factory.mktemp("keys") / "master.key"
    put(tmp_path, "svc.json", json.dumps(FILE))
    return Locations(tmp_path / "config.yaml", tmp_path / "state.db", key)


def sealed(at: Locations) -> engine.Result:
    made = plan(at.config.with_name("svc.json"), at)
    return engine.apply(made, at, actor=ACTOR, clock=FixedClock(), rewrite=True, seal=True)


def key_of(at: Locations) -> Path:
    assert at.master_key is not None
    return at.master_key


def keys_used(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the keys that values are sealed with from now on, in their order."""
    used: list[str] = []
    real = seals.seal

    def noted(key: MasterKey, place: str, value: str) -> str:
        used.append(key.id)
        return real(key, place, value)

    monkeypatch.setattr(seals, "seal", noted)
    return used


def test_it_is_done_with_the_key_that_there_is(
    at: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = keyfile.create(key_of(at))
    used = keys_used(monkeypatch)
    done = sealed(at)
    count = len(done.plan.seals)
    assert (count > 1, used) == (True, [key.id] * 2 * count)
    imported = sum(str(row.action) == "add" for row in done.plan.rows)
    assert done.rehearsed == imported + count


def test_without_a_key_it_makes_none_and_the_import_does(
    at: Locations, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = keys_used(monkeypatch)
    count = len(sealed(at).plan.seals)
    made = keyfile.ring(key_of(at)).present
    assert made is not None
    assert used[count:] == [made.id] * count
    assert len(set(used[:count])) == 1
    assert made.id not in used[:count]


@pytest.mark.parametrize("found", ["another-value", SecretError("It does not open.")])
def test_what_does_not_come_back_stops_the_import_before_anything_is_touched(
    at: Locations, monkeypatch: pytest.MonkeyPatch, found: str | SecretError
) -> None:
    def opened(_: Vault, __: object) -> Any:
        if isinstance(found, SecretError):
            raise found
        return found

    before = on_disk(at.config.parent)
    monkeypatch.setattr(Vault, "open", opened)
    with pytest.raises(NodedeckError, match=r"did not give back svc\.password, svc\.") as caught:
        sealed(at)
    assert SECRET not in f"{caught.value}{caught.value.hint}"
    assert "another-value" not in str(caught.value)
    assert on_disk(at.config.parent) == before
    assert not key_of(at).exists()


def test_a_key_that_is_none_stops_it_there_too(at: Locations) -> None:
    key_of(at).write_text("oops")
    before = on_disk(at.config.parent)
    with pytest.raises(SecretError, match="is no master key"):
        sealed(at)
    assert on_disk(at.config.parent) == before


def test_so_does_a_place_beside_the_database(at: Locations) -> None:
    before = on_disk(at.config.parent)
    beside = Locations(at.config, at.database, at.config.with_name("master.key"))
    with pytest.raises(Refused, match="no key was made"):
        sealed(beside)
    assert on_disk(at.config.parent) == before
