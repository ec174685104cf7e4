"""Opening, making and adopting a database; failures come as sentences with an exit code."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from store import schema
from store.database import Database, Made, create, side_files
from store.errors import (
    Busy,
    ExitCode,
    ForeignDatabase,
    MissingDatabase,
    NodedeckError,
    Refused,
    SchemaTooNew,
)
from store.files import digest
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.audit_state import assert_sound

REFERENCE = {
    "chain_state": "key TEXT PRIMARY KEY, value TEXT NOT NULL,"
    " updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
    "seed_info": "id INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, seed INTEGER NOT NULL,"
    " epoch_index INTEGER NOT NULL, signature TEXT NOT NULL,"
    " created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, is_active BOOLEAN DEFAULT TRUE",
    "upgrade_plans": "id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL,"
    " height INTEGER NOT NULL, binaries TEXT NOT NULL, is_active BOOLEAN DEFAULT TRUE,"
    " created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
    "inference_nodes": "id TEXT PRIMARY KEY, host TEXT NOT NULL, inference_segment TEXT NOT NULL,"
    " inference_port INTEGER NOT NULL, poc_segment TEXT NOT NULL, poc_port INTEGER NOT NULL,"
    " models TEXT NOT NULL, max_concurrent INTEGER NOT NULL, hardware TEXT NOT NULL,"
    " version TEXT NOT NULL, is_enabled BOOLEAN DEFAULT TRUE,"
    " created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP,"
    " updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP",
}


def make(path: Path, tables: dict[str, str]) -> Path:
    with closing(sqlite3.connect(path)) as db:
        for name, columns in tables.items():
            db.execute(f"CREATE TABLE {name}({columns})")
        db.commit()
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


# making


def test_all_three_files_are_private_and_the_journal_is_wal(database: Path) -> None:
    with closing(Database(database)) as db:
        with db.writing():
            db.execute_sql("INSERT INTO chain_state(key,value) VALUES('current_height','1')")
        for file in (database, *side_files(database)):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
        assert db.value("PRAGMA journal_mode") == "wal"


def test_making_it_again_changes_nothing(database: Path) -> None:
    before = digest(database.read_bytes())
    assert create(database, created_by="again") is Made.UNCHANGED
    assert digest(database.read_bytes()) == before


def test_a_place_without_a_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDatabase, match="there is no directory"):
        create(tmp_path / "missing" / "state.db", created_by="tests")


def test_every_database_has_a_history_of_its_own(tmp_path: Path) -> None:
    epochs = set()
    for name in ("a.db", "b.db"):
        create(tmp_path / name, created_by="tests")
        with closing(Database(tmp_path / name)) as db:
            epochs.add(db.value("SELECT value FROM meta WHERE key='config_epoch'"))
    assert len(epochs) == 2


def test_a_directory_with_strange_characters_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / "a?b#c%20d é"
    folder.mkdir()
    create(folder / "state.db", created_by="tests")
    with closing(Database(folder / "state.db")) as db:
        assert schema.version_of(db) == schema.VERSION
    assert {file.name for file in folder.iterdir()} == {"state.db"}


# adopting


def test_a_daemons_database_is_adopted_with_its_rows(path: Path) -> None:
    make(path, REFERENCE)
    foreign.write(
        path,
        foreign.node("node1"),
        foreign.node(None),
        foreign.seed("current", -5, 12),
        ("INSERT INTO chain_state(key,value) VALUES('current_height','42')", ()),
        (
            "INSERT INTO upgrade_plans(name,height,binaries) VALUES('v2',9,'{}')",
            (),
        ),
    )
    assert create(path, created_by="tests")
    with foreign.connect(path) as db:
        assert_sound(db)
        log = db.execute("SELECT path, action, actor FROM audit_log").fetchall()
        assert set(log) == {
            ("nodes.node1", "I", None),
            ("current_seed", "I", None),
            ("current_height", "I", None),
            ("upgrade_plan", "I", None),
        }
        assert db.execute("SELECT claimed FROM seed_info").fetchall() == [(0,)]
        assert db.execute("SELECT count(*) FROM inference_nodes").fetchone() == (2,)
    with closing(Database(path)) as opened:
        assert opened.value("SELECT node_version FROM upgrade_plans") == ""


def test_adoption_keeps_the_files_mode(path: Path) -> None:
    make(path, REFERENCE).chmod(0o640)
    create(path, created_by="tests")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_an_empty_file_becomes_a_database(path: Path) -> None:
    path.touch()
    assert create(path, created_by="tests")
    Database(path).close()


def test_a_database_not_yet_adopted_is_not_opened(path: Path) -> None:
    make(path, REFERENCE)
    with pytest.raises(MissingDatabase, match="has not been prepared") as caught:
        Database(path)
    assert "nodedeck init" in caught.value.hint


# refusing


@pytest.mark.parametrize(
    ("tables", "named"),
    [
        ({"kv_config": "key TEXT, value TEXT"}, "'kv_config'"),
        (REFERENCE | {"kv_config": "key TEXT"}, "'kv_config'"),
        ({"seed_info": "id INTEGER PRIMARY KEY, type TEXT, seed INTEGER"}, "'created_at'"),
        ({"audit_log": "id INTEGER", "meta": "key TEXT, value TEXT"}, "no schema version"),
    ],
)
def test_another_programs_database_is_refused_and_stays_as_it_is(
    path: Path, tables: dict[str, str], named: str
) -> None:
    make(path, tables)
    before = path.read_bytes()
    with pytest.raises(ForeignDatabase, match=named) as making:
        create(path, created_by="tests")
    assert making.value.exit_code is ExitCode.USAGE
    for read_only in (False, True):
        with pytest.raises(ForeignDatabase, match=named):
            Database(path, read_only=read_only)
    assert path.read_bytes() == before


def test_a_later_schema_is_only_read(database: Path) -> None:
    later = schema.VERSION + 1
    foreign.write(database, f"UPDATE meta SET value='{later}' WHERE key='schema_version'")
    for attempt in (lambda: create(database, created_by="tests"), lambda: Database(database)):
        with pytest.raises(SchemaTooNew, match=f"schema {later}, this one knows {schema.VERSION}"):
            attempt()
    with closing(Database(database, read_only=True)) as db:
        assert db.value("SELECT count(*) FROM chain_state") == 0


def test_a_missing_file_is_named_and_not_made(path: Path) -> None:
    with pytest.raises(MissingDatabase, match=str(path)) as caught:
        Database(path)
    assert caught.value.exit_code is ExitCode.USAGE
    assert not path.exists()


@pytest.mark.parametrize("content", [b"this is not a database, whatever its name" * 40])
def test_a_file_that_is_no_database_is_told_as_such(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(NodedeckError, match="not an intact SQLite database") as caught:
        Database(path)
    assert "Restore it from a backup" in caught.value.hint
    with pytest.raises(NodedeckError, match="not an intact SQLite database"):
        create(path, created_by="tests")
    assert path.read_bytes() == content


def test_a_damaged_database_is_told_as_such(database: Path) -> None:
    with foreign.connect(database) as db:
        db.execute("PRAGMA journal_mode=DELETE")
        page = db.execute("PRAGMA page_size").fetchone()[0]
    data = bytearray(database.read_bytes())
    data[page:] = b"\xff" * (len(data) - page)
    database.write_bytes(data)
    with (
        pytest.raises(NodedeckError, match="not an intact SQLite database"),
        closing(Database(database)) as opened,
        opened.reading(),
    ):
        opened.rows("SELECT * FROM chain_state")


# locked


def test_a_locked_database_is_busy_and_nothing_changes(
    database: Path, locations: Locations
) -> None:
    with (
        foreign.connect(database) as db,
        ConfigManager.open(locations, actor="a@b", busy_ms=20) as manager,
    ):
        db.execute("BEGIN IMMEDIATE")
        with pytest.raises(Busy, match="locked by another writer") as caught:
            manager.set_height(1)
        assert caught.value.exit_code is ExitCode.BUSY
        assert manager.snapshot().chain.current_height is None
        db.execute("ROLLBACK")
        assert manager.set_height(1)


def test_a_failed_write_leaves_nothing(database: Path) -> None:
    with closing(Database(database)) as db:
        with pytest.raises(ZeroDivisionError), db.writing():
            db.execute_sql("INSERT INTO chain_state(key,value) VALUES('current_height','1')")
            raise ZeroDivisionError
        assert db.value("SELECT count(*) FROM chain_state") == 0
        assert db.value("SELECT count(*) FROM audit_log") == 0


def test_everything_in_one_reading_sees_the_same_moment(database: Path) -> None:
    with closing(Database(database)) as db, db.reading():
        assert db.value("SELECT count(*) FROM inference_nodes") == 0
        foreign.write(database, foreign.node("node1"))
        assert db.value("SELECT count(*) FROM inference_nodes") == 0


def test_the_data_version_moves_with_a_foreign_commit(database: Path) -> None:
    with closing(Database(database)) as db:
        before = db.data_version()
        assert db.data_version() == before
        foreign.write(database, foreign.node("node1"))
        assert db.data_version() != before


def test_the_identity_changes_when_the_file_is_replaced(database: Path, tmp_path: Path) -> None:
    with closing(Database(database)) as db:
        before = db.identity()
        create(tmp_path / "other.db", created_by="tests")
        (tmp_path / "other.db").replace(database)
        assert db.identity() not in (before, None)
        database.unlink()
        assert db.identity() is None


# read-only


def test_read_only_refuses_every_write(database: Path, locations: Locations) -> None:
    with ConfigManager.open(locations, actor="a@b", read_only=True) as manager:
        with pytest.raises(Refused, match="read-only") as caught:
            manager.set_height(1)
        assert caught.value.exit_code is ExitCode.REFUSED
        with pytest.raises(Refused), manager.database.reading():
            manager.database.execute_sql("DELETE FROM chain_state")
        assert manager.snapshot().empty


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A directory that any user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="nodedeck-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


# run as a user who owns nothing here; 77 says that this process could not become one
_AS_NOBODY = """
import os, sys
from pathlib import Path
from store import errors
from store.locations import Locations
from store.manager import ConfigManager
path = Path(sys.argv[1])
if os.geteuid() == 0:
    try:
        os.setgroups([]); os.setgid(65534); os.setuid(65534)
    except OSError:
        sys.exit(77)
