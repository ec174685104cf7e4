"""The access log is append-only, and says who was where."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from store import backup, restoring, schema
from store.locations import Locations
from store.manager import ConfigManager
from store.sealing.access import Origin, origin
from tests.support import foreign
from tests.support.clock import FixedClock


@pytest.fixture
def logged(manager: ConfigManager) -> ConfigManager:
    manager.set_secret("svc.token", "a")
    manager.set_secret("provider_configs.x", "b")
    manager.set_secret("svc.token", "c")
    return manager


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE access_log SET reason='none'",
        "UPDATE OR IGNORE access_log SET id=99 WHERE id=1",
        "DELETE FROM access_log",
        "DELETE FROM access_log WHERE id=1",
        "REPLACE INTO access_log(id,at,actor,act,path,result) VALUES(1,'','','','','')",
    ],
)
@pytest.mark.parametrize("recursive", [False, True])
def test_nothing_is_taken_back(
    logged: ConfigManager, database: Path, statement: str, recursive: bool
) -> None:
    before = logged.accesses()
    with (
        foreign.connect(database, recursive_triggers=recursive) as db,
        pytest.raises(Exception, match="append-only"),
    ):
        db.execute(statement)
    assert logged.accesses() == before


def test_rows_can_be_added_by_anybody(logged: ConfigManager, database: Path) -> None:
    row = {"at": "2025-06-01", "actor": "x", "act": "reveal", "path": "*", "result": "shown"}
    foreign.write(database, foreign.insert("access_log", row))
    assert len(logged.accesses()) == 4


def test_it_is_read_newest_first_and_by_path(logged: ConfigManager) -> None:
    paths = [each.path for each in logged.accesses()]
    assert paths == ["svc.token", "provider_configs.x.api_key", "svc.token"]
    assert [each.id for each in logged.accesses("svc")] == [3, 1]
    assert [each.id for each in logged.accesses("provider_configs.*")] == [2]
    assert [each.id for each in logged.accesses(before=3, limit=1)] == [2]
    logged.rekey_secrets()
    assert [each.act for each in logged.accesses("svc.token", limit=1)] == ["rekey"]


def test_a_restore_takes_no_look_back(
    logged: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    logged.reveal_secret("svc.token", reason="before the backup")
    made = backup.create(locations, actor="a@b", host="h", clock=clock)
    logged.reveal_secret("svc.token", reason="to be hidden by a restore")
    before = logged.accesses()
    logged.close()
    for _ in range(2):
        planned = restoring.plan(made, locations)
        restoring.apply(planned, actor="a@b", host="h", clock=clock)
        assert logged.accesses() == before
    assert logged.reveal_secret("svc.token", reason="after it") == "c"


def test_where_a_call_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    def terminals(descriptor: int) -> str:
        if descriptor == 2:
            return "/dev/pts/7"
        raise OSError

    monkeypatch.setattr(os, "ttyname", terminals)
    assert origin({"SSH_CONNECTION": "a 1 b 2"}) == Origin("/dev/pts/7", "a 1 b 2")
    assert origin({"SSH_CONNECTION": "\udcff"}) == Origin("/dev/pts/7", "?")
    monkeypatch.setattr(os, "ttyname", lambda _: (_ for _ in ()).throw(OSError()))
    assert origin({}) == Origin("", "")


def test_its_triggers_are_among_those_that_the_doctor_checks(logged: ConfigManager) -> None:
    logged.database.execute_sql("DROP TRIGGER access_log_delete")
    assert schema.altered_triggers(logged.database) == ["access_log_delete"]
