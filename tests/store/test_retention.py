"""What is forgotten, what stays, and that nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from store.errors import InvalidValue, Refused
from store.locations import Locations
from store.manager import ConfigManager
from store.retention import Horizons, Pruned, Retention
from tests.support import foreign
from tests.support.clock import FixedClock
from tests.support.samples import NODE, counted, other

HOUR = "strftime('%Y-%m-%dT%H:%M:%fZ', '2025-01-01', '+'||id||' hours')"


def no_pause(_: float) -> None:
    """Nobody else writes here."""


def heights(database: Path, count: int) -> None:
    """A height each hour of 2025, which the fixture's clock looks back on from March."""
    with foreign.connect(database) as db:
        db.execute("BEGIN")
        for height in range(count):
            db.execute("REPLACE INTO chain_state VALUES('current_height',?,'')", (height,))
        db.execute(f"UPDATE audit_log SET at={HOUR}")
        db.execute("COMMIT")


def rows(manager: ConfigManager, path: str) -> list[int]:
    found = manager.database.rows("SELECT id FROM audit_log WHERE path=? ORDER BY id", (path,))
    return [row[0] for row in found]


def test_the_defaults_are_a_week_of_heights_and_400_days(manager: ConfigManager) -> None:
    assert manager.retention() == Retention(heights_days=7, days=400)


def test_settings_say_otherwise(manager: ConfigManager) -> None:
    manager.set_value("nodedeck.retention.heights_days", "2", create=True)
    manager.set_value("nodedeck.retention.days", "30", create=True)
    assert manager.retention() == Retention(2, 30)


@pytest.mark.parametrize("value", ["0", "-1", '"long"', "1.5", "true", "9999999999"])
def test_a_setting_that_is_no_day_count_forgets_nothing(
    manager: ConfigManager, database: Path, value: str
) -> None:
    row = {"service": "nodedeck", "key": "retention.days", "value_json": value}
    foreign.write(database, foreign.insert("settings", row))
    before = counted(manager)
    with pytest.raises(InvalidValue, match=r"retention\.days: must be a number of days"):
        manager.prune(pause=no_pause)
    assert counted(manager) == before


def test_less_than_a_day_is_refused(manager: ConfigManager) -> None:
    with pytest.raises(InvalidValue, match="from 1 on"):
        manager.prune(Retention(0, 400), pause=no_pause)
    with pytest.raises(InvalidValue, match="from 1 on"):
        manager.prunable(Retention(7, 0))


def test_the_newest_at_the_horizon_and_all_later_ones_stay(
    manager: ConfigManager, database: Path, clock: FixedClock
) -> None:
    heights(database, 300)  # the last one on January 13
    manager.set_value("svc.x", "1", create=True)
    clock.now = clock.now.replace(month=1, day=10, hour=0, minute=0)
    assert manager.prunable(Retention(2, 400)) == Pruned(167, 0, Horizons(168, 0))
    assert len(rows(manager, "current_height")) == 300
    assert manager.prune(Retention(2, 400), pause=no_pause) == Pruned(167, 0, Horizons(168, 0))
    assert rows(manager, "current_height") == list(range(168, 301))
    assert rows(manager, "svc.x") == [301]


def test_each_path_keeps_its_newest_row_however_old(manager: ConfigManager, database: Path) -> None:
    for version in ("v1", "v2", "v3"):
        manager.set_nodes([other(version=version)])
    manager.remove_node("node1")
    manager.add_node(other(id="b"))
    foreign.write(database, f"UPDATE audit_log SET at={HOUR}")
    assert manager.prune(Retention(1, 1), pause=no_pause).rest == 3
    assert rows(manager, "nodes.node1") == [4]
    assert rows(manager, "nodes.b") == [5]
    assert manager.prune(Retention(1, 1), pause=no_pause) == Pruned(0, 0, Horizons(0, 5))


