"""``nodedeck secret``: values go in without an argument and come out on purpose."""

from __future__ import annotations

import io
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from store.errors import ExitCode
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.samples import NODE
from tests.support.terminal import ROOT, Terminal, terminal
from tests.tui.test_cli import PROGRAM, Ran, call, spawn

VALUE = "hunter2-very-clear"
PROVIDER = "provider_configs.openai"


@pytest.fixture
def here(database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(database.parent)
    return database.parent


def pipe(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))


def put(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    path: str = PROVIDER,
    value: str = VALUE,
    verb: str = "set",
) -> Ran:
    pipe(monkeypatch, f"{value}\n".encode())
    return call(capsys, "secret", verb, path, "--json", "--reason", "a test")


def revealed(capsys: pytest.CaptureFixture[str], path: str = PROVIDER) -> Ran:
    return call(capsys, "secret", "reveal", path, "--reason", "a look")


def log(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    items = call(capsys, "secret", "log", "--json").json["items"]
    return [(item["act"], item["result"]) for item in items]


def test_it_is_set_from_stdin_and_seen_on_purpose(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    done = put(capsys, monkeypatch)
    assert done.code == ExitCode.OK
    assert done.json == {
        "schema": "nodedeck.secret.set/1",
        "path": f"{PROVIDER}.api_key",
        "kind": "provider",
        "state": "sealed",
        "version": 1,
        "key_id": done.json["key_id"],
        "change": 1,
        "left": [],
    }
    (listed,) = call(capsys, "secret", "list", "--json").json["items"]
    assert (listed["state"], listed["opens"]) == ("sealed", True)
    ran = revealed(capsys)
    assert (ran.out, ran.err) == (f"{VALUE}\n", "")
    assert log(capsys) == [("reveal", "shown"), ("set", "version 1")]
    quiet = (("secret", "list"), ("secret", "log"), ("history",), ("list",), ("export",))
    for argv in quiet:
        ran = call(capsys, *argv)
        assert VALUE not in ran.out + ran.err


def test_it_is_set_from_a_file_which_still_holds_it(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "key.txt").write_text(f"{VALUE}\r\n")
    ran = call(capsys, "secret", "set", PROVIDER, "--from-file", "key.txt", "--model", "m")
    assert "key.txt still holds the value in clear: delete it." in ran.err
    assert revealed(capsys).out == f"{VALUE}\n"
    (here / "key.txt").write_bytes(b"\xff")
    assert "no UTF-8 text" in call(capsys, "secret", "set", "s.k", "--from-file", "key.txt").err


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        (("set", PROVIDER, VALUE), 2, "unexpected extra argument"),
        (("set", "current_height"), 2, "cannot hold a secret"),
        (("set", PROVIDER), 2, "needs a value"),
        (("set", "nodes.gone.security_key", "--from-file", "v"), 2, "no node 'gone'"),
        (("rotate", PROVIDER, "--from-file", "v"), 2, "cannot be rotated"),
        (("rotate", PROVIDER, "--from-file", "none"), 1, "Cannot read"),
        (("reveal", PROVIDER), 2, "needs a reason"),
        (("reveal", PROVIDER, "--reason", "x"), 2, "There is no secret at"),
        (("seal", "svc.none", "--yes"), 2, "is absent"),
        (("rekey", "--yes"), 2, "There is no master key"),
        (("rekey",), 2, "needs a yes"),
        (("set", PROVIDER, "--read-only"), 6, "is read-only"),
        (("reveal", PROVIDER, "--read-only", "--reason", "x"), 6, "is read-only"),
    ],
)
def test_a_bad_call_answers_in_one_line(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    here: Path,
    *,
    argv: tuple[str, ...],
    code: int,
    told: str,
) -> None:
    (here / "v").write_text("value")
    pipe(monkeypatch, b"")
    ran = call(capsys, "secret", *argv)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err and ran.err.count("\n") <= 2


