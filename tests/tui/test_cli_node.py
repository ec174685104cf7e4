"""``nodedeck node``: every way in, and no way around the registry's rules."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
from pathlib import Path

import pytest

from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.samples import NODE
from tests.tui.test_cli import PROGRAM, ROOT, call, one_line

HOSTILE = "\x1b[31m[bold]\u202e\nrow"


@pytest.fixture
def here(
    database: Path, locations: Locations, manager: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A working directory with one node of ours and one of a daemon's."""
    manager.add_node(NODE)
    foreign.write(database, foreign.node("node-2.rack4", host=HOSTILE, is_enabled=0))
    monkeypatch.chdir(database.parent)
    return database.parent


def test_list_and_show(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    lines = call(capsys, "node", "list").out.splitlines()
    assert lines[0].split() == [
        "node1",
        "on",
        "10.0.0.1:5050",
        "500",
        "8",
        "x",
        "H100",
        "v1",
        "Qwen",
    ]
    assert len(lines) == 2
    assert "\x1b" not in lines[1]
    listed = call(capsys, "node", "list", "--json").json
    assert listed["schema"] == "nodedeck.node.list/1"
    assert listed["items"][0] == NODE.model_dump(mode="json")
    shown = call(capsys, "node", "show", "node1", "--json").json
    assert shown == {
        "schema": "nodedeck.node.show/1",
        **NODE.model_dump(mode="json"),
        "security_key_version": 0,
    }
    assert "max_concurrent     500" in call(capsys, "node", "show", "node1").out
    assert "There are node1, node-2.rack4" in one_line(call(capsys, "node", "show", "node9"), 2)


def test_add_from_options_is_signed(
    capsys: pytest.CaptureFixture[str], here: Path, manager: ConfigManager
) -> None:
    ran = call(
        capsys, "node", "add", "node3", "--host", "h3", "--inference-port", "1", "--poc-port", "2",
        "--max-concurrent", "3", "--model", "Qwen=--tp 8 --name 'a b'", "--model", "Tiny",
        "--hardware", "RTX 4090=2", "--node-version", "v2", "--disabled", "--json",
        "--reason", "new rack", "--actor", "ops",
    )  # fmt: skip
    node = manager.node("node3")
    assert ran.json == {
        "schema": "nodedeck.node.add/1",
        **node.model_dump(mode="json"),
        "change": manager.snapshot().change_id,
    }
    assert (node.host, node.inference_port, node.poc_port, node.max_concurrent) == ("h3", 1, 2, 3)
    assert node.models["Qwen"].args == ("--tp", "8", "--name", "a b")
    assert list(node.models) == ["Qwen", "Tiny"]
    assert (node.hardware[0].type, node.hardware[0].count) == ("RTX 4090", 2)
    assert not node.is_enabled
    change = manager.history("nodes.node3")[0]
    assert (change.actor, change.reason) == ("ops", "new rack")


def test_add_as_a_copy_and_from_a_file(
    capsys: pytest.CaptureFixture[str],
    here: Path,
    manager: ConfigManager,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert call(capsys, "node", "add", "copy", "--copy-of", "node1", "--host", "h2").code == 0
    assert manager.node("copy") == NODE.model_copy(update={"id": "copy", "host": "h2"})
    (here / "node.yaml").write_text("id: y\nhost: h3\ninference_port: 1\npoc_port: 2\n"
                                    "max_concurrent: 3\nmodels: {Qwen: {args: []}}\n")  # fmt: skip
    assert call(capsys, "node", "add", "--from", "node.yaml").code == 0
    assert manager.node("y").host == "h3"
    fields = json.dumps(NODE.model_dump(mode="json") | {"host": "h4"}).encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(fields)))
    assert call(capsys, "node", "add", "j", "--from", "-").code == 0
    assert manager.node("j").host == "h4"


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (("add", "node1", "--copy-of", "node1", "--host", "x"), "there is a node with this id"),
        (("add", "n", "--copy-of", "node1"), "already stands at 10.0.0.1:5050"),
        (("add", "n", "--copy-of", "node9"), "no node 'node9'"),
        (("add", "n", "--host", "h"), "inference_port: must be at least 1"),
        (("add", "--copy-of", "node1"), "needs an id"),
        (("add", "n", "--copy-of", "node1", "--poc-port", "70000"), "poc_port"),
        (("add", "n", "--copy-of", "node1", "--model", "Q='x"), "quotes do not match"),
        (("add", "n", "--copy-of", "node1", "--hardware", "H100"), "not TYPE=COUNT"),
        (("add", "n", "--copy-of", "node1", "--from", "x"), "exclude each other"),
        (("add", "--from", "list.json"), "does not hold one node"),
        (("add", "--from", "odd.json"), "unknown field"),
        (("set", "node1", "max_concurrent"), "not FIELD=VALUE"),
        (("set", "node1", "id=node7"), "id stays"),
        (("set", "node1", "host=h", "hots=h"), "Did you mean nodes.node1.host"),
        (("set", "node1", "host=h", "poc_port=many"), "64-bit integer"),
        (("set", "node9", "host=h"), "no value at nodes.node9"),
        (("enable", "node9"), "no node 'node9'"),
        (("remove", "node9", "--yes"), "no node 'node9'"),
        (("remove", "node1"), "nobody to ask"),
        (("remove", "node1", "--no-input"), "nobody to ask"),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_changes_nothing(
    capsys: pytest.CaptureFixture[str],
    here: Path,
    manager: ConfigManager,
    argv: tuple[str, ...],
    told: str,
) -> None:
    (here / "list.json").write_text("[]")
    (here / "odd.json").write_text('{"id":"o","colour":"red"}')
    before = manager.database.rows("SELECT * FROM audit_log")
    assert told in one_line(call(capsys, "node", *argv), 2)
    assert manager.database.rows("SELECT * FROM audit_log") == before


