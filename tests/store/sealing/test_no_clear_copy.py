"""What is sealed leaves no clear copy: in the log, in free pages, in the write-ahead log."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from store.errors import InvalidValue, SecretError
from store.locations import Locations
from store.manager import ConfigManager
from store.sealing import scrub
from store.sealing.places import State
from tests.support import foreign
from tests.support.audit_state import assert_sound
from tests.support.samples import NODE

CLEAR = "hunter2-very-clear"
FOREIGN = (
    f"INSERT INTO mlnode_security(node_id,security_key) VALUES('node1','{CLEAR}-node')",
    f"INSERT INTO provider_configs(provider,api_key) VALUES('openai','{CLEAR}-provider')",
    "INSERT INTO settings(service,key,value_json,is_secret)"
    f" VALUES('svc','token','\"{CLEAR}-token\"',1)",
)
PATHS = ("nodes.node1.security_key", "provider_configs.openai.api_key", "svc.token")


def traces(database: Path, text: str = CLEAR) -> list[str]:
    """The files of a database that hold a text in their bytes."""
    found = database.parent.glob(f"{database.name}*")
    return sorted(file.name for file in found if text.encode() in file.read_bytes())


@pytest.fixture
def clear(manager: ConfigManager, database: Path) -> ConfigManager:
    """A daemon wrote each secret in clear."""
    manager.add_node(NODE)
    foreign.write(database, *FOREIGN)
    assert traces(database)
    return manager


def test_what_a_daemon_wrote_in_clear_stays_until_it_is_sealed(
    clear: ConfigManager, database: Path
) -> None:
    assert [each.state for each in clear.secrets()] == [State.CLEAR] * 3
    for path in PATHS:
        done = clear.seal_secret(path)
        assert (done.left, done.secret.state, done.secret.version) == ((), State.SEALED, 1)
        assert str(clear.reveal_secret(path, reason="a test")).startswith(CLEAR)
    assert traces(database) == []
    with foreign.connect(database) as db:
        assert_sound(db)
    with pytest.raises(InvalidValue, match="is sealed: there is nothing to seal"):
        clear.seal_secret(PATHS[0])


def test_rotating_and_rekeying_leave_none_either(clear: ConfigManager, database: Path) -> None:
    for path in PATHS:
        clear.rotate_secret(path, "another value")
    clear.rekey_secrets()
    assert traces(database) == []
    assert traces(database, "another value") == []


def test_the_logs_older_rows_lose_what_was_not_known_as_a_secret(
    manager: ConfigManager, database: Path
) -> None:
    for value in ("first-clear-value", CLEAR):
        manager.set_value("svc.pin", value, create=True)
    manager.unset("svc.pin")
    manager.set_value("svc.pin", CLEAR, create=True)
    assert manager.seal_secret("svc.pin").left == ()
    assert traces(database) == traces(database, "first-clear-value") == []
    with foreign.connect(database) as db:
        assert_sound(db)
    assert [each.action for each in manager.history("svc.pin")] == ["U", "I", "D", "U", "I"]


def test_where_else_the_value_stands_is_told(manager: ConfigManager) -> None:
    manager.set_value("svc.pin", CLEAR, create=True)
    manager.set_value("other.note", f"it is {CLEAR}", create=True, reason=CLEAR)
    left = manager.seal_secret("svc.pin").left
    assert "The same value stands in clear in 1 row of settings.value_json." in left
    assert "The same value stands in clear in 1 row of audit_log.reason." in left


def test_a_reader_that_keeps_the_log_is_told_of(clear: ConfigManager, locations: Locations) -> None:
    database = locations.database
    clear.database.execute_sql("PRAGMA busy_timeout=10")
    with closing(clear), foreign.connect(database) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM audit_log").fetchall()
        (left,) = clear.seal_secret(PATHS[0]).left
        assert "keeps its write-ahead log" in left and "secret seal" in left
        assert clear.secret(PATHS[0]).state is State.SEALED
        reader.execute("COMMIT")
        assert clear.scrub() == ""
        for path in PATHS[1:]:
            clear.seal_secret(path)
    assert traces(database) == []


def test_a_full_disk_is_told_of_and_the_value_is_sealed(
    clear: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> bool:
        raise SecretError("No space is left.")

    monkeypatch.setattr(scrub, "_emptied", full)
    (left,) = clear.seal_secret(PATHS[0]).left
    assert "No space is left" in left and "secret seal" in left
    assert clear.secret(PATHS[0]).state is State.SEALED


def test_pages_that_a_daemon_freed_carelessly_are_emptied_too(
    clear: ConfigManager, database: Path
) -> None:
    with foreign.connect(database) as daemon:
        daemon.execute("PRAGMA secure_delete=OFF")
        daemon.execute("CREATE TABLE scratch(x)")
        daemon.execute("INSERT INTO scratch VALUES(?), (zeroblob(9000))", (f"{CLEAR}-former",))
        daemon.commit()
        daemon.execute("DROP TABLE scratch")
        daemon.commit()
        daemon.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert traces(database, f"{CLEAR}-former") == [database.name]
    clear.seal_secret(PATHS[0])
    assert traces(database, f"{CLEAR}-former") == []


def test_where_the_file_cannot_be_rebuilt_what_was_sealed_is_overwritten_all_the_same(
    clear: ConfigManager, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # so long a value has pages of its own, which are freed
    foreign.write(database, f"UPDATE provider_configs SET api_key='{CLEAR * 600}'")
    monkeypatch.setattr(scrub, "_emptied", lambda _: False)
    for path in PATHS:
        assert clear.seal_secret(path).left
    with foreign.connect(database) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert traces(database) == []


def test_a_value_that_is_no_text_is_not_sealed_as_another(
    clear: ConfigManager, database: Path
) -> None:
    foreign.write(database, "UPDATE mlnode_security SET security_key=x'00ff'")
    with pytest.raises(SecretError, match="holds no text"):
        clear.seal_secret(PATHS[0])
    assert clear.database.rows("SELECT security_key FROM mlnode_security") == [(b"\x00\xff",)]
    clear.rotate_secret(PATHS[0], "mine")
    assert clear.reveal_secret(PATHS[0], reason="a test") == "mine"


# the log of what stands in clear


def test_each_foreign_change_in_clear_is_a_row_and_none_tells_it(
    clear: ConfigManager, database: Path
) -> None:
    for value in ("second", "third"):
        foreign.write(
            database,
            f"UPDATE mlnode_security SET security_key='{value}'",
            f"UPDATE provider_configs SET api_key='{value}'",
            f"UPDATE settings SET value_json='\"{value}\"'",
        )
    for path in PATHS:
        changes = clear.history(path)
        assert [each.action for each in changes] == ["U", "U", "I"]
        assert not any(word in str(changes) for word in ("second", "third", CLEAR))
    before = clear.position().change_id
    foreign.write(database, "UPDATE mlnode_security SET updated_at='now', security_key='third'")
    assert clear.position().change_id == before
    with foreign.connect(database) as db:
        assert_sound(db)


def test_a_replaced_secret_counts_as_changed(clear: ConfigManager, database: Path) -> None:
    for _ in range(2):
        foreign.write(
            database,
            "DELETE FROM mlnode_security",
            "INSERT INTO mlnode_security(node_id,security_key) VALUES('node1','other')",
        )
    assert [each.action for each in clear.history(PATHS[0])] == ["U", "U", "I"]


def test_a_setting_that_a_schema_calls_secret_is_never_told(
    manager: ConfigManager, database: Path
) -> None:
    schema = {"properties": {"svc": {"properties": {"pin": {"type": "string", "secret": True}}}}}
    manager.load_schema(schema)
    row = {"service": "svc", "key": "pin", "value_json": f'"{CLEAR}"'}
    foreign.write(database, foreign.insert("settings", row))
    foreign.write(database, f"UPDATE settings SET is_secret=0, value_json='\"{CLEAR}!\"'")
    assert manager.database.rows("SELECT is_secret FROM settings") == [(1,)]
    assert CLEAR not in str(manager.database.rows("SELECT * FROM audit_log"))
    assert manager.get("svc.pin").value == "********"
    with foreign.connect(database) as db:
        assert_sound(db)
        for view in ("config_items", "config_history", "settings_audit_log", "config_documents"):
            assert CLEAR not in str(db.execute(f"SELECT * FROM {view}").fetchall())
    manager.seal_secret("svc.pin")
    with foreign.connect(database) as db:
        for view in ("config_items", "config_history", "settings_audit_log", "config_documents"):
            assert "sealed:" not in str(db.execute(f"SELECT * FROM {view}").fetchall())
