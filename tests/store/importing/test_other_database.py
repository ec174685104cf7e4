"""Another nodedeck database as the source of an import."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from store import database
from store.errors import Refused, UsageError, VersionConflict
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing import rollback
from store.importing.choices import Choices, Strategy
from store.importing.plan import Action, Plan, Role
from store.locations import Locations
from store.manager import ConfigManager
from store.settings_flags import Flag
from tests.store.importing.samples import (
    ACTOR,
    RUNNING,
    SECRET,
    database_leaves,
    on_disk,
    places,
    put,
    run,
)
from tests.support import foreign
from tests.support.clock import FixedClock


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A database of another host, with everything that a document has and two secrets."""
    folder = tmp_path / "other"
    folder.mkdir()
    at = places(folder)
    run(put(folder, "config.yaml", RUNNING), at)
    run(put(folder, "svc.yaml", 'svc: {a: 1, "b c": [1, x], d: {e: 1.5}}\n'), at)
    with ConfigManager.open(at, actor=ACTOR) as manager:
        manager.set_secret("svc.token", SECRET)
        manager.set_secret("provider_configs.openai", f"{SECRET}-2")
        manager.set_secret("nodes.node1.security_key", f"{SECRET}-3")
        manager.save_profile("svc", "calm")
        manager.set_flag("fast", 25, description="half the hosts")
        manager.set_flag("odd hosts", ["gx-07", "gx-09"])
    return at.database


@pytest.fixture
def here(tmp_path: Path) -> Locations:
    """A host that has nothing yet."""
    folder = tmp_path / "here"
    folder.mkdir()
    return places(folder)


def master_key(at: Locations) -> Path:
    with ConfigManager.open(at, actor=ACTOR) as manager:
        return manager.master_key


def plan(source: Path, at: Locations, choices: Choices | None = None, **how: Any) -> Plan:
    return engine.preview([planning.load(source, **how)], at, choices)


def carry_out(made: Plan, at: Locations, **how: Any) -> engine.Result:
    return engine.apply(made, at, actor=ACTOR, clock=FixedClock(), **how)


def test_its_document_comes_over_and_it_is_left_alone(other: Path, here: Locations) -> None:
    before = on_disk(other.parent)
    key = master_key(places(other.parent))
    made = plan(other, here, key=key)
    assert (made.source.role, made.source.format) == (Role.DATABASE, "sqlite")
    assert {row.action for row in made.rows} == {Action.ADD, Action.SEAL}
    assert SECRET not in f"{made}{json.dumps(planning.as_json(made))}"
    done = carry_out(made, here, seal=True)
    assert (done.receipt, done.backup) == (1, None)
    assert database_leaves(here) == database_leaves(places(other.parent))
    with ConfigManager.open(here, actor=ACTOR) as manager:
        assert manager.reveal_secret("svc.token", reason="a test") == SECRET
        assert manager.reveal_secret("provider_configs.openai", reason="a test") == f"{SECRET}-2"
        node_key = manager.reveal_secret("nodes.node1.security_key", reason="a test")
        assert node_key == f"{SECRET}-3"
    assert on_disk(other.parent) == before
    again = carry_out(plan(other, here, key=key), here, seal=True)
    assert again.nothing_to_do


def test_without_its_key_what_is_sealed_is_refused_and_the_rest_comes(
    other: Path, here: Locations, tmp_path: Path
) -> None:
    made = plan(other, here, key=tmp_path / "no.key")
    assert {row.path for row in made.refused} == {
        "svc.token",
        "provider_configs.openai.api_key",
        "nodes.node1.security_key",
    }
    assert all("is sealed with the key" in row.reason for row in made.refused)
    carry_out(made, here, seal=True)
    with ConfigManager.open(here, actor=ACTOR) as manager:
        assert manager.secrets() == []
    assert "current_height" in database_leaves(here)


def test_beside_a_file_the_two_are_one_import(other: Path, here: Locations) -> None:
    config = put(here.config.parent, "config.yaml", "api: {port: 1}\ncurrent_height: 5\n")
    sources = [planning.load(config), planning.load(other)]
    made = engine.preview(sources, here)
    contested = {row.path for row in made.rows if row.action is Action.CONFLICT}
    assert contested == {"current_height"}
    kept = Choices().with_row("current_height", file=other, strategy=Strategy.KEEP)
    done = carry_out(engine.preview(sources, here, kept), here, rewrite=True)
    assert (done.cut, config.read_text()) == ((config,), "api: {port: 1}\n")
    assert database_leaves(here)["current_height"] == 5


def test_an_older_schema_is_read_as_it_is(tmp_path: Path, here: Locations) -> None:
    old = tmp_path / "old.db"
    with sqlite3.connect(old) as db:
        db.executescript((Path(__file__).parents[2] / "support" / "schema_1.sql").read_text())
        db.execute("INSERT INTO chain_state(key, value) VALUES('current_height', '77')")
    db.close()
    before = old.read_bytes()
    made = plan(old, here)
    assert [(row.path, row.value) for row in made.rows if row.path == "current_height"] == [
        ("current_height", 77)
    ]
    assert old.read_bytes() == before


def test_a_value_that_another_program_left_is_refused_and_not_taken(
    other: Path, here: Locations
) -> None:
    foreign.write(other, "UPDATE chain_state SET value='soon' WHERE key='current_height'")
    made = plan(other, here)
    assert "current_height" in {row.path for row in made.refused}
    assert "current_height" not in {write.path for write in made.writes}
    mended = plan(other, here, Choices().with_row("current_height", fix="6"))
    assert {write.path: write.value for write in mended.writes}["current_height"] == 6


