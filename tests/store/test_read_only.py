"""Read-only holds against every path into the store, down to the connection."""

from __future__ import annotations

import inspect
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from store.database import Database, Transaction, create
from store.errors import ExitCode, NodedeckError, Refused
from store.history import Position
from store.importing.rows import Seal
from store.locations import Locations
from store.manager import ConfigManager
from store.models import NodeVersion
from store.retention import Retention
from store.sealing.leaks import Leak
from store.sealing.suspects import Kind as SuspectKind
from store.sealing.suspects import Suspect, stamp_of
from store.searching import Search
from tests.support import foreign, reverters
from tests.support.samples import NODE, PLAN, SEED, other

Call = Callable[[ConfigManager], object]
COPY: Final = "config.yaml.pre-migration.x"

# what a method is asked, by the names of its arguments; a method with an argument that nothing
# here names fails the test until it is given one
_ARGUMENTS: Final[Mapping[str, Any]] = {
    "path": "svc.x",
    "text": "2",
    "height": 7,
    "version": "v9",
    "merged": False,
    "kind": "current",
    "seed": SEED,
    "values": {"x": 5},
    "versions": (NodeVersion(height=5, version="v0"),),
    "plan": PLAN.model_copy(update={"height": 500}),
    "node": other(host="moved"),
    "nodes": [NODE],
    "node_id": "node1",
    "enabled": False,
    "key": "k2",
    "texts": {"host": "elsewhere"},
    "point": None,
    "since": Position("", 0),
    "after": 0,
    "limit": 5,
    "host": "h",
    "change_id": 11,
    "change_ids": (11,),
    "number": 1,
    "within": 60.0,
    "service": "svc",
    "name": "day",
    "schema": {
        "properties": {"more": {"type": "object", "properties": {"y": {"type": "integer"}}}}
    },
}


class Asked:
    """An argument that is asked of the manager at the time of the call."""

    def __init__(self, ask: Call) -> None:
        self.ask = ask


# where a name means something else
_OF_METHOD: Final[Mapping[str, Mapping[str, Any]]] = {
    "set_params": {"kind": "validation", "values": {"expiration_blocks": 9}},
    "params": {"kind": "validation"},
    "set_flag": {"value": True},
    "add_node": {"node": other(id="node9", host="h9")},
    "save_profile": {"name": "night"},
    "set_static": {"path": "api.port", "text": "2"},
    "prune": {"keep": Retention(1, 1)},
    "remove_schema": {"service": "declared"},
    "expect_version": {"version": None},
    "handover": {"since": datetime(2025, 1, 1, tzinfo=UTC)},
    "holds_secret": {"value": "v"},
    "last_epochs": {"snapshot": Asked(lambda manager: manager.snapshot()), "count": 5},
    "open_secrets": {"document": Asked(lambda manager: manager.effective()), "where": "a file"},
    "repairing": {"reason": "r"},
    "reveal_secret": {"path": "nodes.node1.security_key", "reason": "r"},
    "rotate_secret": {"path": "nodes.node1.security_key", "value": "k3"},
    "set_secret": {"path": "nodes.node1.security_key", "value": "k4"},
    "seal_secret": {"path": "nodes.node1.security_key"},
    "search": {"wanted": Search(), "upto": 99},
    "search_on": {"wanted": Search(), "before": 99},
    "step": {"change_id": 3, "back": True},
    "attempt": {"path": "svc.api_token", "value": "v", "reason": "r", "dry_run": False},
    "seal_imported": {"proposed": [Seal("svc.api_token", "v")], "reason": "r"},
    "search_accesses": {"wanted": Search()},
    "shred": {"leak": Asked(lambda manager: leaking(manager.config.with_name(COPY)))},
}
# what the host of these tests has not: an unconfirmed edit, a secret in clear
_REFUSED_FOR_ITS_NUMBER_OR_STATE: Final = {
    "confirm", "settle_reversal", "reversal", "reversal_moved_on", "seal_secret",
}  # fmt: skip
_NOT_OF_A_DATABASE: Final = {"open", "close", "transaction"}
# what is done inside a transaction of the caller's
_INSIDE: Final = {"seal_imported"}


