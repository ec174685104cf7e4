"""Several files that one import cuts: what it leaves half done, and what brings them back."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from store import backup as backups
from store import files
from store.errors import CannotCut, HalfDone, NodedeckError, Refused, VersionConflict
from store.importing import apply as engine
from store.importing import journal, receipts, rollback, unit, writing
from store.importing import plan as planning
from store.importing.plan import Choices, Plan
from store.importing.rollback import State
from store.locations import journal_of
from store.manager import ConfigManager
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

SETTINGS = "svc: {a: 1}   # one\nrack: {}\n"
CUT = "rack: {}\n"
UNCUTTABLE = "api: &x {port: 1}\nnew_params: &y {a: 1}\nrack: *y\n"


@pytest.fixture(autouse=True)
def _no_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rehearsal works on a copy of the database, and knows of no file."""
    monkeypatch.setattr("store.importing.rehearsal.rehearse", lambda *_, **__: 0)


def made(folder: Path, choices: Choices | None = None, **texts: str) -> Plan:
    """The plan of some files of a folder, by stem; YAML each."""
    sources = [planning.load(put(folder, f"{name}.yaml", text)) for name, text in texts.items()]
    return engine.preview(sources, places(folder), choices)


def carry_out(plan: Plan, folder: Path, **how: Any) -> engine.Result:
    return engine.apply(plan, places(folder), actor=ACTOR, clock=FixedClock(), rewrite=True, **how)


def taken_back(folder: Path, state: State) -> rollback.Rollback:
    planned = rollback.plan(places(folder), None, state)
    rollback.apply(planned, places(folder), actor=ACTOR, clock=FixedClock())
    assert unit.standing(places(folder)) is None
    return planned


def texts(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text() for path in sorted(folder.glob("*.yaml"))}


def stopped_at(name: str, plan: Plan, folder: Path, meanwhile: Callable[[], object]) -> HalfDone:
    """An import whose disk is full at one of its files, after what happens meanwhile."""
    real = files.put

    def put_or_fail(path: Path, data: bytes) -> None:
        if path.stem == name:
            meanwhile()
            raise NodedeckError(f"Cannot write {path}: no space left on device.")
        real(path, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "put", put_or_fail)
        with pytest.raises(HalfDone) as half:
            carry_out(plan, folder)
    return half.value


def test_each_is_cut_and_the_receipt_names_all(tmp_path: Path) -> None:
    done = carry_out(made(tmp_path, config=RUNNING, svc=SETTINGS), tmp_path)
    assert done.cut == (tmp_path / "config.yaml", tmp_path / "svc.yaml")
    assert (texts(tmp_path)["svc"], done.rewritten, done.remains) == (CUT, True, ())
    assert any("# one" in comment for comment in done.comments)
    assert done.backup is not None
    kept = json.loads(receipts.beside(done.backup).read_bytes())
    assert [each["file_path"] for each in kept["cut"]] == [str(each) for each in done.cut]
    assert [Path(each["backup"]).read_text() for each in kept["cut"]] == [RUNNING, SETTINGS]
    for state in State:
        planned = taken_back(tmp_path, state)
        assert [each.file for each in planned.files] == list(done.cut)
        assert not planned.needs_force
        assert texts(tmp_path) == {"config": RUNNING, "svc": SETTINGS}
    assert database_leaves(places(tmp_path)) == {}


def test_where_one_cannot_be_cut_nothing_is_done_or_the_others_are(tmp_path: Path) -> None:
    plan = made(tmp_path, config=RUNNING, svc=UNCUTTABLE)
    before = on_disk(tmp_path)
    with pytest.raises(CannotCut, match=r"svc\.yaml"):
        carry_out(plan, tmp_path)
    assert on_disk(tmp_path) == before
    done = carry_out(plan, tmp_path, or_keep=True)
    assert done.cut == (tmp_path / "config.yaml",)
    ((path, why),) = done.kept
    assert (path, "Remove by hand the lines 2 (new_params)" in why) == (tmp_path / "svc.yaml", True)
    assert (texts(tmp_path)["svc"], database_leaves(places(tmp_path))["new_params.a"]) == (
        UNCUTTABLE,
        1,
    )
    assert [each.file for each in taken_back(tmp_path, State.BEFORE).files] == [done.cut[0]]