def test_the_master_key_is_outside_and_private(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    monkeypatch.setenv("NODEDECK_MASTER_KEY_FILE", str(here / "master.key"))
    assert put(capsys, monkeypatch).code == ExitCode.REFUSED
    place = Path(os.environ["XDG_CONFIG_HOME"]) / "nodedeck" / "master.key"
    monkeypatch.delenv("NODEDECK_MASTER_KEY_FILE")
    put(capsys, monkeypatch)
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert not (here / "master.key").exists()


def test_set_takes_a_secret_from_stdin_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    ran = call(capsys, "set", "svc.api_token", VALUE, "--create")
    assert ran.code == ExitCode.REFUSED and "must not stand in an argument" in ran.err
    monkeypatch.setattr(sys, "stdin", io.StringIO(VALUE))
    ran = call(capsys, "set", "svc.api_token", "--stdin", "--create", "--json")
    assert ran.json["fields"] == [{"path": "svc.api_token", "old": None, "new": "********"}]
    assert revealed(capsys, "svc.api_token").out == f"{VALUE}\n"
    assert call(capsys, "get", "svc.api_token").out == "********\n"
    assert VALUE not in str([file.read_bytes() for file in here.iterdir() if file.is_file()])


def test_set_over_a_clear_secret_leaves_no_copy(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    here: Path,
    database: Path,
) -> None:
    row = {"service": "svc", "key": "pin", "value_json": f'"{VALUE}"', "is_secret": 1}
    foreign.write(database, foreign.insert("settings", row))
    monkeypatch.setattr(sys, "stdin", io.StringIO("another"))
    assert call(capsys, "set", "svc.pin", "--stdin").code == ExitCode.OK
    files = [file for file in here.iterdir() if file.is_file()]
    assert [file for file in files if VALUE.encode() in file.read_bytes()] == []


def test_a_file_that_is_no_key_leaves_a_list(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    put(capsys, monkeypatch)
    (Path(os.environ["XDG_CONFIG_HOME"]) / "nodedeck" / "master.key").write_text("oops")
    ran = call(capsys, "secret", "list", "--json")
    assert [item["opens"] for item in ran.json["items"]] == [False]
    assert "is no master key" in ran.err


def test_a_rotation_of_nothing_does_not_speak_of_a_version(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    ran = put(capsys, monkeypatch, verb="rotate")
    assert ran.code == ExitCode.USAGE
    assert "cannot be rotated" in ran.err
    assert "version" not in ran.err


def test_rotating_rekeying_and_undoing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    put(capsys, monkeypatch)
    done = put(capsys, monkeypatch, value="another", verb="rotate")
    assert (done.json["version"], done.json["schema"]) == (2, "nodedeck.secret.rotate/1")
    assert call(capsys, "undo", done.json["change"]).code == ExitCode.OK
    assert revealed(capsys).out == f"{VALUE}\n"
    ran = call(capsys, "secret", "rekey", "--yes", "--json")
    assert (ran.json["moved"], ran.json["lost"], ran.json["left"]) == (1, [], [])
    assert "1 value is sealed with the key" in ran.err
    assert "rotate the values themselves" in ran.err
    assert revealed(capsys).out == f"{VALUE}\n"


def test_sealing_what_a_daemon_wrote(
    capsys: pytest.CaptureFixture[str], here: Path, manager: ConfigManager, database: Path
) -> None:
    manager.add_node(NODE)
    foreign.write(database, f"INSERT INTO mlnode_security VALUES('node1','{VALUE}',1,'','')")
    assert "nodedeck secret seal nodes.node1.security_key" in call(capsys, "doctor").out
    assert call(capsys, "secret", "seal").code == ExitCode.USAGE
    ran = call(capsys, "secret", "seal", "--yes", "--json")
    assert [item["path"] for item in ran.json["items"]] == ["nodes.node1.security_key"]
    assert "secret seal" not in call(capsys, "doctor").out
    assert "no former value is left" in call(capsys, "secret", "seal", "--yes").err
    manager.close()
    assert VALUE.encode() not in database.read_bytes()


def test_a_lost_key_is_told_and_a_new_value_can_be_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    put(capsys, monkeypatch)
    monkeypatch.setenv("NODEDECK_MASTER_KEY_FILE", f"{os.environ['HOME']}/other/master.key")
    ran = revealed(capsys)
    assert (ran.code, ran.out) == (ExitCode.FAILED, "")
    assert "is sealed with the key" in ran.err and VALUE not in ran.err
    assert "which is lost" in call(capsys, "secret", "list").out
    assert put(capsys, monkeypatch, value="new").code == ExitCode.FAILED
    pipe(monkeypatch, b"new")
    assert call(capsys, "secret", "set", PROVIDER, "--accept-lost").code == ExitCode.OK
    assert revealed(capsys).out == "new\n"


def test_an_export_with_secrets_is_loud_private_and_on_record(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    put(capsys, monkeypatch, path="svc.api_token")
    masked = call(capsys, "export")
    assert "api_token: '********'" in masked.out.replace('"', "'")
    ran = call(capsys, "export", "full.yaml", "--with-secrets", "--reason", "a move")
    assert "WARNING: this export holds secrets in clear" in ran.err
    assert VALUE in (here / "full.yaml").read_text()
    assert stat.S_IMODE((here / "full.yaml").stat().st_mode) == 0o600
    assert log(capsys)[0] == ("export", f"in clear to {here / 'full.yaml'}")
    past = call(capsys, "export", "--with-secrets", "--as-of", "1")
    assert VALUE not in past.out and "does not open and stays masked" in past.err
    ran = call(capsys, "export", "--with-secrets", "--read-only")
    assert (ran.code, ran.out) == (ExitCode.REFUSED, "")


def test_importing_the_mask_keeps_what_is_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    put(capsys, monkeypatch, path="svc.api_token")
    (here / "svc.yaml").write_text("api_token: '********'\nbanner: hello\n")
    ran = call(
        capsys,
        "import",
        "apply",
        "svc.yaml",
        "--role",
        "settings",
        "--strategy",
        "replace",
        "--yes",
    )
    assert ran.code == ExitCode.OK and "what the database has there stays" in ran.err
    assert revealed(capsys, "svc.api_token").out == f"{VALUE}\n"
    assert call(capsys, "get", "svc.banner").out == "hello\n"


def test_of_two_processes_that_rotate_at_once_one_wins(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    put(capsys, monkeypatch)
    both = [
        subprocess.Popen(
            (*PROGRAM, "secret", "rotate", PROVIDER),
            cwd=here,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:  # each has seen version 1 before either is given its new value
        assert process.stderr is not None
        assert "has version 1" in process.stderr.readline()
    said = [process.communicate(f"value {at}")[1] for at, process in enumerate(both)]
    assert sorted(process.returncode for process in both) == [ExitCode.OK, ExitCode.CONFLICT]
    assert sum("somebody was first; nothing was changed" in each for each in said) == 1
    won = [at for at, process in enumerate(both) if process.returncode == ExitCode.OK]
    assert revealed(capsys).out == f"value {won[0]}\n"
    lost, rotated = [result for act, result in log(capsys) if act == "rotate"]
    assert rotated == "version 2" and lost.startswith("failed: ")


def test_a_get_of_another_value_imports_no_cryptography(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, here: Path
) -> None:
    put(capsys, monkeypatch, path="svc.api_token")
    call(capsys, "set", "svc.banner", "hello", "--create")
    code = (
        "import sys, atexit; from tui.cli import main;"
        "atexit.register(lambda: print('cryptography' in sys.modules));"
        "main(['get', 'svc.banner'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=here,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "hello\nFalse\n"


# on a terminal


def _secret(locations: Locations, *argv: str) -> list[str]:
    return [sys.executable, "-m", "tui.cli", "--db", str(locations.database), "secret", *argv]


ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"


def _only_on_the_alternate_screen(shown: Terminal, value: bytes) -> None:
    before, _, rest = bytes(shown.output).partition(ENTERED)
    inside, _, after = rest.partition(LEFT)
    assert value in inside and value not in before + after
    assert inside.endswith(b"\x1b[2J\x1b[H")


def test_on_a_terminal_it_is_shown_beside_the_scrollback(
    manager: ConfigManager, locations: Locations
) -> None:
    manager.set_secret("svc.token", f"{VALUE}\nline 2 \x1b[31m")
    with terminal(_secret(locations, "reveal", "svc.token")) as shown:
        shown.until_text("Reason for the access log")
        assert VALUE.encode() not in shown.output
        shown.type(b"on call\r")
        shown.until_text("Any key hides it")
        assert manager.accesses(limit=1)[0].reason == "on call"
        assert manager.accesses(limit=1)[0].terminal.startswith("/dev/")
        shown.type(b"q")
        assert shown.end() == 0
    _only_on_the_alternate_screen(shown, VALUE.encode())
    assert b"\x1b[31m" not in shown.output


def test_it_goes_by_itself(manager: ConfigManager, locations: Locations) -> None:
    manager.set_secret("svc.token", VALUE)
    code = "import tui.reveal; tui.reveal.show('svc.token', 'hunter2', 0.05)"
    with terminal([sys.executable, "-c", code]) as shown:
        assert shown.end() == 0
    _only_on_the_alternate_screen(shown, b"hunter2")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT])
def test_whatever_ends_it_it_goes(
    manager: ConfigManager, locations: Locations, number: signal.Signals
) -> None:
    manager.set_secret("svc.token", VALUE)
    with terminal(_secret(locations, "reveal", "svc.token", "--reason", "x")) as shown:
        shown.until_text("Any key hides it")
        shown.process.send_signal(number)
        assert shown.end() == 128 + number
    _only_on_the_alternate_screen(shown, VALUE.encode())


def test_a_terminal_that_would_keep_it_is_refused(
    manager: ConfigManager, locations: Locations
) -> None:
    manager.set_secret("svc.token", VALUE)
    argv = _secret(locations, "reveal", "svc.token", "--reason", "x")
    with terminal(argv, environment={"TERM": "dumb"}) as shown:
        assert shown.end() == ExitCode.USAGE
    assert b"no alternate screen" in shown.output and VALUE.encode() not in shown.output
    assert [each.act for each in manager.accesses()] == ["set"]


def test_a_prompt_does_not_echo(manager: ConfigManager, locations: Locations) -> None:
    with terminal(_secret(locations, "set", "svc.token")) as shown:
        shown.until_text("Value of svc.token")
        shown.type(VALUE.encode() + b"\r")
        shown.until_text("Once more")
        shown.type(VALUE.encode() + b"\r")
        assert shown.end() == 0
    assert VALUE.encode() not in shown.output
    assert manager.reveal_secret("svc.token", reason="a test") == VALUE


def test_a_failure_shows_nothing_of_it(
    manager: ConfigManager, locations: Locations, here: Path
) -> None:
    manager.set_secret("svc.token", VALUE)
    manager.master_key.write_text("oops")
    ran = spawn("secret", "reveal", "svc.token", "--reason", "x", cwd=here)
    assert (ran.code, ran.out) == (ExitCode.FAILED, "")
    assert "is no master key" in ran.err
