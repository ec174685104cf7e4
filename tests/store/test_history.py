"""The log read: what a pattern names, what differs, what a reader has not seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import history
from store.manager import ConfigManager
from store.models import Change, Node
from tests.support import foreign


def node(node_id: str, **fields: Any) -> Node:
    base = {
        "id": node_id,
        "host": f"{node_id}.local",
        "inference_port": 1,
        "poc_port": 2,
        "max_concurrent": 3,
        "models": {"m": {}},
        "version": "v1",
    }
    return Node.model_validate(base | fields)


@pytest.fixture
def told(manager: ConfigManager) -> ConfigManager:
    """A history of seven changes."""
    manager.set_height(1)
    manager.add_node(node("a"))
    manager.add_node(node("b.c"))
    manager.update_node(node("a", version="v2"))
    manager.update_node(node("b.c", host="moved"))
    manager.set_value("svc.x.y", '{"deep":{"er":1},"flat":2}', create=True)
    manager.set_value("svc.x.y", '{"deep":{"er":5},"flat":2}')
    return manager


@pytest.mark.parametrize(
    ("pattern", "ids"),
    [
        (None, [7, 6, 5, 4, 3, 2, 1]),
        ("current_height", [1]),
        ('"current_height"', [1]),
        ("nodes", [5, 4, 3, 2]),
        ("nodes.a", [4, 2]),
        ('nodes."b.c"', [5, 3]),
        ("nodes.*.host", [5, 3, 2]),
        ("nodes.*.version", [4, 3, 2]),
        ("nodes.a.version", [4, 2]),
        ("nodes.a.host", [2]),
        ("nodes.a.models.m.args", [2]),
        ("svc", [7, 6]),
        ('"svc"', [7, 6]),
        ("svc.x", [7, 6]),
        ("svc.x.y", [7, 6]),
        ("svc.x.y.deep.er", [7, 6]),
        ("svc.x.y.flat", [6]),
        ("svc.*.y", [7, 6]),
        ("*", [7, 6, 5, 4, 3, 2, 1]),
        ("nothing.here", []),
        ("nodes.a.nothing", []),
        ("svcx", []),
    ],
)
def test_a_pattern_names_leaves(told: ConfigManager, pattern: str | None, ids: list[int]) -> None:
    assert [change.id for change in told.history(pattern)] == ids


def test_the_limit_counts_what_matches(told: ConfigManager) -> None:
    assert [change.id for change in told.history("nodes.*.version", limit=2)] == [4, 3]
    assert [change.id for change in told.history("nodes.*.version", limit=2, before=3)] == [2]


def test_a_match_far_back_is_found(manager: ConfigManager, database: Path) -> None:
    manager.add_node(node("a"))
    with foreign.connect(database) as db:
        db.execute("BEGIN")
        for height in range(1200):
            db.execute("REPLACE INTO chain_state(key,value) VALUES('current_height',?)", (height,))
        db.execute("COMMIT")
    assert [change.id for change in manager.history("nodes.*.host")] == [1]
    assert len(manager.history(limit=10_000)) == 1201


def test_actors_can_be_told_apart(told: ConfigManager, database: Path) -> None:
    foreign.write(database, foreign.node("z"))
    assert [change.path for change in told.history(actor="external")] == ["nodes.z"]
    assert len(told.history(actor="tester@host")) == 7
    assert told.history(actor="nobody") == []


def test_since_is_a_moment_in_any_zone(told: ConfigManager, database: Path) -> None:
    foreign.write(database, "UPDATE audit_log SET at='2025-01-01T00:00:00.500Z' WHERE id=3")
    foreign.write(database, "UPDATE audit_log SET at='2024-12-31T23:59:59.999Z' WHERE id<3")
    moment = datetime(2025, 1, 1, tzinfo=UTC)
    assert [change.id for change in told.history(since=moment)] == [7, 6, 5, 4, 3]
    later = (moment + timedelta(seconds=1)).astimezone()
    assert [change.id for change in told.history(since=later)] == [7, 6, 5, 4]


def test_a_rewrite_is_fed_but_not_shown(manager: ConfigManager, database: Path) -> None:
    foreign.write(database, foreign.node("a"))
    foreign.write(database, "DELETE FROM inference_nodes", foreign.node("a"))
    assert [change.action for change in manager.feed(0)] == ["I", "R"]
    assert [change.action for change in manager.history()] == ["I"]


def test_a_signed_rewrite_is_shown(manager: ConfigManager, database: Path) -> None:
    foreign.write(database, foreign.node("a"))
    with manager.transaction("again") as db:
        db.execute_sql("DELETE FROM inference_nodes")
        db.execute_sql(*foreign.node("a"))
    assert [change.action for change in manager.history()] == ["R", "I"]


def test_a_change_is_decoded_and_in_utc(told: ConfigManager) -> None:
    change = told.history("nodes.a", limit=1)[0]
    assert change.at.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - change.at) < timedelta(minutes=1)
    assert change.old["is_enabled"] is True
    assert (change.old["version"], change.new["version"]) == ("v1", "v2")


def change_of(path: str, old: Any, new: Any) -> Change:
    at = datetime(2025, 1, 1, tzinfo=UTC)
    return Change(id=1, at=at, path=path, action="U", old=old, new=new, actor=None, reason=None)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (1, 2, [("p", 1, 2)]),
        (None, {"a": 1}, [("p.a", None, 1)]),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, [("p.b", 2, 3)]),
        ({"a": {"x.y": 1}}, {"a": {}}, [('p.a."x.y"', 1, None), ("p.a", None, {})]),
        ({"a": [1]}, {"a": [1, 2]}, [("p.a", [1], [1, 2])]),
        ({"a": 1}, {"a": True}, [("p.a", 1, True)]),
        ({"a": 1}, {"a": 1.0}, [("p.a", 1, 1.0)]),
        ({"a": 1}, None, [("p.a", 1, None)]),
        ({"b": 1}, {"c": 1, "b": 2}, [("p.b", 1, 2), ("p.c", None, 1)]),
        ({}, "text", [("p", {}, "text")]),
    ],
)
def test_the_leaves_that_differ(old: Any, new: Any, expected: list[Any]) -> None:
    fields = history.fields(change_of("p", old, new))
    assert [(field.path, field.old, field.new) for field in fields] == expected


values = st.recursive(
    st.integers() | st.booleans() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@given(values)
def test_equal_values_have_no_leaf_that_differs(value: Any) -> None:
    assert history.fields(change_of("p", value, value)) == []


@given(values, values)
def test_different_values_have_one(old: Any, new: Any) -> None:
    if old != new:
        assert history.fields(change_of("p", old, new))


def test_a_path_that_only_a_foreign_writer_could_make_is_listed(
    manager: ConfigManager, database: Path
) -> None:
    row = {"service": "svc", "key": "not a path", "value_json": "1"}
    foreign.write(database, foreign.insert("settings", row))
    (change,) = manager.history()
    assert change.path == "svc.not a path"
    assert manager.history("*") == [change]
