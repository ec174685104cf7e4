"""Secrets through the one door: sealed, replaced, opened, undone, and every act on record."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.errors import (
    InvalidValue,
    NodedeckError,
    Refused,
    SecretError,
    UnknownPath,
    UsageError,
    VersionConflict,
)
from store.locations import Locations
from store.manager import ConfigManager
from store.sealing import keyfile
from store.sealing.places import State
from tests.support import foreign
from tests.support.audit_state import assert_sound
from tests.support.clock import FixedClock
from tests.support.samples import NODE, counted, other

PROVIDER = "provider_configs.openai.api_key"
NODE_KEY = "nodes.node1.security_key"
SETTING = "svc.token"
PATHS = (PROVIDER, NODE_KEY, SETTING)


@pytest.fixture
def sealed(manager: ConfigManager) -> ConfigManager:
    """A secret in each home."""
    manager.add_node(NODE)
    for path in PATHS:
        manager.set_secret(path, f"hunter2 of {path}")
    return manager


@pytest.fixture
def elsewhere(
    database: Path, clock: FixedClock, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ConfigManager]:
    """The same database with another host's key file, which is not there."""
    key = tmp_path_factory.mktemp("elsewhere") / "master.key"
    places = Locations(database.with_name("config.yaml"), database, key)
    with ConfigManager.open(places, actor="thief@host", clock=clock) as opened:
        yield opened


def look(manager: ConfigManager, path: str) -> object:
    return manager.reveal_secret(path, reason="a test")


def results(manager: ConfigManager) -> list[tuple[str, str, str]]:
    return [(each.act, each.path, each.result) for each in manager.accesses()]


@pytest.mark.parametrize("path", PATHS)
def test_a_secret_is_sealed_and_opens(sealed: ConfigManager, path: str) -> None:
    secret = sealed.secret(path)
    assert (secret.state, secret.version, secret.place.path) == (State.SEALED, 1, path)
    assert secret.key_id == keyfile.create(sealed.master_key).id
    assert look(sealed, path) == f"hunter2 of {path}"
    assert "hunter2" not in str((counted(sealed), secret, sealed.effective().tree))


@pytest.mark.parametrize("path", PATHS)
def test_the_log_has_sealed_text_and_no_other(
    sealed: ConfigManager, database: Path, path: str
) -> None:
    sealed.rotate_secret(path, "hunter3", reason="leaked")
    newest = sealed.history(sealed.secret(path).place.entity, limit=1)[0]
    assert "sealed:v1:" in str(newest.old)
    assert "sealed:v1:" in str(newest.new)
    assert (newest.actor, newest.reason) == ("tester@host", "leaked")
    with foreign.connect(database) as db:
        assert_sound(db)


def test_where_no_secret_can_stand(manager: ConfigManager) -> None:
    for path in ("current_height", "nodes.node1.host", "provider_configs.openai.model", "api.port"):
        with pytest.raises(UsageError, match="cannot hold a secret"):
            manager.set_secret(path, "hunter2")
    with pytest.raises(UnknownPath, match="no node 'gone'"):
        manager.set_secret("nodes.gone.security_key", "hunter2")
    assert manager.secrets() == []
    with pytest.raises(UsageError, match="no provider's key"):
        manager.set_secret(SETTING, "hunter2", model="m")


@pytest.mark.parametrize("value", ["", "********", "x" * 65_537])
def test_what_is_no_value_is_refused(sealed: ConfigManager, value: str) -> None:
    before = counted(sealed)
    for path in PATHS:
        with pytest.raises(InvalidValue, match="nothing was changed"):
            sealed.set_secret(path, value)
        assert sealed.accesses(limit=1)[0].result.startswith("failed: ")
    assert counted(sealed) == before


