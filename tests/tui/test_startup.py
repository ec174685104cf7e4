"""Start-up beside a legacy file: offered, done unattended, or the file read alone."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from store import database
from store.errors import ExitCode
from store.locations import Locations
from store.manager import ConfigManager
from tui import cli, output
from tui.session import Session

LEGACY = """\
# by hand
api:
  port: 9000  # the proxy has 8080
current_height: 42
nodes:
  - id: node1
    host: 192.0.2.1
    inference_port: 5050
    poc_port: 8080
    max_concurrent: 10
    models: [m]
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config.yaml").write_text(LEGACY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def run(*arguments: str) -> Result:
    # main() ends with SystemExit, as the installed command does
    def main() -> None:
        cli.main(list(arguments))

    return CliRunner().invoke(click.Command("nodedeck", callback=main), [])


def test_an_empty_database_beside_a_legacy_file_offers_the_import(folder: Path) -> None:
    database.create(folder / "state.db", created_by="test")
    result = run("status")
    assert result.exit_code == ExitCode.OK
    assert "nodedeck import apply" in result.stderr
    assert "--rewrite" in result.stderr
    assert (folder / "config.yaml").read_text() == LEGACY


def test_a_missing_database_offers_it_too_and_stays_an_error(folder: Path) -> None:
    result = run("get", "current_height")
    assert result.exit_code == ExitCode.USAGE
    assert "nodedeck import apply" in result.stderr
    assert not (folder / "state.db").exists()


def test_a_filled_database_offers_nothing(folder: Path) -> None:
    database.create(folder / "state.db", created_by="test")
    places = Locations(folder / "config.yaml", folder / "state.db")
    with ConfigManager.open(places, actor="me") as manager:
        manager.set_height(1)
    assert run("status").stderr == ""


def test_what_is_said_around_the_deck_is_true_when_it_is_left(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deck(_session: Session) -> int:
        assert not said.getvalue()  # it would be read once the deck is left
        if imports:
            run("import", "apply", "config.yaml", "--yes", "--rewrite")
        return 0

    said = io.StringIO()
    monkeypatch.setattr(output, "at_terminal", lambda: True)
    monkeypatch.setattr(output, "say", said.write)
    monkeypatch.setattr("tui.app.run", deck)
    imports = True
    assert run().exit_code == ExitCode.OK
    assert "still holds" not in said.getvalue()
    (folder / "state.db").unlink()
    (folder / "config.yaml").write_text(LEGACY)
    said.seek(0)
    said.truncate()
    imports = False
    assert run().exit_code == ExitCode.OK
    assert "config.yaml still holds the dynamic state" in said.getvalue()


def test_auto_migrate_moves_the_state_with_backup_rewrite_and_receipt(folder: Path) -> None:
    result = run("get", "current_height", "--auto-migrate")
    assert (result.exit_code, result.stdout) == (ExitCode.OK, "42\n")
    assert (folder / "config.yaml").read_text() == (
        "# by hand\napi:\n  port: 9000  # the proxy has 8080\n"
    )
    (backup,) = folder.glob("config.yaml.pre-migration.*")
    assert backup.read_text() == LEGACY
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert "automatic migration" in run("history", "current_height").stdout
    assert "config.yaml" in run("import", "list").stdout
    again = run("get", "nodes.node1.host", "--auto-migrate")
    assert (again.stdout, again.stderr) == ("192.0.2.1\n", "")


def test_a_migration_that_fails_reads_the_file_alone(folder: Path) -> None:
    # TOML cannot be cut out of, so the unattended rewrite is refused
    (folder / "config.yaml").unlink()
    (folder / "config.toml").write_text("current_height = 7\n[api]\nport = 9000\n")
    before = names(folder)
    result = run("--config", "config.toml", "get", "current_height", "--auto-migrate")
    assert (result.exit_code, result.stdout) == (ExitCode.OK, "7\n")
    assert "The file alone is read, and nothing is written" in result.stderr
    assert run("--config", "config.toml", "--auto-migrate", "status").exit_code == ExitCode.OK
    refused = run("--config", "config.toml", "--auto-migrate", "set", "current_height", "8")
    assert refused.exit_code == ExitCode.REFUSED
    assert names(folder) == before
    source = run("--config", "config.toml", "--auto-migrate", "list", "current_height", "--long")
    assert "file" in source.stdout


def test_a_broken_file_is_a_sentence_with_its_place(folder: Path) -> None:
    (folder / "config.yaml").write_text("current_height: 1\ncurrent_height: 2\n")
    result = run("status", "--auto-migrate")
    assert result.exit_code != ExitCode.OK
    assert "Traceback" not in result.stderr


def test_read_only_never_migrates(folder: Path) -> None:
    result = run("status", "--auto-migrate", "--read-only")
    assert result.exit_code == ExitCode.USAGE
    assert (folder / "config.yaml").read_text() == LEGACY
    assert names(folder) == ["config.yaml"]
