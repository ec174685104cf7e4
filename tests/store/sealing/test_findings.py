"""What is wrong with secrets becomes findings, with the command that mends it."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.doctor import examine
from store.judging import judge
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.samples import NODE


@pytest.fixture
def sealed(manager: ConfigManager) -> ConfigManager:
    manager.set_value("current_height", "10")
    manager.add_node(NODE)
    manager.set_secret("svc.token", "hunter2")
    return manager


def found(manager: ConfigManager) -> list[tuple[str, str]]:
    rules = ("secret-in-clear", "lost-key", "key-exposed")
    return [
        (each.rule, f"{each.message} {each.hint}")
        for each in judge(manager.evidence(), manager.clock())
        if each.rule in rules
    ]


def test_nothing_is_wrong_with_what_is_sealed(sealed: ConfigManager) -> None:
    assert found(sealed) == []


def test_a_key_that_the_daemon_wrote_in_clear(
    sealed: ConfigManager, database: Path, locations: Locations
) -> None:
    foreign.write(database, "INSERT INTO mlnode_security VALUES('node1','hunter2',1,'','')")
    ((rule, told),) = found(sealed)
    assert rule == "secret-in-clear"
    assert told.endswith("nodedeck secret seal nodes.node1.security_key")
    assert told.rpartition(" nodedeck")[0] in {
        f"{each.message} {each.hint}".rpartition(" nodedeck")[0] for each in examine(locations)
    }
    assert sealed.database.rows("SELECT security_key FROM mlnode_security") == [("hunter2",)]
    sealed.seal_secret("nodes.node1.security_key")
    assert found(sealed) == []


def test_a_lost_key(sealed: ConfigManager) -> None:
    sealed.master_key.unlink()
    ((rule, told),) = found(sealed)
    assert rule == "lost-key"
    assert "svc.token" in told and "--accept-lost" in told
    assert " needs is not in " in told


def test_a_file_that_is_no_key(sealed: ConfigManager) -> None:
    sealed.master_key.write_text("oops")
    ((rule, told),) = found(sealed)
    assert (rule, "is no master key" in told) == ("lost-key", True)


def test_a_key_that_others_can_read(sealed: ConfigManager) -> None:
    sealed.master_key.chmod(0o644)
    ((rule, told),) = found(sealed)
    assert (rule, told.endswith(f"chmod 0600 {sealed.master_key}")) == ("key-exposed", True)
    assert sealed.reveal_secret("svc.token", reason="it still opens") == "hunter2"
