"""Several sources while their import runs: told, broken off, uncut, and planned against once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from store.errors import Cancelled, VersionConflict
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing import receipts, rollback, unit
from store.importing.plan import Choices, Plan, Strategy
from store.importing.progress import Cancel, Phase
from store.importing.rollback import State
from tests.store.importing.samples import (
    ACTOR,
    RUNNING,
    database_leaves,
    on_disk,
    places,
    put,
    run,
)
from tests.support import foreign
from tests.support.clock import FixedClock


def made(folder: Path, choices: Choices | None = None, **texts: str) -> Plan:
    """The plan of some files of a folder, by stem; YAML each."""
    sources = [planning.load(put(folder, f"{name}.yaml", text)) for name, text in texts.items()]
    return engine.preview(sources, places(folder), choices)


def carry_out(plan: Plan, folder: Path, **how: Any) -> engine.Result:
    return engine.apply(plan, places(folder), actor=ACTOR, clock=FixedClock(), **how)


def receipt_of(result: engine.Result) -> dict[str, Any]:
    assert result.backup is not None
    kept: dict[str, Any] = json.loads(receipts.beside(result.backup).read_bytes())
    return kept


def named(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"state.db-wal", "state.db-shm"}


def test_broken_off_it_leaves_no_copy_of_any_file(tmp_path: Path) -> None:
    plan = made(tmp_path, config=RUNNING, other="svc: {a: 1}\n", third="web: {b: 2}\n")
    before, names = on_disk(tmp_path), named(tmp_path)
    writes = len(plan.writes)
    for stop in ((Phase.BACKUP, 1), (Phase.VERIFY, writes)):
        cancel, copies = Cancel(), set[str]()

        def heard(
            phase: Phase,
            done: int,
            _total: int,
            *,
            stop: tuple[Phase, int] = stop,
            cancel: Cancel = cancel,
            copies: set[str] = copies,
        ) -> None:
            if (phase, done) == stop:
                copies |= {name for name in named(tmp_path) if ".pre-migration." in name}
                cancel.ask()

        with pytest.raises(Cancelled, match=r"nothing is left of it\.$"):
            carry_out(plan, tmp_path, progress=heard, cancel=cancel)
        assert {name.split(".")[0] for name in copies} == {"config", "other", "third"}
        assert (on_disk(tmp_path), named(tmp_path)) == (before, names)
        assert unit.standing(places(tmp_path)) is None


def test_an_import_that_only_cuts_one_of_several_leaves_a_receipt(tmp_path: Path) -> None:
    choices = Choices().with_file(tmp_path / "other.yaml", strategy=Strategy.KEEP)
    texts = {"config": RUNNING, "other": "svc: {a: 1}\n"}
    assert carry_out(made(tmp_path, choices, **texts), tmp_path).receipt == 1
    cut = carry_out(made(tmp_path, choices, **texts), tmp_path, rewrite=True)
    assert (cut.receipt, cut.cut) == (2, (tmp_path / "config.yaml",))
    kept = receipt_of(cut)
    assert kept["choices"]["files"][0]["strategy"] == "keep"
    assert list(kept["backups"]) == [str(tmp_path / "other.yaml")]
    back = rollback.plan(places(tmp_path), None, State.BEFORE)
    rollback.apply(back, places(tmp_path), actor=ACTOR, clock=FixedClock())
    assert (tmp_path / "config.yaml").read_text() == RUNNING


def test_a_plan_stands_with_its_choices_until_the_database_gives_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = places(tmp_path)
    run(put(tmp_path, "first.yaml", "svc: {a: 0, b: 0}\n"), at)
    choices = Choices().with_row("svc.a", strategy=Strategy.REPLACE)
    texts = {"one": "svc: {a: 1, b: 1}\n", "two": "web: {c: 1}\n"}
    plan = made(tmp_path, choices, **texts)
    with monkeypatch.context() as patch:
        patch.setattr("store.importing.rehearsal._READABLE", 0)  # which reads its export by one
        patch.setattr(planning, "make", None)  # nothing moved: no second plan
        carry_out(plan, tmp_path)
    assert {name: database_leaves(at)[name] for name in ("svc.a", "svc.b", "web.c")} == {
        "svc.a": 1,
        "svc.b": 0,
        "web.c": 1,
    }
    texts["one"] = "svc: {a: 2, b: 2}\n"
    plan = made(tmp_path, choices, **texts)
    foreign.write(at.database, foreign.node("n"))
    assert carry_out(plan, tmp_path).receipt == 3  # planned again with the choices, and the same
    plan = made(tmp_path, choices, one="svc: {a: 3}\n", two="web: {d: 1}\n")
    foreign.write(at.database, "UPDATE settings SET value_json='3' WHERE key='a'")
    with pytest.raises(VersionConflict, match="database was changed since the plan"):
        carry_out(plan, tmp_path)
    assert "web.d" not in database_leaves(at)


def test_an_import_of_a_database_alone_is_taken_back_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    run(put(there, "config.yaml", RUNNING), places(there))
    plan = engine.preview([planning.load(places(there).database)], places(here))

    class Killed(BaseException):
        """As a killed process: nothing that follows is done."""

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("store.importing.writing.commit", killed)
        patch.setattr(unit, "_take_back", killed)
        with pytest.raises(Killed):
            carry_out(plan, here)
    left = unit.load(places(here))
    assert left is not None
    assert (left.parts, left.also, left.of) == ((), (), (places(there).database,))
    recovered = unit.recover(places(here))
    assert recovered is not None
    assert not recovered.finished
    assert named(here) == set()
    assert carry_out(plan, here).receipt == 1
    back = rollback.plan(places(here), None, State.BEFORE)
    assert rollback.apply(back, places(here), actor=ACTOR, clock=FixedClock()) == 2
    assert (database_leaves(places(here)), list(here.glob("config.yaml*"))) == ({}, [])
    again = "taken back already"
    with pytest.raises(VersionConflict, match=again):
        rollback.apply(back, places(here), actor=ACTOR, clock=FixedClock())


def test_a_number_beyond_json_in_the_database_is_told_in_a_receipt(tmp_path: Path) -> None:
    at = places(tmp_path)
    run(put(tmp_path, "first.yaml", "svc: {a: 1}\n"), at)
    foreign.write(at.database, "UPDATE settings SET value_json='1e999' WHERE key='a'")
    done = run(put(tmp_path, "second.yaml", "svc: {a: 2, b: 1}\n"), at)
    there = {item["path"]: item["present"] for item in receipt_of(done)["items"]}
    assert there == {"svc.a": "inf", "svc.b": None}
