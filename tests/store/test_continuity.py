"""The last epochs, out of the thousands of seed rows that a daemon leaves behind."""

from __future__ import annotations

from pathlib import Path

from store.locations import Locations
from store.manager import ConfigManager
from store.models import EpochMark
from tests.support import foreign


def epochs(manager: ConfigManager, count: int = 60) -> dict[int, bool | None]:
    marks = manager.last_epochs(manager.snapshot(), count)
    assert all(isinstance(mark, EpochMark) for mark in marks)
    assert [mark.epoch for mark in marks] == sorted(mark.epoch for mark in marks)
    return {mark.epoch: mark.claimed for mark in marks}


def flushes(path: Path, *rows: str | foreign.Statement) -> None:
    foreign.write(path, "UPDATE seed_info SET is_active=0", *rows)


def test_of_each_epoch_the_newest_row_counts(manager: ConfigManager, database: Path) -> None:
    flushes(
        database,
        foreign.seed("upcoming", 1, 5),
        foreign.seed("current", 1, 5),
        foreign.seed("previous", 1, 5),
        foreign.seed("previous", 1, 5, claimed=1),
        foreign.seed("previous", 2, 6, claimed=1),
        foreign.seed("previous", 2, 6, claimed=0),
        foreign.seed("previous", 4, 8, claimed=1),
        foreign.seed("current", 5, 9),
        foreign.seed("upcoming", 6, 10),
    )
    assert epochs(manager) == {5: True, 6: False, 7: None, 8: True}
    assert epochs(manager, 2) == {8: True}
    assert epochs(manager, 3) == {6: False, 7: None, 8: True}


def test_no_epoch_is_over_yet(manager: ConfigManager, database: Path) -> None:
    assert epochs(manager) == {}
    flushes(database, foreign.seed("current", 7, 1))
    assert epochs(manager) == {}


def test_without_a_current_seed_the_previous_one_is_the_last(
    manager: ConfigManager, database: Path
) -> None:
    flushes(database, foreign.seed("previous", 7, 3, claimed=1))
    assert epochs(manager) == {3: True}


def test_an_epoch_near_the_limit_is_only_so_many_seeks(
    manager: ConfigManager, database: Path
) -> None:
    flushes(database, foreign.seed("current", 7, 2**63 - 1), foreign.seed("previous", 7, 2**63 - 2))
    assert epochs(manager) == {2**63 - 2: False}


def test_values_that_no_daemon_writes_are_unclaimed(manager: ConfigManager, database: Path) -> None:
    flushes(
        database,
        foreign.seed("previous", 1, 3, seed="x", claimed="yes"),
        foreign.seed("previous", 1, 0, epoch_index="soon"),
        foreign.seed("previous", 1, 0, epoch_index=b"\x04", claimed=1),
        foreign.seed("current", 7, 5),
    )
    assert epochs(manager) == {3: False, 4: None}


def test_it_stays_a_seek_among_very_many_rows(manager: ConfigManager, database: Path) -> None:
    many = (
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i<50000)"
        " INSERT INTO seed_info(type, seed, epoch_index, signature, is_active, claimed)"
        " SELECT 'previous', i, 1+i/1000, 'ab', 0, 1 FROM n"
    )
    flushes(database, many, foreign.seed("current", 1, 52))
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    snapshot = manager.snapshot()
    sqlite = manager.database.connection
    sqlite.set_progress_handler(count, 100)
    assert len(manager.last_epochs(snapshot, 60)) == 51
    sqlite.set_progress_handler(None, 0)
    assert steps < 100, "hundreds of steps of SQLite's machine for each epoch are a scan"


def test_a_schema_without_the_index_has_no_strip(locations: Locations) -> None:
    flushes(locations.database, foreign.seed("previous", 1, 5), foreign.seed("current", 1, 6))
    foreign.write(locations.database, "DROP INDEX seed_info_epoch")
    with ConfigManager.open(locations, actor="x", read_only=True) as manager:
        assert epochs(manager) == {}