@pytest.mark.parametrize("path", PATHS)
def test_a_value_that_is_no_utf_8_is_not_told(sealed: ConfigManager, path: str) -> None:
    with pytest.raises(InvalidValue, match="text that UTF-8 can hold") as caught:
        sealed.set_secret(path, "hunter3\udcff")
    assert "hunter3" not in f"{caught.value}{sealed.accesses()}"
    with pytest.raises(InvalidValue) as caught:
        sealed.set_value(SETTING, "hunter3\udcff")
    assert "hunter3" not in str(caught.value)


def test_a_setting_that_others_stand_below_holds_no_secret(manager: ConfigManager) -> None:
    manager.set_value("svc.token.x", "1", create=True)
    with pytest.raises(InvalidValue, match="would stand above"):
        manager.set_secret(SETTING, "hunter2")


def test_what_stands_beside_a_providers_key(sealed: ConfigManager) -> None:
    sealed.set_secret(PROVIDER, "a", base_url="https://x", model="m")
    sealed.set_secret(PROVIDER, "b", model="n")
    rows = sealed.database.rows("SELECT base_url, model, key_version FROM provider_configs")
    assert rows == [("https://x", "n", 3)]
    before = sealed.position().change_id
    change = sealed.set_secret(PROVIDER, "b", base_url="https://y").change
    assert change == before + 1
    assert sealed.secret(PROVIDER).version == 3
    sealed.undo(sealed.set_secret(PROVIDER, "c", base_url="https://z", model="o").change)
    rows = sealed.database.rows("SELECT base_url, model FROM provider_configs")
    assert (rows, look(sealed, PROVIDER)) == ([("https://y", "n")], "b")


def test_another_value_raises_the_version_and_the_same_does_not(sealed: ConfigManager) -> None:
    for path in PATHS:
        assert sealed.set_secret(path, f"hunter2 of {path}").change == 0
        assert sealed.secret(path).version == 1
        done = sealed.rotate_secret(path, "hunter3")
        assert (done.secret.version, look(sealed, path)) == (2, "hunter3")


def test_what_cannot_be_rotated(sealed: ConfigManager) -> None:
    for path, value in ((PROVIDER, f"hunter2 of {PROVIDER}"), ("svc.none", "x")):
        with pytest.raises(InvalidValue, match="cannot be rotated"):
            sealed.rotate_secret(path, value)


def test_of_two_that_rotate_one_wins(sealed: ConfigManager) -> None:
    seen = sealed.secret(PROVIDER)
    sealed.rotate_secret(PROVIDER, "mine", seen=seen)
    with pytest.raises(VersionConflict, match="somebody was first; nothing was changed"):
        sealed.rotate_secret(PROVIDER, "theirs", seen=seen)
    assert look(sealed, PROVIDER) == "mine"
    lost, won = [each for each in results(sealed) if each[0] == "rotate"]
    assert won[2] == "version 2"
    assert lost[2].startswith("failed: provider_configs.openai.api_key has version 2")


def test_a_foreign_write_in_between_is_a_conflict_too(
    sealed: ConfigManager, database: Path
) -> None:
    seen = sealed.secret(NODE_KEY)
    foreign.write(database, "UPDATE mlnode_security SET security_key='theirs'")
    with pytest.raises(VersionConflict):
        sealed.rotate_secret(NODE_KEY, "mine", seen=seen)


