"""Undo: the old value comes back as a change of its own, or the reason why it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.errors import InvalidValue, Refused, UsageError, VersionConflict
from store.locations import Locations
from store.manager import ConfigManager
from store.models import EpochSeed, NodeVersion
from store.retention import Retention
from tests.support import foreign
from tests.support.audit_state import assert_sound
from tests.support.examples import examples
from tests.support.samples import NODE, PLAN, SEED, counted, other
from tests.support.two_writers import OWN, Write, attempt, two_writers

# of every kind of entity: how it appears, how it changes, how it goes
KINDS: dict[str, tuple[Write, Write, Write | None]] = {
    "current_height": (lambda m: m.set_height(1), lambda m: m.set_height(2), None),
    "merged_node_config": (
        lambda m: m.set_merged_node_config(False),
        lambda m: m.set_merged_node_config(True),
        None,
    ),
    "current_seed": (
        lambda m: m.set_seed("current", SEED),
        lambda m: m.set_seed("current", EpochSeed(seed=5, epoch_index=13, signature="cd")),
        None,
    ),
    "validation_params": (
        lambda m: m.set_params("validation", {"expiration_blocks": 20, "more": [1.5, None]}),
        lambda m: m.set_params("validation", {"expiration_blocks": 30}),
        None,
    ),
    "node_versions": (
        lambda m: m.add_node_version(100, "v1"),
        lambda m: m.set_node_versions((NodeVersion(height=5, version="v0"),)),
        lambda m: m.set_node_versions(()),
    ),
    "upgrade_plan": (
        lambda m: m.set_upgrade_plan(PLAN),
        lambda m: m.set_upgrade_plan(PLAN.model_copy(update={"height": 100})),
        lambda m: m.clear_upgrade_plan(),
    ),
    "nodes.node1": (
        lambda m: m.add_node(NODE),
        lambda m: m.enable_node("node1", False),
        lambda m: m.remove_node("node1"),
    ),
    'nodes."node-2.rack4"': (
        lambda m: m.add_node(other(id="node-2.rack4")),
        lambda m: m.update_node(other(id="node-2.rack4", host="moved")),
        lambda m: m.remove_node("node-2.rack4"),
    ),
    'svc."a b".c': (
        lambda m: m.set_value('svc."a b".c', '{"x":[1.5,null]}', create=True),
        lambda m: m.set_value('svc."a b".c', '{"x":[]}'),
        None,
    ),
    "settings.nodes.limit": (
        lambda m: m.set_value("settings.nodes.limit", "5", create=True),
        lambda m: m.set_value("settings.nodes.limit", "6"),
        None,
    ),
    "svc.nothing": (
        lambda m: m.set_value("svc.nothing", "null", create=True),
        lambda m: m.set_value("svc.nothing", "1", create=True),
        None,
    ),
}


def test_every_change_of_every_kind_can_be_undone_and_redone(manager: ConfigManager) -> None:
    for path, (appear, change, go) in KINDS.items():
        for write in (appear, change, *((go,) if go else ())):
            before = manager.raw().tree
            write(manager)
            after = manager.raw().tree
            done = manager.position().change_id
            assert manager.feed(done - 1)[0].path == path
            undone = manager.undo(done)
            assert undone == manager.position().change_id > done
            assert manager.raw().tree == before
            assert manager.undo(undone) == manager.position().change_id > undone
            assert manager.raw().tree == after


def test_an_undo_is_a_signed_change_with_a_reason(manager: ConfigManager) -> None:
    manager.set_height(1)
    manager.set_height(2)
    manager.undo(2)
    manager.undo(3, reason="after all")
    assert [
        (change.old, change.new, change.actor, change.reason) for change in manager.feed(2)
    ] == [
        (2, 1, "tester@host", "undo of #2"),
        (1, 2, "tester@host", "after all"),
    ]


def test_a_node_that_comes_back_stands_last(manager: ConfigManager) -> None:
    manager.set_nodes([NODE, other(id="b", host="b")])
    manager.remove_node("node1")
    manager.undo(manager.position().change_id)
    assert [node.id for node in manager.nodes()] == ["b", "node1"]
    assert manager.node("node1") == NODE


def test_undoing_a_new_node_removes_its_key(manager: ConfigManager) -> None:
    manager.add_node(NODE)
    manager.set_node_key("node1", "k")
    manager.undo(1)
    assert manager.nodes() == ()
    assert manager.node_key_version("node1") == 0


def test_foreign_changes_can_be_undone(manager: ConfigManager, database: Path) -> None:
    foreign.write(database, foreign.node("node1"))
    foreign.write(database, "UPDATE audit_log SET at='2025-01-01T00:00:00.000Z'")
    foreign.write(database, "DELETE FROM inference_nodes")
    foreign.write(database, "UPDATE audit_log SET at='2025-01-01T00:00:00.000Z'")
    node = manager.document_as_of(1).tree
    manager.undo(2)
    assert manager.raw().tree == node


def test_what_has_moved_on_is_a_conflict_that_says_who_and_when(manager: ConfigManager) -> None:
    manager.add_node(NODE)
    manager.update_node(other(max_concurrent=250))
    manager.update_node(other(max_concurrent=100, version="v2"))
    before = counted(manager)
    at = manager.feed(2)[0].at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    with pytest.raises(VersionConflict) as conflict:
        manager.undo(2)
    assert conflict.value.message == (
        "nodes.node1 has moved on since change #2: nodes.node1.max_concurrent is 100, not 250;"
        f" nodes.node1.version is v2, not v1. tester@host changed it at {at} (change #3);"
        " nothing was changed."
    )
    assert counted(manager) == before


def test_a_conflict_names_foreign_writers_and_masks_secrets(
    manager: ConfigManager, database: Path
) -> None:
    row = {"service": "svc", "key": "api_token", "value_json": '"one"'}
    foreign.write(database, foreign.insert("settings", row))
    foreign.write(database, "UPDATE settings SET value_json='\"two\"'")
    with pytest.raises(VersionConflict) as conflict:
        manager.undo(1)
    assert "An external writer changed it" in str(conflict.value)
    assert "two" not in str(conflict.value)
    assert "one" not in str(conflict.value)


def test_a_value_that_has_come_back_can_be_undone(manager: ConfigManager) -> None:
    for height in (1, 2, 3, 2):
        manager.set_height(height)
    manager.undo(2)
    assert manager.height() == 1


def test_values_are_compared_as_they_decode(manager: ConfigManager, database: Path) -> None:
    for text in ("007", "8", "9"):
        foreign.write(database, f"REPLACE INTO chain_state VALUES('current_height','{text}','')")
    manager.undo_many([3, 2])
    assert manager.height() == 7
    manager.undo(1)
    assert manager.raw().tree == {}


def test_null_and_absent_are_two_things(manager: ConfigManager, database: Path) -> None:
    manager.set_value("svc.x", "null", create=True)
    foreign.write(database, "DELETE FROM settings")
    with pytest.raises(VersionConflict, match="it is another value"):
        manager.undo(1)


@pytest.mark.parametrize(
    ("change_id", "told"), [(0, "no change #0"), (99, "no change #99"), (-1, "no change #-1")]
)
def test_an_unknown_change_is_refused(manager: ConfigManager, change_id: int, told: str) -> None:
    manager.set_height(1)
    with pytest.raises(UsageError, match=told):
        manager.undo(change_id)


def test_a_forgotten_change_is_said_to_be_older(manager: ConfigManager, database: Path) -> None:
    for height in range(3):
        manager.set_height(height)
    foreign.write(database, "UPDATE audit_log SET at='2025-01-01T00:00:00.000Z'")
    manager.prune(Retention(1, 1), pause=lambda _: None)
    with pytest.raises(UsageError, match="any more: it is older than what the log keeps"):
        manager.undo(2)


def test_a_rewrite_cannot_be_undone(manager: ConfigManager, database: Path) -> None:
    foreign.write(database, foreign.node("node1"))
    foreign.write(database, "DELETE FROM inference_nodes", foreign.node("node1"))
    with pytest.raises(UsageError, match="again as it was"):
        manager.undo(manager.position().change_id)


def test_a_secret_cannot_be_undone(manager: ConfigManager, database: Path) -> None:
    row = {"service": "svc", "key": "x", "value_json": '"hunter2"', "is_secret": 1}
    foreign.write(database, foreign.insert("settings", row))
    with pytest.raises(Refused, match=r"svc\.x is a secret"):
        manager.undo(1)


@pytest.mark.parametrize(
    ("statement", "clear", "told"),
    [
        (foreign.node("n", inference_port="text"), "inference_nodes", r"nodes\.n\.inference_port"),
        (foreign.node("n", models="not json"), "inference_nodes", r"nodes\.n\.models"),
        (foreign.node(b"blob"), "inference_nodes", "only another program can"),
        (foreign.seed("current", 1.5, 2), "seed_info", r"current_seed\.seed"),  # type: ignore[arg-type]
        (
            foreign.insert("settings", {"service": "s", "key": "no path", "value_json": "1"}),
            "settings",
            "only another program can",
        ),
    ],
)
def test_what_only_another_program_can_write_is_refused(
    manager: ConfigManager, database: Path, statement: Any, clear: str, told: str
) -> None:
    foreign.write(database, statement)
    foreign.write(database, f"DELETE FROM {clear}")
    before = counted(manager)
    with pytest.raises(InvalidValue, match=told):
        manager.undo(2)
    assert counted(manager) == before


def test_several_are_undone_newest_first_in_one_transaction(manager: ConfigManager) -> None:
    manager.set_value("svc.x", "1", create=True)
    before = manager.raw().tree
    manager.set_value("svc.x", "2")
    manager.set_height(5)
    manager.set_value("svc.x", "3")
    manager.add_node(NODE)
    manager.remove_node("node1")
    manager.undo_many([2, 3, 4, 5, 6, 4])
    assert manager.raw().tree == before
    assert {change.reason for change in manager.feed(6)} == {"undo of 5 changes, #6 to #2"}
    with foreign.connect(manager.database.path) as db:
        assert_sound(db)


def test_several_are_undone_all_or_none(manager: ConfigManager) -> None:
    manager.set_height(1)
    manager.set_value("svc.x", "1", create=True)
    manager.set_value("svc.x", "2")
    before = counted(manager)
    with pytest.raises(VersionConflict):
        manager.undo_many([1, 2])
    assert counted(manager) == before
    with pytest.raises(UsageError, match="no change named"):
        manager.undo_many([])


def test_a_read_only_console_undoes_nothing(manager: ConfigManager, locations: Locations) -> None:
    manager.set_height(1)
    with (
        ConfigManager.open(locations, actor="x@y", read_only=True) as reader,
        pytest.raises(Refused),
    ):
        reader.undo(1)


small = st.integers(0, 3)
names = st.sampled_from(["a", "node-2.rack4", "ü"])
edits: st.SearchStrategy[Write] = st.one_of(
    small.map(lambda n: lambda m: m.set_height(n)),
    st.tuples(st.sampled_from(["previous", "current", "upcoming"]), small, small).map(
        lambda t: lambda m: m.set_seed(t[0], EpochSeed(seed=t[1], epoch_index=t[2], signature="x"))
    ),
    st.just(lambda m: m.advance_seeds()),
    st.just(lambda m: m.mark_previous_seed_claimed()),
    st.tuples(small, st.sampled_from(["v1", "v2"])).map(lambda t: lambda m: m.add_node_version(*t)),
    small.map(lambda n: lambda m: m.set_params("validation", {"expiration_blocks": n})),
    small.map(lambda n: lambda m: m.set_upgrade_plan(PLAN.model_copy(update={"height": n}))),
    st.just(lambda m: m.clear_upgrade_plan()),
    st.tuples(names, small).map(
        lambda t: lambda m: m.add_node(other(id=t[0], host=f"h{t[1]}", max_concurrent=t[1] + 1))
    ),
    st.tuples(names, small).map(
        lambda t: lambda m: m.update_node(other(id=t[0], host=f"h{t[1]}", version=f"v{t[1]}"))
    ),
    st.lists(names, unique=True).map(
        lambda ids: lambda m: m.set_nodes([other(id=each, host=each) for each in ids])
    ),
    names.map(lambda each: lambda m: m.remove_node(each)),
    st.tuples(names, st.sampled_from(["null", "1", "1.0", '"1"', "{}"])).map(
        lambda t: lambda m: m.set_value(f'svc."{t[0]}"', t[1], create=True)
    ),
)
undos: st.SearchStrategy[Write] = st.one_of(
    st.integers(0, 20).map(lambda back: lambda m: m.undo(m.position().change_id - back)),
    st.lists(st.integers(0, 8), min_size=1).map(
        lambda backs: lambda m: m.undo_many([m.position().change_id - back for back in backs])
    ),
)


@examples(25)
@given(
    before=st.lists(edits, max_size=6),
    own=st.lists(edits | undos, max_size=20),
    whole=st.booleans(),
)
def test_undoing_all_own_changes_newest_first_gives_the_document_of_before(
    before: list[Write], own: list[Write], whole: bool
) -> None:
    with two_writers() as (first, manager):
        attempt(first, before)
        document = manager.raw().tree
        start = manager.position().change_id
        attempt(manager, own)
        mine = [change.id for change in manager.history(actor=OWN, limit=1_000)]
        assert all(change_id > start for change_id in mine)
        if whole and mine:
            manager.undo_many(mine)
        else:
            for change_id in mine:
                manager.undo(change_id)
        assert manager.raw().tree == document
        with foreign.connect(manager.database.path) as db:
            assert_sound(db)
