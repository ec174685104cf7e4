"""Block times of the last hour, read from the log by key."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from store import blocks, rules_chain
from store.blocks import BlockHour
from store.database import Database
from store.evidence import this_platform
from store.manager import ConfigManager
from store.models import HeightMark, UpgradePlan
from tests.support.clock import FixedClock

NOON = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def log_heights(database: Path, marks: Iterable[tuple[datetime, int | str]]) -> None:
    """Heights of another program, each as if written at its moment."""
    with closing(sqlite3.connect(database)) as db:
        for at, height in marks:
            db.execute(
                "INSERT INTO chain_state(key, value) VALUES('current_height', ?)"
                " ON CONFLICT(key) DO UPDATE SET value=excluded.value",
                (str(height),),
            )
            text = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            db.execute(
                "UPDATE audit_log SET at=? WHERE id=(SELECT max(id) FROM audit_log)", (text,)
            )
        db.commit()


def steady(seconds: float, *, since: datetime, until: datetime) -> list[tuple[datetime, int]]:
    """A block every so many seconds."""
    count = int((until - since).total_seconds() / seconds)
    return [(since + timedelta(seconds=seconds * n), 1000 + n) for n in range(count + 1)]


def hour_paces(hour: BlockHour) -> list[float | None]:
    return blocks.paces(hour, hour.until - HOUR, blocks.MINUTES)


@pytest.fixture
def clock() -> FixedClock:
    clock = FixedClock()
    clock.now = NOON + timedelta(seconds=20)
    return clock


def test_an_empty_log_has_an_hour_without_a_height(manager: ConfigManager) -> None:
    hour = manager.block_hour()
    assert hour.until == NOON
    assert hour_paces(hour) == [None] * 60
    assert blocks.learned(hour) is None


def test_a_minute_tells_its_seconds_per_block(database: Path, manager: ConfigManager) -> None:
    log_heights(database, steady(5.0, since=NOON - HOUR, until=NOON))
    paces = hour_paces(manager.block_hour())
    assert [pace and round(pace, 3) for pace in paces] == [5.0] * 60
    whole = blocks.paces(manager.block_hour(), NOON - HOUR, 60, each=3)
    assert len(whole) == 20


def test_what_came_before_the_log_is_unknown_and_a_wait_is_told_where_it_ends(
    database: Path, manager: ConfigManager
) -> None:
    log_heights(database, steady(10.0, since=NOON - 10 * MINUTE, until=NOON - 6 * MINUTE))
    log_heights(database, [(NOON - 2 * MINUTE - timedelta(seconds=30), 5000)])
    paces = hour_paces(manager.block_hour())
    assert paces[:50] == [None] * 50
    assert paces[50:54] == [10.0] * 4
    assert paces[54:57] == [None] * 3
    assert paces[57] == pytest.approx(210 / (5000 - 1024))
    assert paces[58:] == [None] * 2


def test_a_height_that_does_not_decode_or_goes_back_gives_no_pace(
    database: Path, manager: ConfigManager
) -> None:
    log_heights(
        database,
        [
            (NOON - 4 * MINUTE, 100),
            (NOON - 3 * MINUTE, "none"),
            (NOON - 2 * MINUTE, 90),
            (NOON - 1 * MINUTE, 80),
        ],
    )
    assert hour_paces(manager.block_hour())[-5:] == [None] * 5


def test_of_a_known_hour_only_the_rest_is_read(
    database: Path, manager: ConfigManager, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_heights(database, steady(5.0, since=NOON - HOUR, until=NOON))
    first = manager.block_hour()
    assert manager.block_hour(first) is first
    log_heights(database, [(NOON + 30 * timedelta(seconds=1), 1730)])
    clock.advance(60)
    asked = counted(monkeypatch)
    later = manager.block_hour(first)
    assert asked["heights"] == 2
    assert later.until == NOON + MINUTE
    assert later == manager.block_hour()


def test_minutes_after_the_last_read_had_no_block() -> None:
    hour = BlockHour(NOON, (None,))
    assert hour.at(NOON - MINUTE) is None
    assert hour.at(NOON + MINUTE) is None
    assert blocks.paces(hour, NOON, 2) == [None, None]


def test_reading_costs_seeks_and_not_the_length_of_the_log(
    database: Path, manager: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_heights(database, steady(30.0, since=NOON - HOUR, until=NOON))
    with closing(sqlite3.connect(database)) as db:
        db.executemany(
            "INSERT INTO audit_log(at, path, action, new_json) VALUES(?, 'current_height', 'U', ?)",
            [("2025-03-01T12:00:10.000Z", str(2000 + n)) for n in range(50_000)],
        )
        db.commit()
    asked = counted(monkeypatch)
    assert manager.block_hour().at(NOON) == manager.block_hour().at(NOON)
    # each moment is found by halving fifty thousand rows
    assert asked["heights"] == 2 * 61
    assert asked["other"] <= 2 * 61 * 17


def counted(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts the queries that are run from now on, each of which gives one row."""
    asked: Counter[str] = Counter()
    rows = Database.rows

    def counting(self: Database, sql: str, values: Any = ()) -> list[Any]:
        found = rows(self, sql, values)
        assert len(found) <= 1
        asked["heights" if "current_height" in sql else "other"] += 1
        return found

    monkeypatch.setattr(Database, "rows", counting)
    return asked


