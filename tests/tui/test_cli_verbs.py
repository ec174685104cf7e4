"""The verbs: what each prints, as text and as JSON, and what it writes."""

from __future__ import annotations

import json
import os
import pty
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from store import outlook
from store.database import Database
from store.manager import ConfigManager
from store.models import EpochSeed, HeightMark, UpgradePlan
from store.outlook import UpgradeOutlook
from tests.support import foreign
from tests.tui.test_cli import PROGRAM, ROOT, call, one_line
from tui.verbs.history import moment
from tui.verbs.status import status

HOSTILE = "\x1b[31m[bold]\u202e\nrow"
CONFIG = "api:\n  port: 9000\nml_node_key_config:\n  worker_private: hidden\n"


@pytest.fixture
def here(database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a database that a daemon has written to, and a config file."""
    monkeypatch.chdir(database.parent)
    database.with_name("config.yaml").write_text(CONFIG)
    foreign.write(
        database,
        "INSERT INTO chain_state(key,value) VALUES('current_height','41'),"
        "('last_processed_height','40'),('current_node_version','v3.0.8')",
        foreign.seed("previous", -(2**63), 124, claimed=1),
        foreign.seed("current", 2**63 - 1, 125),
        foreign.seed("upcoming", 0, 0, signature=""),
        foreign.node("node1"),
        foreign.node("node-2.rack4", is_enabled=0, host=HOSTILE),
    )
    return database.parent


def test_init_says_whether_it_made_or_adopted(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "state.db"
    ran = call(capsys, "init", "--db", path, "--json")
    assert ran.json == {
        "schema": "nodedeck.init/1",
        "database": str(path),
        "action": "created",
        "stale": [],
    }
    assert ran.err == f"nodedeck: Made {path}.\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = call(capsys, "init", "--db", path)
    assert (again.code, again.out) == (0, "")
    assert "nothing was changed" in again.err


def test_init_adopts_a_daemons_database_and_points_at_the_legacy_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path, config = tmp_path / "state.db", tmp_path / "config.yaml"
    config.write_text("current_height: 5\napi:\n  port: 1\n")
    foreign.write(
        path,
        "CREATE TABLE chain_state(key TEXT PRIMARY KEY, value TEXT NOT NULL, updated_at TEXT)",
        "INSERT INTO chain_state(key,value) VALUES('current_height','7')",
    )
    ran = call(capsys, "init", "--db", path)
    assert "Adopted" in ran.err
    assert "(current_height)" in ran.err
    assert f"'nodedeck import apply {config}'" in ran.err
    assert call(capsys, "get", "current_height", "--db", path).out == "7\n"


def test_get_prints_bare_values(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert call(capsys, "get", "current_height").out == "41\n"
    assert call(capsys, "get", "nodes.node1.is_enabled").out == "true\n"
    assert call(capsys, "get", 'nodes."node-2.rack4".host').out == f"{HOSTILE}\n"
    assert call(capsys, "get", "previous_seed").json["seed"] == -(2**63)
    assert call(capsys, "get", "ml_node_key_config.worker_private").out == "********\n"
    assert call(capsys, "get", "api.port", "--json").json == {
        "schema": "nodedeck.get/1",
        "path": "api.port",
        "value": 9000,
        "source": "file",
        "home": "file",
        "version": None,
    }


def test_infinities_are_text_in_json(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / "config.yaml").write_text("api:\n  a: .inf\n  b: [.nan, 1.5]\n")
    assert call(capsys, "get", "api", "--json").json["value"] == {"a": "inf", "b": ["nan", 1.5]}


def test_an_unreadable_config_file_is_said_and_does_not_hide_the_database(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "config.yaml").write_text("api: [\n")
    ran = call(capsys, "list")
    assert ran.code == 0
    assert "config.yaml:2:1" in ran.err
    assert "current_height" in ran.out
    assert "config.yaml:2:1" in one_line(call(capsys, "get", "api.port"), 1)
    assert "config.yaml:2:1" in one_line(call(capsys, "export"), 1)
    assert call(capsys, "set", "gateway.burst", "5", "--create").code == 0


def test_list_matches_patterns_and_masks(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    ran = call(capsys, "list", "nodes.*.host")
    assert ran.out.splitlines() == [
        "nodes.node1.host           10.0.0.1",
        r'nodes."node-2.rack4".host  \x1b[31m[bold]\u202e\nrow',
    ]
    long = call(capsys, "list", "ml_node_key_config", "--long")
    assert long.out == "file  file  ml_node_key_config.worker_private  ********\n"
    items = call(capsys, "list", "current_seed.*", "--json").json
    assert items["schema"] == "nodedeck.list/1"
    assert items["items"][0] == {
        "path": "current_seed.seed",
        "value": 2**63 - 1,
        "source": "database",
        "home": "database",
    }
    nothing = call(capsys, "list", "gateway.*")
    assert (nothing.code, nothing.out) == (0, "")
    assert "Nothing is at gateway.*" in nothing.err


def test_set_writes_signs_and_warns(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    ran = call(
        capsys,
        "set",
        "current_height",
        "42",
        "--reason",
        "-5 looks odd",
        "--actor",
        "ops",
        "--json",
    )
    assert ran.json["fields"] == [{"path": "current_height", "old": 41, "new": 42}]
    assert "41 → 42" in ran.err
    assert "will overwrite this" in ran.err
    newest = call(capsys, "history", "current_height", "--limit", "1", "--json").json["items"][0]
    assert newest["id"] == ran.json["change"]
    assert (newest["actor"], newest["reason"]) == ("ops", "-5 looks odd")
    shared = call(capsys, "set", "nodes.node1.max_concurrent", "250")
    assert "overwrite" not in shared.err
    same = call(capsys, "set", "nodes.node1.max_concurrent", "250")
    assert "nothing was changed" in same.err


@pytest.mark.parametrize(
    "argv",
    [
        ("previous_seed.seed", "-1370553182438852893", "--reason", "-1"),
        ("--reason", "-1", "previous_seed.seed", "-1370553182438852893"),
        ("--reason", "-1", "--", "previous_seed.seed", "-1370553182438852893"),
    ],
)
def test_set_takes_negative_numbers(
    capsys: pytest.CaptureFixture[str], here: Path, argv: tuple[str, ...]
) -> None:
    assert call(capsys, "set", *argv).code == 0
    assert call(capsys, "get", "previous_seed.seed").out == "-1370553182438852893\n"
    assert call(capsys, "history", "--limit", "1", "--json").json["items"][0]["reason"] == "-1"


def test_a_dry_run_checks_all_and_changes_nothing(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    before = call(capsys, "history", "--json").out
    ran = call(capsys, "set", "gateway.burst", "5", "--create", "--dry-run", "--json")
    assert (ran.json["dry_run"], ran.json["change"]) == (True, None)
    assert ran.json["fields"] == [{"path": "gateway.burst", "old": None, "new": 5}]
    assert "would change" in ran.err
    assert "must be" in one_line(call(capsys, "set", "nodes.node1.poc_port", "0", "--dry-run"), 2)
    assert call(capsys, "history", "--json").out == before


def test_set_says_that_a_path_is_overridden(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = call(capsys, "set", "current_height", "50", "--override", "current_height=9")
    assert "overridden by --override" in ran.err
    monkeypatch.setenv("DAPI_CURRENT_HEIGHT", "9")
    assert "overridden by the environment" in call(capsys, "set", "current_height", "51").err
    assert call(capsys, "get", "current_height", "--json").json["source"] == "env"


def test_history_shows_who_and_what(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    call(capsys, "set", "nodes.node1.max_concurrent", "250", "--actor", "ops", "--reason", HOSTILE)
    ran = call(capsys, "history", "nodes.node1.max_concurrent", "--actor", "ops")
    assert ran.out.count("\n") == 1
    assert 'ops  nodes.node1.max_concurrent  500 → 250  "\\x1b[31m' in ran.out
    items = call(capsys, "history", "nodes.*.max_concurrent", "--since", "1h", "--json").json
    assert items["schema"] == "nodedeck.history/1"
    first = items["items"][0]
    assert list(first) == [
        *("id", "at", "path", "action", "old", "new", "fields", "actor", "reason"),
    ]
    assert (first["path"], first["action"]) == ("nodes.node1", "U")
    assert first["fields"] == [{"path": "nodes.node1.max_concurrent", "old": 500, "new": 250}]
    assert datetime.fromisoformat(first["at"]).tzinfo == UTC
    assert first["at"][-5] == "."
    external = call(capsys, "history", "--actor", "external", "--json").json["items"]
    assert {each["actor"] for each in external} == {None}
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert "No such change" in call(capsys, "history", "--since", later).err


def test_since_reads_spans_and_iso() -> None:
    now = datetime(2025, 3, 1, 12, tzinfo=UTC)
    assert moment("2h", now) == now - timedelta(hours=2)
    assert moment("2025-02-01", now) == datetime(2025, 2, 1, tzinfo=UTC)
    assert moment("2025-02-01T01:00:00+01:00", now) == datetime(2025, 2, 1, tzinfo=UTC)


def test_export_writes_a_private_masked_file(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    ran = call(capsys, "export", "out.yaml")
    assert (ran.code, ran.out) == (0, "")
    assert "1 secret is masked" in ran.err
    path = here / "out.yaml"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "hidden" not in path.read_text()
    loaded = yaml.safe_load(path.read_text())
    assert [node["id"] for node in loaded["nodes"]] == ["node1", "node-2.rack4"]
    assert loaded["nodes"][1]["host"] == HOSTILE
    assert yaml.safe_load(call(capsys, "export", "-").out) == loaded
    assert call(capsys, "export", "--format", "json").json == loaded
    call(capsys, "export", "out.JSON")
    assert json.loads((here / "out.JSON").read_text()) == loaded


def test_export_leaves_nodedecks_own_settings_out(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    call(capsys, "set", "nodedeck.idle", "5", "--create")
    assert "nodedeck" not in call(capsys, "export", "--format", "json").json


def test_status_answers_the_questions_of_a_call_at_night(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    out = call(capsys, "status").out
    lines = {line[:14].strip(): line[15:].split("  ") for line in out.splitlines()}
    assert lines["processed"][0] == "40"
    assert "1 behind" in out
    assert "epoch 124" in out
    assert lines["upcoming seed"][0] == "missing"
    answers = call(capsys, "status", "--json").json
    assert answers["schema"] == "nodedeck.status/1"
    assert (answers["height"], answers["behind"], answers["epoch"]) == (41, 1, 125)
    assert answers["seeds"]["previous"] == {"present": True, "epoch_index": 124, "claimed": True}
    assert answers["seeds"]["upcoming"]["present"] is False
    assert answers["nodes"] == {"total": 2, "enabled": 1}
    assert answers["version"] == "v3.0.8"
    assert answers["upgrade"] is None


def test_status_learns_when_the_upgrade_comes(manager: ConfigManager) -> None:
    manager.set_height(1_000)
    manager.set_seed("current", EpochSeed(seed=1, epoch_index=2, signature="a"))
    manager.set_upgrade_plan(UpgradePlan(name="v2", height=1_100))
    snapshot = manager.snapshot()
    marks = tuple(
        HeightMark(at=snapshot.taken_at + timedelta(seconds=5 * step), height=900 + step)
        for step in range(3)
    )
    known = snapshot.model_copy(update={"heights": marks})
    assert outlook.upgrade(known) == UpgradeOutlook(100, snapshot.taken_at + timedelta(seconds=500))
    assert status(known)["upgrade"]["eta"] == "2025-03-01T12:08:20.000Z"
    far = known.model_copy(update={"upgrade_plan": UpgradePlan(name="v9", height=2**63 - 1)})
    assert outlook.upgrade(far) == UpgradeOutlook(2**63 - 1_001, None)
    passed = known.model_copy(update={"upgrade_plan": UpgradePlan(name="v1", height=900)})
    assert outlook.upgrade(passed) == UpgradeOutlook(-100, None)


def test_a_terminal_gets_clean_text_only(here: Path) -> None:
    """On a terminal no value can send a control sequence, in ``get`` neither."""
    leader, follower = pty.openpty()
    try:
        subprocess.run(
            (*PROGRAM, "get", 'nodes."node-2.rack4".host'),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=follower,
            timeout=60,
            check=True,
        )
        shown = os.read(leader, 4096)
    finally:
        os.close(leader)
        os.close(follower)
    assert shown == b"\\x1b[31m[bold]\\u202e\r\nrow\r\n"


def test_simulate_writes_so_many_blocks(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    argv = ("simulate", "--db", path, "--blocks", "30", "--speed", "1e9", "--seed", "7")
    ran = call(capsys, *argv)
    assert (ran.code, ran.out) == (0, "")
    assert call(capsys, "get", "current_height", "--db", path).out == "31\n"
    assert call(capsys, *argv).code == 0
    assert call(capsys, "get", "current_height", "--db", path).out == "61\n"


def test_doctor_exits_7_on_what_is_critical(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    (here / "config.yaml").chmod(0o600)
    fine = call(capsys, "doctor")
    assert (fine.code, fine.out) == (0, "")
    assert "Nothing is wrong" in fine.err
    foreign.write(here / "state.db", "DROP TRIGGER audit_seed_info_insert")
    ran = call(capsys, "doctor", "--json")
    assert ran.code == 7
    assert ran.json["schema"] == "nodedeck.doctor/1"
    assert ran.json["items"][0]["severity"] == "critical"
    assert call(capsys, "doctor").out.startswith("critical  Triggers")


@pytest.mark.parametrize(
    ("script", "told"),
    [("echo on", ""), ("echo external", "set-clipboard is external"), ("exit 1", "did not say")],
)
def test_doctor_asks_tmux_for_its_clipboard(
    *,
    capsys: pytest.CaptureFixture[str],
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    script: str,
    told: str,
) -> None:
    (here / "config.yaml").chmod(0o600)
    tmux = tmp_path / "bin" / "tmux"
    tmux.parent.mkdir()
    tmux.write_text(f"#!/bin/sh\n{script}\n")
    tmux.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmux.parent), prepend=os.pathsep)
    monkeypatch.setenv("TMUX", "socket,1,0")
    ran = call(capsys, "doctor")
    assert ran.code == 0
    assert told in ran.out
    assert bool(ran.out) is bool(told)


def test_reading_verbs_never_write(
    capsys: pytest.CaptureFixture[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []
    real = Database.__init__

    def note(database: Database, path: Path, *, read_only: bool = False, **more: Any) -> None:
        modes.append(read_only)
        real(database, path, read_only=read_only, **more)

    monkeypatch.setattr(Database, "__init__", note)
    for verb in (("get", "api"), ("list",), ("history",), ("status",), ("export",)):
        assert call(capsys, *verb).code == 0
    assert set(modes) == {True}
