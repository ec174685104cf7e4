"""Values, words and files that no verb takes without a sentence."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from store.manager import ConfigManager
from tests.support import foreign
from tests.tui.test_cli import call, one_line


@pytest.fixture
def here(database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a database and a config file."""
    (database.parent / "config.yaml").write_text("api: {port: 9000, name: x, ratio: 5}\n")
    monkeypatch.chdir(database.parent)
    return database.parent


@pytest.mark.parametrize("port", ["0", "-1", "65536"])
def test_a_port_is_1_to_65535(capsys: pytest.CaptureFixture[str], here: Path, port: str) -> None:
    refused = one_line(call(capsys, "set", "api.port", port), 2)
    assert f"must be a port, 1 to 65535, not {port}" in refused
    assert "port: 9000" in (here / "config.yaml").read_text()
    assert call(capsys, "set", "api.ratio", port).code == 0
    assert call(capsys, "set", "api.port", "65535").code == 0


def test_a_config_that_leads_back_to_itself(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "config.yaml").unlink()
    (here / "config.yaml").symlink_to("config.yaml")
    for verb in (("get", "api.port"), ("export",), ("set", "api.port", "5")):
        assert "leads back to itself" in one_line(call(capsys, *verb), 2)
    assert "leads back to itself" in call(capsys, "status").out


def test_a_word_that_is_no_choice_of_read_only(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODEDECK_READONLY", "rubbish")
    said = one_line(call(capsys, "get", "api.port"), 2)
    assert "1, true, yes, on, or 0, false, no, off" in said
    monkeypatch.setenv("NODEDECK_READONLY", "ON")
    assert call(capsys, "set", "api.port", "5").code == 6


def test_status_takes_no_override_that_counts_for_nothing(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    said = one_line(call(capsys, "status", "--override", "api.port=many"), 2)
    assert "api.port: must be a 64-bit integer, not 'many'" in said
    assert call(capsys, "status", "--override", "api.port=5").code == 0


def test_a_directory_is_no_database(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    for verb in ("status", "init", "list"):
        said = one_line(call(capsys, verb, "--db", here), 2)
        assert f"{here} is a directory and no database" in said


def test_a_nul_is_exported_in_every_format(
    capsys: pytest.CaptureFixture[str], here: Path, database: Path, manager: ConfigManager
) -> None:
    foreign.write(database, foreign.node("a\0b\x01c", host='h\0"\\'))
    text = call(capsys, "export").out
    (node,) = yaml.safe_load(text)["nodes"]
    assert (node["id"], node["host"]) == ("a\0b\x01c", 'h\0"\\')
    assert call(capsys, "export", "--format", "json").json["nodes"][0]["id"] == "a\0b\x01c"


def test_a_backup_that_is_no_database_is_critical_to_verify_and_to_restore(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    other = here / "other.db"
    other.write_bytes(os.urandom(5000))
    assert call(capsys, "backup", "verify", other).code == 7
    assert call(capsys, "backup", "restore", other, "--yes").code == 7
