"""A connection that a run keeps: one for all who ask, never for the wrong file or left behind."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from store import connections, database
from store.connections import held_open
from store.database import Database
from store.errors import Refused
from store.importing import apply as engine
from tests.store.importing.samples import ACTOR, places, plan, put, run
from tests.support import foreign
from tests.support.clock import FixedClock


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of every connection that is made from now on."""
    made: list[str] = []
    real = sqlite3.connect

    def connect(address: object, *args: object, **more: object) -> sqlite3.Connection:
        made.append(str(address))
        return real(address, *args, **more)  # type: ignore[call-overload,no-any-return]

    monkeypatch.setattr(sqlite3, "connect", connect)
    return made


def use(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """The connection that whoever opens a database now gets, given back."""
    db = Database(path, read_only=read_only)
    found = db.connection
    db.close()
    return found


def test_readers_and_writers_use_one_connection(database: Path) -> None:
    with held_open(database):
        first = use(database, read_only=True)
        with held_open(database):
            assert use(database) is first
        reader = Database(database, read_only=True)
        assert reader.connection is first
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute_sql("DELETE FROM audit_log")
        with pytest.raises(Refused):
            reader.writing()
        reader.close()
        writer = Database(database)
        with writer.writing():
            writer.execute_sql("PRAGMA user_version=7")
        assert writer.value("PRAGMA synchronous") == 1
        writer.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        first.execute("SELECT 1")
    assert use(database) is not first


def test_two_at_once_have_one_each(database: Path) -> None:
    with held_open(database):
        one, other = Database(database), Database(database)
        assert one.connection is not other.connection
        kept, extra = one.connection, other.connection
        one.close()
        other.close()
        assert use(database) is kept
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            extra.execute("SELECT 1")


def test_what_was_left_in_a_transaction_is_not_used_again(database: Path) -> None:
    with held_open(database):
        db = Database(database)
        db.execute_sql("BEGIN IMMEDIATE")
        left = db.connection
        db.close()
        assert use(database) is not left


def test_a_file_that_was_replaced_is_opened_anew(database: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(database.read_bytes())
    with held_open(database):
        first = use(database)
        other.replace(database)
        assert use(database) is not first


def test_other_databases_and_other_threads_are_not_its_concern(
    database: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.db"
    other.write_bytes(database.read_bytes())
    found: list[sqlite3.Connection] = []
    with held_open(database):
        found += [use(database), use(database), use(other), use(other)]
        thread = threading.Thread(target=lambda: found.append(use(database)))
        thread.start()
        thread.join()
    assert found[0] is found[1]
    assert len({id(each) for each in found}) == 4


def test_an_import_opens_its_database_once(tmp_path: Path, opened: list[str]) -> None:
    at = places(tmp_path)
    run(put(tmp_path, "first.yaml", "svc: {a: 1}\n"), at)
    made = plan(put(tmp_path, "config.yaml", "current_height: 5\nsvc: {b: 2}\n"), at)
    opened.clear()
    engine.apply(made, at, actor=ACTOR, clock=FixedClock(), rewrite=True)
    assert sum(address.endswith("state.db?mode=rw") for address in opened) == 1
    # what asks whether the file is blank reads no schema
    assert not [each for each in opened if "state.db" in each and "mode=r" not in each]
    assert not connections.is_kept(at.database)
    with foreign.connect(at.database) as db:
        assert db.execute("SELECT count(*) FROM imports").fetchone() == (2,)


def test_a_database_that_is_made_is_opened_once_too(tmp_path: Path, opened: list[str]) -> None:
    path = tmp_path / "state.db"
    with held_open(path):
        database.create(path, created_by="tests")
        made = len(opened)
        use(path)
        use(path, read_only=True)
    assert len(opened) == made
