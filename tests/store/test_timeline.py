"""The document as of then, and what of it is unknown."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from store.errors import UnknownPath, UsageError
from store.manager import ConfigManager
from store.retention import Retention
from store.timeline import BeforeHorizon
from tests.support import foreign
from tests.support.samples import NODE, PLAN, SEED, other


@pytest.fixture
def lived(manager: ConfigManager, database: Path) -> ConfigManager:
    """Ten changes, a day apart, the last one ten days ago."""
    manager.set_height(1)
    manager.add_node(NODE)
    manager.add_node(other(id="a", host="h"))
    manager.set_height(2)
    manager.set_value("svc.limit", "5", create=True)
    manager.update_node(other(version="v2"))
    manager.set_seed("current", SEED)
    manager.remove_node("node1")
    manager.set_upgrade_plan(PLAN)
    manager.set_height(3)
    foreign.write(
        database,
        "UPDATE audit_log SET at=strftime('%Y-%m-%dT%H:%M:%fZ', '2025-01-01', '+'||id||' days')",
    )
    return manager


def day(number: int) -> datetime:
    return datetime(2025, 1, 1 + number, 12, tzinfo=UTC)


def test_a_change_id_gives_the_document_after_it(lived: ConfigManager) -> None:
    document = lived.document_as_of(6)
    assert document.change_id == 6
    assert document.unknown == ()
    assert document.get("current_height").value == 2
    assert document.get("nodes.node1.version").value == "v2"
    assert document.get("svc").value == {"limit": 5}
    with pytest.raises(UnknownPath):
        document.get("current_seed")


def test_a_moment_gives_what_was_then(lived: ConfigManager) -> None:
    assert lived.document_as_of(day(3)).change_id == 3
    assert lived.document_as_of(day(3).replace(hour=0)).change_id == 3
    assert lived.document_as_of(day(25)).change_id == 10


def test_now_is_what_the_database_holds(lived: ConfigManager) -> None:
    assert lived.document_as_of(None).tree == lived.raw().tree
    assert lived.document_as_of(None).legacy() == lived.raw().legacy()


def test_nodes_stand_in_their_present_order_and_the_gone_last(lived: ConfigManager) -> None:
    assert list(lived.document_as_of(7).tree["nodes"]) == ["a", "node1"]
    lived.set_nodes([other(id="z", host="z"), other(id="a", host="h")])
    assert list(lived.document_as_of(None).tree["nodes"]) == ["a", "z"]


def test_before_the_log_begins_is_unknown_and_not_empty(lived: ConfigManager) -> None:
    for point in (0, -1, day(0)):
        with pytest.raises(BeforeHorizon, match="the log begins with change #1 at 2025-01-02"):
            lived.document_as_of(point)


def test_what_is_yet_to_come_is_refused(lived: ConfigManager) -> None:
    with pytest.raises(UsageError, match="no change #11 yet; the newest is #10"):
        lived.document_as_of(11)


def test_an_empty_database_is_an_empty_document(manager: ConfigManager) -> None:
    assert manager.document_as_of(None).tree == {}


def test_json_null_is_a_value_and_not_absence(manager: ConfigManager) -> None:
    manager.set_value("svc.x", "null", create=True)
    assert manager.document_as_of(1).tree == {"svc": {"x": None}}


def test_a_path_that_only_a_foreign_writer_could_make_is_there(
    manager: ConfigManager, database: Path
) -> None:
    row = {"service": "svc", "key": "not a path", "value_json": "1"}
    foreign.write(database, foreign.insert("settings", row))
    assert manager.document_as_of(1).tree == manager.raw().tree == {"svc.not a path": 1}


def test_heights_that_were_forgotten_sooner_are_unknown(lived: ConfigManager) -> None:
    # the fixture's clock stands at 2025-03-01: the cutoffs are 2025-01-07 and 2025-01-04
    lived.prune(Retention(heights_days=53, days=56), pause=lambda _: None)
    assert lived.document_as_of(4).get("current_height").value == 2
    document = lived.document_as_of(3)
    assert document.unknown == ("current_height", "last_processed_height")
    assert "current_height" not in document.tree
    assert document.get("nodes.node1.version").value == "v1"
    with pytest.raises(BeforeHorizon, match="current_height was at change #3 is unknown"):
        document.get("current_height")
    with pytest.raises(BeforeHorizon, match="the log begins with change #3"):
        lived.document_as_of(2)
    with pytest.raises(BeforeHorizon):
        lived.document_as_of(day(2))
    assert lived.document_as_of(day(5)).get("svc.limit").value == 5
