"""Taking an import back: the file with today's values, or everything as it was before."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.errors import HalfDone, NodedeckError, Refused, UsageError, VersionConflict
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing import receipts, rollback, unit, writing
from store.importing.plan import Choices, Strategy
from store.importing.rollback import State
from store.locations import Locations
from store.manager import ConfigManager
from tests.store.importing.samples import (
    ACTOR,
    KEYS,
    NODES,
    RUNNING,
    SAMPLES,
    SETTINGS,
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


def taken_back(at: Locations, state: State, number: int | None = None) -> rollback.Rollback:
    planned = rollback.plan(at, number, state)
    rollback.apply(planned, at, actor=ACTOR, clock=FixedClock())
    assert unit.standing(at) is None
    return planned


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("name", SAMPLES)
def test_where_nothing_moved_on_the_file_is_byte_by_byte_as_before(
    tmp_path: Path, name: str, state: State
) -> None:
    file, at = put(tmp_path, name, SAMPLES[name]), places(tmp_path)
    run(file, at, rewrite=not name.endswith(".toml"))
    imported = database_leaves(at)
    planned = taken_back(at, state)
    assert not planned.needs_force
    assert file.read_text() == SAMPLES[name]
    assert database_leaves(at) == (imported if state is State.NOW else {})
    with foreign.connect(at.database) as db:
        assert_sound(db)


def test_now_keeps_what_the_daemon_wrote_since_and_every_comment(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    run(file, at, rewrite=True)
    foreign.write(
        at.database,
        "UPDATE chain_state SET value='1934999' WHERE key='current_height'",
        foreign.seed("upcoming", -5, 126),
    )
    planned = taken_back(at, State.NOW)
    assert not planned.needs_force
    text = file.read_text()
    assert "current_height: 1934999\n" in text
    assert text.startswith("# written by the daemon, edited where marked\n")
    again = plan(file, at)
    assert {str(row.action) for row in again.rows} == {"equal", "stay"}
    assert {"upcoming_seed.seed"} <= {row.path for row in again.rows}
    assert database_leaves(at)["current_height"] == 1934999


def test_now_keeps_what_was_edited_in_the_file_since(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    run(file, at, rewrite=True)
    file.write_text(file.read_text().replace("port: 9000 ", "port: 9001 "))
    planned = taken_back(at, State.NOW)
    assert not planned.needs_force
    assert "port: 9001 " in file.read_text()
    assert {str(row.action) for row in plan(file, at).rows} == {"equal", "stay"}


def test_now_shows_what_it_would_drop_of_an_edit_of_the_file(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    run(file, at, rewrite=True)
    file.write_text(
        file.read_text()
        + "nodes: [{id: newnode, host: h, rack: r4}]\ncurrent_height: 7\nadded: 1\n"
    )
    with pytest.raises(Refused, match=r"nodes\.newnode\.rack stands only in"):
        rollback.plan(at, None, State.NOW)
    file.write_text(file.read_text().replace(", rack: r4", ""))
    planned = rollback.plan(at, None, State.NOW)
    assert planned.needs_force
    lost = {each.path: (each.old, each.new) for each in planned.lost}
    assert lost == {
        "nodes.newnode.id": ("newnode", None),
        "nodes.newnode.host": ("h", None),
        "current_height": (7, 1934882),
    }
    rollback.apply(planned, at, actor=ACTOR, clock=FixedClock())
    assert "newnode" not in file.read_text()
    assert "added: 1" in file.read_text()


def test_what_an_operator_changed_since_needs_force_and_is_shown(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    run(file, at, rewrite=True)
    with ConfigManager.open(at, actor="ann@host") as manager:
        manager.set_value("nodes.node1.host", "moved")
        manager.set_height(1935000)
    now, before = (rollback.plan(at, None, state) for state in State)
    assert [(each.path, each.old, each.new) for each in now.moved] == [
        ("nodes.node1.host", "192.0.2.21", "moved")
    ]
    assert [(each.path, each.old, each.new) for each in before.moved] == [
        ("nodes.node1.host", "moved", None)
    ] or before.moved[0].path.startswith("nodes.node1.")
    assert now.needs_force
    assert before.needs_force
    rollback.apply(now, at, actor=ACTOR, clock=FixedClock())
    assert {str(row.action) for row in plan(file, at).rows} == {"equal", "stay"}
    assert "moved" in file.read_text()


def test_before_is_audited_and_signed(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    run(put(tmp_path, "older.yaml", "svc: {a: 1}\ncurrent_height: 3\n"), at)
    run(file, at, rewrite=True)
    taken_back(at, State.BEFORE)
    assert file.read_text() == RUNNING
    assert database_leaves(at)["current_height"] == 3
    with ConfigManager.open(at, actor=ACTOR, read_only=True) as manager:
        newest = manager.history("nodes.node1", limit=1)[0]
        assert (newest.action, newest.actor, newest.reason) == ("D", ACTOR, "rollback of import 2")


def test_an_edit_of_the_file_is_not_lost_without_force(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    run(file, at, rewrite=True)
    file.write_text(file.read_text() + "added: 1\n")
    planned = rollback.plan(at, None, State.BEFORE)
    assert planned.file_edited
    assert planned.needs_force
    file.write_text(file.read_text() + "more: 1\n")
    with pytest.raises(VersionConflict, match="was changed since the rollback was planned"):
        rollback.apply(planned, at, actor=ACTOR, clock=FixedClock())
    assert "more: 1" in file.read_text()


def test_a_database_that_moves_on_meanwhile_is_a_conflict(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    run(file, at, rewrite=True)
    cut = file.read_bytes()
    planned = rollback.plan(at, None, State.BEFORE)
    foreign.write(at.database, "UPDATE inference_nodes SET host='x'")
    with pytest.raises(VersionConflict, match="database was changed"):
        rollback.apply(planned, at, actor=ACTOR, clock=FixedClock())
    assert file.read_bytes() == cut
    assert unit.standing(at) is None


def test_a_field_that_only_the_file_has_is_never_dropped(tmp_path: Path) -> None:
    text = "current_height: 5\nnodes:\n  - {id: a, host: h, rack: r4}\n"
    file, at = put(tmp_path, "config.yaml", text), places(tmp_path)
    run(file, at, rewrite=True)
    foreign.write(at.database, "UPDATE inference_nodes SET host='x'")
    cut = file.read_bytes()
    with pytest.raises(Refused, match=r"nodes\.a\.rack stands only in"):
        rollback.plan(at, None, State.NOW)
    assert file.read_bytes() == cut


@pytest.mark.parametrize("name", ["config.yaml", "n.json"])
def test_nodes_that_never_went_in_stay_as_they_are_in_the_file(tmp_path: Path, name: str) -> None:
    """One is refused and one left out; the list is another only once the third is."""
    refused = '{"id": "a", "host": "h", "poc_port": 99999}'
    nodes = f'[{refused}, {{"id": "b", "host": "i"}}, {{"id": "c", "host": "j"}}]'
    config = name == "config.yaml"
    text = f"current_height: 5\nnodes: {nodes}\n" if config else nodes
    file, at = put(tmp_path, name, text), places(tmp_path)
    choices = Choices().with_row("nodes.b", strategy=Strategy.KEEP)
    choices = choices.with_row("current_height", strategy=Strategy.REPLACE)  # today's wins later
    made = engine.preview([planning.load(file)], at, choices)
    engine.apply(made, at, actor=ACTOR, clock=FixedClock(), rewrite=config)
    if config:
        foreign.write(at.database, "UPDATE chain_state SET value='6'")
    now = rollback.plan(at, None, State.NOW).files[0].text
    assert now == (text.replace("height: 5", "height: 6").encode() if config else None)
    foreign.write(at.database, "UPDATE inference_nodes SET host='x'")
    with pytest.raises(Refused, match=r"nodes\.a\.\w+ stands only in .* is another by now"):
        rollback.plan(at, None, State.NOW)


@pytest.mark.parametrize(
    ("name", "text", "path", "value"),
    [
        ("s.yaml", "svc: {a: 1, b: x}\n", "svc.a", "2"),
        ("s.yaml", "top: 1\nsvc: {a: 1}\n", "s.top", "2"),
        ("n.json", NODES, "nodes.node1.max_concurrent", "7"),
        ("services.json", KEYS, "openai.model", "gpt-y"),
    ],
)
def test_settings_and_node_lists_come_back_with_todays_values(
    *, tmp_path: Path, name: str, text: str, path: str, value: str
) -> None:
    file, at = put(tmp_path, name, text), places(tmp_path)
    run(file, at, rewrite=True)
    with ConfigManager.open(at, actor=ACTOR) as manager:
        manager.set_value(path, value)
    taken_back(at, State.NOW)
    rows = {row.path: row for row in plan(file, at).rows}
    assert {str(row.action) for row in rows.values()} <= {"equal", "seal", "stay"}
    assert str(rows[path].value) == value


def test_toml_keeps_its_text_or_is_refused(tmp_path: Path) -> None:
    file, at = put(tmp_path, "s.toml", SETTINGS), places(tmp_path)
    run(file, at)
    with ConfigManager.open(at, actor=ACTOR) as manager:
        manager.set_value("physics.radius", "99.0")
    with pytest.raises(NodedeckError, match=r"[nN]othing was changed"):
        rollback.plan(at, None, State.NOW)
    assert file.read_text() == SETTINGS


def test_what_cannot_be_taken_back_is_said(tmp_path: Path) -> None:
    at = places(tmp_path)
    file = put(tmp_path, "config.yaml", RUNNING)
    result = run(file, at, rewrite=True)
    with pytest.raises(UsageError, match="no import 9"):
        rollback.plan(at, 9, State.NOW)
    assert result.backup is not None
    kept = result.backup.read_bytes()
    result.backup.write_text("tampered")
    with pytest.raises(Refused, match="not the copy"):
        rollback.plan(at, 1, State.NOW)
    result.backup.write_bytes(kept)
    taken_back(at, State.NOW, 1)
    with pytest.raises(VersionConflict, match=r"taken back already .*'--state before' takes back"):
        rollback.plan(at, 1, State.NOW)
    with pytest.raises(UsageError, match="no import to take back"):
        rollback.plan(at, None, State.NOW)
    assert not taken_back(at, State.BEFORE).needs_force
    assert (file.read_text(), database_leaves(at)) == (RUNNING, {})
    for state in State:
        with pytest.raises(VersionConflict, match=r"taken back already \(receipt 3\)"):
            rollback.plan(at, 1, state)
    with pytest.raises(UsageError, match="no import to take back"):
        rollback.plan(at, None, State.BEFORE)


def test_parameters_that_came_since_go_into_the_file(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", "new_params: {a: 1}\n"), places(tmp_path)
    run(file, at, rewrite=True)
    foreign.write(at.database, """UPDATE network_params SET param_data='{"a":1,"b":[2]}'""")
    taken_back(at, State.NOW)
    assert file.read_text() == "new_params: {a: 1, b: [2]}\n"


def test_a_file_that_is_gone_comes_back(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    run(file, at, rewrite=True)
    file.unlink()
    taken_back(at, State.NOW)
    assert file.read_text() == RUNNING


def test_a_file_that_is_gone_stays_gone_where_the_rollback_is_refused(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    run(file, at, rewrite=True)
    file.unlink()
    planned = rollback.plan(at, None, State.BEFORE)
    foreign.write(at.database, "UPDATE inference_nodes SET host='x'")
    with pytest.raises(VersionConflict, match="database was changed"):
        rollback.apply(planned, at, actor=ACTOR, clock=FixedClock())
    assert not file.exists()
    assert unit.standing(at) is None


def test_a_rollback_settles_what_another_import_left_and_never_writes_over_its_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    run(file, at, rewrite=True)
    planned = rollback.plan(at, None, State.BEFORE)
    other = put(tmp_path, "other.yaml", "svc: {a: 1}\n")
    before = sorted(path.name for path in tmp_path.glob("other.*"))

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(writing, "commit", killed)
        patch.setattr(unit, "_take_back", killed)
        with pytest.raises(KeyboardInterrupt):
            run(other, at, rewrite=True)
    with pytest.raises(HalfDone, match=r"other\.yaml, was stopped half-way"):
        rollback.plan(at, None, State.BEFORE)
    assert rollback.plan(at, 1, State.BEFORE) == planned
    rollback.apply(planned, at, actor=ACTOR, clock=FixedClock())
    assert sorted(path.name for path in tmp_path.glob("other.*")) == before
    assert (file.read_text(), unit.standing(at)) == (RUNNING, None)


def test_of_two_who_take_one_import_back_the_second_is_refused(tmp_path: Path) -> None:
    file, at = put(tmp_path, "n.json", NODES), places(tmp_path)
    run(file, at)
    first, second = (rollback.plan(at, None, State.BEFORE) for _ in range(2))
    rollback.apply(first, at, actor=ACTOR, clock=FixedClock())
    with pytest.raises(VersionConflict, match="Import 1 was taken back already"):
        rollback.apply(second, at, actor=ACTOR, clock=FixedClock())
    assert rollback_receipts(at) == 1


def test_after_the_values_of_now_all_of_before_is_still_to_be_had(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    run(file, at, rewrite=True)
    foreign.write(at.database, "UPDATE chain_state SET value='7' WHERE key='current_height'")
    taken_back(at, State.NOW)
    assert "current_height: 7\n" in file.read_text()
    planned = taken_back(at, State.BEFORE)
    assert not planned.file_edited, "what a rollback wrote is no edit of somebody's"
    assert (file.read_text(), database_leaves(at)) == (RUNNING, {})


def test_a_rollback_that_changes_nothing_leaves_nothing(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    run(file, at)
    planned = rollback.plan(at, None, State.NOW)
    assert planned.nothing_to_do
    before = on_disk(tmp_path)
    assert rollback.apply(planned, at, actor=ACTOR, clock=FixedClock()) is None
    assert (on_disk(tmp_path), rollback_receipts(at)) == (before, 0)
    taken_back(at, State.BEFORE)
    assert database_leaves(at) == {}


def rollback_receipts(at: Locations) -> int:
    with ConfigManager.open(at, actor=ACTOR, read_only=True) as manager:
        return sum(each["role"] == "rollback" for each in receipts.listed(manager))