def test_it_may_not_move_on_between_plan_and_apply(other: Path, here: Locations) -> None:
    made = plan(other, here)
    foreign.write(other, "UPDATE chain_state SET value='9' WHERE key='current_height'")
    with pytest.raises(VersionConflict, match="was changed since the plan was made"):
        carry_out(made, here)
    assert not here.database.exists()


def test_its_import_is_taken_back_in_the_database_alone(other: Path, here: Locations) -> None:
    carry_out(plan(other, here), here)
    with pytest.raises(Refused, match="there is no file to bring back"):
        rollback.plan(here, None, rollback.State.NOW)
    planned = rollback.plan(here, None, rollback.State.BEFORE)
    rollback.apply(planned, here, actor=ACTOR, clock=FixedClock())
    assert database_leaves(here) == {}
    assert not here.config.exists()


def test_a_database_of_another_program_is_refused(tmp_path: Path, here: Locations) -> None:
    strange, broken, blank = (tmp_path / name for name in ("strange.db", "broken.db", "blank.db"))
    with sqlite3.connect(strange) as db:
        db.execute("CREATE TABLE kv_config(key TEXT, value TEXT)")
    db.close()
    broken.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    sqlite3.connect(blank).close()
    with sqlite3.connect(blank) as db:
        db.execute("PRAGMA user_version=1")
    db.close()
    for path in (strange, broken, blank):
        with pytest.raises(UsageError, match=f"{path} cannot be imported: "):
            plan(path, here)
    assert on_disk(here.config.parent) == {}


def test_a_prefix_and_another_role_are_not_for_a_database(other: Path, here: Locations) -> None:
    source = planning.load(other)
    choices = Choices().with_file(other, role=Role.SETTINGS, prefix="x")
    assert engine.preview([source], here, choices).source.role is Role.DATABASE
    with pytest.raises(UsageError, match="is a database and no settings"):
        planning.load(other, role=Role.SETTINGS)


def test_a_copy_in_a_directory_that_cannot_be_written_is_read(
    other: Path, here: Locations, tmp_path: Path
) -> None:
    folder = tmp_path / "fixed"
    folder.mkdir()
    copy = folder / "state.db"
    shutil.copy(other, copy)
    folder.chmod(0o555)
    try:
        made = plan(copy, replace(here))
    finally:
        folder.chmod(0o755)
    assert made.rows
    assert not database.side_files(here.database)[0].exists()


def beside(at: Locations) -> tuple[object, object]:
    with ConfigManager.open(at, actor=ACTOR, read_only=True) as manager:
        return manager.profiles(), manager.flags()


def test_profiles_and_flags_come_with_it_and_can_be_taken_back(
    other: Path, here: Locations
) -> None:
    made = plan(other, here)
    tables = {row.path: row.table for row in made.rows}
    assert tables["profiles.svc.calm.a"] == "setting_profiles"
    assert tables["flags.fast"] == tables['flags."odd hosts"'] == "feature_flags"
    assert tables["nodes.node1.security_key"] == "mlnode_security"
    carry_out(made, here)
    there = beside(places(other.parent))
    assert beside(here) == there
    assert there[1] == [Flag("fast", 25, "half the hosts"), Flag("odd hosts", ("gx-07", "gx-09"))]
    with ConfigManager.open(here, actor=ACTOR) as manager:
        manager.set_flag("fast", False)
    fates = {row.path: str(row.action) for row in plan(other, here).rows}
    assert (fates["flags.fast"], fates["profiles.svc.calm.a"]) == ("conflict", "equal")
    replaced = Choices().with_row("flags.fast", strategy=Strategy.REPLACE)
    carry_out(plan(other, here, replaced), here)
    assert beside(here) == there
    for number in (2, 1):
        back = rollback.plan(here, number, rollback.State.BEFORE)
        rollback.apply(back, here, actor=ACTOR, clock=FixedClock())
    assert beside(here) == ([], [])


def test_what_another_program_made_of_profiles_and_flags_is_refused(
    other: Path, here: Locations
) -> None:
    foreign.write(
        other,
        f"""INSERT INTO setting_profiles(service,name,values_json)
        VALUES('svc','leaky','{{"a":1,"api_token":"{SECRET}"}}')""",
        "UPDATE feature_flags SET value_json='\"maybe\"' WHERE name='fast'",
    )
    made = plan(other, here)
    refused = {row.path: row.reason for row in made.refused}
    assert "has the secret api_token in clear" in refused["profiles.svc.leaky"]
    assert "must be true or false, a percentage" in refused["flags.fast"]
    assert SECRET not in f"{made}{json.dumps(planning.as_json(made))}"
    mended = plan(other, here, Choices().with_row("flags.fast", fix="50"))
    assert {write.path: write.value for write in mended.writes}["flags.fast"] == 50


def test_a_key_of_a_node_that_does_not_come_stays_there(other: Path, here: Locations) -> None:
    key = master_key(places(other.parent))
    kept = Choices().with_row("nodes.node1.*", strategy=Strategy.KEEP)
    kept = kept.with_row("nodes.node1.security_key", strategy=Strategy.REPLACE)
    made = plan(other, here, kept, key=key)
    (row,) = (row for row in made.rows if row.path == "nodes.node1.security_key")
    assert (row.action, "no node of that id" in row.reason) == (Action.STAY, True)
    carry_out(made, here, seal=True)