where = Locations(path.with_name("config.yaml"), path)
for read_only in (True, False):
    try:
        with ConfigManager.open(where, actor="nobody", read_only=read_only) as manager:
            print(manager.snapshot().chain.current_height, manager.database.immutable)
            read_only or manager.set_height(9)
    except errors.Refused as error:
        print(int(error.exit_code), error.message)
"""


def as_nobody(path: Path) -> list[str]:
    """What a user without rights sees: a line for reading, the lines for writing."""
    done = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY, str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
    )
    if done.returncode == 77:
        pytest.skip("this process is root and may not become another user")
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize("open_writer", [False, True])
def test_read_only_works_where_the_directory_cannot_be_written(
    open_folder: Path, open_writer: bool
) -> None:
    path = open_folder / "state.db"
    create(path, created_by="tests")
    with foreign.connect(path) as writer:
        writer.execute("INSERT INTO chain_state(key,value) VALUES('current_height','42')")
        if not open_writer:
            writer.close()
        for file in open_folder.iterdir():
            file.chmod(0o444)
        open_folder.chmod(0o555)
        seen, *refused = as_nobody(path)
    assert seen == f"42 {not open_writer}"
    assert refused[-1].startswith("6 ")


def test_an_unreadable_file_is_refused_in_words(open_folder: Path) -> None:
    path = open_folder / "state.db"
    create(path, created_by="tests")
    path.chmod(0o000)
    for line in as_nobody(path):
        assert line.startswith(f"6 {path} cannot be opened or written by this user")


# values that only other programs leave


def test_text_that_is_not_utf8_is_read(database: Path, manager: ConfigManager) -> None:
    bad = foreign.Raw(b"caf\xe9")
    foreign.write(
        database,
        foreign.insert("inference_nodes", _node_row(bad)),
        foreign.insert("chain_state", {"key": bad, "value": bad}),
        foreign.insert("network_params", {"param_type": bad, "param_data": bad}),
        foreign.insert("settings", {"service": bad, "key": "k", "value_json": bad}),
    )
    snapshot = manager.snapshot()
    assert [node.host for node in snapshot.nodes] == ["caf\ufffd"]
    assert list(snapshot.other_chain.values()) == ["caf\ufffd"]
    assert len(manager.history()) == 4
    assert manager.effective().leaves()


def _node_row(value: foreign.Raw) -> dict[str, object]:
    text = dict.fromkeys(("id", "host", "inference_segment", "poc_segment", "version"), value)
    numbers = dict.fromkeys(("inference_port", "poc_port", "max_concurrent"), 1)
    return {**text, **numbers, "models": "{}", "hardware": "[]"}


def test_a_nan_arrives_as_null_and_is_refused_by_the_table(database: Path) -> None:
    with foreign.connect(database) as db, pytest.raises(sqlite3.IntegrityError):
        db.execute(*foreign.seed("current", float("nan"), 1))  # type: ignore[arg-type]
    with foreign.connect(database) as db:
        assert_sound(db)
