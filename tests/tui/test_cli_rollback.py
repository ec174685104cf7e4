"""``import rollback`` and what verbs do about an import that was stopped half-way."""

from __future__ import annotations

from pathlib import Path

import pytest

from store import files
from store.errors import ExitCode, NodedeckError
from store.importing import unit, writing
from tests.store.importing.samples import RUNNING, on_disk, places, put
from tests.tui.test_cli import call, one_line

APPLY = ("import", "apply", "config.yaml", "--yes", "--rewrite")


@pytest.fixture(autouse=True)
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a legacy file, the current one."""
    folder = tmp_path / "host"
    folder.mkdir()
    monkeypatch.chdir(folder)
    put(folder, "config.yaml", RUNNING)
    return folder


def stopped(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that committed and could not write its file."""

    def full(path: Path, _: bytes) -> None:
        raise NodedeckError(f"Cannot write {path}: no space left on device.")

    with monkeypatch.context() as patch:
        patch.setattr(files, "put", full)
        ran = call(capsys, *APPLY)
    assert ran.code == ExitCode.HALF_DONE
    assert "The database is complete" in ran.err


def test_the_next_verb_that_writes_finishes_it(
    capsys: pytest.CaptureFixture[str], host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(capsys, monkeypatch)
    looked = call(capsys, "get", "current_height")
    assert (looked.code, looked.out) == (ExitCode.HALF_DONE, "1934882\n")
    assert "was stopped half-way: the next verb that writes finishes it" in looked.err
    assert (host / "config.yaml").read_text() == RUNNING
    wrote = call(capsys, "set", "current_height", "1934883")
    assert wrote.code == 0
    assert "had been stopped half-way; it is finished now." in wrote.err.splitlines()[0]
    assert "current_height" not in (host / "config.yaml").read_text()
    assert call(capsys, "get", "current_height").err == ""


def test_it_can_be_taken_back_instead(
    capsys: pytest.CaptureFixture[str], host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(capsys, monkeypatch)
    back = call(capsys, "import", "rollback", "--yes", "--json")
    assert (back.code, back.json["state"], back.json["rewrites_file"]) == (0, "before", False)
    assert (host / "config.yaml").read_text() == RUNNING
    assert call(capsys, "get", "current_height").code == ExitCode.USAGE
    assert unit.standing(places(host)) is None


def test_where_the_file_was_edited_writing_verbs_are_exit_4_until_it_is_settled(
    capsys: pytest.CaptureFixture[str], host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(capsys, monkeypatch)
    put(host, "config.yaml", RUNNING.replace("9000", "9001"))
    for _ in range(2):
        ran = call(capsys, "set", "current_height", "5")
        assert ran.code == ExitCode.HALF_DONE
        assert "'nodedeck import apply" in one_line(ran, 4)
        assert "'nodedeck import rollback'" in ran.err
    assert call(capsys, "get", "current_height").out == "1934882\n"
    assert call(capsys, *APPLY).code == 0
    text = (host / "config.yaml").read_text()
    assert ("9001" in text, "current_height" in text) == (True, False)
    assert call(capsys, "set", "current_height", "1934890").code == 0


def test_while_it_stands_readers_say_so_and_are_exit_4(
    capsys: pytest.CaptureFixture[str], host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(capsys, monkeypatch)
    doctor = call(capsys, "doctor", "--json")
    (found,) = (item for item in doctor.json["items"] if "stopped half-way" in item["message"])
    assert (doctor.code, found["severity"]) == (ExitCode.HALF_DONE, "warning")
    status = call(capsys, "status", "--json")
    assert status.json["restart"]["safe"] is False
    assert any("stopped half-way" in each for each in status.json["restart"]["reasons"])
    for verb in (
        ("import", "plan", "config.yaml"),
        ("import", "list"),
        ("list",),
        ("history",),
        ("export", "-"),
    ):
        assert call(capsys, *verb).code == ExitCode.HALF_DONE
    for verb in (("log",), ("completion", "bash"), ("get", "--help"), ("import", "--help")):
        assert call(capsys, *verb).code == 0
    assert call(capsys, "set", "current_height", "1934890").code == 0
    assert "stopped" not in call(capsys, "doctor").out


class Killed(BaseException):
    """As a killed process: nothing that follows is done."""


def killed_before_the_commit(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """An import of a file whose process was killed within its transaction."""

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(writing, "commit", killed)
        patch.setattr(unit, "_take_back", killed)
        with pytest.raises(Killed):
            call(capsys, "import", "apply", name, "--yes", "--rewrite")
    assert unit.standing(places(Path())) is not None


def test_a_kill_before_the_commit_is_no_reason_to_take_an_earlier_import_back(
    capsys: pytest.CaptureFixture[str], host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call(capsys, *APPLY)
    put(host, "other.yaml", "current_height: 5\nsvc: {a: 1}\n")
    before = on_disk(host)
    killed_before_the_commit(capsys, monkeypatch, "other.yaml")
    left = on_disk(host)
    told = call(capsys, "import", "list")
    assert "other.yaml was stopped before it was committed" in told.err
    assert "'nodedeck import rollback' does no more than that" in told.err
    assert told.code == ExitCode.HALF_DONE
    shown = call(capsys, "import", "rollback", "--dry-run", "--json")
    assert (shown.code, shown.json["of"], on_disk(host)) == (0, None, left)
    done = call(capsys, "import", "rollback", "--yes")
    assert (done.code, done.out) == (0, "")
    assert "before it was committed; what it left was removed." in one_line(done, 0)
    assert on_disk(host) == before
    assert call(capsys, "import", "rollback", "--dry-run", "--json").json["of"] == 1


def test_a_kill_of_the_first_import_leaves_something_to_remove(
    capsys: pytest.CaptureFixture[str], host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = on_disk(host)
    killed_before_the_commit(capsys, monkeypatch, "config.yaml")
    assert len(on_disk(host)) > len(before)
    done = call(capsys, "import", "rollback", "--yes")
    assert "what it left was removed." in one_line(done, 0)
    assert on_disk(host) == before


def test_read_only_it_is_left_as_it_is(
    capsys: pytest.CaptureFixture[str], host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped(capsys, monkeypatch)
    before = on_disk(host)
    assert call(capsys, "import", "rollback", "--yes", "--read-only").code == ExitCode.REFUSED
    ran = call(capsys, "get", "current_height", "--read-only")
    assert (ran.code, ran.out) == (ExitCode.HALF_DONE, "1934882\n")
    assert on_disk(host) == before


def test_the_rehearsal_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    ran = call(capsys, *APPLY, "--json")
    assert (ran.code, ran.json["rehearsed"], ran.json["empty"]) == (0, 32, 1)
    assert "Rehearsed on a copy first: 32 values came back" in ran.err


def test_a_dry_run_shows_and_changes_nothing(
    capsys: pytest.CaptureFixture[str], host: Path
) -> None:
    call(capsys, *APPLY)
    call(capsys, "node", "set", "node1", "host=moved")
    before = on_disk(host)
    ran = call(capsys, "import", "rollback", "--dry-run")
    assert ran.out == "nodes.node1.host: 192.0.2.21 → moved, since the import\n"
    assert on_disk(host) == before


def test_where_nothing_was_cut_the_values_of_now_need_no_rollback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    call(capsys, *APPLY[:-1])
    ran = call(capsys, "import", "rollback", "--yes", "--json")
    assert (ran.code, ran.json["receipt"]) == (0, None)
    assert "nothing was taken back. '--state before' takes import 1 out" in ran.err
    back = call(capsys, "import", "rollback", "--yes", "--json", "--state", "before")
    assert (back.code, back.json["receipt"]) == (0, 2)


def test_what_an_operator_changed_needs_force(
    capsys: pytest.CaptureFixture[str], host: Path
) -> None:
    call(capsys, *APPLY)
    call(capsys, "node", "set", "node1", "host=moved")
    before = on_disk(host)
    refused = call(capsys, "import", "rollback", "--yes")
    assert refused.code == ExitCode.USAGE
    assert "add --force" in refused.err
    assert on_disk(host) == before
    done = call(capsys, "import", "rollback", "--force", "--reason", "back", "--json")
    assert (done.code, done.json["receipt"]) == (0, 2)
    assert "host: moved" in (host / "config.yaml").read_text().replace('"', "")
    listed = call(capsys, "import", "list", "--json").json["items"]
    assert [each["role"] for each in listed] == ["rollback", "node configuration"]
    again = call(capsys, "import", "rollback", "1", "--force")
    assert "taken back already (receipt 2)" in one_line(again, ExitCode.CONFLICT)


def test_it_works_from_another_directory(
    capsys: pytest.CaptureFixture[str],
    host: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call(capsys, *APPLY)
    monkeypatch.chdir(tmp_path)
    ran = call(capsys, "import", "rollback", "--yes", "--db", host / "state.db")
    assert ran.code == 0
    assert (host / "config.yaml").read_text() == RUNNING


def test_nobody_to_ask_is_a_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    call(capsys, *APPLY)
    ran = call(capsys, "import", "rollback", "--no-input")
    assert (ran.code, "Add --yes." in ran.err) == (ExitCode.USAGE, True)