def test_a_horizon_never_goes_back(manager: ConfigManager, database: Path) -> None:
    heights(database, 10)
    manager.prune(Retention(1, 1), pause=no_pause)
    assert manager.prune(Retention(500, 500), pause=no_pause).horizons == Horizons(10, 0)


def test_the_past_is_longer_than_any_clock(manager: ConfigManager, database: Path) -> None:
    heights(database, 10)
    keep = Retention(timedelta.max.days, timedelta.max.days)
    assert manager.prune(keep, pause=no_pause) == Pruned(0, 0, Horizons())


def test_rows_go_in_batches_between_which_others_write(
    manager: ConfigManager, database: Path
) -> None:
    heights(database, 1_800)
    left: list[int] = []

    def write_meanwhile(seconds: float) -> None:
        assert 0 < seconds < 1
        foreign.write(database, f"REPLACE INTO chain_state VALUES('other','{len(left)}','')")
        left.append(len(rows(manager, "current_height")))

    assert manager.prune(Retention(1, 400), pause=write_meanwhile).heights == 1403
    assert left == [1300, 800, 397]


def test_many_small_paths_share_a_batch(manager: ConfigManager, database: Path) -> None:
    for value in (1, 2):
        rows_of = (
            {"service": "svc", "key": f"k{number}", "value_json": value} for number in range(30)
        )
        foreign.write(
            database, *(foreign.insert("settings", row, verb="REPLACE") for row in rows_of)
        )
    foreign.write(database, f"UPDATE audit_log SET at={HOUR}")
    pauses: list[float] = []
    assert manager.prune(Retention(1, 1), pause=pauses.append).rest == 30
    assert len(pauses) == 1


def test_a_limit_leaves_the_rest_for_the_next_time(manager: ConfigManager, database: Path) -> None:
    heights(database, 100)
    keep = Retention(1, 1)
    assert manager.prune(keep, limit=60, pause=no_pause).heights == 60
    assert rows(manager, "current_height")[0] == 61
    assert manager.prunable(keep).heights == 39
    assert manager.prune(keep, limit=60, pause=no_pause).heights == 39


def test_a_state_restored_meanwhile_is_left_alone(manager: ConfigManager, database: Path) -> None:
    heights(database, 1_200)

    def restore(_: float) -> None:
        foreign.write(database, "DELETE FROM meta WHERE key='retention_horizon'")

    assert manager.prune(Retention(1, 1), pause=restore).heights == 500
    assert len(rows(manager, "current_height")) == 700


def test_a_rewrite_is_not_the_only_row_that_stays(manager: ConfigManager, database: Path) -> None:
    foreign.write(database, foreign.node("node1", host="h1"))
    foreign.write(database, "UPDATE inference_nodes SET host='h2'")
    foreign.write(database, "DELETE FROM inference_nodes", foreign.node("node1", host="h2"))
    foreign.write(database, f"UPDATE audit_log SET at={HOUR}")
    assert [change.action for change in manager.feed(0)] == ["I", "U", "R"]
    manager.prune(Retention(1, 1), pause=no_pause)
    foreign.write(database, "DELETE FROM inference_nodes")
    assert [change.action for change in manager.feed(0)] == ["U", "D"]
    assert manager.document_as_of(2).get("nodes.node1.host").value == "h2"


def test_present_values_are_untouched(manager: ConfigManager, database: Path) -> None:
    manager.add_node(NODE)
    heights(database, 50)
    document = manager.raw().tree
    manager.prune(Retention(1, 1), pause=no_pause)
    assert manager.raw().tree == document


@pytest.mark.parametrize("act", [ConfigManager.prune])
def test_a_read_only_console_forgets_nothing(
    locations: Locations, act: Callable[[ConfigManager], object]
) -> None:
    with (
        ConfigManager.open(locations, actor="x@y", read_only=True) as manager,
        pytest.raises(Refused),
    ):
        act(manager)
