"""What the verbs say where the audit log cannot be trusted, and how it is put right."""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import foreign
from tests.tui.test_cli import PROGRAM, call, one_line

DROPPED = "DROP TRIGGER audit_inference_nodes_update"


@pytest.fixture
def here(database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a database of one node and one height."""
    monkeypatch.chdir(database.parent)
    monkeypatch.delenv("TMUX", raising=False)
    foreign.write(
        database,
        foreign.node("n1"),
        "INSERT INTO chain_state(key,value) VALUES('current_height','41')",
    )
    return database


def host(database: Path) -> str:
    with closing(sqlite3.connect(database)) as db:
        return str(db.execute("SELECT host FROM inference_nodes").fetchone()[0])


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_set_refuses_what_would_not_be_in_the_history(
    capsys: pytest.CaptureFixture[str], here: Path, more: tuple[str, ...]
) -> None:
    foreign.write(here, DROPPED)
    told = one_line(call(capsys, "set", "nodes.n1.host", "h2", *more), 1)
    assert "audit_inference_nodes_update" in told
    assert "nothing was changed" in told
    assert "nodedeck doctor --fix" in told
    assert host(here) == "10.0.0.1"


@pytest.mark.parametrize(
    "verb",
    [
        ("node", "disable", "n1"),
        ("set", "svc.x", "1", "--create"),
        ("unset", "svc.x"),
        ("undo", "1"),
    ],
)
def test_every_write_of_ours_refuses(
    capsys: pytest.CaptureFixture[str], here: Path, verb: tuple[str, ...]
) -> None:
    foreign.write(here, DROPPED)
    assert "would not be in the history" in one_line(call(capsys, *verb), 1)


def test_set_compares_values_and_not_rows(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    """A value that the log still holds and the table does not is another value."""
    written_past_the_log(here)
    told = one_line(call(capsys, "set", "nodes.n1.host", "10.0.0.1"), 1)
    assert "does not hold the present value" in told
    assert "nodedeck doctor --fix" in told
    assert host(here) == "h2"
    assert call(capsys, "doctor", "--fix", "--yes").code == 0
    assert "h2 → 10.0.0.1" in call(capsys, "set", "nodes.n1.host", "10.0.0.1").err
    assert "has this value already" in call(capsys, "set", "nodes.n1.host", "10.0.0.1").err


def test_another_field_does_not_take_the_logs_old_values_along(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    written_past_the_log(here)
    assert call(capsys, "set", "nodes.n1.poc_port", "9999").code == 0
    assert host(here) == "h2"


def written_past_the_log(database: Path) -> None:
    with foreign.connect(database) as db:
        kept = "SELECT sql FROM sqlite_master WHERE name=?"
        (sql,) = db.execute(kept, (DROPPED.rsplit(maxsplit=1)[-1],)).fetchone()
    foreign.write(database, DROPPED, "UPDATE inference_nodes SET host='h2'", sql)


def test_fix_makes_anew_records_and_says_so(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    foreign.write(here, DROPPED, "UPDATE inference_nodes SET host='h2'")
    ran = call(capsys, "doctor", "--fix", "--yes", "--actor", "ops@x")
    assert (ran.code, ran.out) == (0, "")
    assert "missing or altered: audit_inference_nodes_update" in ran.err
    assert "the log has the present value of nodes.n1 now" in ran.err
    assert "Nothing is wrong" in ran.err
    (change, *_) = call(capsys, "history", "nodes.n1.host", "--json").json["items"]
    assert (change["actor"], change["reason"]) == ("ops@x", "doctor --fix")
    again = call(capsys, "doctor", "--fix", "--yes")
    assert "There is nothing that could be made anew." in again.err


def test_fix_asks_first(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    foreign.write(here, DROPPED)
    ran = call(capsys, "doctor", "--fix", "--no-input")
    assert ran.code == 2
    assert "Add --yes" in ran.err
    assert call(capsys, "doctor", "--fix", "--yes", "--read-only").code == 6
    assert call(capsys, "doctor").code == 7


@pytest.mark.parametrize(("answer", "code"), [(b"n\n", 1), (b"y\n", 0)])
def test_fix_takes_the_answer_of_a_person(here: Path, answer: bytes, code: int) -> None:
    foreign.write(here, DROPPED)
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer)
        ran = subprocess.run(
            [*PROGRAM, "doctor", "--fix"], stdin=theirs, capture_output=True, check=False
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert ran.returncode == code, ran.stderr


@pytest.mark.parametrize("verb", ["doctor", "status"])
@pytest.mark.parametrize(
    ("damage", "named"),
    [
        ("DROP TABLE audit_log", "audit_log"),
        ("DROP TABLE meta", "meta"),
        ("DROP TABLE seed_info", "seed_info"),
        ("UPDATE meta SET value='garbage' WHERE key='schema_version'", "'garbage'"),
        ("UPDATE meta SET value='99' WHERE key='schema_version'", "99"),
        ("DROP TABLE audit_displaced", "audit_displaced"),
        ("DELETE FROM audit_log WHERE path='current_height'", "current_height"),
    ],
)
def test_a_damaged_schema_is_exit_7_with_the_part_and_the_next_step(
    *, capsys: pytest.CaptureFixture[str], here: Path, verb: str, damage: str, named: str
) -> None:
    foreign.write(here, damage)
    ran = call(capsys, verb)
    assert ran.code == 7, ran.err
    assert named in ran.out + ran.err
    assert "Traceback" not in ran.err


def test_status_and_doctor_name_each_fault_once(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    here.with_name("config.yaml").write_text("current_height: 1\n")
    here.with_name("config.yaml").chmod(0o644)
    foreign.write(
        here,
        "UPDATE chain_state SET value='soon'",
        "INSERT INTO settings(service,key,value_json) VALUES('nodedeck','findings.wal_mb','-1')",
    )
    wanted = ["file-mode", "setting", "stale-keys", "undecoded"]
    for verb in ("status", "doctor"):
        told = call(capsys, verb, "--json").json
        found = told["findings" if verb == "status" else "items"]
        assert sorted(each["rule"] for each in found if each["rule"] in wanted) == wanted
