"""``nodedeck import``: what it prints, how it ends, and that a refusal changes nothing."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from store.errors import HalfDone
from tests.store.importing.samples import FRESH, KEYS, NODES, RUNNING, SAMPLES, SECRET, on_disk, put
from tests.tui.test_cli import PROGRAM, ROOT, call, one_line, spawn
from tui.demo import demo_files

APPLY = ("import", "apply")


@pytest.fixture(autouse=True)
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory that is the current one."""
    folder = tmp_path / "host"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("name", [*SAMPLES, *sorted(path.name for path in demo_files().iterdir())])
def test_every_shape_of_file_is_imported(
    capsys: pytest.CaptureFixture[str], host: Path, name: str
) -> None:
    if name in SAMPLES:
        put(host, name, SAMPLES[name])
    else:
        shutil.copy(demo_files() / name, host / name)
    planned = call(capsys, "import", "plan", name, "--json")
    assert planned.code == 0
    assert [path.name for path in host.iterdir()] == [name]
    done = call(capsys, *APPLY, name, "--yes", "--json")
    assert (done.code, done.json["receipt"], done.json["rewritten"]) == (0, 1, False)
    kept = ("path", "value", "line", "present")
    assert [[item[name] for name in kept] for item in done.json["items"]] == [
        [item[name] for name in kept] for item in planned.json["items"]
    ]
    assert Path(done.json["backup"]).read_bytes() == (host / name).read_bytes()
    for item in done.json["items"]:
        if item["destination"] == "database":
            shown = call(capsys, "get", item["path"], "--json").json
            assert (shown["value"], shown["source"]) == (item["value"], "database")


