"""``nodedeck export``: formats, secrets, and a file that is kept up to date."""

from __future__ import annotations

import os
import pty
import signal
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from store.errors import UsageError
from store.manager import ConfigManager
from tests.support import foreign
from tests.tui.test_cli import PROGRAM, ROOT, call, one_line
from tui.verbs.export import interval

CONFIG = "api:\n  port: 9000\n  proxy: null\nml_node_key_config:\n  worker_private: hidden\n"


@pytest.fixture
def here(database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(database.parent)
    database.with_name("config.yaml").write_text(CONFIG)
    foreign.write(
        database,
        "INSERT INTO chain_state(key,value) VALUES('current_height','41')",
        foreign.node("node1"),
    )
    return database.parent


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_export_full_merges_both_homes(here: Path, manager: ConfigManager) -> None:
    full = manager.export_full()
    assert full["api"] == {"port": 9000, "proxy": None}
    assert full["current_height"] == 41
    assert full["nodes"][0]["id"] == "node1"
    assert full["ml_node_key_config"]["worker_private"] == "********"
    assert manager.export_full(mask=False)["ml_node_key_config"]["worker_private"] == "hidden"


def test_toml_names_what_it_leaves_out(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    ran = call(capsys, "export", "--format", "toml")
    tree = tomllib.loads(ran.out)
    assert tree["api"] == {"port": 9000}
    assert tree["nodes"][0]["host"] == "10.0.0.1"
    assert "TOML has no null, so these are left out: api.proxy." in ran.err
    assert call(capsys, "export", "full.toml").code == 0
    assert tomllib.loads((here / "full.toml").read_text()) == tree


@pytest.mark.parametrize(("value", "told"), [("18446744073709551615", "beyond 64 bits"),
                                             ('"\\ud800"', "surrogate")])  # fmt: skip
def test_toml_says_what_it_cannot_hold(
    capsys: pytest.CaptureFixture[str], here: Path, database: Path, value: str, told: str
) -> None:
    foreign.write(
        database, foreign.insert("settings", {"service": "s", "key": "k", "value_json": value})
    )
    ran = one_line(call(capsys, "export", "out.toml"), 1)
    assert told in ran
    assert "s.k" in ran
    assert not (here / "out.toml").exists()


def test_secrets_in_clear_are_announced_and_private(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    target = here / "full.yaml"
    target.touch(mode=0o644)
    ran = call(capsys, "export", "full.yaml", "--with-secrets")
    assert "WARNING" in ran.err
    assert "hidden" not in ran.err
    assert "worker_private: hidden" in target.read_text()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    piped = call(capsys, "export", "--with-secrets")
    assert "worker_private: hidden" in piped.out
    assert "WARNING" in piped.err


@pytest.mark.parametrize(("flags", "code", "shown"), [((), 2, False), (("--yes",), 0, True)])
def test_a_terminal_shows_secrets_only_when_told_twice(
    here: Path, flags: tuple[str, ...], code: int, shown: bool
) -> None:
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            (*PROGRAM, "export", "--with-secrets", *flags), cwd=here, env=environment(),
            stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.PIPE, timeout=60,
            check=False,
        )  # fmt: skip
        os.write(theirs, b"END")
        printed = b""
        while not printed.endswith(b"END"):
            printed += os.read(ours, 65_536)
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == code
    assert (b"hidden" in printed) is shown


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_every_writes_until_it_is_stopped(here: Path, number: signal.Signals) -> None:
    target = here / "api-config-full.yaml"
    with subprocess.Popen(
        (*PROGRAM, "export", "--every"), cwd=here, stderr=subprocess.PIPE, text=True,
        env={**environment(), "CONFIG_EXPORT_INTERVAL": "1s"},
    ) as process:  # fmt: skip
        assert process.stderr is not None
        for line in process.stderr:
            if "every 1 s" in line:
                break
        assert yaml.safe_load(target.read_text())["current_height"] == 41
        assert stat.S_IMODE(target.stat().st_mode) == 0o600
        # a failure is said and is not the end
        (here / "config.yaml").write_text("api: [\n")
        assert "The next try is in 1 s." in process.stderr.readline()
        process.send_signal(number)
        process.stderr.read()
    assert process.returncode == 0
    assert yaml.safe_load(target.read_text())["current_height"] == 41


def test_what_every_cannot_do(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert "no interval" in one_line(call(capsys, "export", "--every=soon"), 2)
    assert "to a file" in one_line(call(capsys, "export", "-", "--every=1s"), 2)
    assert "present document" in one_line(call(capsys, "export", "--every=1s", "--as-of", "1"), 2)
    assert not (here / "api-config-full.yaml").exists()


@pytest.mark.parametrize(
    ("text", "environ", "seconds"),
    [
        ("90s", {}, 90),
        ("1h30m", {}, 5_400),
        ("-", {}, 600),
        ("-", {"CONFIG_EXPORT_INTERVAL": "5m"}, 300),
        ("2m", {"CONFIG_EXPORT_INTERVAL": "5m"}, 120),
    ],
)
def test_intervals(text: str, environ: dict[str, str], seconds: int) -> None:
    assert interval(text, environ) == seconds


@pytest.mark.parametrize("text", ["", "0s", "10", "-5m", "1.5h", "m", "999999999h"])
def test_no_intervals(text: str) -> None:
    with pytest.raises(UsageError, match="no interval"):
        interval(text, {})