def test_a_full_disk_at_the_second_leaves_what_can_be_finished_or_taken_back(
    tmp_path: Path,
) -> None:
    at = places(tmp_path)
    plan = made(tmp_path, config=RUNNING, svc=SETTINGS)
    half = stopped_at("svc", plan, tmp_path, lambda: None)
    assert f"but {tmp_path / 'svc.yaml'} was not rewritten. Cannot write" in half.message
    assert f"Copies: {tmp_path / 'svc.yaml'}.pre-migration." in half.hint
    left = unit.standing(at)
    assert left is not None
    told, _ = unit.told(at, left)
    named = f"{tmp_path / 'config.yaml'} and {tmp_path / 'svc.yaml'}"
    unfinished = f"with {tmp_path / 'svc.yaml'} unfinished"
    assert told.startswith(f"An import of {named} was stopped half-way, {unfinished}: the next")
    before = on_disk(tmp_path)
    recovered = unit.recover(at)
    assert recovered is not None
    assert recovered.finished
    assert texts(tmp_path)["svc"] == CUT
    for name, data in before.items():  # as it was left, once more
        (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
    assert unit.standing(at) is not None
    planned = taken_back(tmp_path, State.BEFORE)
    assert planned.rewritten == (tmp_path / "config.yaml",)
    assert texts(tmp_path) == {"config": RUNNING, "svc": SETTINGS}


def test_where_one_was_edited_no_other_is_touched_until_it_is_settled(tmp_path: Path) -> None:
    at, other = places(tmp_path), tmp_path / "svc.yaml"
    plan = made(tmp_path, config=RUNNING, svc=SETTINGS)
    stopped_at("config", plan, tmp_path, lambda: other.write_text("svc: {a: 7}\n"))
    before = on_disk(tmp_path)
    with pytest.raises(HalfDone) as half:
        unit.recover(at)
    assert on_disk(tmp_path) == before
    both = f"{tmp_path / 'config.yaml'} and {other}"
    assert f"{other} was changed meanwhile; {both} were not rewritten." in half.value.message
    assert f"apply {tmp_path / 'config.yaml'} {other} --rewrite" in half.value.hint
    # an import of that file alone would leave the other for ever
    alone = engine.preview([planning.load(other)], at)
    with pytest.raises(HalfDone):
        carry_out(alone, tmp_path)
    assert on_disk(tmp_path) == before
    again = made(tmp_path, None, config=RUNNING, svc="svc: {a: 7}\n")
    assert carry_out(again, tmp_path).cut == (tmp_path / "config.yaml", other)
    assert unit.standing(at) is None


def test_an_edit_of_the_second_while_the_first_is_written_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, other = made(tmp_path, config=RUNNING, svc=SETTINGS), tmp_path / "svc.yaml"
    real = files.put

    def put_and_edit(path: Path, data: bytes) -> None:
        real(path, data)
        other.write_text("svc: {a: 7}\n")

    monkeypatch.setattr(files, "put", put_and_edit)
    with pytest.raises(HalfDone, match=r"svc\.yaml was changed meanwhile and was not rewritten"):
        carry_out(plan, tmp_path)
    assert other.read_text() == "svc: {a: 7}\n"


def test_a_link_that_leads_elsewhere_by_now_is_an_edit(tmp_path: Path) -> None:
    put(tmp_path, "real.yaml", SETTINGS)
    link = tmp_path / "svc.yaml"
    link.symlink_to("real.yaml")
    plan = engine.preview([planning.load(link)], places(tmp_path))

    def elsewhere() -> None:
        link.unlink()
        put(tmp_path, "other.yaml", SETTINGS)
        link.symlink_to("other.yaml")

    stopped_at("svc", plan, tmp_path, elsewhere)
    with pytest.raises(HalfDone, match=r"svc\.yaml was changed meanwhile and was not rewritten"):
        unit.recover(places(tmp_path))
    assert (tmp_path / "other.yaml").read_text() == SETTINGS


def test_the_journal_of_a_program_that_knew_one_file_is_understood(tmp_path: Path) -> None:
    at = places(tmp_path)
    plan = made(tmp_path, svc=SETTINGS)
    stopped_at("svc", plan, tmp_path, lambda: None)
    place = journal_of(at.database)
    now = json.loads(place.read_bytes())
    (part,) = now["files"]
    old = {
        "schema": "nodedeck.import.journal/2",
        "token": now["token"],
        "what": "import",
        "file": part["file"],
        "before": part["before"],
        "after": part["text"],
        "copy": part["copy"],
        "also": [],
        "fresh": True,
    }
    place.write_text(json.dumps(old))
    left = unit.standing(at)
    assert left is not None
    assert [each.file for each in left.unfinished] == [tmp_path / "svc.yaml"]
    done = unit.recover(at)
    assert done is not None
    assert (done.finished, texts(tmp_path)["svc"]) == (True, CUT)
    uncut = {**old, "token": "another", "after": None, "copy": str(tmp_path / "copy")}
    put(tmp_path, "copy", "of an import that left its file\n")
    place.write_text(json.dumps(uncut))
    done = unit.recover(at)
    assert done is not None
    assert (done.finished, (tmp_path / "copy").exists()) == (False, False)
    now["files"][0]["text"] = base64.b64encode(b"another").decode()
    place.write_text(json.dumps(now))
    with pytest.raises(HalfDone, match="not the journal of an import"):
        unit.recover(at)


def killed(*_: object, **__: object) -> None:
    """As a killed process: nothing that follows is done."""
    raise KeyboardInterrupt


def test_a_killed_rollback_of_a_stopped_import_leaves_that_one_to_finish(
    tmp_path: Path,
) -> None:
    at = places(tmp_path)
    stopped_at("svc", made(tmp_path, config=RUNNING, svc=SETTINGS), tmp_path, lambda: None)
    before = on_disk(tmp_path)
    planned = rollback.plan(at, None, State.BEFORE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rollback, "_commit", killed)
        with pytest.raises(KeyboardInterrupt):
            rollback.apply(planned, at, actor=ACTOR, clock=FixedClock())
        assert on_disk(tmp_path) == before, "a failure leaves the import as it stood"
        patch.setattr(unit, "_take_back", killed)
        with pytest.raises(KeyboardInterrupt):
            rollback.apply(planned, at, actor=ACTOR, clock=FixedClock())
    left = unit.standing(at)
    assert left is not None
    assert left.what == "rollback"
    done = unit.recover(at)
    assert done is not None
    assert (done.unit.what, done.finished) == (unit.IMPORT, True)
    assert journal.load(at) is None
    assert texts(tmp_path)["svc"] == CUT


def test_a_killed_import_leaves_no_backup_of_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = places(tmp_path)
    run(put(tmp_path, "first.yaml", "old: {a: 1}\n"), at)
    plan = made(tmp_path, config=RUNNING, svc=SETTINGS)
    before = on_disk(tmp_path)

    def stop() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(writing, "commit", killed)
            patch.setattr(unit, "_take_back", killed)
            with pytest.raises(KeyboardInterrupt):
                carry_out(plan, tmp_path)

    stop()
    assert len(backups.listed(at)) == 1
    done = unit.recover(at)
    assert done is not None
    assert (done.left, on_disk(tmp_path), (tmp_path / "backups").exists()) == (None, before, False)
    mine = backups.create(at, actor=ACTOR, host="h", clock=FixedClock())
    stop()
    assert unit.recover(at) is not None
    assert [each.path for each in backups.listed(at)] == [mine.path]
    stop()
    with monkeypatch.context() as patch:

        def fail(_: object) -> None:
            raise PermissionError

        patch.setattr(backups, "discard", fail)
        done = unit.recover(at)
    assert done is not None
    assert done.left in {each.path for each in backups.listed(at)}


# what a rollback with the values of now gives to which file


def test_what_came_since_goes_into_one_file_and_what_moved_into_its_own(tmp_path: Path) -> None:
    at = places(tmp_path)
    first = "api: {port: 1}\ncurrent_height: 5\nnodes:\n- {id: a, host: h} # mine\n"
    second = "nodes:\n- {id: b, host: i} # yours\nnew_params: {x: 1}\nlast_processed_height: 4\n"
    third = "svc: {a: 1}\n"
    was = {"config": first, "more": second, "svc": third}
    carry_out(made(tmp_path, None, **was), tmp_path)
    files_now = rollback.plan(at, None, State.NOW).files
    assert {each.file.stem: (each.text or b"").decode() for each in files_now} == was
    foreign.write(
        at.database,
        "UPDATE chain_state SET value='8' WHERE key='last_processed_height'",
        'UPDATE network_params SET param_data=\'{"x":1,"y":2}\'',
        foreign.seed("upcoming", -5, 126),
        foreign.node("c"),
    )
    with ConfigManager.open(at, actor=ACTOR) as manager:
        manager.set_value("svc.a", "2")
    planned = rollback.plan(at, None, State.NOW)
    assert [field.path for field in planned.moved] == ["new_params.y", "svc.a"]
    assert planned.typed == "config.yaml"
    taken_back(tmp_path, State.NOW)
    now = texts(tmp_path)
    assert now["svc"] == "svc: {a: 2}\n"
    assert "# yours" in now["more"]
    assert ("last_processed_height: 8" in now["more"], "y: 2" in now["more"]) == (True, True)
    assert ("new_params" in now["config"], "last_processed" in now["config"]) == (False, False)
    assert ("id: b" in now["config"], "upcoming_seed" in now["config"]) == (False, True)
    assert ("upcoming_seed" in now["more"], '"c"' in now["more"]) == (False, False)
    again = engine.preview([planning.load(tmp_path / f"{name}.yaml") for name in was], at)
    assert {str(row.action) for row in again.rows} == {"equal", "stay"}


def test_a_node_that_two_files_contest_is_never_dropped(tmp_path: Path) -> None:
    first = "current_height: 5\nnodes: [{id: n, host: one}, {id: m, host: x}]\n"
    carry_out(made(tmp_path, config=first, more="nodes: [{id: n, host: two}]\n"), tmp_path)
    assert "id: n" in texts(tmp_path)["config"]
    planned = rollback.plan(places(tmp_path), None, State.NOW)
    assert [each.text for each in planned.files] == [first.encode()]
    foreign.write(places(tmp_path).database, "UPDATE inference_nodes SET host='y'")
    with pytest.raises(Refused, match=r"nodes\.n\.host stands only in"):
        rollback.plan(places(tmp_path), None, State.NOW)


def test_each_file_that_was_edited_is_at_stake_and_named(tmp_path: Path) -> None:
    at, other = places(tmp_path), tmp_path / "svc.yaml"
    carry_out(made(tmp_path, config=RUNNING, svc=SETTINGS), tmp_path)
    other.write_text("svc: {a: 9}\n")
    planned = rollback.plan(at, None, State.BEFORE)
    assert (planned.typed, [each.edited for each in planned.files]) == ("svc.yaml", [False, True])
    now = rollback.plan(at, None, State.NOW)
    assert [(each.path, each.old, each.new) for each in now.lost] == [("svc.a", 9, 1)]
    (tmp_path / "config.yaml").write_text("api: {port: 9}\n")
    with pytest.raises(VersionConflict, match=r"config\.yaml was changed since the rollback"):
        rollback.apply(planned, at, actor=ACTOR, clock=FixedClock())
    assert other.read_text() == "svc: {a: 9}\n"
    planned = taken_back(tmp_path, State.BEFORE)
    assert planned.typed == "config.yaml svc.yaml"
    assert texts(tmp_path) == {"config": RUNNING, "svc": SETTINGS}


def test_after_the_values_of_now_what_they_wrote_is_no_edit(tmp_path: Path) -> None:
    carry_out(made(tmp_path, config=RUNNING, svc=SETTINGS), tmp_path)
    with ConfigManager.open(places(tmp_path), actor=ACTOR) as manager:
        manager.set_value("svc.a", "2")
    taken_back(tmp_path, State.NOW)
    assert not taken_back(tmp_path, State.BEFORE).file_edited
    assert texts(tmp_path) == {"config": RUNNING, "svc": SETTINGS}


@pytest.mark.parametrize(
    ("text", "fix", "now"),
    [
        ("svc: {n: .nan, b: 1}\n", ("svc.n", "3"), "svc: {n: 3, b: 1}\n"),
        ("svc: {n: {x: .nan}}\n", ("svc.n", "{x: 1}"), 'svc: {n: {"x": 1}}\n'),
        ("top: .inf\n", ("svc.top", "3"), "top: 3\n"),
        ("current_height: soon\n", ("current_height", "7"), "current_height: 7\n"),
        (
            "nodes: [{id: a, poc_port: 99999}]\ncurrent_height: 1\n",
            ("nodes.a.poc_port", "8080"),
            '"poc_port": 8080',
        ),
    ],
)
def test_what_was_mended_comes_back_as_the_database_has_it(
    *, tmp_path: Path, text: str, fix: tuple[str, str], now: str
) -> None:
    """The file's own value did not fit, and is no value of now."""
    choices = Choices().with_row(fix[0], fix=fix[1], file=tmp_path / "svc.yaml")
    carry_out(made(tmp_path, choices, svc=text), tmp_path)
    taken_back(tmp_path, State.NOW)
    assert now in texts(tmp_path)["svc"]
    again = engine.preview([planning.load(tmp_path / "svc.yaml")], places(tmp_path))
    assert {str(row.action) for row in again.rows} <= {"equal", "stay"}