def test_the_learned_time_is_not_pulled_away_by_one_stop(
    database: Path, manager: ConfigManager
) -> None:
    times = steady(5.0, since=NOON - HOUR, until=NOON - 30 * MINUTE)
    later = [(at + 20 * MINUTE, height) for at, height in times[-121:]]
    log_heights(database, [*times, *((at, height + 121) for at, height in later)])
    pace = blocks.learned(manager.block_hour())
    assert pace is not None
    assert pace.seconds == pytest.approx(5.0, abs=0.01)
    assert pace.error < 0.1


def test_an_upgrade_comes_at_the_learned_pace_give_or_take(
    database: Path, manager: ConfigManager
) -> None:
    assert blocks.upgrade(manager.snapshot(), manager.block_hour()) is None
    manager.set_upgrade_plan(UpgradePlan(name="v2", height=1000 + 720 + 600))
    assert blocks.upgrade(manager.snapshot(), manager.block_hour()) is None, "no height yet"
    log_heights(database, steady(5.0, since=NOON - HOUR, until=NOON))
    arrival = blocks.upgrade(manager.snapshot(), manager.block_hour())
    assert arrival is not None and arrival.give_or_take is not None
    assert abs(arrival.at - (NOON + timedelta(seconds=20 + 3000))) < timedelta(seconds=30)
    assert arrival.give_or_take < MINUTE


def test_a_pace_of_a_few_blocks_has_no_band(database: Path, manager: ConfigManager) -> None:
    log_heights(database, steady(5.0, since=NOON - MINUTE, until=NOON))
    manager.set_upgrade_plan(UpgradePlan(name="v2", height=2000))
    arrival = blocks.upgrade(manager.snapshot(), manager.block_hour())
    assert arrival is not None and arrival.give_or_take is None


def test_a_band_as_long_as_the_way_is_none(manager: ConfigManager) -> None:
    manager.set_height(1000)
    manager.set_upgrade_plan(UpgradePlan(name="v2", height=2000))
    # one to sixty blocks a minute: the pace is anybody's guess
    at, height, marks = NOON - 6 * MINUTE, 1, [HeightMark(at=NOON - 6 * MINUTE, height=1)]
    for count in (1, 60, 2, 60, 1, 60):
        at, height = at + MINUTE, height + count
        marks.append(HeightMark(at=at, height=height))
    hour = BlockHour(NOON, tuple(marks))
    pace = blocks.learned(hour)
    assert pace is not None and pace.error > pace.seconds
    # one mark gives no pace of its own, two do
    log_heights(manager.database.path, [(NOON, 1001), (NOON + timedelta(seconds=5), 1002)])
    arrival = blocks.upgrade(manager.snapshot(), hour)
    assert arrival is not None and arrival.give_or_take is None


def test_the_finding_tells_the_arrival_that_screens_tell(
    database: Path, manager: ConfigManager
) -> None:
    log_heights(database, steady(5.0, since=NOON - HOUR, until=NOON))
    binaries = {this_platform(): "u"}
    manager.set_upgrade_plan(UpgradePlan(name="v2", height=9000, binaries=binaries))
    seen = manager.evidence()
    arrival = blocks.upgrade(seen.snapshot, manager.block_hour())
    assert arrival is not None and arrival == blocks.upgrade(seen.snapshot, seen.hour)
    (told,) = (one.message for one in rules_chain.upgrade(seen, NOON))
    assert f"{arrival.at.astimezone(UTC):%H:%M} UTC" in told
    assert told.endswith(" ± 1 m.")


def test_one_long_wait_does_not_press_the_others_flat() -> None:
    assert blocks.scale([]) == blocks.scale([None]) == 0.0
    assert blocks.scale([5.0, 6.0, 5.0]) == 6.0
    assert blocks.scale([5.0, None, 400.0]) == 20.0
