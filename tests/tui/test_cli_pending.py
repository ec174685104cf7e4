"""``--confirm-within``, ``pending`` and ``confirm``, and who takes back what is overdue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.errors import ExitCode
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign, reverters
from tests.support.reverters import until
from tests.tui.test_cli import call, one_line, spawn
from tui import cli
from tui.session import Session


@pytest.fixture(autouse=True)
def host(database: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The directory of a database with svc.x at 1 and a node; the current one."""
    monkeypatch.chdir(database.parent)
    foreign.write(
        database,
        "INSERT INTO settings(service,key,value_json) VALUES('svc','x','1')",
        foreign.node("node1"),
    )
    yield database.parent
    reverters.kill(database)


def value(capsys: pytest.CaptureFixture[str], path: str = "svc.x") -> str:
    return call(capsys, "get", path).out.strip()


def overdue(capsys: pytest.CaptureFixture[str], database: Path) -> None:
    """An unconfirmed edit of svc.x to 2 that nobody watches, and whose deadline has passed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("store.detached.started", reverters.nobody)
        assert call(capsys, "set", "svc.x", "2", "--confirm-within", "300ms").code == 0
    where = Locations(database.with_name("config.yaml"), database)
    with ConfigManager.open(where, actor="looks@on", read_only=True) as manager:
        until(manager.overdue_reversals, "the deadline")


@pytest.mark.parametrize(
    ("argv", "path", "before", "after"),
    [
        (("set", "svc.x", "2"), "svc.x", "1", "2"),
        (("unset", "nodedeck.retention.days"), "nodedeck.retention.days", "30", "400"),
        (("node", "set", "node1", "host=moved"), "nodes.node1.host", "10.0.0.1", "moved"),
        (("node", "disable", "node1"), "nodes.node1.is_enabled", "true", "false"),
    ],
)
def test_an_edit_waits_is_listed_and_kept(
    *,
    capsys: pytest.CaptureFixture[str],
    database: Path,
    argv: tuple[str, ...],
    path: str,
    before: str,
    after: str,
) -> None:
    call(capsys, "set", "nodedeck.retention.days", "30")
    assert value(capsys, path) == before
    done = call(capsys, *argv, "--confirm-within", "1m", "--reason", "try", "--json")
    assert (done.code, value(capsys, path)) == (0, after)
    assert "unless you confirm it within 60 s: 'nodedeck confirm 1'." in done.err
    assert done.json["reversal"]["id"] == 1
    (item,) = call(capsys, "pending", "--json").json["items"]
    assert (item["state"], item["reason"], 50 < item["left"] <= 60) == ("pending", "try", True)
    assert "s left" in call(capsys, "pending").out
    kept = call(capsys, "confirm", "1", "--json")
    assert (kept.code, kept.json["state"]) == (0, "confirmed")
    assert "it does not revert any more" in kept.err
    assert call(capsys, "confirm", "1").code == 0
    assert call(capsys, "pending").err == "nodedeck: No change waits for a confirmation.\n"
    (settled,) = call(capsys, "pending", "--all", "--json").json["items"]
    assert (settled["state"], settled["left"]) == ("confirmed", None)
    assert value(capsys, path) == after
    until(lambda: not reverters.of(database), "the end of the process")


def test_in_a_process_of_its_own_it_is_back_after_the_deadline(
    capsys: pytest.CaptureFixture[str], host: Path
) -> None:
    ran = spawn("set", "svc.x", "2", "--confirm-within", "1", "--json", cwd=host)
    assert (ran.code, json.loads(ran.out)["reversal"]["within"]) == (0, 1.0)
    until(lambda: value(capsys) == "1", "the value of before")
    newest = call(capsys, "history", "svc.x", "--json").json["items"][0]
    assert newest["reason"] == "not confirmed within 1 s: undo of #3"
    assert newest["actor"] is not None


def test_the_next_verb_that_writes_takes_back_what_is_overdue_and_says_so(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    overdue(capsys, database)
    looked = call(capsys, "get", "svc.x")
    assert (looked.code, looked.out) == (0, "2\n")
    assert looked.err == (
        "nodedeck: An unconfirmed change of svc.x should have been taken back by now; the next"
        " verb that writes does it.\n"
    )
    wrote = call(capsys, "set", "svc.y", "1", "--create", "--actor", "ann")
    first = "nodedeck: The change #3 of svc.x was not confirmed within 0.3 s, so it was taken back"
    assert (wrote.code, wrote.err.startswith(first)) == (0, True)
    assert value(capsys) == "1"
    mine, back = call(capsys, "history", "--json").json["items"][:2]
    assert (mine["path"], back["path"]) == ("svc.y", "svc.x")
    assert back["reason"] == "not confirmed within 0.3 s: undo of #3, late, by ann"
    assert "svc.x" not in call(capsys, "get", "svc.x").err


def test_read_only_nothing_is_taken_back(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    overdue(capsys, database)
    assert call(capsys, "confirm", "1", "--read-only").code == ExitCode.REFUSED
    assert call(capsys, "get", "svc.x", "--read-only").out == "2\n"
    assert call(capsys, "set", "svc.x", "3", "--read-only").code == ExitCode.REFUSED
    assert value(capsys) == "2"


def test_confirming_too_late_is_a_conflict(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    overdue(capsys, database)
    late = call(capsys, "confirm", "1")
    assert late.code == ExitCode.CONFLICT
    assert "was not confirmed within" in late.err.splitlines()[0]
    assert "The unconfirmed change 1 was reverted at" in late.err.splitlines()[1]


def test_what_stays_because_of_others_is_said(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    overdue(capsys, database)
    foreign.write(database, "UPDATE settings SET value_json='7' WHERE key='x'")
    (waits,) = call(capsys, "pending", "--json").json["items"]
    assert waits["changes"][0]["outcome"] == "cancelled"
    assert "stays: an external writer changed it (change #4)" in call(capsys, "pending").out
    wrote = call(capsys, "set", "svc.y", "1", "--create")
    assert "was overdue and stays: an external writer changed it (change #4)." in wrote.err
    assert value(capsys) == "7"


def test_the_deck_takes_it_back_before_it_draws(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    overdue(capsys, database)
    said: list[str] = []
    where = Locations(database.with_name("config.yaml"), database)
    started = cli._settled(Session(where, "ann@host", say=said.append))
    assert started.say is None
    assert [line[:28] for line in said] == ["The change #3 of svc.x was n"]
    assert value(capsys) == "1"
    nowhere = Locations(where.config, database.with_name("absent.db"))
    assert cli._settled(Session(nowhere, "ann@host", say=said.append)).say is None
    assert len(said) == 1


def test_an_import_takes_it_back_first(capsys: pytest.CaptureFixture[str], host: Path) -> None:
    overdue(capsys, host / "state.db")
    (host / "n.yaml").write_text("current_height: 5\n")
    ran = call(capsys, "import", "apply", "n.yaml", "--yes")
    assert (ran.code, "so it was taken back now" in ran.err) == (0, True)
    assert value(capsys) == "1"


def test_completion_says_nothing_of_it(
    capsys: pytest.CaptureFixture[str], database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    overdue(capsys, database)
    monkeypatch.setenv("_NODEDECK_COMPLETE", "zsh_complete")
    monkeypatch.setenv("COMP_WORDS", "nodedeck get svc.")
    monkeypatch.setenv("COMP_CWORD", "2")
    ran = call(capsys)
    assert ("svc.x" in ran.out, ran.err) == (True, "")


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        (("set", "svc.x", "2", "--confirm-within", "soon"), 2, "Write it like 60s, 5m or 1h."),
        (("set", "svc.x", "2", "--confirm-within", "0"), 2, "more than 0 s and at most 24 h"),
        (("set", "svc.x", "2", "--confirm-within", "25h"), 2, "at most 24 h"),
        (("set", "api.port", "2", "--confirm-within", "60s"), 6, "only a value of the database"),
        (("set", "svc.z", "2", "--confirm-within", "60s"), 2, "There is no value at svc.z"),
        (("node", "set", "x", "host=h", "--confirm-within", "60s"), 2, "nodes.x"),
        (("confirm", "9"), 2, "There is no unconfirmed change 9"),
        (("confirm", "x"), 2, "x"),
        (("confirm",), 2, "Missing argument 'ID'."),
    ],
)
def test_bad_calls_change_nothing(
    *,
    capsys: pytest.CaptureFixture[str],
    host: Path,
    argv: tuple[str, ...],
    code: int,
    told: str,
) -> None:
    (host / "config.yaml").write_text("api:\n  port: 1\n")
    before = call(capsys, "history", "--json").out
    assert told in one_line(call(capsys, *argv), code)
    assert call(capsys, "history", "--json").out == before
    assert (host / "config.yaml").read_text() == "api:\n  port: 1\n"
    assert call(capsys, "pending", "--all", "--json").json["items"] == []


def test_a_dry_run_keeps_nothing(capsys: pytest.CaptureFixture[str], database: Path) -> None:
    ran = call(capsys, "set", "svc.x", "2", "--confirm-within", "60s", "--dry-run")
    assert (ran.code, "would change; nothing was." in ran.err) == (0, True)
    assert value(capsys) == "1"
    assert call(capsys, "pending", "--all", "--json").json["items"] == []
    until(lambda: not reverters.of(database), "the end of the process")
