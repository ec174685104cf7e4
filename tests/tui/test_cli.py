"""The entry of the command line: exit codes, one line per failure, and what it loads."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from store.errors import ExitCode
from tests.support import foreign
from tui import cli, crash
from tui.session import Given, Session, begin, parse_overrides, read_env_file

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-c", "from tui.cli import main; main()")


@dataclass(frozen=True)
class Ran:
    """What a call printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def call(capsys: pytest.CaptureFixture[str], *argv: str | Path) -> Ran:
    """Run the command line in this process."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as left:
        cli.main([str(arg) for arg in argv])
    printed = capsys.readouterr()
    assert isinstance(left.value.code, int)
    return Ran(left.value.code, printed.out, printed.err)


def spawn(*argv: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Ran:
    """Run the command line as a process of its own."""
    done = subprocess.run(
        (*PROGRAM, *map(str, argv)),
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def one_line(ran: Ran, code: int) -> str:
    """The one clear line of a failure."""
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("nodedeck: ")
    assert ran.err.count("\n") == 1
    assert "Traceback" not in ran.err
    return ran.err


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        (("frobnicate",), 2, "No such command 'frobnicate'."),
        (("gett", "x"), 2, "Did you mean 'get'?"),
        (("--bogus",), 2, "--bogus"),
        (("get",), 2, "Missing argument 'PATH'."),
        (("get", "a", "b"), 2, "unexpected extra argument (b)."),
        (("get", "a..b"), 2, "nothing fits at character 3"),
        (("get", "curent_height"), 2, "Did you mean current_height"),
        (("get", "current_height", "--override", "nonsense"), 2, "is not PATH=VALUE"),
        (("get", "current_height", "--env-file", "none.env"), 1, "Cannot read"),
        (("list", "curent_height"), 2, "Did you mean current_height"),
        (("list", "a..*"), 2, "not a path"),
        (("set", "current_height"), 2, "Give one VALUE, or --stdin"),
        (("set", "current_height", "much"), 2, "must be a 64-bit integer"),
        (("set", "current_height", "-5"), 2, "must be 0 to 2^63-1"),
        (("set", "current_height", "5", "--creat"), 2, "--creat"),
        (("set", "gateway.burst", "5"), 2, "There is no value at gateway.burst"),
        (("set", "nodes", "5"), 2, "is not a single value"),
        (("set", "api.port", "5"), 2, "no config file"),
        (("set", "gateway.token", "abc", "--create"), 6, "is a secret"),
        (("--read-only", "set", "current_height", "5"), 6, "read-only"),
        (("set", "current_height", "5", "--read-only", "--dry-run"), 6, "read-only"),
        (("init", "--read-only"), 6, "read-only"),
        (("history", "--limit", "0"), 2, "--limit"),
        (("history", "--since", "yesterday"), 2, "is no time"),
        (("history", "--since", "999999999w"), 2, "is no time"),
        (("history", "a..b"), 2, "not a path"),
        (("export", "state.db"), 2, "one of this host's own files"),
        (("export", "config.yaml"), 2, "one of this host's own files"),
        (("export", "absent/file.yaml"), 1, "Cannot write"),
        (("export", "--format", "xml"), 2, "--format"),
        (("simulate",), 2, "made-up state"),
        (("simulate", "--db", "state.db", "--speed", "0"), 2, "speed"),
        (("simulate", "--db", "state.db", "--blocks", "x"), 2, "--blocks"),
        (("simulate", "--db", "new.db", "--read-only"), 6, "read-only"),
        (("init", "--db", "absent/state.db"), 2, "there is no directory"),
    ],
)
def test_bad_calls_answer_in_one_line_and_change_nothing(
    *,
    capsys: pytest.CaptureFixture[str],
    database: Path,
    monkeypatch: pytest.MonkeyPatch,
    argv: tuple[str, ...],
    code: int,
    told: str,
) -> None:
    foreign.write(database, "INSERT INTO chain_state(key,value) VALUES('current_height','41')")
    monkeypatch.chdir(database.parent)
    files = {path.name for path in database.parent.iterdir()}
    assert told in one_line(call(capsys, *argv), code)
    made = {path.name for path in database.parent.iterdir()} - files
    assert made <= {"state.db-wal", "state.db-shm"}
    assert call(capsys, "get", "current_height").out == "41\n"
    assert len(call(capsys, "history", "--json").json["items"]) == 1


@pytest.mark.parametrize(
    "verb",
    [
        ("status",),
        ("get", "current_height"),
        ("list",),
        ("set", "current_height", "5"),
        ("history",),
        ("export",),
        ("doctor",),
        (),
    ],
)
def test_a_missing_database_names_the_two_ways_to_make_one(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    verb: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = call(capsys, *verb)
    last = ran.err.splitlines()[-1]
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert "'nodedeck init' or 'nodedeck import apply FILE'" in last
    assert list(tmp_path.iterdir()) == []


def test_a_foreign_database_is_refused_and_left_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "gonka.db"
    foreign.write(path, "CREATE TABLE kv_config(key TEXT)")
    before = path.read_bytes()
    assert "another program" in one_line(call(capsys, "init", "--db", path), 2)
    assert "another program" in one_line(call(capsys, "status", "--db", path), 2)
    assert path.read_bytes() == before


def test_a_locked_database_is_busy(
    capsys: pytest.CaptureFixture[str], database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(Session.open.__kwdefaults__ or {}, "busy_ms", 50)
    with foreign.connect(database) as db:
        db.execute("BEGIN IMMEDIATE")
        ran = call(capsys, "set", "current_height", "5", "--db", database)
        db.execute("ROLLBACK")
    assert "locked by another writer" in one_line(ran, ExitCode.BUSY)


def test_global_options_stand_before_or_after_the_verb(
    capsys: pytest.CaptureFixture[str], database: Path
) -> None:
    flags = ("--override", "current_height=7", "--override", "last_processed_height=6")
    before = call(capsys, "--db", database, *flags, "get", "current_height")
    after = call(capsys, "get", "current_height", "--db", database, *flags)
    mixed = call(capsys, *flags[:2], "get", "last_processed_height", *flags[2:], "--db", database)
    assert [ran.out for ran in (before, after, mixed)] == ["7\n", "7\n", "6\n"]
    assert call(capsys, "--db", "nowhere", "status", "--db", database).code == 0


@pytest.mark.parametrize(
    "verb", ["", *(name for name in cli._VERBS if name not in {"import", "demo"})]
)
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_has_examples(capsys: pytest.CaptureFixture[str], verb: str, option: str) -> None:
    ran = call(capsys, *([verb] if verb else []), option)
    assert (ran.code, ran.err) == (0, "")
    assert "Examples:\n" in ran.out
    assert f"    nodedeck {verb}".rstrip() in ran.out
    assert "--override PATH=VALUE" in ran.out


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert call(capsys, "--version").out.startswith("nodedeck ")


def test_a_short_question_loads_nothing_heavy(database: Path) -> None:
    code = (
        "import sys\nfrom tui.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as left:\n    assert not left.code\n"
        "heavy = {'textual', 'watchfiles', 'textual_plotext', 'tui.app', 'tui.verbs.status',"
        " 'pydantic', 'peewee', 'yaml', 'tomllib', 'store.manager'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    argv = ("get", "current_height", "--override", "current_height=5", "--db", str(database))
    done = subprocess.run(
        (sys.executable, "-c", code, *argv),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "5\n", "")


def test_help_imports_no_verb() -> None:
    code = (
        "import sys\nfrom tui.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        "loaded = [name for name in sys.modules if name.startswith('tui.verbs.')]\n"
        "assert loaded == ['tui.verbs.common'], loaded"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run((sys.executable, "-c", code), env=env, capture_output=True, check=True)


def test_alone_without_a_terminal_it_prints_the_status(database: Path) -> None:
    ran = spawn("--db", database, cwd=ROOT)
    assert ran.code == 0
    assert ran.out.startswith("height ")
    assert "no terminal" in ran.err


def test_a_reader_that_goes_away_is_no_failure(database: Path) -> None:
    foreign.write(database, *(foreign.node(f"node-{number}") for number in range(400)))
    program = subprocess.Popen(
        (*PROGRAM, "list", "--db", str(database)),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    assert program.stderr is not None
    assert program.stdout.readline().startswith("nodes.node-0.host")
    program.stdout.close()
    assert program.stderr.read() == ""
    program.stderr.close()
    assert program.wait(timeout=30) == 0


def test_a_full_disk_is_a_sentence(database: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            (*PROGRAM, "status", "--db", str(database)),
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    expected = "nodedeck: Cannot write the output: no space left on device.\n"
    assert (done.returncode, done.stderr) == (1, expected)


def test_text_that_the_encoding_lacks_is_escaped(database: Path) -> None:
    foreign.write(database, foreign.node("n", host="gpu-🙂"))
    env = {"PYTHONIOENCODING": "latin-1"}
    ran = spawn("get", "nodes.n.host", "--db", database, cwd=ROOT, env=env)
    assert ran.out == "gpu-\\U0001f642\n"
    ran = spawn("get", "nodes.n.host", "--json", "--db", database, cwd=ROOT, env=env)
    assert ran.json["value"] == "gpu-🙂"


def test_what_nobody_foresaw_goes_to_a_private_log(
    capsys: pytest.CaptureFixture[str], database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def burst(*_: object, **__: object) -> None:
        hidden = "local-variable-value"
        raise LookupError(hidden[:3])

    monkeypatch.setattr("store.manager.ConfigManager.evidence", burst)
    for _ in range(2):
        told = one_line(call(capsys, "status", "--db", database), ExitCode.FAILED)
        assert str(crash.log_path()) in told
        assert "LookupError" in told
    text = crash.log_path().read_text()
    assert text.count("Traceback") == 2
    assert "LookupError: loc" in text
    assert stat.S_IMODE(crash.log_path().stat().st_mode) == 0o600
    crash.log_path().unlink()
    crash.log_path().mkdir()
    assert "could not be logged" in one_line(call(capsys, "status", "--db", database), 1)


def test_control_c_is_130(
    capsys: pytest.CaptureFixture[str], database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("store.manager.ConfigManager.evidence", interrupt)
    assert call(capsys, "status", "--db", database) == Ran(ExitCode.INTERRUPTED, "", "")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_a_simulation_stops_on_signals(tmp_path: Path, number: signal.Signals, code: int) -> None:
    program = subprocess.Popen(
        (*PROGRAM, "simulate", "--db", str(tmp_path / "new.db"), "--block-seconds", "60"),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert program.stderr is not None
    assert program.stderr.readline().startswith("nodedeck: Made ")
    assert program.stderr.readline().startswith("nodedeck: Simulating ")
    program.send_signal(number)
    assert program.wait(timeout=30) == code
    assert program.stderr.read() == ""
    program.stderr.close()


def test_session_reads_the_environment(tmp_path: Path) -> None:
    environ = {"NODEDECK_DB": "x/state.db", "NODEDECK_ACTOR": "ops", "NODEDECK_READONLY": "1"}
    session = begin(Given(), {**environ, "DAPI_API__PORT": "7"}, tmp_path)
    assert session.locations.database == tmp_path / "x/state.db"
    assert (session.actor, session.read_only) == ("ops", True)
    assert session.overrides.env == {("api", "port"): "7"}
    (tmp_path / "daemon.env").write_text("DAPI_API__PORT=8\n")
    session = begin(Given(env_file="daemon.env"), {"DAPI_API__PORT": "7"}, tmp_path)
    assert session.overrides.env == {("api", "port"): "8"}


def test_overrides_split_at_the_first_equals_sign_outside_quotes() -> None:
    assert parse_overrides(["api.port=9", 'nodes."a=b".host=c=d', "x.y="]) == {
        "api.port": "9",
        'nodes."a=b".host': "c=d",
        "x.y": "",
    }


def test_env_files_are_read_as_docker_and_systemd_do(tmp_path: Path) -> None:
    path = tmp_path / "daemon.env"
    path.write_text("# a comment\n\nexport A=1\nB='two words' # why\nC=\"x=y\"\nD=\nE=a b\n")
    assert read_env_file(path) == {"A": "1", "B": "two words", "C": "x=y", "D": "", "E": "a b"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"A=1\nnonsense\n", ":2: not NAME=VALUE"),
        (b"A='1\n", ":1: the quotes"),
        (b"A='1' '2'\n", ":1: the quotes"),
        (b"A=\xff\n", "not UTF-8"),
    ],
)
def test_a_bad_env_file_is_a_sentence(
    capsys: pytest.CaptureFixture[str], database: Path, text: bytes, told: str
) -> None:
    path = database.with_name("daemon.env")
    path.write_bytes(text)
    assert told in one_line(call(capsys, "status", "--db", database, "--env-file", path), 2)