HEADER = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
BOMB = HEADER + "".join(
    f"{below}: &{below} [{', '.join([f'*{above}'] * 10)}]\n"
    for above, below in zip("abcdef", "bcdefg", strict=True)
)
UNFIT = {
    "inf": ("svc: {a: .inf}\n", "x.yaml:1:10: svc.a: .inf is no number"),
    "65 bits": (f"svc: {{a: {2**64}}}\n", "x.yaml:1:10: svc.a: 18446744073709551616 is"),
    "port": ("nodes: [{id: a, poc_port: 70000}]\n", "x.yaml:1:27: nodes.a.poc_port"),
}
UNREADABLE: dict[str, tuple[str, str | bytes, str]] = {
    "not yaml": ("x.yaml", "a: [1\nb: 2\n", "x.yaml:2:2: not YAML"),
    "a tab": ("x.yaml", "a:\n\tb: 1\n", "x.yaml:2:1: not YAML"),
    "not toml": ("x.toml", "[a\nb = 1\n", "x.toml:1:3: not TOML"),
    "not json": ("x.json", '{"a": 1,}', "x.json:1:9: not JSON"),
    "duplicate keys": ("x.yaml", "svc: {a: 1, a: 2}\n", "x.yaml:1:13: the key 'a' is already"),
    "duplicate json": ("x.json", '{"a": 1, "a": 2}', "x.json:1:10: the key 'a' is already"),
    "documents": ("x.yaml", "a: 1\n---\nb: 2\n", "x.yaml:2:1: a second document begins"),
    "unknown tag": ("x.yaml", "svc: {a: !vault x}\n", "x.yaml:1:10: a tag of its own is unknown"),
    "python tag": ("x.yaml", "a: !!python/object:os.system x\n", "x.yaml:1:4: the tag"),
    "a bomb": ("x.yaml", BOMB, "values when expanded"),
    "a cycle": ("x.yaml", "a: &a [*a]\n", "x.yaml:1:8: "),
    "deep yaml": ("x.yaml", "[" * 50_000, "x.yaml:1:65: the document nests deeper than 64"),
    "deep json": ("x.json", "[" * 50_000, "x.json:1:65: the document nests deeper than 64"),
    "deep toml": ("x.toml", "a = " + "[" * 50_000, "x.toml:1:69: the document nests deeper"),
    "not utf-8": ("x.yaml", b"svc:\n  a: \xff\n", "x.yaml:2:6: the byte 0xFF is not UTF-8"),
    "utf-16": ("x.yaml", "svc: {a: 1}\n".encode("utf-16"), "x.yaml:1:1: the file is UTF-16"),
    "nan": ("x.json", '{"svc": {"a": NaN}}', "x.json:1:15: "),
    "empty": ("x.yaml", "", "x.yaml: the file holds nothing to import"),
    "comments": ("x.yaml", "# nothing\n", "x.yaml: the file holds nothing to import"),
    "a word": ("x.yaml", "hello\n", "x.yaml:1:1: the file must be a mapping"),
    "huge": ("x.toml", "a = 1\n" * 200_000, "the limit is 1,048,576"),
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_refused_document_is_one_line_and_changes_nothing(
    capsys: pytest.CaptureFixture[str], host: Path, case: str
) -> None:
    name, text, told = UNREADABLE[case]
    put(host, name, text)
    before = on_disk(host)
    for verb in (("import", "plan", name), (*APPLY, name, "--yes", "--rewrite")):
        assert told in one_line(call(capsys, *verb), 1)
    assert on_disk(host) == before


@pytest.mark.parametrize("case", UNFIT)
def test_a_file_of_nothing_but_misfits_is_refused_at_its_place(
    capsys: pytest.CaptureFixture[str], host: Path, case: str
) -> None:
    text, told = UNFIT[case]
    put(host, "x.yaml", text)
    before = on_disk(host)
    planned = call(capsys, "import", "plan", "x.yaml")
    assert (planned.code, planned.out.split()[0]) == (0, "refused")
    assert told in one_line(call(capsys, *APPLY, "x.yaml", "--yes", "--rewrite"), 1)
    assert on_disk(host) == before


def test_what_is_no_file_is_refused(capsys: pytest.CaptureFixture[str], host: Path) -> None:
    (host / "folder.yaml").mkdir()
    (host / "loop.yaml").symlink_to("loop.yaml")
    for name, code, why in (
        ("folder.yaml", 2, "folder.yaml is a directory and not a regular file"),
        ("absent.yaml", 1, "Cannot read absent.yaml: no such file or directory"),
        ("loop.yaml", 2, "it is a symlink that leads back to itself"),
        ("x" * 300, 1, "file name too long"),
    ):
        assert why in one_line(call(capsys, *APPLY, name, "--yes"), code)
    assert not (host / "state.db").exists()


# modules first: the other user need not be able to read where they are
_AS_NOBODY = """
import os, pkgutil, importlib
import store, tui.verbs
# the user whom this becomes may not read where Python's own modules are
for found in (store, tui.verbs):
    for each in pkgutil.walk_packages(found.__path__, found.__name__ + "."):
        importlib.import_module(each.name)
import getpass, tempfile, importlib.metadata, tui.cli, tui.crash, tui.halfdone, tui.overdue
os.setegid(65534); os.seteuid(65534)
tui.cli.main()
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
@pytest.mark.parametrize("mode", [0o000, 0o600])
def test_a_file_that_this_user_cannot_read(host: Path, mode: int) -> None:
    host.chmod(0o777)
    put(host, "config.yaml", RUNNING).chmod(mode)
    done = subprocess.run(
        (sys.executable, "-c", _AS_NOBODY, *APPLY, "config.yaml", "--yes"),
        cwd=host,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (6, ""), done.stderr
    assert done.stderr.startswith("nodedeck: Cannot read config.yaml: permission denied. Look at")
    assert [path.name for path in host.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        ((*APPLY,), 2, "Missing argument 'FILE...'."),
        ((*APPLY, "config.yaml"), 2, "there is nobody to ask; nothing was changed. Add --yes."),
        ((*APPLY, "config.yaml", "--no-input"), 2, "Add --yes."),
        ((*APPLY, "config.yaml", "--strategy", "guess"), 2, "--strategy"),
        ((*APPLY, "config.yaml", "--role", "poem"), 2, "--role"),
        ((*APPLY, "config.yaml", "n.json", "--role", "nodes"), 2, "--role FILE=nodes"),
        ((*APPLY, "config.yaml", "config.yaml", "--yes"), 2, "each named once"),
        ((*APPLY, "config.yaml", "--fix", "api.port"), 2, "takes PATH=VALUE"),
        ((*APPLY, "config.yaml", "--reading", "api.port=ruby"), 2, "go, pyyaml, yaml-1.2"),
        ((*APPLY, "config.yaml", "--keep", "a..b"), 2, "is not a path"),
        ((*APPLY, "config.yaml", "--role", "nodes", "--yes"), 1, "must be a list"),
        ((*APPLY, "config.yaml", "--role", "settings", "--yes"), 2, "--prefix NAME"),
        ((*APPLY, "config.yaml", "--yes", "--read-only"), 6, "read-only"),
        ((*APPLY, "n.json", "--role", "config", "--yes"), 1, "must be a mapping"),
        ((*APPLY, "n.json", "--role", "settings", "--yes"), 1, "must be a mapping"),
        ((*APPLY, "s.toml", "--yes", "--rewrite"), 1, "is TOML, which cannot be cut"),
        ((*APPLY, "config.yaml", "--yes", "--db", "absent/state.db"), 2, "there is no directory"),
        (("import", "list"), 2, "'nodedeck import apply FILE'"),
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
    put(host, "config.yaml", FRESH)
    put(host, "n.json", NODES)
    put(host, "s.toml", "[svc]\na = 1\n")
    before = on_disk(host)
    ran = call(capsys, *argv)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err.splitlines()[-1]
    assert "Traceback" not in ran.err
    assert on_disk(host) == before


def test_the_report_names_what_does_not_go(capsys: pytest.CaptureFixture[str], host: Path) -> None:
    put(host, "config.yaml", RUNNING)
    os.utime(host / "config.yaml", (1_000_000_000, 1_000_000_000))  # no daemon is at it
    ran = call(capsys, *APPLY, "config.yaml", "--yes", "--rewrite", "--reason", "moving in")
    assert ran.out == ""
    copy = next(host.glob("config.yaml.pre-migration.*"))
    assert ran.err.splitlines() == [
        "nodedeck: Leaves: 33 add, 3 stay. Receipt 1.",
        "nodedeck: rack_label: not a key of the database.",
        "nodedeck: config.yaml now holds only what stays in it.",
        "nodedeck: Rehearsed on a copy first: 32 values came back as the file has them;"
        " 1 more holds nothing, which no export shows.",
        f"nodedeck: The file's copy is {copy.name}.",
    ]
    assert "current_height" not in (host / "config.yaml").read_text()
    history = call(capsys, "history", "current_height", "--json").json["items"]
    assert [item["reason"] for item in history] == ["moving in"]
    again = call(capsys, *APPLY, "config.yaml", "--yes", "--rewrite")
    assert (again.code, again.err.splitlines()[0]) == (
        0,
        "nodedeck: Nothing to do: everything already is as this import would leave it.",
    )


def test_a_conflict_is_named_and_replace_lets_the_file_win(
    capsys: pytest.CaptureFixture[str], host: Path
) -> None:
    put(host, "a.yaml", "current_height: 5\n")
    put(host, "b.yaml", "current_height: 9\n")
    assert call(capsys, *APPLY, "a.yaml", "--yes").code == 0
    kept = call(capsys, *APPLY, "b.yaml", "--yes")
    assert (kept.code, call(capsys, "get", "current_height").out) == (0, "5\n")
    assert "current_height: the database has another value and keeps it." in kept.err
    assert call(capsys, *APPLY, "b.yaml", "--yes", "--strategy", "replace").code == 0
    assert call(capsys, "get", "current_height").out == "9\n"


def test_half_done_is_exit_4(
    capsys: pytest.CaptureFixture[str], host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(host, "config.yaml", RUNNING)

    def half(*_: object, **__: object) -> None:
        raise HalfDone("The database is complete.", hint="Run it again.")

    monkeypatch.setattr("store.importing.unit._rewrite", half)
    assert "Run it again." in one_line(call(capsys, *APPLY, "config.yaml", "--yes", "--rewrite"), 4)


def test_a_plan_is_a_table_on_stdout_and_a_sentence_on_stderr(
    capsys: pytest.CaptureFixture[str], host: Path
) -> None:
    put(host, "n.yaml", 'nodes: [{id: "a\\e[31m", host: "[red]x"}]\n')
    ran = call(capsys, "import", "plan", "n.yaml")
    assert ran.out == 'add  nodes."a\\u001b[31m".host  [red]x  1\n'
    assert ran.err.splitlines() == [
        "nodedeck: n.yaml is read as node configuration.",
        "nodedeck: Leaves: 1 add.",
    ]


MIXED = """\
nodes: [{id: a, host: h, poc_port: 70000}, {id: b, host: i}]
current_height: 7
"""


def test_several_files_with_what_an_operator_decided(
    capsys: pytest.CaptureFixture[str], host: Path
) -> None:
    put(host, "config.yaml", MIXED)
    put(host, "more.json", '[{"id": "b", "host": "j"}, {"id": "c", "host": "k"}]')
    put(host, "svc.yaml", "at: 22:22\nleft: 1\nboth: {on: on}\n")
    files = ("config.yaml", "more.json", "svc.yaml")
    bare = call(capsys, "import", "plan", *files, "--changes", "--json").json
    assert bare["totals"]["conflict"] == 2
    assert {item["action"] for item in bare["items"]} == {"add", "conflict", "refused"}
    assert [each["role"] for each in bare["files"]] == [
        *("node configuration", "node list", "settings"),
    ]
    decided = (
        *("--fix", "nodes.a.poc_port=8080", "--keep", "more.json=nodes.b", "--strategy", "merge"),
        *("--reading", "*.at=pyyaml", "--prefix", "svc.yaml=rack", "--keep", "rack.left"),
    )
    told = call(capsys, "import", "plan", *files, *decided)
    assert "fixed" in told.out
    assert "read as PyYAML reads it" in told.out
    assert "config.yaml" in told.out
    done = call(capsys, *APPLY, *files, *decided, "--yes", "--json")
    assert (done.code, done.json["receipt"], len(done.json["copies"])) == (0, 1, 2)
    assert "svc.yaml: rack.left: left out; it stays in the file." in done.err
    for path, value in (("nodes.a.poc_port", "8080"), ("nodes.b.host", "i"), ("rack.at", "1342")):
        assert call(capsys, "get", path).out == f"{value}\n"
    assert call(capsys, "get", "rack.both.on").out == "on\n"
    assert call(capsys, "get", "rack.left").code == 2
    again = call(capsys, *APPLY, *files, *decided, "--yes")
    assert "Nothing to do" in again.err


def test_another_database_is_a_source(capsys: pytest.CaptureFixture[str], host: Path) -> None:
    put(host, "config.yaml", RUNNING)
    call(capsys, *APPLY, "config.yaml", "--yes")
    there = host / "there"
    there.mkdir()
    database = ("--db", "there/state.db")
    done = call(capsys, *APPLY, "state.db", "--yes", *database)
    assert done.code == 0
    assert "state.db" in call(capsys, "import", "list", *database).out
    assert call(capsys, "get", "current_height", *database).out == "1934882\n"
    refused = call(capsys, "import", "rollback", "--yes", *database)
    assert (refused.code, "--state before" in refused.err) == (6, True)
    (host / "other.db").write_bytes(b"SQLite format 3\0" + b"\xff" * 100)
    assert "cannot be imported" in one_line(call(capsys, "import", "plan", "other.db"), 2)


def test_secrets_show_nowhere(capsys: pytest.CaptureFixture[str], host: Path) -> None:
    put(host, "services.json", KEYS)
    for argv in (
        ("import", "plan", "services.json"),
        ("import", "plan", "services.json", "--json"),
        (*APPLY, "services.json", "--yes", "--json", "--rewrite"),
        ("import", "list", "--json"),
        ("list",),
        ("export",),
        ("history", "--json"),
    ):
        ran = call(capsys, *argv)
        assert ran.code == 0
        assert SECRET not in ran.out + ran.err
    assert SECRET in (host / "services.json").read_text()
    assert SECRET.encode() not in (host / "state.db").read_bytes()


def test_a_choice_that_does_nothing_or_does_not_fit_says_so(
    capsys: pytest.CaptureFixture[str], host: Path
) -> None:
    put(host, "n.json", NODES)
    for option, done in (("keep", "leave out"), ("replace", "replace"), ("merge", "fill in")):
        ran = call(capsys, "import", "plan", "n.json", f"--{option}=nodes.node1.hots")
        told = one_line(ran, 2)
        assert f"No file has a value at nodes.node1.hots to {done}; nothing was changed." in told
        assert "Nearest are nodes.node1.host, " in told
    assert call(capsys, "import", "plan", "n.json", "--replace=nodes.*").code == 0
    idle = call(capsys, "import", "plan", "n.json", "--fix", "nodes.node1.hots=x")
    assert "Nearest are nodes.node1.host, " in one_line(idle, 2)
    assert "plan' shows the paths" in call(capsys, "import", "plan", "n.json", "--keep=zzz.q").err
    fix = call(capsys, "import", "plan", "n.json", "--fix", "nodes.node1.inference_port=99999")
    assert "it stays in the file; that is the fix" in fix.out


def test_receipts_are_listed(capsys: pytest.CaptureFixture[str], host: Path) -> None:
    put(host, "n.json", NODES)
    call(capsys, *APPLY, "n.json", "--yes", "--actor", "ann")
    listed = call(capsys, "import", "list")
    assert listed.out.split()[2:] == ["ann", "n.json", "3", "add"]
    call(capsys, "import", "rollback", "--state", "before", "--yes")
    rollback = call(capsys, "import", "list").out.splitlines()[0]
    assert rollback.endswith("n.json  rollback of import 1, to the state before")
    back, receipt = call(capsys, "import", "list", "--json").json["items"]
    assert (back["of"], back["state"], receipt["of"]) == (1, "before", None)
    assert (len(back["files"]), receipt["files"]) == (1, ["n.json"])
    assert (receipt["actor"], receipt["role"]) == ("ann", "node list")
    assert (host / receipt["backup"]).is_file()


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 1), ("\n", 1), ("\x04", 1)])
def test_on_a_terminal_it_asks_and_the_answer_is_no_by_default(
    host: Path, answer: str, code: int
) -> None:
    put(host, "config.yaml", RUNNING)
    before = on_disk(host)
    ours, theirs = pty.openpty()
    try:
        with subprocess.Popen(
            (*PROGRAM, *APPLY, "config.yaml"),
            cwd=host,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            os.write(ours, answer.encode())
            _, told = process.communicate(timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert process.returncode == code, told
    assert b"[y/N]" in told
    if code:
        assert told.endswith(b"nodedeck: Cancelled; nothing was changed.\n")
        assert on_disk(host) == before


def test_in_a_process_of_its_own(host: Path) -> None:
    put(host, "config.yaml", RUNNING)
    ran = spawn(*APPLY, "config.yaml", "--yes", "--json", cwd=host)
    assert (ran.code, json.loads(ran.out)["receipt"]) == (0, 1)
