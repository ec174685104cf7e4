"""The transaction of an import: what is read back, what it was planned against, its receipt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from store import files
from store.errors import CannotCut, HalfDone, NodedeckError, VersionConflict
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing import receipts, rollback, standing, unit
from store.importing.rollback import State
from store.locations import Locations
from store.manager import ConfigManager
from store.paths import Kind
from store.sealing.vault import Put, Vault
from tests.store.importing.samples import (
    ACTOR,
    RUNNING,
    SECRET,
    database_leaves,
    on_disk,
    places,
    plan,
    put,
    run,
)
from tests.support import foreign
from tests.support.audit_state import assert_sound
from tests.support.clock import FixedClock
from tests.support.writer import FIRST_HEIGHT, writer

UNCUTTABLE = "api: &x {port: 1}\nnew_params: &y {a: 1}\nrack: *y\n"


def carry_out(
    made: planning.Plan,
    at: Locations,
    *,
    rewrite: bool = False,
    or_keep: bool = False,
    seal: bool = False,
) -> engine.Result:
    return engine.apply(
        made,
        at,
        actor=ACTOR,
        clock=FixedClock(),
        rewrite=rewrite,
        or_keep=or_keep,
        seal=seal,
        reason="moving in",
    )


def receipt_of(result: engine.Result) -> dict[str, object]:
    assert result.backup is not None
    kept: dict[str, object] = json.loads(receipts.beside(result.backup).read_bytes())
    return kept


# what it was planned against


def test_where_nothing_moved_no_second_plan_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = places(tmp_path)
    made = plan(put(tmp_path, "n.json", '[{"id": "a"}]'), at)
    monkeypatch.setattr("store.importing.rehearsal._READABLE", 0)  # which reads its export by one
    with monkeypatch.context() as patch:
        patch.setattr(planning, "make", None)
        assert carry_out(made, at).receipt == 1
    made = plan(put(tmp_path, "m.json", '[{"id": "b"}]'), at)
    foreign.write(at.database, foreign.node("c"))
    assert carry_out(made, at).receipt == 2  # planned again, and the plan is the same
    assert {"nodes.a.host", "nodes.b.host", "nodes.c.host"} <= database_leaves(at).keys()


def test_a_setting_that_was_declared_a_secret_meanwhile_is_a_conflict(tmp_path: Path) -> None:
    at = places(tmp_path)
    run(put(tmp_path, "first.yaml", "other: {a: 1}\n"), at)
    made = plan(put(tmp_path, "s.yaml", "svc: {pin: blue}\n"), at)
    pin = {"pin": {"type": "string", "secret": True}}
    with ConfigManager.open(at, actor=ACTOR) as manager:
        manager.load_schema({"properties": pin}, service="svc")
    with pytest.raises(VersionConflict, match="changed since the plan was made"):
        carry_out(made, at)
    assert "svc.pin" not in database_leaves(at)


HOSTILE = ["plain", "node-2.rack4", 'quo"te', "ü", "a b", "\\", "x'41'", "1", "*"]


def test_values_asked_for_together_are_those_asked_for_one_by_one(tmp_path: Path) -> None:
    at = places(tmp_path)
    listed = [{"id": each, "host": f"h-{each}"} for each in HOSTILE]
    run(put(tmp_path, "n.json", json.dumps(listed)), at)
    texts = {"a": 1, "b": [], "c": "x"}
    run(put(tmp_path, "s.json", json.dumps({"svc": {**texts, "null": None, 'd"ot.': True}})), at)
    foreign.write(at.database, "UPDATE inference_nodes SET models='{' WHERE id='plain'")
    with ConfigManager.open(at, actor=ACTOR, read_only=True) as manager:
        db = manager.database
        with db.reading():
            asked = [
                (path, Kind.NODE if path.startswith("nodes.") else Kind.SETTING)
                for (path,) in db.rows("SELECT DISTINCT path FROM audit_log")
            ]
            asked += [("nodes.none", Kind.NODE), ("svc.none", Kind.SETTING)]
            alone = [standing.present_in(db)(*each) for each in asked]
            present = standing.present_in(db)
            for each in asked * 10:  # often enough
                present(*each)
            assert [present(*each) for each in asked] == alone
    assert alone.count(planning.ABSENT) == 2


# reading back


def test_a_sealed_value_is_read_back_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at = places(tmp_path)
    made = plan(put(tmp_path, "s.yaml", f"svc: {{password: {SECRET}, a: 1}}\n"), at)
    before = on_disk(tmp_path)
    sealed = Vault.put

    def other(self: Vault, place: object, value: object, beside: object) -> Put:
        live = self.db.path == at.database  # the rehearsal would see it, too
        return sealed(self, place, f"{value}!" if live else value, beside)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Vault, "put", other)
        with pytest.raises(NodedeckError, match=r"svc\.password did not read back") as failed:
            carry_out(made, at, seal=True)
    assert SECRET not in str(failed.value)
    assert on_disk(tmp_path) == before
    assert carry_out(made, at, seal=True).receipt == 1


# the receipt


def test_a_receipt_tells_all_of_an_import(tmp_path: Path) -> None:
    at = places(tmp_path)
    made = plan(put(tmp_path, "config.yaml", RUNNING), at)
    result = carry_out(made, at, rewrite=True)
    kept = receipt_of(result)
    clock = FixedClock()()
    assert {name: kept[name] for name in ("at", "actor", "host", "reason", "role", "uncut")} == {
        "at": clock.isoformat(timespec="milliseconds"),
        "actor": ACTOR,
        "host": os.uname().nodename,
        "reason": "moving in",
        "role": "node configuration",
        "uncut": "",
    }
    assert kept["digest"] == files.digest(RUNNING.encode())
    assert kept["digest_after"] == files.digest(at.config.read_bytes())
    assert kept["items"] == [row.as_json() for row in result.plan.rows]
    assert kept["totals"] == result.plan.totals
    assert kept["backup"] == str(result.backup)


def test_an_import_that_only_cuts_leaves_a_receipt_and_can_be_taken_back(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    run(file, at)
    leaves = database_leaves(at)
    cut = run(file, at, rewrite=True)
    assert (cut.receipt, cut.rewritten, receipt_of(cut)["changes"]) == (2, True, [14, 13])
    planned = rollback.plan(at, None, State.BEFORE)
    assert (planned.receipt, planned.entities, planned.needs_force) == (2, (), False)
    rollback.apply(planned, at, actor=ACTOR, clock=FixedClock())
    assert (file.read_text(), database_leaves(at)) == (RUNNING, leaves)
    assert rollback.plan(at, None, State.NOW).receipt == 1  # the one before is next


def test_a_static_number_that_json_lacks_is_imported_around(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", "current_height: 5\napi: {x: .inf}\n"), places(tmp_path)
    result = run(file, at, rewrite=True)
    items = {item["path"]: item["value"] for item in receipt_of(result)["items"]}  # type: ignore[attr-defined]
    assert items == {"current_height": 5, "api.x": ".inf"}
    assert file.read_text() == "api: {x: .inf}\n"


# where the file cannot be cut


def test_the_database_part_stands_or_not_as_was_chosen(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", UNCUTTABLE), places(tmp_path)
    made = plan(file, at)
    with pytest.raises(CannotCut):
        carry_out(made, at, rewrite=True)
    assert not at.database.exists()
    result = carry_out(made, at, rewrite=True, or_keep=True)
    assert (file.read_text(), database_leaves(at)["new_params.a"]) == (UNCUTTABLE, 1)
    assert not result.rewritten
    assert result.uncut.startswith("The keys cannot be cut out of the text: ")
    assert result.uncut.endswith("Remove by hand the lines 2 (new_params).")
    assert receipt_of(result)["uncut"] == result.uncut
    again = run(file, at)
    assert again.nothing_to_do


# others who write meanwhile


def test_a_daemon_may_commit_all_the_while(tmp_path: Path) -> None:
    at = places(tmp_path)
    run(put(tmp_path, "first.yaml", "current_height: 1\n"), at)
    listed = [{"id": f"n{number}", "host": "h"} for number in range(200)]
    file = put(tmp_path, "n.json", json.dumps(listed))
    with writer(at.database, rate=100, seconds=60) as daemon:
        daemon.start()
        for number in range(2):
            listed[number]["host"] = "other"
            file.write_text(json.dumps(listed))
            made = plan(file, at, strategy=planning.Strategy.REPLACE)
            assert not carry_out(made, at).nothing_to_do
        assert daemon.writing
    leaves = database_leaves(at)
    assert leaves["current_height"] >= FIRST_HEIGHT
    assert [leaves[f"nodes.n{number}.host"] for number in range(3)] == ["other"] * 2 + ["h"]
    with foreign.connect(at.database) as db:
        assert_sound(db)


_REWRITER = """
import os, select, sys
path, text, number = sys.argv[1], open(sys.argv[1]).read(), 2000000
print("ready", flush=True)
while not select.select([sys.stdin], [], [], 0.001)[0]:
    number += 1
    with open(path + ".new", "w") as file:
        file.write(text.replace("1934882", str(number)))
    os.replace(path + ".new", path)
