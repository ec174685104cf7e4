"""Shell completion and the log of unexpected errors."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support import foreign
from tests.tui.test_cli import Ran, call, spawn
from tui import crash


@pytest.fixture
def here(database: Path) -> Path:
    foreign.write(
        database,
        "INSERT INTO chain_state(key,value) VALUES('current_height','41')",
        foreign.node("node1"),
        foreign.node("node-2.rack4"),
    )
    return database.parent


def completed(here: Path, line: str, shell: str = "bash") -> Ran:
    """What a shell is told when tab is pressed at the end of a line."""
    asked = {
        "COMP_WORDS": line,
        "COMP_CWORD": line.rpartition(" ")[2] if shell == "fish" else str(line.count(" ")),
        "_NODEDECK_COMPLETE": f"{shell}_complete",
    }
    return spawn(cwd=here, env=asked)


def test_verbs_options_and_paths_are_completed(here: Path) -> None:
    assert completed(here, "nodedeck hist").out == "plain,history\n"
    assert completed(here, "nodedeck node ena").out == "plain,enable\n"
    assert "plain,--long" in completed(here, "nodedeck list --l").out.splitlines()
    assert completed(here, "nodedeck get current_h").out == "plain,current_height\n"
    assert completed(here, "nodedeck --db state.db set current_h").out == "plain,current_height\n"
    assert "plain,nodes.node1.host" in completed(here, "nodedeck history nodes.node1.").out


def test_a_part_in_quotes_survives_the_shell(here: Path) -> None:
    path = 'nodes."node-2.rack4".host'
    assert completed(here, "nodedeck get nodes.node-2.rack4.ho").out == f"plain,'{path}'\n"
    assert path in completed(here, "nodedeck get nodes.node-2.rack4.ho", "zsh").out


def test_nothing_is_said_where_it_cannot_complete(here: Path, tmp_path: Path) -> None:
    for line in ("nodedeck --db /nowhere get cur", "nodedeck nonsense "):
        ran = completed(here, line)
        assert (ran.code, ran.err, ran.out.strip()) == (0, "", "")
    assert completed(here, "nodedeck ge", "tcsh").out == ""
    (here / "state.db").write_bytes(b"not a database" * 100)
    assert completed(here, "nodedeck get cur").err == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_is_one_the_shell_reads(
    capsys: pytest.CaptureFixture[str], shell: str, tmp_path: Path
) -> None:
    ran = call(capsys, "completion", shell)
    assert ran.code == 0
    assert "_NODEDECK_COMPLETE" in ran.out
    if program := shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(ran.out)
        subprocess.run((program, "-n", str(script)), check=True, timeout=60)


def test_log_prints_the_last_entries(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = call(capsys, "log")
    assert (nothing.code, nothing.out) == (0, "")
    assert str(crash.log_path()) in nothing.err
    for text in ("first", "second \x1b[31m", "third"):
        try:
            raise ValueError(text)
        except ValueError as error:
            crash.record(error, "1.0")
    ran = call(capsys, "log", "--limit", "2")
    assert "holds 3; the last 2" in ran.err
    assert "first" not in ran.out
    assert "\x1b" not in ran.out
    assert ran.out.index("second") < ran.out.index("third")
    found = call(capsys, "log", "--json", "--limit", "1").json
    assert (found["path"], found["total"]) == (str(crash.log_path()), 3)
    assert found["items"][0].endswith("ValueError: third")