def test_several_fields_are_one_change(
    capsys: pytest.CaptureFixture[str], here: Path, manager: ConfigManager
) -> None:
    before = manager.snapshot().change_id
    ran = call(
        capsys, "node", "set", "node1", "host=h9", "max_concurrent=7", "models.Qwen.args=[]",
        "version=a=b", "--json",
    )  # fmt: skip
    node = manager.node("node1")
    assert (node.host, node.max_concurrent, node.models["Qwen"].args) == ("h9", 7, ())
    assert node.version == "a=b"
    assert ran.json["change"] == before + 1 == manager.snapshot().change_id
    again = call(capsys, "node", "set", "node1", "host=h9", "--json")
    assert "nothing was changed" in again.err
    assert again.json["change"] is None


def test_switching_says_when_it_counts(
    capsys: pytest.CaptureFixture[str], here: Path, manager: ConfigManager
) -> None:
    ran = call(capsys, "node", "disable", "node1", "--json", "--reason", "reboot")
    assert "next epoch" in ran.err
    assert ran.json["is_enabled"] is False
    assert not manager.node("node1").is_enabled
    assert "already" in call(capsys, "node", "disable", "node1").err
    assert call(capsys, "node", "enable", "node1").code == 0
    assert manager.node("node1").is_enabled
    assert one_line(call(capsys, "node", "enable", "node1", "--read-only"), 6)


def test_remove_says_that_the_key_went_along(
    capsys: pytest.CaptureFixture[str], here: Path, manager: ConfigManager
) -> None:
    manager.set_node_key("node1", "hunter2")
    ran = call(capsys, "node", "remove", "node1", "--yes", "--json")
    assert ran.json == {
        "schema": "nodedeck.node.remove/1",
        "id": "node1",
        "security_key_removed": True,
    }
    assert "and its security key" in ran.err
    assert "hunter2" not in ran.err
    again = call(capsys, "node", "remove", "node-2.rack4", "--yes")
    assert "security key" not in again.err


@pytest.mark.parametrize(("typed", "code", "left"), [("node1", 0, 1), ("yes", 1, 2), ("", 1, 2)])
def test_remove_asks_for_the_id(
    here: Path, manager: ConfigManager, typed: str, code: int, left: int
) -> None:
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            (*PROGRAM, "node", "remove", "node1"),
            cwd=here,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        os.write(ours, f"{typed}\n".encode())
        _, told = process.communicate(timeout=60)
    finally:
        os.close(ours)
        os.close(theirs)
    assert process.returncode == code
    assert b"This removes node1 at 10.0.0.1:5050." in told
    assert len(manager.nodes()) == left
