"""Static keys set in the config file's text: the rest byte for byte, recorded, never overrun."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from store import static_file
from store.codec import MASK
from store.errors import (
    BadDocument,
    CannotCut,
    InvalidValue,
    MissingDatabase,
    Refused,
    UnknownPath,
    UsageError,
    VersionConflict,
)
from store.files import digest
from store.locations import Locations
from store.manager import ConfigManager
from tests.conftest import ACTOR
from tests.support.clock import FixedClock

ROOT = Path(__file__).parents[2]
TEXT = """\
# ports of this host, agreed with the network team
api:
  port: 9000   # behind the proxy
  'poc_callback_url': "http://api:9100"

  ratio: 0.50
chain_node: {url: http://node:26657, is_genesis: no}
ml_node_key_config:
  worker_private: "hunter2"
logging:
  level: info
current_height: 5
"""


@pytest.fixture
def config(locations: Locations) -> Path:
    locations.config.write_text(TEXT)
    return locations.config


@pytest.mark.parametrize(
    ("path", "text", "edit"),
    [
        ("api.port", "9001", ("port: 9000", "port: 9001")),
        ("api.poc_callback_url", "http://b", ('"http://api:9100"', '"http://b"')),
        ("api.ratio", "0.75", ("0.50", "0.75")),
        ("chain_node.url", "http://n:1", ("http://node:26657", '"http://n:1"')),
        ("logging.level", "yes", ("level: info", 'level: "yes"')),
    ],
)
def test_one_value_changes_and_every_other_byte_stays(
    manager: ConfigManager, config: Path, path: str, text: str, edit: tuple[str, str]
) -> None:
    mode = config.stat().st_mode
    assert manager.set_value(path, text) == 0
    assert config.read_text() == TEXT.replace(*edit)
    assert config.stat().st_mode == mode
    assert manager.snapshot().change_id == 0


def test_an_edit_is_recorded_with_who_why_and_both_digests(
    manager: ConfigManager, config: Path, clock: FixedClock
) -> None:
    edit = manager.set_static("api.port", "9001", reason="proxy moved")
    assert edit is not None
    assert (edit.path, edit.old, edit.new) == ("api.port", 9000, 9001)
    assert (edit.actor, edit.reason, edit.at) == (ACTOR, "proxy moved", clock.now)
    assert edit.digest_before == digest(TEXT.encode())
    assert edit.digest_after == digest(config.read_bytes())
    assert manager.set_static("api.port", "9001") is None
    manager.set_static("chain_node.url", "x")
    assert [each.path for each in manager.file_edits()] == ["chain_node.url", "api.port"]
    assert manager.file_edits("api", actor=ACTOR) == [edit]
    assert manager.file_edits("*.port", limit=1) == [edit]
    assert manager.file_edits(actor="external") == []
    clock.advance(60)
    assert manager.file_edits(since=clock.now) == []


def test_a_secret_is_written_and_never_recorded(
    manager: ConfigManager, config: Path, database: Path
) -> None:
    edit = manager.set_static("ml_node_key_config.worker_private", "correct horse")
    assert edit is not None
    assert (edit.old, edit.new) == (MASK, MASK)
    assert 'worker_private: "correct horse"' in config.read_text()
    manager.close()
    stored = b"".join(path.read_bytes() for path in database.parent.glob("state.db*"))
    assert b"correct horse" not in stored
    assert b"hunter2" not in stored


def test_what_cannot_be_set_leaves_file_and_record_alone(
    manager: ConfigManager, config: Path
) -> None:
    for path, text, error in (
        ("api.prot", "1", UnknownPath),
        ("api.port", "many", InvalidValue),
        ("api", "{}", UsageError),
        ("api.port.deep", "1", UnknownPath),
    ):
        with pytest.raises(error):
            manager.set_value(path, text)
    assert config.read_text() == TEXT
    assert manager.file_edits() == []


def test_create_adds_a_key_and_a_dry_run_writes_nothing(
    manager: ConfigManager, config: Path
) -> None:
    edit = manager.set_static("nats.port", "4222", create=True, dry_run=True)
    assert edit is not None
    assert (edit.id, edit.old, edit.new) == (0, None, 4222)
    assert config.read_text() == TEXT
    manager.set_value("nats.port", "4222", create=True)
    assert config.read_text() == f"{TEXT}nats:\n  port: 4222\n"
    assert manager.nats_config() == {"port": 4222}


def test_a_dynamic_key_left_in_the_file_is_set_in_the_database(
    manager: ConfigManager, config: Path
) -> None:
    manager.set_value("current_height", "9")
    assert config.read_text() == TEXT
    assert manager.get("current_height").value == 9
    manager.set_value("svc.key", "1", create=True)
    config.write_text(f"{TEXT}svc: {{key: 2}}\n")
    assert not manager.in_file("svc.key")


def test_json_is_edited_in_place_and_toml_is_refused(
    manager: ConfigManager, locations: Locations, clock: FixedClock
) -> None:
    config = locations.config.with_name("config.json")
    config.write_text('{\n\t"api": {"port": 9000, "a": "\\u00e9"},\n\t"b": [1, 2]\n}')
    with ConfigManager.open(Locations(config, locations.database), actor=ACTOR) as opened:
        opened.set_value("api.port", "9001")
        opened.set_value("b", "[3]")
    assert config.read_text() == '{\n\t"api": {"port": 9001, "a": "\\u00e9"},\n\t"b": [3]\n}'
    config = locations.config.with_name("config.toml")
    config.write_text("[api]\nport = 9000\n")
    with (
        ConfigManager.open(Locations(config, locations.database), actor=ACTOR) as opened,
        pytest.raises(CannotCut, match="is TOML"),
    ):
        opened.set_value("api.port", "9001")
    assert config.read_text() == "[api]\nport = 9000\n"
    assert len(manager.file_edits()) == 2


def test_an_editor_that_was_faster_is_not_overrun(
    manager: ConfigManager, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = static_file.edited

    def with_an_editor(*args: Any) -> bytes:
        done = original(*args)
        config.write_text("api: {port: 1}\n")
        return done

    monkeypatch.setattr(static_file, "edited", with_an_editor)
    with pytest.raises(VersionConflict, match="changed by somebody else"):
        manager.set_value("api.port", "9001")
    assert config.read_text() == "api: {port: 1}\n"
    assert manager.file_edits() == []


def test_a_broken_or_missing_file_is_named(manager: ConfigManager, config: Path) -> None:
    config.write_text("api: [\n")
    with pytest.raises(BadDocument, match=r"config\.yaml:2:1"):
        manager.set_value("api.port", "1")
    config.unlink()
    with pytest.raises(MissingDatabase, match="no config file"):
        manager.set_value("api.port", "1", create=True)
    assert not config.exists()


def test_a_read_only_console_edits_no_file(locations: Locations, config: Path) -> None:
    with (
        ConfigManager.open(locations, actor=ACTOR, read_only=True) as opened,
        pytest.raises(Refused),
    ):
        opened.set_value("api.port", "1")
    assert config.read_text() == TEXT


def test_two_processes_lose_no_edit(manager: ConfigManager, locations: Locations) -> None:
    keys = [f"k{number}" for number in range(12)]
    locations.config.write_text("api:\n" + "".join(f"  {key}: 0\n" for key in keys))
    program = (
        "import sys; from pathlib import Path; from store.locations import Locations;"
        "from store.manager import ConfigManager;"
        "m = ConfigManager.open(Locations(Path(sys.argv[1]), Path(sys.argv[2])), actor='p');"
        "[m.set_value('api.' + key, '1') for key in sys.argv[3:]]; m.close()"
    )
    place = (str(locations.config), str(locations.database))
    running = [
        subprocess.Popen((sys.executable, "-c", program, *place, *part), cwd=ROOT)
        for part in (keys[::2], keys[1::2])
    ]
    assert [process.wait(60) for process in running] == [0, 0]
    assert set(manager.api_config().values()) == {1}
    assert len(manager.file_edits()) == len(keys)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(text=st.text(max_size=20))
def test_any_text_is_read_back_or_refused(
    manager: ConfigManager, locations: Locations, text: str
) -> None:
    assume(text != "http://api:9100")
    locations.config.write_text(TEXT)
    before = locations.config.read_bytes()
    try:
        manager.set_value("api.poc_callback_url", text)
    except (CannotCut, InvalidValue):
        assert locations.config.read_bytes() == before
    else:
        assert manager.api_config()["poc_callback_url"] == text
