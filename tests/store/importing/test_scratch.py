"""What a rehearsal writes to: the state of the database, in memory, however odd its rows are."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

import pytest

from store import documents, schema, upgrades
from store.database import Database
from store.errors import SchemaTooNew, VersionConflict
from store.importing import rehearsal
from store.importing.scratch import Scratch
from store.locations import Locations
from store.manager import ConfigManager
from store.sealing import places as secrets
from tests.store.importing.samples import ACTOR, RUNNING, database_leaves, plan, put, run
from tests.store.test_upgrades import old
from tests.support import foreign
from tests.support.samples import counted

__all__ = ["old"]  # a fixture


def scratch_of(database: Path) -> Scratch:
    with closing(Database(database, read_only=True)) as live, live.reading():
        return Scratch(Locations(database, database), live)


@pytest.mark.parametrize("seed", range(3))
def test_it_says_what_the_database_says_whatever_is_stored(database: Path, seed: int) -> None:
    writer = foreign.RandomWriter(seed)
    with foreign.connect(database) as db:
        db.execute("PRAGMA synchronous=OFF")
        for _ in range(60):
            writer.transaction(db)
    with closing(scratch_of(database)) as copy, closing(Database(database)) as live:
        for read in (documents.database_tree, secrets.listed):
            with copy.reading(), live.reading():
                mine, theirs = (repr(read(db)) for db in (copy, live))
            assert mine == theirs


def test_it_has_no_history_and_no_triggers(manager: ConfigManager, database: Path) -> None:
    for height in range(5):
        manager.set_height(height)
    foreign.write(database, *(foreign.seed("current", 7, epoch) for epoch in range(3)))
    foreign.write(database, "UPDATE seed_info SET is_active=0 WHERE epoch_index<2")
    before = counted(manager)
    with closing(scratch_of(database)) as copy:
        assert schema.tables_of(copy) == schema.tables_of(manager.database)
        assert copy.value("SELECT count(*) FROM audit_log") == 0
        assert copy.rows("SELECT epoch_index FROM seed_info") == [(2,)]
        assert copy.rows("SELECT 1 FROM sqlite_master WHERE type='trigger'") == []
        with copy.writing():
            copy.execute_sql("DELETE FROM chain_state")
    assert counted(manager) == before


def test_a_rule_of_another_programs_table_holds_there_too(database: Path) -> None:
    foreign.write(database, "CREATE UNIQUE INDEX one_host ON inference_nodes(host)")
    with closing(scratch_of(database)) as copy:
        assert copy.rows("SELECT name FROM sqlite_master WHERE sql LIKE '%UNIQUE INDEX%'")


def version_of(at: Locations) -> str:
    with foreign.connect(at.database) as db:
        ((number,),) = db.execute("SELECT value FROM meta WHERE key='schema_version'").fetchall()
    return str(number)


def test_an_older_schema_is_brought_up_to_date_in_the_copy_alone(old: Locations) -> None:
    with closing(scratch_of(old.database)) as copy:
        assert upgrades.tables() <= schema.tables_of(copy)
    assert version_of(old) == "1"
    put(old.config.parent, "config.yaml", RUNNING)
    assert run(old.config, old).rehearsed > 0
    assert version_of(old) == str(schema.VERSION)
    assert database_leaves(old)["svc.a"] == 2


def test_a_later_schema_is_refused(database: Path) -> None:
    foreign.write(database, "UPDATE meta SET value='99' WHERE key='schema_version'")
    with pytest.raises(SchemaTooNew):
        scratch_of(database)


def test_what_moved_on_since_the_plan_is_seen_before_anything_is_written(
    manager: ConfigManager, locations: Locations
) -> None:
    made = plan(put(locations.config.parent, "config.yaml", RUNNING), locations)
    manager.set_height(99)
    with pytest.raises(VersionConflict):
        rehearsal.rehearse(made, locations, actor=ACTOR)


def test_a_rehearsal_writes_to_no_disk(manager: ConfigManager, locations: Locations) -> None:
    """Its copy has secrets in it, so that it must not stand anywhere, be it for a moment."""
    made = plan(put(locations.config.parent, "config.yaml", RUNNING), locations)
    opened: list[str] = []
    hearing = True

    def heard(event: str, arguments: tuple[object, ...]) -> None:
        if not hearing:
            return
        if event == "open" and isinstance(arguments[2], int):
            if arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                opened.append(str(arguments[0]))
        elif event == "sqlite3.connect":
            opened.append(str(arguments[0]))

    sys.addaudithook(heard)
    try:
        assert rehearsal.rehearse(made, locations, actor=ACTOR) > 0
    finally:
        hearing = False
    assert [each for each in opened if "mode=ro" not in each] == [":memory:"]
