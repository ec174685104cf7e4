"""``nodedeck import`` while it runs: the progress line, ctrl+c, a daemon that still writes."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from store.importing.progress import Phase
from tests.store.importing.samples import RUNNING, on_disk, put
from tests.support import foreign
from tests.support.terminal import ROOT, terminal
from tests.tui.test_cli import call, one_line
from tui.verbs import progress_line

APPLY = ("import", "apply", "config.yaml", "--yes")
UNCUTTABLE = "api: &x {port: 1}\nnew_params: &y {a: 1}\nrack: *y\n"


@pytest.fixture(autouse=True)
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory that is the current one."""
    folder = tmp_path / "host"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def aged(path: Path) -> Path:
    """A file that nobody has written for an hour."""
    at = path.stat().st_mtime - 3600
    os.utime(path, (at, at))
    return path


# the progress line


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ((Phase.BACKUP, 0, 1, 0.0), "Backing up           [....................]   0%"),
        (
            (Phase.WRITE, 2500, 10_000, 3.0),
            "Writing              [#####...............]  25%  2,500 of 10,000  9 s left",
        ),
        (
            (Phase.VERIFY, 10, 10, 9.0),
            "Reading back         [####################] 100%  10 of 10",
        ),
        ((Phase.WRITE, 0, 0, 0.0), "Writing              [####################] 100%"),
    ],
)
def test_a_line_has_phase_count_and_time_left(
    told: tuple[Phase, int, int, float], shown: str
) -> None:
    assert progress_line.line(*told) == shown


def test_on_a_terminal_a_line_is_drawn_and_ctrl_c_takes_everything_back(
    capsys: pytest.CaptureFixture[str], host: Path
) -> None:
    call(capsys, "init")
    config = put(host, "config.yaml", RUNNING)
    before, names = on_disk(host), named(host)
    command = [sys.executable, "-m", "tui.cli", "import", "apply", str(config), "--yes"]
    command += ["--config", str(config), "--rewrite"]
    with (
        terminal(command, environment={"PYTHONPATH": str(ROOT)}, columns=70, lines=24) as running,
        foreign.connect(host / "state.db") as other,
    ):
        # another writer has the database, so that it waits at its first write as long as need be
        other.execute("BEGIN IMMEDIATE")
        running.until_text("Backing up           [####################] 100%")
        running.process.send_signal(signal.SIGINT)
        other.execute("COMMIT")
        assert running.end() == 130
        screen = [row.rstrip() for row in running.screen.text().splitlines() if row.strip()]
    assert screen == ["nodedeck: Cancelled; nothing was changed and nothing is left of it."]
    assert on_disk(host) == before
    assert named(host) == names


def named(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"state.db-wal", "state.db-shm"}


# where the file cannot be cut


def test_the_database_part_stands_where_that_was_chosen(
    capsys: pytest.CaptureFixture[str], host: Path
) -> None:
    put(host, "config.yaml", UNCUTTABLE)
    assert "or --or-keep" not in one_line(call(capsys, *APPLY, "--rewrite"), 1)
    assert not (host / "state.db").exists()
    ran = call(capsys, *APPLY, "--rewrite", "--or-keep", "--json")
    assert (ran.code, ran.json["rewritten"], ran.json["receipt"]) == (0, False, 1)
    assert "Remove by hand the lines 2 (new_params)." in ran.json["uncut"]
    assert "config.yaml is as it was. The keys cannot be cut out of the text" in ran.err
    assert (host / "config.yaml").read_text() == UNCUTTABLE
    assert call(capsys, "get", "new_params.a").out == "1\n"
    assert "goes with --rewrite" in one_line(call(capsys, *APPLY, "--or-keep"), 2)


def test_of_several_files_each_is_cut_that_can_be(
    capsys: pytest.CaptureFixture[str], host: Path
) -> None:
    put(host, "config.yaml", RUNNING)
    put(host, "svc.yaml", "svc: {a: 1}\nrack: {}\n")
    put(host, "dev.toml", "[dev]\na = 1\n")
    command = ("import", "apply", "config.yaml", "svc.yaml", "dev.toml", "--yes", "--rewrite")
    assert "dev.toml is TOML, which cannot be cut" in one_line(call(capsys, *command), 1)
    assert not (host / "state.db").exists()
    ran = call(capsys, *command, "--or-keep", "--json")
    assert (ran.code, ran.json["cut"]) == (0, ["config.yaml", "svc.yaml"])
    assert "dev.toml is as it was. It is TOML, which cannot be cut." in ran.err
    assert "the line 2" in ran.err
    assert (host / "svc.yaml").read_text() == "rack: {}\n"
    shown = call(capsys, "import", "rollback", "--dry-run", "--json", "--state", "before")
    cut = [str(host / name) for name in ("config.yaml", "svc.yaml")]
    assert (shown.json["files"], shown.json["rewritten"]) == (cut, cut)
    put(host, "svc.yaml", "svc: {a: 3}\n")
    back = ("import", "rollback", "--state", "before")
    refused = call(capsys, *back, "--yes")
    assert f"{cut[1]} was edited since the import; that edit would be lost." in refused.err
    assert call(capsys, *back, "--force").code == 0
    assert (host / "config.yaml").read_text() == RUNNING
    assert (host / "svc.yaml").read_text() == "svc: {a: 1}\nrack: {}\n"


# a daemon that still writes


def test_a_file_that_was_just_written_is_warned_of_and_can_be_waited_for(
    capsys: pytest.CaptureFixture[str], host: Path
) -> None:
    put(host, "config.yaml", RUNNING)
    told = call(capsys, "import", "plan", "config.yaml").err.splitlines()[-1]
    assert "perhaps by a daemon that runs. Stop the daemon first" in told
    put(host, "svc.yaml", "svc: {a: 1}\n")
    asked = call(capsys, "import", "plan", "config.yaml", "svc.yaml", "--json")
    seen, unwatched = (file["writing"] for file in asked.json["files"])
    assert unwatched is None  # no daemon writes settings
    assert (seen["still"], seen["every_seconds"]) == (False, None)
    before = on_disk(host)
    gave_up = call(capsys, *APPLY, "--wait=0")
    assert gave_up.code == 3
    assert "config.yaml is still written, again and again; nothing was changed" in gave_up.err
    assert on_disk(host) == before
    unwaited = call(capsys, *APPLY)
    assert (unwaited.code, "perhaps by a daemon that runs" in unwaited.err) == (0, True)
    assert call(capsys, "import", "rollback", "--state", "before", "--yes").code == 0
    aged(host / "config.yaml")
    assert "daemon" not in call(capsys, "import", "plan", "config.yaml").err
    done = call(capsys, *APPLY, "--wait")
    assert (done.code, "Waiting" in done.err) == (0, False)
    wrong = call(capsys, "import", "apply", "--wait", "config.yaml", "--yes")
    assert (wrong.code, "--wait" in wrong.err) == (2, True)
