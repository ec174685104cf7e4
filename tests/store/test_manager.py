"""The one door: each method is one signed transaction, or leaves nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from store.documents import Overrides
from store.errors import InvalidValue, NodedeckError, UnknownPath, UsageError
from store.limits import INT64_MAX, INT64_MIN
from store.manager import ConfigManager, utc_now
from store.models import EpochSeed, NodeVersion
from tests.support import foreign
from tests.support.audit_state import assert_sound
from tests.support.clock import FixedClock
from tests.support.samples import NODE, PLAN, SEED, counted, other

# writing


WRITES: Mapping[str, tuple[Callable[[ConfigManager], int], str, Any]] = {
    "height": (lambda m: m.set_height(5, reason="why"), "current_height", 5),
    "highest": (lambda m: m.set_height(INT64_MAX, reason="why"), "current_height", INT64_MAX),
    "processed": (
        lambda m: m.set_last_processed_height(0, reason="why"),
        "last_processed_height",
        0,
    ),
    "seed": (
        lambda m: m.set_seed("upcoming", SEED, reason="why"),
        "upcoming_seed",
        SEED.model_dump(),
    ),
    "params": (
        lambda m: m.set_params("validation", {"expiration_blocks": 20, "new": 1}, reason="why"),
        "validation_params",
        {"expiration_blocks": 20, "new": 1},
    ),
    "other params": (
        lambda m: m.set_params("po c", {"x": [1, {"y": None}]}, reason="why"),
        '"po c_params"',
        {"x": [1, {"y": None}]},
    ),
    "versions": (
        lambda m: m.set_node_versions([NodeVersion(height=10, version="a")], reason="why"),
        "node_versions",
        {"versions": [{"height": 10, "version": "a"}]},
    ),
    "plan": (lambda m: m.set_upgrade_plan(PLAN, reason="why"), "upgrade_plan", PLAN.model_dump()),
    "node": (
        lambda m: m.add_node(NODE, reason="why"),
        "nodes.node1",
        NODE.model_dump(mode="json", exclude={"id"}),
    ),
    "setting": (
        lambda m: m.set_value("svc.a.b", "[1]", create=True, reason="why"),
        "svc.a.b",
        [1],
    ),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_is_committed_signed_and_numbered(
    manager: ConfigManager, database: Path, name: str
) -> None:
    write, path, value = WRITES[name]
    change_id = write(manager)
    (change,) = manager.history()
    assert change.id == change_id
    assert (change.path, change.action, change.old, change.new) == (path, "I", None, value)
    assert (change.actor, change.reason) == ("tester@host", "why")
    with foreign.connect(database) as db:
        assert_sound(db)


@pytest.mark.parametrize("name", sorted(set(WRITES) - {"node"}))
def test_writing_what_is_already_so_makes_no_change(manager: ConfigManager, name: str) -> None:
    write, _, _ = WRITES[name]
    write(manager)
    assert write(manager) == 0
    assert len(manager.history()) == 1


def test_the_snapshot_is_the_typed_state(manager: ConfigManager, clock: FixedClock) -> None:
    assert manager.snapshot().empty
    for write, _, _ in WRITES.values():
        write(manager)
    snapshot = manager.snapshot()
    assert snapshot.taken_at == clock.now
    assert snapshot.chain.current_height == INT64_MAX
    assert snapshot.chain.last_processed_height == 0
    assert (snapshot.previous_seed, snapshot.upcoming_seed) == (None, SEED)
    assert snapshot.nodes == (NODE,)
    assert [params.type for params in snapshot.params] == ["validation", "po c"]
    assert [entry.version for entry in snapshot.versions] == ["a"]
    assert snapshot.upgrade_plan == PLAN
    assert [mark.height for mark in snapshot.heights] == [5, INT64_MAX]
    assert snapshot.undecoded == ()
    assert snapshot.change_id == manager.history(limit=1)[0].id
    assert len(snapshot.config_epoch) == 36


def test_a_new_epochs_seed_keeps_the_old_row_as_history(manager: ConfigManager) -> None:
    manager.set_seed("current", SEED)
    manager.set_seed("current", SEED.model_copy(update={"claimed": False}))
    manager.set_seed("current", EpochSeed(seed=1, epoch_index=13, signature="cd"))
    rows = manager.database.rows("SELECT epoch_index, claimed, is_active FROM seed_info")
    assert rows == [(12, 0, 0), (13, 0, 1)]


def test_clearing_the_plan_is_a_deletion(manager: ConfigManager) -> None:
    manager.set_upgrade_plan(PLAN)
    assert manager.clear_upgrade_plan(reason="called off") > 0
    assert manager.snapshot().upgrade_plan is None
    change = manager.history(limit=1)[0]
    assert (change.action, change.new, change.reason) == ("D", None, "called off")
    assert manager.clear_upgrade_plan() == 0


def test_a_stack_of_several_versions_ends_in_height_order_and_is_signed(
    manager: ConfigManager,
) -> None:
    stack = [NodeVersion(height=20, version="b"), NodeVersion(height=10, version="a")]
    last = manager.set_node_versions(stack, reason="why")
    newest, *earlier = manager.history("node_versions")
    assert newest.id == last
    assert newest.new["versions"] == [
        {"height": 10, "version": "a"},
        {"height": 20, "version": "b"},
    ]
    assert {(change.actor, change.reason) for change in earlier} == {("tester@host", "why")}


def test_versions_that_left_the_stack_are_removed(manager: ConfigManager) -> None:
    manager.set_node_versions([NodeVersion(height=n, version=f"v{n}") for n in (1, 2, 3)])
    manager.set_node_versions([NodeVersion(height=2, version="v2")])
    assert manager.snapshot().versions == (NodeVersion(height=2, version="v2"),)


def test_a_changed_node_keeps_its_place(manager: ConfigManager) -> None:
    manager.add_node(NODE)
    manager.add_node(other(id="a", host="h2"))
    assert manager.update_node(other(version="v2"), reason="roll") > 0
    assert [(node.id, node.version) for node in manager.snapshot().nodes] == [
        ("node1", "v2"),
        ("a", "v1"),
    ]


def test_a_removed_node_takes_its_security_key_along(
    manager: ConfigManager, database: Path
) -> None:
    manager.add_node(NODE)
    manager.add_node(other(id="b", host="h2"))
    foreign.write(database, "INSERT INTO mlnode_security(node_id,security_key) VALUES('node1','k')")
    assert manager.remove_node("node1", reason="sold") is True
    assert manager.remove_node("b") is False
    assert manager.snapshot().nodes == ()
    assert manager.database.rows("SELECT * FROM mlnode_security") == []
    assert [change.reason for change in manager.history("nodes.node1")] == [
        "sold",
        "sold",
        None,
        None,
    ]


def test_a_transaction_signs_everything_in_it(manager: ConfigManager) -> None:
    with manager.transaction("import") as db:
        db.execute_sql("INSERT INTO chain_state(key,value) VALUES('current_height','1')")
        db.execute_sql(*foreign.seed("current", 1, 1))
    assert {(change.actor, change.reason) for change in manager.history()} == {
        ("tester@host", "import")
    }


# refusing


REFUSED: Mapping[str, tuple[Callable[[ConfigManager], object], type[NodedeckError], str]] = {
    "negative height": (lambda m: m.set_height(-1), InvalidValue, "current_height: must be 0"),
    "huge height": (lambda m: m.set_height(2**63), InvalidValue, "2\\^63-1"),
    "boolean height": (lambda m: m.set_height(True), InvalidValue, "current_height"),
    "seed type": (lambda m: m.set_seed("peer", SEED), InvalidValue, "no seed type"),
    "params": (
        lambda m: m.set_params("validation", {"expiration_blocks": "x"}),
        InvalidValue,
        "validation_params.expiration_blocks: must be a valid integer",
    ),
    "nan params": (
        lambda m: m.set_params("bandwidth", {"kb_per_input_token": float("nan")}),
        InvalidValue,
        "NaN",
    ),
    "deep inf": (lambda m: m.set_params("x", {"a": [float("inf")]}), InvalidValue, "infinity"),
    "surrogate": (lambda m: m.set_params("x", {"a": "\udcff"}), InvalidValue, "UTF-8"),
    "reason": (lambda m: m.set_height(2, reason="\udcff"), InvalidValue, "UTF-8"),
    "node again": (lambda m: m.add_node(NODE), InvalidValue, "there is a node with this id"),
    "taken place": (
        lambda m: m.add_node(other(id="b")),
        InvalidValue,
        "'node1' already stands at 10.0.0.1:5050",
    ),
    "no host": (lambda m: m.add_node(other(id="b", host="")), InvalidValue, "nodes.b.host"),
    "zero port": (
        lambda m: m.add_node(other(id="b", host="h", poc_port=0)),
        InvalidValue,
        "nodes.b.poc_port: must be at least 1",
    ),
    "no models": (
        lambda m: m.add_node(other(id="b", host="h", models={})),
        InvalidValue,
        "at least one model",
    ),
    "update to zero": (
        lambda m: m.update_node(other(max_concurrent=0)),
        InvalidValue,
        "max_concurrent",
    ),
    "no such node": (lambda m: m.update_node(other(id="b")), UnknownPath, "There are node1"),
    "remove none": (lambda m: m.remove_node("b"), UnknownPath, "no node 'b'"),
    "unknown path": (
        lambda m: m.set_value("curent_height", "1"),
        UsageError,
        "not a single value",
    ),
    "unknown field": (
        lambda m: m.set_value("nodes.node1.hots", "x"),
        UnknownPath,
        "Did you mean nodes.node1.host",
    ),
    "unknown setting": (lambda m: m.set_value("svc.x", "1"), UnknownPath, "no value at svc.x"),
    "below a leaf": (lambda m: m.set_value("nodes.node1.host.x", "1"), UnknownPath, "no value"),
    "absent entity": (lambda m: m.set_value("current_seed.seed", "1"), UnknownPath, "no value"),
    "other chain": (lambda m: m.set_value("chain_state.x", "1"), UnknownPath, "no value"),
    "several": (lambda m: m.set_value("nodes", "[]"), UsageError, "not a single value"),
    "static": (lambda m: m.set_value("api.port", "1"), UsageError, "no config file"),
    "text height": (lambda m: m.set_value("current_height", "x"), InvalidValue, "64-bit integer"),
    "minus height": (lambda m: m.set_value("current_height", "-1"), InvalidValue, "must be 0"),
    "text port": (lambda m: m.set_value("nodes.node1.poc_port", "x"), InvalidValue, "64-bit"),
    "wide port": (
        lambda m: m.set_value("nodes.node1.poc_port", "65536"),
        InvalidValue,
        "nodes.node1.poc_port: must be less than or equal to 65535",
    ),
    "no boolean": (lambda m: m.set_value("nodes.node1.is_enabled", "2"), InvalidValue, "true or"),
    "no object": (lambda m: m.set_value("nodes.node1.models", "[]"), InvalidValue, "JSON object"),
    "nan setting": (lambda m: m.set_value("s.x", "NaN", create=True), InvalidValue, "s.x: NaN"),
    "half pair": (
        lambda m: m.set_value("s.x", '"\\ud800"', create=True),
        InvalidValue,
        "UTF-8",
    ),
    "raw byte": (lambda m: m.set_value("current_node_version", "\udcff"), InvalidValue, "UTF-8"),
    "no path": (lambda m: m.set_value("a..b", "1"), UsageError, "is not a path"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_write_says_why_and_leaves_nothing(manager: ConfigManager, name: str) -> None:
    write, error, words = REFUSED[name]
    manager.add_node(NODE)
    before = counted(manager)
    with pytest.raises(error) as caught:
        write(manager)
    assert words.replace("\\", "") in str(caught.value)
    assert counted(manager) == before


def test_seeds_beyond_64_bits_are_no_values() -> None:
    for number in (INT64_MAX + 1, INT64_MIN - 1):
        with pytest.raises(ValidationError):
            EpochSeed(seed=number)


def test_a_node_with_an_unset_port_can_still_be_switched_off(
    manager: ConfigManager, database: Path
) -> None:
    foreign.write(database, foreign.node("node1", inference_port=0, models="{}"))
    manager.set_value("nodes.node1.is_enabled", "off")
    assert not manager.snapshot().nodes[0].is_enabled


# following


def test_the_screen_reads_state_and_changes_at_once_the_heights_but_once(
    manager: ConfigManager, database: Path
) -> None:
    first = manager.set_height(1)
    foreign.write(database, foreign.node("node1"))
    manager.set_height(2)
    snapshot, newest = manager.newest(2)
    assert [change.path for change in newest] == ["current_height", "nodes.node1"]
    assert newest[0].new == 2
    assert snapshot.change_id == first + 2
    assert [change.id for change in manager.feed(first + 1)] == [first + 2]


def test_time_is_taken_from_the_clock(manager: ConfigManager, clock: FixedClock) -> None:
    clock.advance(60)
    assert manager.snapshot().taken_at == clock.now
    assert utc_now().tzinfo is not None


def test_an_open_manager_needs_no_overrides(manager: ConfigManager) -> None:
    assert manager.overrides == Overrides()