def leaking(copy: Path) -> Leak:
    """A copy of the config file in which a secret would stand."""
    seen = copy.stat()
    suspect = Suspect(copy, SuspectKind.COPY, 0o600, seen.st_size, stamp_of(seen))
    return Leak(suspect, ("svc.api_token",))


def methods() -> Iterator[str]:
    """Every public method of ConfigManager."""
    for name, _ in inspect.getmembers(ConfigManager, inspect.isfunction):
        if not name.startswith("_") and name not in _NOT_OF_A_DATABASE:
            yield name


def asked(name: str) -> Call:
    """A call of a method with arguments of the right kind."""
    own = _OF_METHOD.get(name, {})
    arguments = {}
    for each in list(inspect.signature(getattr(ConfigManager, name)).parameters.values())[1:]:
        if each.name in own:
            arguments[each.name] = own[each.name]
        elif each.default is each.empty and each.kind is not each.VAR_KEYWORD:
            arguments[each.name] = _ARGUMENTS[each.name]

    def call(manager: ConfigManager) -> object:
        given = {
            each: value.ask(manager) if isinstance(value, Asked) else value
            for each, value in arguments.items()
        }
        with manager.transaction("r") if name in _INSIDE else nullcontext():
            result = getattr(manager, name)(**given)
        if isinstance(result, AbstractContextManager):
            with result:
                manager.set_height(8)
        return result

    return call


@pytest.fixture
def filled(locations: Locations) -> Locations:
    """A host with one of everything, and the last connection closed."""
    locations.config.write_text("api:\n  port: 1\n")
    locations.config.with_name(COPY).write_text("a: v\n")
    with ConfigManager.open(locations, actor="a@b") as manager:
        manager.set_value("svc.x", "1", create=True)
        manager.set_params("validation", {"expiration_blocks": 20})
        manager.set_seed("current", SEED)
        manager.set_seed("upcoming", SEED)
        manager.set_seed("previous", other_seed())
        manager.set_node_versions((NodeVersion(height=90, version="v1"),))
        manager.set_upgrade_plan(PLAN)
        manager.add_node(NODE)
        manager.set_node_key("node1", "k")
        manager.set_flag("day", False)
        manager.save_profile("svc", "day")
        manager.set_value("svc.x", "3")
        manager.load_schema({"properties": {"z": {"type": "integer"}}}, service="declared")
    return locations


def other_seed() -> Any:
    return SEED.model_copy(update={"claimed": False})


def bytes_of(folder: Path) -> dict[str, bytes]:
    """Every file but what SQLite keeps for readers."""
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and not path.name.endswith(("-shm", "-wal"))
    }


