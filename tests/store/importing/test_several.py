"""Several files as one import, and an operator's decisions about files and rows."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import database, files
from store.errors import BadDocument, CannotCut, InvalidValue, NodedeckError, UsageError
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing import rollback, unit
from store.importing.choices import Choices, Strategy, rows_from_json
from store.importing.plan import Action, Plan, Role
from store.locations import Locations
from store.manager import ConfigManager
from tests.store.importing.samples import (
    ACTOR,
    NODES,
    RUNNING,
    SECRET,
    SETTINGS,
    database_leaves,
    on_disk,
    places,
    put,
)
from tests.support.clock import FixedClock


def made(folder: Path, choices: Choices | None = None, **texts: str) -> Plan:
    """The plan of some files of a folder, by stem; YAML each."""
    sources = [planning.load(put(folder, f"{name}.yaml", text)) for name, text in texts.items()]
    return engine.preview(sources, places(folder), choices)


def carry_out(plan: Plan, folder: Path, **how: Any) -> engine.Result:
    return engine.apply(plan, places(folder), actor=ACTOR, clock=FixedClock(), **how)


def fates(plan: Plan) -> dict[tuple[str, str], str]:
    return {(row.file.stem, row.path): str(row.action) for row in plan.rows}


def test_files_of_every_role_are_one_plan_one_transaction_and_one_receipt(tmp_path: Path) -> None:
    texts = {"config.yaml": RUNNING, "more.json": NODES.replace("node1", "node9")}
    texts |= {"dev.toml": SETTINGS, "keys.yaml": f"openai: {{api_key: {SECRET}}}\n"}
    paths = [put(tmp_path, name, text) for name, text in texts.items()]
    choices = Choices(seal=True).with_file(paths[3], role=Role.PROVIDERS)
    plan = engine.preview([planning.load(each) for each in paths], places(tmp_path), choices)
    roles = [each.role for each in plan.sources]
    assert roles == [Role.NODE_CONFIG, Role.NODE_LIST, Role.SETTINGS, Role.PROVIDERS]
    done = carry_out(plan, tmp_path)
    assert done.receipt == 1
    stored = database_leaves(places(tmp_path))
    assert stored["nodes.node9.host"] == "inference"
    assert stored["current_height"] == 1934882
    assert stored["physics.radius"] == 100.0
    copies = [done.backup, *done.copies]
    assert [each.read_bytes() for each in copies if each] == [each.read_bytes() for each in paths]
    with ConfigManager.open(places(tmp_path), actor=ACTOR) as manager:
        assert manager.reveal_secret("provider_configs.openai", reason="a test") == SECRET
        ((receipt,),) = manager.database.rows("SELECT receipt_json FROM imports")
    kept = json.loads(receipt)
    assert [each["role"] for each in kept["files"]] == [str(role) for role in roles]
    assert set(kept["backups"]) == {str(each) for each in paths[1:]}
    assert SECRET not in receipt
    again = engine.preview([planning.load(each) for each in paths], places(tmp_path), choices)
    assert carry_out(again, tmp_path).nothing_to_do


def test_two_files_that_differ_at_a_path_are_a_conflict_that_names_both(tmp_path: Path) -> None:
    plan = made(
        tmp_path,
        a="nodes: [{id: n, host: one, poc_port: 1}]\ncurrent_height: 5\n",
        b="current_height: 5\nnodes: [{id: n, host: two, max_concurrent: 7}]\n",
    )
    assert fates(plan) == {
        ("a", "nodes.n.host"): "conflict",
        ("a", "nodes.n.poc_port"): "skip",
        ("a", "current_height"): "add",
        ("b", "current_height"): "add",
        ("b", "nodes.n.host"): "conflict",
        ("b", "nodes.n.max_concurrent"): "skip",
    }
    reasons = {row.reason for row in plan.rows if row.action is Action.CONFLICT}
    (reason,) = reasons
    assert f"{tmp_path}/a.yaml:1 and {tmp_path}/b.yaml:2 give it different values" in reason
    assert [write.path for write in plan.writes] == ["current_height"]
    assert {key for _, key in plan.movable} == {("current_height",)}


def test_what_does_not_fit_hides_no_conflict_with_another_file(tmp_path: Path) -> None:
    texts = {
        "a": "nodes: [{id: n, host: one, version: 1.10, poc_port: 99999}, {id: m, poc_port: -1}]\n"
        "current_height: -4\n",
        "b": "nodes: [{id: n, host: two, version: '1.10', poc_port: 8080}, {id: m, host: x}]\n"
        "current_height: 5\n",
    }
    plan = made(tmp_path, None, **texts)
    told = fates(plan)
    assert {path: told["b", path] for each, path in told if each == "b"} == {
        "nodes.n.host": "conflict",
        "nodes.n.version": "skip",
        "nodes.n.poc_port": "conflict",
        "nodes.m.host": "add",
        "current_height": "conflict",
    }
    assert [write.path for write in plan.writes] == ["nodes.m"]
    kept = Choices().with_row("nodes.n", file=tmp_path / "a.yaml", strategy=Strategy.KEEP)
    settled = made(tmp_path, kept, **texts)
    assert [write.path for write in settled.writes] == ["nodes.n", "nodes.m"]


def test_what_a_cut_leaves_of_what_the_database_has_is_told_with_its_lines(tmp_path: Path) -> None:
    text = "current_height: 5\nnodes:\n- {id: n, host: one}\n- {id: m, host: x}\napi: {port: 1}\n"
    paths = [put(tmp_path, "c.yaml", text), put(tmp_path, "s.toml", "[svc]\na = 1\nb = 2\n")]
    choices = Choices().with_row("nodes.m", strategy=Strategy.KEEP)
    plan = engine.preview([planning.load(each) for each in paths], places(tmp_path), choices)
    before = on_disk(tmp_path)
    with pytest.raises(CannotCut, match=r"s\.toml is TOML, which cannot be cut") as refused:
        carry_out(plan, tmp_path, rewrite=True)
    assert "Remove by hand what begins at the lines 2-3." in refused.value.hint
    assert on_disk(tmp_path) == before
    done = carry_out(plan, tmp_path, rewrite=True, or_keep=True)
    assert paths[0].read_text().splitlines()[1] == "- {id: n, host: one}"
    assert [(each.file, each.cut) for each in done.remains] == [(paths[0], True)]
    assert done.remains[0].sentence.endswith(": nodes.n (line 2).")
    by_hand = "Remove by hand what begins at the lines 2-3."
    assert done.kept == ((paths[1], f"It is TOML, which cannot be cut. {by_hand}"),)
    assert done.uncut == f"{paths[1]}: It is TOML, which cannot be cut. {by_hand}"


def test_leaving_one_out_settles_it_and_the_rest_comes_together(tmp_path: Path) -> None:
    b = tmp_path / "b.yaml"
    plan = made(
        tmp_path,
        Choices().with_row("nodes.n.host", file=b, strategy=Strategy.KEEP),
        a="nodes: [{id: n, host: one, poc_port: 1}]\n",
        b="nodes: [{id: n, host: two, max_concurrent: 7}]\n",
    )
    assert fates(plan)["b", "nodes.n.host"] == "skip"
    (write,) = plan.writes
    assert (write.value["host"], write.value["poc_port"], write.value["max_concurrent"]) == (
        *("one", 1, 7),
    )
    # b keeps its nodes, since one of their values is nowhere else
    assert plan.movable == ((tmp_path / "a.yaml", ("nodes",)),)


@pytest.mark.parametrize(
    ("first", "second", "fate"),
    [
        ("svc: {a: 1}\n", "svc: {a: 1}\n", "add"),
        ("svc: {a: 1}\n", "svc: {a: 2}\n", "conflict"),
        ("svc: {a: 1}\n", "svc: {a: true}\n", "conflict"),
        ("svc: {a: {b: 1}}\n", "svc: {a: 2}\n", "refused"),
        ("svc: {a: 1}\n", "svc: {a: {b: 2}}\n", "refused"),
        (f"svc: {{token: {SECRET}}}\n", f"svc: {{token: {SECRET}}}\n", "seal"),
        (f"svc: {{token: {SECRET}}}\n", f"svc: {{token: {SECRET}-2}}\n", "conflict"),
    ],
)
def test_settings_of_two_files(tmp_path: Path, first: str, second: str, fate: str) -> None:
    plan = made(tmp_path, a=first, b=second)
    assert [str(row.action) for row in plan.rows_of(tmp_path / "b.yaml")] == [fate]
    assert SECRET not in f"{planning.as_json(plan)}{plan}"
    assert len(plan.writes) == {"add": 1, "refused": 1}.get(fate, 0)


def test_keep_and_replace_choose_what_is_imported(
    manager: ConfigManager, locations: Locations, tmp_path: Path
) -> None:
    manager.set_height(5)
    choices = Choices(Strategy.KEEP).with_row("validation_params", strategy=Strategy.REPLACE)
    text = (
        "current_height: 9\nlast_processed_height: 8\nvalidation_params: {expiration_blocks: 3}\n"
    )
    source = planning.load(put(tmp_path, "c.yaml", text))
    plan = engine.preview([source], locations, choices)
    assert [(row.path, str(row.action), row.destination) for row in plan.rows] == [
        ("current_height", "skip", "file"),
        ("last_processed_height", "skip", "file"),
        ("validation_params.expiration_blocks", "add", "database"),
    ]
    # the database has a height, so that the file's is a stale copy; the other is nowhere else
    assert plan.movable_in(source.path) == (("current_height",), ("validation_params",))
    assert [row.path for row in plan.changes] == ["validation_params.expiration_blocks"]


def test_one_field_of_a_node_can_be_replaced_and_another_kept(
    manager: ConfigManager, locations: Locations, tmp_path: Path
) -> None:
    before = "nodes: [{id: n, host: old, poc_port: 1, models: {m: {args: [x]}}}]\n"
    engine.apply(
        engine.preview([planning.load(put(tmp_path, "a.yaml", before))], locations),
        locations,
        actor=ACTOR,
        clock=manager.clock,
    )
    after = "nodes: [{id: n, host: new, poc_port: 2, models: {m: {args: [y]}}}]\n"
    source = planning.load(put(tmp_path, "b.yaml", after))
    choices = Choices().with_row("nodes.*.host", strategy=Strategy.REPLACE)
    choices = choices.with_row("nodes.n.models.m", strategy=Strategy.REPLACE)
    (write,) = engine.preview([source], locations, choices).writes
    assert (write.value["host"], write.value["poc_port"]) == ("new", 1)
    assert write.value["models"] == {"m": {"args": ["y"]}}
    # a seed's parts belong together: a decision about one is one about all
    seed = planning.load(put(tmp_path, "s.yaml", "current_seed: {seed: 1, epoch_index: 2}\n"))
    kept = engine.preview(
        [seed], locations, Choices().with_row("current_seed.seed", strategy=Strategy.KEEP)
    )
    assert {row.action for row in kept.rows} == {Action.SKIP}
    assert kept.writes == ()


def test_a_value_that_misfits_can_be_fixed_in_place(tmp_path: Path) -> None:
    text = "nodes:\n- {id: a, poc_port: 70000, host: h}\n- {host: no id}\nsvc_params: {x: .nan}\n"
    plan = made(tmp_path, c=text)
    refused = {row.path: (row.line, row.column) for row in plan.refused}
    assert refused == {"nodes.a.poc_port": (2, 21), "nodes.1": (3, 3), "svc_params.x": (4, 17)}
    assert plan.writes == ()
    assert {row.path for row in plan.rows if row.action is Action.STAY} == {
        *("nodes.a.id", "nodes.a.host", "nodes.1.host"),
    }
    choices = Choices().with_row("nodes.a.poc_port", fix="8080").with_row("svc_params.x", fix="1.5")
    mended = made(tmp_path, choices, c=text)
    assert [row.path for row in mended.refused] == ["nodes.1"]
    assert {write.path: write.value for write in mended.writes}["svc_params"] == {"x": 1.5}
    assert [row.path for row in mended.rows if row.fixed] == ["nodes.a.poc_port", "svc_params.x"]
    done = carry_out(mended, tmp_path, rewrite=True)
    # the node that could not be read keeps the list in the file
    assert "nodes:" in (tmp_path / "c.yaml").read_text()
    assert "svc_params" not in (tmp_path / "c.yaml").read_text()
    assert database_leaves(places(tmp_path))["nodes.a.poc_port"] == 8080
    assert done.plan.choices == choices


@pytest.mark.parametrize(
    ("choices", "error", "told"),
    [
        (Choices().with_row("svc.b", fix="1"), UsageError, "No file has a value at svc.b to fix"),
        (Choices().with_row("svc.b", reading="Go"), UsageError, "to read in another way"),
        (Choices().with_row("svc.a", fix="[1"), InvalidValue, "the fix is no value"),
        (Choices().with_row("svc.a", fix="1, 2"), InvalidValue, "must be one value"),
        (Choices().with_row("svc.a", fix="[]] #"), InvalidValue, "the fix is no value"),
        (Choices().with_row("svc.token", fix=SECRET), InvalidValue, "a secret has no place"),
        (Choices().with_row("svc.day", reading="PyYAML"), InvalidValue, "PyYAML cannot read it"),
    ],
)
def test_a_decision_that_cannot_be_followed_is_refused(
    *, tmp_path: Path, choices: Choices, error: type[NodedeckError], told: str
) -> None:
    text = "svc: {a: 70000, token: '', day: 2001-13-45}\n"
    with pytest.raises(error, match=told) as refused:
        made(tmp_path, choices, c=text)
    assert SECRET not in str(refused.value)
    assert "nothing was changed" in str(refused.value) or "no value" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "reader", "value"),
    [
        ("22:22", "Go", "22:22"),
        ("22:22", "PyYAML", 1342),
        ("on", "PyYAML", True),
        ("017", "YAML 1.2", 17),
        ("017", "Go", 15),
        ("1e3", "PyYAML", "1e3"),
        ("2001-1-2", "YAML 1.2", "2001-1-2"),
        ("2001-12-14", "PyYAML", "2001-12-14T00:00:00Z"),
    ],
)
def test_a_reading_can_be_chosen(*, tmp_path: Path, text: str, reader: str, value: Any) -> None:
    plan = made(tmp_path, Choices().with_row("svc.*", reading=reader), c=f"svc: {{x: {text}}}\n")
    (row,) = plan.rows
    assert (row.value, type(row.value), row.reading) == (value, type(value), reader)


def test_a_later_decision_covers_an_earlier_one(tmp_path: Path) -> None:
    choices = Choices().with_row("svc.at", reading="PyYAML").with_row("svc.*", reading="YAML 1.2")
    (row,) = made(tmp_path, choices, c="svc: {at: yes}\n").rows
    assert (row.value, row.reading) == ("yes", "YAML 1.2")
    (row,) = made(tmp_path, choices.with_row("svc.at", fix="3"), c="svc: {at: yes}\n").rows
    assert (row.value, row.fixed) == (3, True)


def test_a_rollback_after_several_files(tmp_path: Path) -> None:
    choices = Choices().with_row("svc.at", reading="PyYAML").with_row("current_height", fix="7")
    config = "api: {port: 1}\ncurrent_height: soon\n"
    plan = made(tmp_path, choices, config=config, other="svc: {at: 22:22}\n")
    carry_out(plan, tmp_path)
    at = places(tmp_path)
    with ConfigManager.open(at, actor=ACTOR) as manager:
        manager.set_height(8)
    now = rollback.plan(at, None, rollback.State.NOW)
    assert now.files[0].text == b"api: {port: 1}\ncurrent_height: 8\n"
    before = rollback.plan(at, None, rollback.State.BEFORE)
    rollback.apply(before, at, actor=ACTOR, clock=FixedClock())
    assert database_leaves(at) == {}


def test_a_fault_takes_every_copy_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = made(tmp_path, config="current_height: 7\n", other="svc: {a: 1}\n")
    before = on_disk(tmp_path)

    def failing(*_: object, **__: object) -> None:
        raise NodedeckError("a fault")

    monkeypatch.setattr(database, "create", failing)
    # the rehearsal makes a database of its own
    monkeypatch.setattr("store.importing.rehearsal.rehearse", lambda *_, **__: 2)
    with pytest.raises(NodedeckError, match="a fault"):
        carry_out(plan, tmp_path)
    assert on_disk(tmp_path) == before


def test_a_kill_leaves_copies_that_the_journal_takes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = made(tmp_path, config="current_height: 7\n", other="svc: {a: 1}\n")
    before = on_disk(tmp_path)

    class Killed(BaseException):
        """As a killed process: nothing that follows is done."""

    def killed(*_: object, **__: object) -> None:
        raise Killed

    monkeypatch.setattr("store.importing.rehearsal.rehearse", lambda *_, **__: 2)
    monkeypatch.setattr(database, "create", killed)
    monkeypatch.setattr(unit, "_take_back", killed)
    with pytest.raises(Killed):
        carry_out(plan, tmp_path)
    assert len(on_disk(tmp_path)) > len(before) + 1
    monkeypatch.undo()
    assert unit.recover(places(tmp_path))
    assert on_disk(tmp_path) == before


def test_a_source_that_changed_since_is_refused(tmp_path: Path) -> None:
    plan = made(tmp_path, config="current_height: 7\n", other="svc: {a: 1}\n")
    put(tmp_path, "other.yaml", "svc: {a: 2}\n")
    with pytest.raises(NodedeckError, match=r"other\.yaml was changed since the plan"):
        carry_out(plan, tmp_path)
    assert not files.exists(places(tmp_path).database)


def test_nothing_but_misfits_is_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(BadDocument, match=r"--fix 'current_height=VALUE'"):
        carry_out(made(tmp_path, c="current_height: soon\n"), tmp_path)
    assert not files.exists(places(tmp_path).database)


def test_the_same_file_twice_is_refused(tmp_path: Path) -> None:
    source = planning.load(put(tmp_path, "c.yaml", "current_height: 7\n"))
    with pytest.raises(UsageError, match="each named once"):
        engine.preview([source, source], places(tmp_path))
    (tmp_path / "link.yaml").symlink_to("c.yaml")
    other = planning.load(tmp_path / "link.yaml")
    with pytest.raises(UsageError, match=r"c\.yaml and .*link\.yaml are one file"):
        engine.preview([source, other], places(tmp_path))
    (tmp_path / "hard.yaml").hardlink_to(tmp_path / "c.yaml")
    hard = planning.load(tmp_path / "hard.yaml")
    with pytest.raises(UsageError, match=r"c\.yaml and .*hard\.yaml are one file"):
        engine.preview([source, hard], places(tmp_path))


def test_choices_are_a_value_that_comes_back_from_a_receipt(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    choices = Choices().with_file(file, prefix="x").with_file(file, role=Role.SETTINGS)
    assert (choices.of(file).prefix, choices.of(file).role) == ("x", Role.SETTINGS)
    choices = choices.with_row("a.b", file=file, reading="Go").with_row("a.*", fix="1")
    kept = json.loads(json.dumps(choices.as_json()))
    assert rows_from_json(kept) == choices.rows
    assert choices.without_row("a.*").rows == choices.rows[:1]
    assert rows_from_json(None) == ()
    with pytest.raises(dataclasses.FrozenInstanceError):
        choices.seal = True  # type: ignore[misc]


VALUES = st.sampled_from(["1", "true", "x", "[a]", "22:22", "~", "1.5"])
FILES = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


@given(first=FILES, second=FILES)
def test_whatever_two_files_hold_every_leaf_has_one_fate_and_nothing_is_taken_unsaid(
    first: dict[str, str], second: dict[str, str]
) -> None:
    texts = [
        "svc:\n" + "".join(f"  {name}: {value}\n" for name, value in each.items())
        for each in (first, second)
        if each
    ]
    if not texts:
        return
    sources = [planning.source(Path(f"{at}.yaml"), text.encode()) for at, text in enumerate(texts)]
    plan = planning.make(sources, planning.nothing)
    assert len(plan.rows) == len(first) + len(second)
    for name in first.keys() & second.keys():
        equal = first[name] == second[name]
        found = {row.action for row in plan.rows if row.path == f"svc.{name}"}
        assert found == {Action.ADD if equal else Action.CONFLICT}
    assert plan == planning.make(plan.sources, planning.nothing, plan.choices)
