"""``secret rotate --expect-version``, ``secret remove``, and ``set`` on a secret."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from store.errors import ExitCode, InvalidValue
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.terminal import ROOT
from tests.tui.test_cli import Ran, call
from tests.tui.test_cli_secret import PROVIDER, VALUE, log, pipe, put, revealed

KEY = "provider_configs.openai.api_key"


@pytest.fixture
def here(database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(database.parent)
    return database.parent


def rotated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, version: int
) -> Ran:
    pipe(monkeypatch, b"another-value\n")
    return call(capsys, "secret", "rotate", PROVIDER, "--expect-version", str(version))


def test_a_rotation_can_expect_a_version(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    put(capsys, monkeypatch)
    ran = rotated(capsys, monkeypatch, 7)
    assert ran.code == ExitCode.CONFLICT
    assert "has version 1" in ran.err
    assert revealed(capsys).out == f"{VALUE}\n"
    assert rotated(capsys, monkeypatch, 1).code == ExitCode.OK
    assert revealed(capsys).out == "another-value\n"
    assert any(act == "rotate" and "failed" in result for act, result in log(capsys))


def test_a_secret_is_removed_and_undo_brings_it_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    put(capsys, monkeypatch)
    assert call(capsys, "secret", "remove", PROVIDER, "--no-input").code == ExitCode.USAGE
    assert revealed(capsys).code == ExitCode.OK
    done = call(capsys, "secret", "remove", PROVIDER, "--yes", "--json", "--reason", "closed")
    assert done.json["path"] == KEY
    assert call(capsys, "secret", "list", "--json").json["items"] == []
    assert ("remove", "version 1 removed") in log(capsys)
    assert call(capsys, "undo", str(done.json["change"])).code == ExitCode.OK
    assert revealed(capsys).out == f"{VALUE}\n"


def test_what_is_not_there_is_not_removed(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    ran = call(capsys, "secret", "remove", PROVIDER, "--yes")
    assert (ran.code, "There is no secret" in ran.err) == (ExitCode.USAGE, True)
    assert log(capsys)[0][0] == "remove"
    assert call(capsys, "secret", "remove", PROVIDER, "--read-only").code == ExitCode.REFUSED


def test_a_clear_one_leaves_no_copy_when_it_is_removed(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    foreign.write(
        here / "state.db",
        foreign.node("n1"),
        f"INSERT INTO mlnode_security VALUES('n1','{VALUE}',1,'','')",
    )
    assert call(capsys, "secret", "remove", "nodes.n1.security_key", "--yes").code == 0
    assert VALUE.encode() not in (here / "state.db").read_bytes()


def test_set_on_a_secret_is_on_record(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    pipe(monkeypatch, VALUE.encode())
    done = call(capsys, "set", "svc.api_token", "--stdin", "--create", "--reason", "first")
    assert done.code == ExitCode.OK
    assert log(capsys) == [("set", "version 1")]
    pipe(monkeypatch, b"")
    assert call(capsys, "set", "svc.api_token", "--stdin").code == ExitCode.USAGE
    act, result = log(capsys)[0]
    assert (act, result.startswith("failed: ")) == ("set", True)


def test_a_dry_run_makes_no_master_key_and_no_record(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    pipe(monkeypatch, VALUE.encode())
    ran = call(capsys, "set", "svc.api_token", "--stdin", "--create", "--dry-run")
    assert ran.code == ExitCode.OK
    assert "would change" in ran.err
    assert VALUE not in ran.out + ran.err
    assert not list(Path(os.environ["HOME"]).rglob("master.key*"))
    assert log(capsys) == []


@pytest.mark.parametrize("value", ["short", "WITH-CAPITALS-AND-MORE"])
def test_a_declared_secret_keeps_its_rule_and_is_not_quoted(
    manager: ConfigManager, value: str
) -> None:
    foreign.write(
        manager.database.path,
        "INSERT INTO setting_rules(service,key,type,constraints_json) VALUES"
        """('svc','pin','secret','{"min_length": 8, "pattern": "^[a-z-]+$"}')""",
    )
    with pytest.raises(InvalidValue, match=r"svc\.pin: must") as caught:
        manager.set_secret("svc.pin", value)
    assert value not in str(caught.value)
    assert manager.set_secret("svc.pin", "long-enough").secret.version == 1


def test_a_crash_leaves_no_core_with_an_opened_secret(here: Path) -> None:
    code = (
        "import atexit, resource; limit = resource.getrlimit; core = resource.RLIMIT_CORE;"
        "resource.setrlimit(core, (limit(core)[1],) * 2);"
        "atexit.register(lambda: print(limit(core)[0]));"
        "from tui.cli import main; main(['secret', 'list'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0\n"


def test_an_export_in_clear_over_a_readable_file_is_private(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    put(capsys, monkeypatch, path="svc.api_token")
    (here / "full.yaml").write_text("old")
    (here / "full.yaml").chmod(0o644)
    ran = call(capsys, "export", "full.yaml", "--with-secrets", "--reason", "a move")
    assert ran.code == ExitCode.OK
    assert stat.S_IMODE((here / "full.yaml").stat().st_mode) == 0o600
    assert VALUE in (here / "full.yaml").read_text()
