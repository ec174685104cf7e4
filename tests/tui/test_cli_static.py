"""``set`` of a key in the config file, and ``history`` of both homes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.support import foreign
from tests.tui.test_cli import call, one_line

CONFIG = "api:\n  port: 9000   # proxy\nml_node_key_config:\n  worker_private: hidden\n"


@pytest.fixture
def config(database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(database.parent)
    path = database.with_name("config.yaml")
    path.write_text(CONFIG)
    return path


def test_set_edits_the_file_and_says_restart(
    capsys: pytest.CaptureFixture[str], config: Path
) -> None:
    tried = call(capsys, "set", "api.port", "9001", "--dry-run")
    assert "would change" in tried.err
    assert config.read_text() == CONFIG
    ran = call(capsys, "set", "api.port", "9001", "--json", "--reason", "moved")
    assert ran.json == {
        "schema": "nodedeck.set/1",
        "path": "api.port",
        "change": None,
        "file_edit": 1,
        "dry_run": False,
        "fields": [{"path": "api.port", "old": 9000, "new": 9001}],
    }
    assert "restart" in ran.err
    assert config.read_text() == CONFIG.replace("9000", "9001")
    assert "nothing was changed" in call(capsys, "set", "api.port", "9001").err
    overridden = call(capsys, "set", "api.port", "9002", "--override", "api.port=1")
    assert "overridden by --override" in overridden.err


def test_a_secret_comes_from_stdin_only(
    capsys: pytest.CaptureFixture[str],
    config: Path,
    database: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = "ml_node_key_config.worker_private"
    refused = one_line(call(capsys, "set", path, "hunter2"), 6)
    assert "--stdin" in refused
    assert "hunter2" not in refused
    monkeypatch.setattr("sys.stdin", io.StringIO("hunter2\n"))
    ran = call(capsys, "set", path, "--stdin", "--json")
    assert "hunter2" not in ran.out + ran.err
    assert ran.json["fields"] == [{"path": path, "old": "********", "new": "********"}]
    assert config.read_text() == CONFIG.replace("hidden", "hunter2")
    assert "hunter2" not in call(capsys, "history", "--json").out
    assert "Give one VALUE" in one_line(call(capsys, "set", path), 2)
    assert "Give one VALUE" in one_line(call(capsys, "set", path, "x", "--stdin"), 2)


def test_history_shows_both_homes_by_time(
    capsys: pytest.CaptureFixture[str], config: Path, database: Path
) -> None:
    foreign.write(database, "INSERT INTO chain_state(key,value) VALUES('current_height','1')")
    call(capsys, "set", "api.port", "9001", "--reason", "moved", "--actor", "ops")
    call(capsys, "set", "current_height", "2")
    items = call(capsys, "history", "--json").json["items"]
    assert [item["path"] for item in items] == ["current_height", "api.port", "current_height"]
    assert items[1]["id"] == "file#1"
    assert (items[1]["actor"], items[1]["reason"], items[1]["action"]) == ("ops", "moved", "U")
    assert items[1]["fields"] == [{"path": "api.port", "old": 9000, "new": 9001}]
    lines = call(capsys, "history", "api").out.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("file#1  ")
    assert 'api.port  9000 → 9001  "moved"' in lines[0]
    assert len(call(capsys, "history", "--limit", "2", "--json").json["items"]) == 2