@contextmanager
def write_locks_noted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every time that a write transaction is asked for."""
    noted: list[str] = []
    real = Transaction.__init__

    def begin(self: Transaction, database: Database, *, writing: bool) -> None:
        if writing:
            noted.append("writing")
        real(self, database, writing=writing)

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "__init__", begin)
        patch.setattr("store.detached.started", reverters.nobody)
        yield noted


@pytest.mark.parametrize("name", methods())
def test_every_method_that_writes_is_refused_and_no_byte_changes(
    filled: Locations, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, folder = asked(name), filled.database.parent
    before = bytes_of(folder)
    wal = filled.database.with_name("state.db-wal")
    with (
        ConfigManager.open(filled, actor="a@b", read_only=True) as reader,
        write_locks_noted(monkeypatch) as tried,
    ):
        try:
            call(reader)
            failure: NodedeckError | None = None
        except NodedeckError as error:
            failure = error
    assert bytes_of(folder) == before
    assert not wal.exists() or wal.stat().st_size == 0
    if tried:
        assert isinstance(failure, Refused), failure
        assert failure.exit_code == ExitCode.REFUSED
        assert "read-only" in failure.message
    # what it asks for on a database that it may write is what makes it a writer
    with (
        ConfigManager.open(filled, actor="a@b") as writer,
        write_locks_noted(monkeypatch) as wanted,
    ):
        position = writer.position()
        try:
            call(writer)
        except NodedeckError as error:
            assert name in _REFUSED_FOR_ITS_NUMBER_OR_STATE, error
        changed = writer.position() != position
    assert not (changed and not wanted)
    # where there is nothing to see or to settle, nothing is refused
    assert bool(wanted) == bool(tried) or name in ("settle_overdue", "see_file")


def test_the_walk_meets_the_writers_that_there_are() -> None:
    known = {"set_height", "set_value", "set_static", "undo_many", "prune", "unless_confirmed"}
    assert known <= set(methods())
    assert len(list(methods())) > 60


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO chain_state(key,value) VALUES('current_height','1')",
        "DELETE FROM audit_log",
        "CREATE TABLE mine(a)",
        "PRAGMA user_version=5",
        "DROP TRIGGER audit_chain_state_insert",
    ],
)
def test_the_connection_itself_writes_nothing(filled: Locations, statement: str) -> None:
    before = bytes_of(filled.database.parent)
    with ConfigManager.open(filled, actor="a@b", read_only=True) as reader:
        db = reader.database
        with pytest.raises(Refused) as caught, db.reading():
            db.execute_sql(statement)
        assert caught.value.exit_code == ExitCode.REFUSED
        # and where somebody takes the first lock off, the second holds
        db.execute_sql("PRAGMA query_only=0")
        with pytest.raises(Refused), db.reading():
            db.execute_sql("DELETE FROM settings")
    assert bytes_of(filled.database.parent) == before


def test_an_older_schema_is_not_upgraded_by_looking(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    create(path, created_by="tests")
    foreign.write(
        path,
        "UPDATE meta SET value='4' WHERE key='schema_version'",
        "DROP TABLE pending_reversals",
    )
    where = Locations(tmp_path / "config.yaml", path)
    with ConfigManager.open(where, actor="a@b", read_only=True) as reader:
        assert reader.reversals() == []
        assert reader.overdue_reversals() == []
        assert reader.evidence().reversals == ()


_KILLED = """
import os, sys
from pathlib import Path
from store.locations import Locations
from store.manager import ConfigManager
folder = Path(sys.argv[1])
manager = ConfigManager.open(Locations(folder / "config.yaml", folder / "state.db"), actor="a@b")
manager.set_height(77)
os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("index", [True, False], ids=["with its index", "without"])
def test_what_a_killed_writer_left_is_read_and_not_folded_back(
    filled: Locations, index: bool
) -> None:
    folder = filled.database.parent
    subprocess.run([sys.executable, "-c", _KILLED, str(folder)], check=False)
    wal = filled.database.with_name("state.db-wal")
    if not index:  # which SQLite then makes anew from the log
        filled.database.with_name("state.db-shm").unlink()
    before = bytes_of(folder), wal.read_bytes()
    assert before[1]
    with ConfigManager.open(filled, actor="a@b", read_only=True) as reader:
        assert reader.height() == 77
        assert reader.database.value("PRAGMA query_only") == 1
        with pytest.raises(Refused):
            reader.set_height(78)
        for statement in (
            "PRAGMA wal_checkpoint(TRUNCATE)",
            "VACUUM",
            "PRAGMA journal_mode=DELETE",
        ):
            with pytest.raises(sqlite3.OperationalError):
                reader.database.connection.execute(statement).fetchall()
    assert (bytes_of(folder), wal.read_bytes()) == before


def test_no_master_key_is_made(locations: Locations) -> None:
    with ConfigManager.open(locations, actor="a@b") as manager:
        manager.add_node(NODE)
        key = manager.master_key
    assert not key.exists()
    with ConfigManager.open(locations, actor="a@b", read_only=True) as reader:
        for write in (
            lambda: reader.set_node_key("node1", "k"),
            lambda: reader.set_secret("provider_configs.openai", "k"),
            lambda: reader.set_secret("svc.api_token", "k"),
        ):
            with pytest.raises(Refused, match="read-only"):
                write()
    assert not key.exists()
    assert not key.parent.exists() or not list(key.parent.iterdir())
