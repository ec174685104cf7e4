"""What no verb tells: secrets inside the arguments and URLs that the daemon needs."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from store.codec import MASK
from store.manager import ConfigManager
from store.models import Node
from tests.support import foreign
from tests.support.samples import NODE
from tests.tui.test_cli import call, one_line

ARGS = ["--api-key", "hunter2", "--tp", "4"]
URL = "https://host/binary?token=hunter2"


@pytest.fixture
def here(manager: ConfigManager, database: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a node and a plan that hold secrets inside their texts."""
    told = {"host": "http://ops:hunter2@gx", "models": {"m": {"args": ARGS}}}
    manager.add_node(Node.model_validate(NODE.model_dump() | told))
    plan = {"name": "v2", "height": 9, "binaries": json.dumps({"linux/amd64": URL})}
    foreign.write(database, foreign.insert("upgrade_plans", plan))
    row = {"service": "svc", "key": "passwords.admin", "value_json": '"hunter2"'}
    foreign.write(database, foreign.insert("settings", row))
    broken = {"models": "--api-key hunter2", "host": "x", "max_concurrent": "token=hunter2"}
    foreign.write(database, foreign.node("node2", **broken))
    monkeypatch.chdir(database.parent)
    return database.parent


@pytest.mark.parametrize(
    "verb",
    [
        ("get", "nodes"),
        ("get", "nodes", "--json"),
        ("list", "--long"),
        ("list", "--json"),
        ("history",),
        ("history", "--json"),
        ("export",),
        ("export", "--format", "json"),
        ("export", "--format", "toml"),
        ("diff", "--from", "0"),
        ("diff", "--from", "0", "--json"),
        ("node", "list"),
        ("node", "list", "--json"),
        ("node", "show", "node1"),
        ("node", "show", "node1", "--json"),
        ("status",),
        ("status", "--json"),
        ("doctor",),
        ("doctor", "--json"),
    ],
)
def test_no_verb_tells_them(
    capsys: pytest.CaptureFixture[str], here: Path, verb: tuple[str, ...]
) -> None:
    ran = call(capsys, *verb)
    assert ran.out or ran.err
    assert "hunter2" not in ran.out + ran.err


def test_they_are_told_to_who_asks_for_them(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert call(capsys, "export", "--with-secrets").out.count("hunter2") > 2


def test_an_export_comes_back_without_harm(
    capsys: pytest.CaptureFixture[str], here: Path, database: Path, manager: ConfigManager
) -> None:
    foreign.write(database, "DELETE FROM inference_nodes WHERE id='node2'")
    (here / "kept.json").write_text(call(capsys, "export", "--format", "json").out)
    assert call(capsys, "diff", "kept.json").out == ""
    call(capsys, "import", "apply", "kept.json", "--strategy", "replace", "--yes")
    assert manager.node("node1").models["m"].args == tuple(ARGS)
    plan = manager.upgrade_plan()
    assert plan is not None
    assert plan.binaries == {"linux/amd64": URL}
    manager.remove_node("node1")
    refused = call(capsys, "import", "apply", "kept.json", "--yes")
    assert f"{MASK} stands for a secret" in one_line(refused, 2)


def test_an_import_brings_them_to_the_daemon_and_tells_nobody(
    capsys: pytest.CaptureFixture[str], here: Path, manager: ConfigManager
) -> None:
    node = {"id": "n9", "host": "h", "models": {"m": {"args": ARGS}}}
    (here / "nodes.json").write_text(json.dumps([node]))
    for verb in (("plan",), ("plan", "--json"), ("apply", "--yes")):
        ran = call(capsys, "import", *verb, "nodes.json")
        assert "hunter2" not in ran.out + ran.err
    assert manager.node("n9").models["m"].args == tuple(ARGS)
    ((receipt,),) = manager.database.rows("SELECT receipt_json FROM imports")
    assert "hunter2" not in receipt


@pytest.mark.parametrize("more", [(), ("--with-secrets",)])
def test_an_export_replaces_no_pipe(
    capsys: pytest.CaptureFixture[str], here: Path, more: tuple[str, ...]
) -> None:
    os.mkfifo(here / "pipe", 0o644)
    assert "not a regular file" in one_line(call(capsys, "export", "pipe", *more), 2)
    assert stat.filemode((here / "pipe").stat().st_mode) == "prw-r--r--"
