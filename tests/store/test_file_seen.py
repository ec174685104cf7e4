"""Edits of the config file that other programs made: recorded once, named nobody's, masked."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from store.codec import MASK
from store.errors import NodedeckError
from store.file_edits import FileEdit
from store.locations import Locations
from store.manager import ConfigManager
from store.stores import DatabaseConfigStore
from tests.support import foreign
from tests.tui.test_cli import call

CONFIG = "api:\n  port: 9000\n  host: a\nnats:\n  password: hunter2\n"


@pytest.fixture
def config(locations: Locations, manager: ConfigManager) -> Path:
    """A config file that was seen once."""
    locations.config.write_text(CONFIG)
    manager.see_file()
    assert manager.file_edits() == []
    return locations.config


def told(edit: FileEdit) -> tuple[str, object, object, str | None]:
    return edit.path, edit.old, edit.new, edit.actor


def test_one_value_that_another_program_changed(config: Path, manager: ConfigManager) -> None:
    config.write_text(CONFIG.replace("9000", "9001"))
    manager.see_file()
    manager.see_file()
    (edit,) = manager.file_edits("api.port")
    assert told(edit) == ("api.port", 9000, 9001, None)
    assert edit.digest_before != edit.digest_after
    assert manager.file_edits(actor="external") == [edit]
    assert manager.file_edits("nats") == []


def test_several_values_are_one_edit_of_the_file(config: Path, manager: ConfigManager) -> None:
    config.write_text(CONFIG.replace("9000", "9001").replace("host: a", "name: b"))
    manager.see_file()
    (edit,) = manager.file_edits("api.name")
    assert edit.path == '"./config.yaml"'
    assert [(field.path, field.old, field.new) for field in edit.fields] == [
        ("api.port", 9000, 9001),
        ("api.host", "a", None),
        ("api.name", None, "b"),
    ]


def test_a_secret_and_a_comment_tell_of_the_file_alone(
    config: Path, manager: ConfigManager, database: Path
) -> None:
    config.write_text(CONFIG.replace("hunter2", "hunter3"))
    manager.see_file()
    config.write_text(CONFIG.replace("hunter2", "hunter3") + "# a word\n")
    manager.see_file()
    config.write_text(CONFIG.replace("password: hunter2", "user: hunter"))
    manager.see_file()
    newest, *others = manager.file_edits()
    assert newest.old == {"nats.password": MASK}
    assert [told(edit) for edit in others] == [('"./config.yaml"', None, None, None)] * 2
    with foreign.connect(database) as db:
        rows = [db.execute(f"SELECT * FROM {name}").fetchall() for name in ("meta", "file_edits")]
    assert "hunter2" not in json.dumps(rows)
    assert "hunter3" not in json.dumps(rows)


def test_what_cannot_be_read_is_an_edit_and_so_is_its_mending(
    config: Path, manager: ConfigManager
) -> None:
    config.write_text("api: [\n")
    manager.see_file()
    config.write_text(CONFIG.replace("9000", "9001"))
    manager.see_file()
    mended, broken = manager.file_edits()
    assert told(broken) == ('"./config.yaml"', None, None, None)
    assert told(mended) == ("api.port", 9000, 9001, None)


def test_our_own_edits_are_not_seen_again(config: Path, manager: ConfigManager) -> None:
    config.write_text(CONFIG.replace("host: a", "host: b"))
    manager.set_static("api.port", "9001")
    DatabaseConfigStore(manager).update_raw(lambda tree: tree["api"].update(host="c"))
    manager.see_file()
    ours, mine, theirs = manager.file_edits()
    assert told(theirs) == ("api.host", "a", "b", None)
    assert told(mine) == ("api.port", 9000, 9001, manager.actor)
    assert told(ours) == ("api.host", "b", "c", manager.actor)


def test_any_write_sees_it_and_a_rolled_back_one_keeps_nothing(
    config: Path, manager: ConfigManager
) -> None:
    config.write_text(CONFIG + "# a word\n")
    with pytest.raises(NodedeckError):
        manager.set_value("no.such", "1")
    assert manager.file_edits() == []
    manager.set_height(5)
    assert len(manager.file_edits()) == 1


def test_reading_records_nothing(
    config: Path, manager: ConfigManager, locations: Locations
) -> None:
    config.write_text(CONFIG + "# a word\n")
    with ConfigManager.open(locations, actor="a", read_only=True) as reader:
        reader.see_file()
        assert reader.file_edits() == []


def test_a_lock_and_a_file_that_is_gone_or_none_are_no_failure(
    config: Path, locations: Locations, manager: ConfigManager, database: Path
) -> None:
    config.write_text(CONFIG + "# a word\n")
    with (
        ConfigManager.open(locations, actor="a", busy_ms=1) as other,
        foreign.connect(database) as db,
    ):
        db.execute("BEGIN IMMEDIATE")
        other.see_file()
        db.execute("ROLLBACK")
        other.see_file()
        assert len(other.file_edits()) == 1
    config.unlink()
    manager.set_height(5)
    os.mkfifo(config)
    manager.see_file()
    manager.set_height(6)
    assert len(manager.file_edits()) == 1


def test_history_shows_it(
    config: Path,
    manager: ConfigManager,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(config.parent)
    config.write_text(CONFIG.replace("9000", "9001").replace("host: a", "host: b"))
    assert call(capsys, "set", "svc.a", "1", "--create").code == 0
    config.write_text(CONFIG.replace("hunter2", "hunter3"))
    assert call(capsys, "set", "svc.a", "2").code == 0
    text = call(capsys, "history").out
    assert "external" in text
    assert "9000 → 9001" in text
    assert "hunter" not in text
    items = call(capsys, "history", "api", "--json").json["items"]
    fields = [field for item in items for field in item["fields"]]
    assert {"path": "api.host", "old": "a", "new": "b"} in fields
    assert {item["actor"] for item in items} == {None}
