"""``nodedeck backup``: what is said, asked and answered; the engine has its own tests."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

import pytest

from store.manager import ConfigManager
from tests.support import foreign
from tests.tui.test_cli import PROGRAM, ROOT, call, one_line


@pytest.fixture
def here(database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(database.parent)
    foreign.write(database, "INSERT INTO chain_state(key,value) VALUES('current_height','41')")
    return database.parent


def test_create_list_and_verify(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert "no backups yet" in call(capsys, "backup", "list").err
    assert call(capsys, "backup", "list", "--json").json["items"] == []
    made = call(capsys, "backup", "create", "good", "--json", "--actor", "ops").json
    assert made["schema"] == "nodedeck.backup.create/1"
    assert Path(made["path"]).is_file()
    assert (made["newest_change"], made["actor"], made["config"]) == (1, "ops", None)
    items = call(capsys, "backup", "list", "--json").json["items"]
    assert items == [{name: value for name, value in made.items() if name != "schema"}]
    assert made["name"] in call(capsys, "backup", "list").out
    verified = call(capsys, "backup", "verify", "good", "--json")
    assert (verified.code, verified.json["intact"], verified.json["faults"]) == (0, True, [])
    whole = Path(made["path"]).read_bytes()
    Path(made["path"]).write_bytes(whole[:5000])
    damaged = call(capsys, "backup", "verify", "latest")
    assert damaged.code == 7
    assert "SHA-256 differs" in damaged.err
    assert "cannot be trusted" in one_line(call(capsys, "backup", "restore", "good", "--yes"), 7)


def test_restore_shows_backs_up_and_signs(
    capsys: pytest.CaptureFixture[str], here: Path, manager: ConfigManager
) -> None:
    call(capsys, "backup", "create", "good")
    manager.set_height(99)
    tried = call(capsys, "backup", "restore", "good", "--dry-run")
    assert tried.out == "current_height: 99 → 41\n"
    assert "1 value of" in tried.err
    assert manager.height() == 99
    assert "nobody to ask" in call(capsys, "backup", "restore", "good").err
    assert manager.height() == 99
    ran = call(capsys, "backup", "restore", "good", "--yes", "--json", "--reason", "why")
    assert ran.json["fields"] == [{"path": "current_height", "old": 99, "new": 41}]
    assert "before-restore" in ran.json["safety"]
    assert manager.height() == 41
    assert '"reason":"why"' in manager.database.value(
        "SELECT value FROM meta WHERE key='restored_from'"
    )
    assert call(capsys, "backup", "restore", "before-restore", "--yes").code == 0
    assert manager.height() == 99


def test_a_question_is_answered_no_by_default(here: Path, manager: ConfigManager) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    made = subprocess.run(
        (*PROGRAM, "backup", "create", "good"), cwd=here, env=environment, check=True,
        capture_output=True,
    )  # fmt: skip
    assert made.stdout == b""
    manager.set_height(99)
    for typed, code, height in ((b"\n", 1, 99), (b"y\n", 0, 41)):
        ours, theirs = pty.openpty()
        try:
            process = subprocess.Popen(
                (*PROGRAM, "backup", "restore", "good"), cwd=here, env=environment, stdin=theirs,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )  # fmt: skip
            os.write(ours, typed)
            process.communicate(timeout=60)
        finally:
            os.close(ours)
            os.close(theirs)
        assert (process.returncode, manager.height()) == (code, height)


def test_restore_makes_a_missing_database(
    capsys: pytest.CaptureFixture[str], here: Path, database: Path
) -> None:
    made = call(capsys, "backup", "create", "--json").json
    for path in here.glob("state.db*"):
        path.unlink()
    assert "no database" in one_line(call(capsys, "backup", "create"), 2)
    ran = call(capsys, "backup", "restore", made["name"], "--yes", "--json")
    assert (ran.json["creates"], ran.json["safety"]) == (True, None)
    assert call(capsys, "get", "current_height").out == "41\n"


def test_refusals(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert one_line(call(capsys, "backup", "create", "--read-only"), 6)
    assert "cannot name a backup" in one_line(call(capsys, "backup", "create", "a/b"), 2)
    assert "no backup 'x'" in one_line(call(capsys, "backup", "restore", "x"), 2)
    other = here / "other.db"
    foreign.write(other, "CREATE TABLE kv_config(key TEXT)")
    assert "another program" in one_line(call(capsys, "backup", "verify", str(other)), 2)
    (here / "config.yaml").write_text("api: {}\n")
    call(capsys, "backup", "create", "good")
    assert one_line(call(capsys, "backup", "restore", "good", "--yes", "--read-only"), 6)
    (here / "config.yaml").write_text("api: {port: 1}\n")
    assert "it stays as it is" in call(capsys, "backup", "restore", "good", "--dry-run").err