def test_a_look_is_on_record_and_needs_a_reason(
    sealed: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_CONNECTION", "10.0.0.9 51514 10.0.0.1 22")
    with pytest.raises(UsageError, match="needs a reason"):
        sealed.reveal_secret(SETTING, reason=" ")
    sealed.reveal_secret(SETTING, reason="deploy")
    newest = sealed.accesses(limit=1)[0]
    assert (newest.act, newest.path, newest.actor) == ("reveal", SETTING, "tester@host")
    assert (newest.reason, newest.result) == ("deploy", "shown")
    assert newest.address == "10.0.0.9 51514 10.0.0.1 22"
    assert newest.at == sealed.clock()


def test_a_look_that_cannot_be_recorded_shows_nothing(
    sealed: ConfigManager, database: Path
) -> None:
    foreign.write(database, "DROP TABLE access_log")
    with pytest.raises(NodedeckError):
        look(sealed, SETTING)


def test_a_read_only_console_reveals_nothing(sealed: ConfigManager, locations: Locations) -> None:
    with (
        ConfigManager.open(locations, actor="a@b", read_only=True) as reader,
        pytest.raises(Refused, match="not in the access log"),
    ):
        look(reader, SETTING)


def test_a_value_moved_to_another_row_does_not_open(sealed: ConfigManager, database: Path) -> None:
    sealed.add_node(other(id="b", host="h2"))
    foreign.write(
        database,
        "INSERT INTO mlnode_security(node_id,security_key) SELECT 'b',security_key"
        " FROM mlnode_security",
        "UPDATE provider_configs SET provider='other'",
        "UPDATE settings SET key='moved'",
    )
    for path in ("nodes.b.security_key", "provider_configs.other", "svc.moved"):
        with pytest.raises(SecretError, match="does not open"):
            look(sealed, path)
        assert sealed.accesses(limit=1)[0].result.startswith("failed: The sealed value")
    assert look(sealed, NODE_KEY) == f"hunter2 of {NODE_KEY}"


def test_a_copy_without_the_key_reveals_nothing(
    sealed: ConfigManager, elsewhere: ConfigManager
) -> None:
    for path in PATHS:
        with pytest.raises(SecretError, match="is sealed with the key"):
            look(elsewhere, path)
        assert elsewhere.get("svc.token").value == "********"
    assert [each.place.path for each in elsewhere.lost_secrets()] == [SETTING, PROVIDER, NODE_KEY]
    assert not elsewhere.master_key.exists()
    assert elsewhere.set_value("svc.plain", "1", create=True) > 0


def test_nothing_sealed_is_overwritten_by_accident(
    sealed: ConfigManager, elsewhere: ConfigManager
) -> None:
    before = sealed.database.rows("SELECT * FROM provider_configs")
    for path in (*PATHS, "svc.new_token"):
        with pytest.raises(SecretError, match="nothing was changed") as caught:
            elsewhere.set_secret(path, "new")
        assert "--accept-lost" in caught.value.hint
    with pytest.raises(SecretError):
        elsewhere.set_value("svc.token", "new")
    assert not elsewhere.master_key.exists()
    assert sealed.database.rows("SELECT * FROM provider_configs") == before
    done = elsewhere.set_secret(PROVIDER, "new", accept_lost=True)
    assert done.secret.version == 2
    assert look(elsewhere, PROVIDER) == "new"
    elsewhere.set_secret("svc.new_token", "new")  # the key is this database's, too, by now
    with pytest.raises(SecretError):
        elsewhere.set_secret(SETTING, "new")


def test_a_key_file_that_is_none_stops_secrets_and_nothing_else(
    sealed: ConfigManager,
) -> None:
    sealed.master_key.write_text("oops")
    with pytest.raises(SecretError, match="is no master key"):
        look(sealed, PROVIDER)
    with pytest.raises(SecretError, match="is no master key"):
        sealed.set_secret(PROVIDER, "x")
    assert sealed.get("svc.token").value == "********"
    assert sealed.set_value("svc.plain", "1", create=True) > 0
    assert sealed.master_key.read_text() == "oops"


# undo


@pytest.mark.parametrize("path", PATHS)
def test_a_rotation_is_undone(sealed: ConfigManager, path: str) -> None:
    change = sealed.rotate_secret(path, "hunter3").change
    undone = sealed.undo(change)
    assert look(sealed, path) == f"hunter2 of {path}"
    assert sealed.secret(path).version == 3
    sealed.undo(undone)
    assert look(sealed, path) == "hunter3"


def test_a_first_value_and_a_removal_are_undone(sealed: ConfigManager) -> None:
    sealed.undo(sealed.secret(PROVIDER).change)
    assert sealed.secret(PROVIDER).state is State.ABSENT
    sealed.undo(sealed.history("provider_configs.openai", limit=1)[0].id)
    assert look(sealed, PROVIDER) == f"hunter2 of {PROVIDER}"
    gone = sealed.unset(SETTING)
    sealed.undo(gone)
    assert look(sealed, SETTING) == f"hunter2 of {SETTING}"


def test_a_removed_node_and_its_key_come_back(sealed: ConfigManager) -> None:
    sealed.remove_node("node1")
    sealed.undo_many([each.id for each in sealed.history("nodes.node1", limit=2)])
    assert look(sealed, NODE_KEY) == f"hunter2 of {NODE_KEY}"


def test_a_key_does_not_come_back_without_its_node(sealed: ConfigManager) -> None:
    sealed.remove_node("node1")
    (gone,) = sealed.history(NODE_KEY, limit=1)
    with pytest.raises(UnknownPath, match="no node 'node1'"):
        sealed.undo(gone.id)


def test_without_its_key_an_older_value_stays_where_it_is(
    sealed: ConfigManager, elsewhere: ConfigManager
) -> None:
    change = sealed.rotate_secret(PROVIDER, "hunter3").change
    before = counted(elsewhere)
    with pytest.raises(SecretError, match="nothing was changed"):
        elsewhere.undo(change)
    assert counted(elsewhere) == before


def test_a_foreign_clear_value_over_a_sealed_one_is_undone(
    sealed: ConfigManager, database: Path
) -> None:
    foreign.write(database, "UPDATE mlnode_security SET security_key='in clear'")
    change = sealed.secret(NODE_KEY).change
    sealed.undo(change)
    assert look(sealed, NODE_KEY) == f"hunter2 of {NODE_KEY}"


def test_no_clear_value_of_a_secret_comes_back(manager: ConfigManager) -> None:
    manager.set_value("svc.pin", "1234", create=True)
    manager.set_value("svc.pin", "5678")
    change = manager.position().change_id
    manager.database.execute_sql("UPDATE settings SET is_secret=1")
    with pytest.raises(Refused, match="does not hold its clear value"):
        manager.undo(change + 1)


# documents


def test_an_export_opens_them_when_asked(sealed: ConfigManager) -> None:
    assert sealed.export_full() == {**sealed.export_full(), "svc": {"token": "********"}}
    assert sealed.export_full(mask=False)["svc"] == {"token": f"hunter2 of {SETTING}"}
    assert sealed.accesses(limit=1)[0].result == "in clear to a program"


def test_an_export_leaves_what_does_not_open(
    sealed: ConfigManager, elsewhere: ConfigManager
) -> None:
    assert elsewhere.export_full(mask=False)["svc"] == {"token": "********"}
    document = elsewhere.effective()
    (shut,) = elsewhere.open_secrets(document, where="x")
    assert shut.place.path == SETTING


def test_the_past_does_not_open(sealed: ConfigManager) -> None:
    sealed.rotate_secret(SETTING, "hunter3")
    past = sealed.document_as_of(sealed.position().change_id - 1)
    assert past.get(SETTING).value == "********"
    assert "hunter" not in str(past.tree) and "sealed:" not in str(past.tree)
    assert set(past.tree) == {"nodes", "svc"}
    assert "security_key" not in past.tree["nodes"]["node1"]
    (shut,) = sealed.open_secrets(past, where="x")
    assert shut.place.path == SETTING


def test_a_typed_setting_keeps_its_type(manager: ConfigManager) -> None:
    manager.set_value("svc.auth", '{"password":"hunter2","port":1}', create=True)
    assert manager.secret("svc.auth").state is State.SEALED
    assert look(manager, "svc.auth") == {"password": "hunter2", "port": 1}


def test_a_backup_holds_what_the_database_holds(
    sealed: ConfigManager, database: Path, tmp_path: Path
) -> None:
    sealed.close()
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in database.parent.glob("state.db*"):
        shutil.copy(file, copy)
    assert all(b"hunter2" not in file.read_bytes() for file in copy.iterdir())