"""


def test_a_daemon_that_rewrites_the_file_loses_nothing_and_nothing_is_half_done(
    tmp_path: Path,
) -> None:
    """Whatever the moment: refused with nothing changed, or committed and said to be half done."""
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    with subprocess.Popen(
        (sys.executable, "-c", _REWRITER, str(file)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as daemon:
        assert daemon.stdin is not None
        assert daemon.stdout is not None
        try:
            daemon.stdout.readline()
            made = plan(file, at)
            while file.read_bytes() == made.source.data:
                pass
            with pytest.raises((VersionConflict, HalfDone)) as failed:
                carry_out(made, at, rewrite=True)
        finally:
            daemon.stdin.close()
            daemon.wait()
    assert isinstance(failed.value, VersionConflict)
    assert "--wait waits until nobody does" in failed.value.hint
    assert not at.database.exists()
    assert unit.standing(at) is None
    assert b"current_height: 2" in file.read_bytes()


def test_an_edit_of_a_large_file_after_the_commit_is_seen_at_once(tmp_path: Path) -> None:
    """Whether it is part old, part new is asked of every byte: that must not cost their square."""
    filler = "".join(f"# line {number} of many\n" for number in range(60_000))
    file, at = put(tmp_path, "config.yaml", filler + "current_height: 5\n"), places(tmp_path)
    made = plan(file, at)

    def edited(path: Path, _: bytes) -> None:
        path.write_bytes(path.read_bytes().replace(b"line 3 of", b"line 4 of"))
        raise NodedeckError("stopped")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "put", edited)
        with pytest.raises(HalfDone):
            carry_out(made, at, rewrite=True)
    with pytest.raises(HalfDone, match="was changed meanwhile"):
        unit.recover(at)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_where_only_the_files_directory_cannot_be_written_nothing_is_done(tmp_path: Path) -> None:
    config, state = tmp_path / "config", tmp_path / "state"
    config.mkdir()
    state.mkdir()
    file, at = (
        put(config, "config.yaml", RUNNING),
        Locations(config / "config.yaml", state / "s.db"),
    )
    made = plan(file, at)
    state.chmod(0o777)
    config.chmod(0o555)
    for folder in tmp_path.parents[:3]:
        if folder != Path("/tmp"):  # noqa: S108
            folder.chmod(folder.stat().st_mode | 0o055)
    tmp_path.chmod(0o755)
    file.chmod(0o644)
    os.seteuid(65534)
    try:
        with pytest.raises(NodedeckError, match="permission denied"):
            carry_out(made, at, rewrite=True)
    finally:
        os.seteuid(0)
    assert on_disk(config) == {"config.yaml": RUNNING.encode()}
    assert not list(state.iterdir())
