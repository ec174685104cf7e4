"""``nodedeck diff``: a file and the database, two files, two moments."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.manager import ConfigManager
from tests.support import foreign
from tests.support.samples import NODE, SEED, other
from tests.tui.test_cli import call, one_line
from tui.verbs.diff import Difference, compare

CONFIG = """\
api: {port: 9000}
ml_node_key_config: {worker_private: hidden}
current_height: 41
current_node_version: 1.10
nodes:
- {id: node1, host: 10.0.0.1, max_concurrent: 250, models: {Qwen: {args: [--tp, "8"]}}}
- {id: gone, host: h}
"""


@pytest.fixture
def here(manager: ConfigManager, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a database and a config file that still has stale dynamic keys."""
    manager.set_height(42)
    manager.set_current_node_version("1.10")
    manager.add_node(NODE)
    manager.enable_node("node1", False)
    manager.add_node(other(id="new", host="h2"))
    manager.set_seed("current", SEED)
    monkeypatch.chdir(manager.config.parent)
    manager.config.write_text(CONFIG)
    return manager.config.parent


def test_stale_keys_of_the_config_file_are_compared_with_the_database(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    ran = call(capsys, "diff", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert (ran.json["schema"], ran.json["to"]) == ("nodedeck.diff/1", "the database")
    assert ran.json["from"] == str(here / "config.yaml")
    differences = {item["path"]: (item["old"], item["new"]) for item in ran.json["items"]}
    assert differences["current_height"] == (41, 42)
    assert differences["nodes.node1.max_concurrent"] == (250, 500)
    assert differences["nodes.gone.host"] == ("h", None)
    assert differences["nodes.new.host"] == (None, "h2")
    # not said by the file, or not a key of it, or the same in both
    for path in ("nodes.node1.is_enabled", "current_seed.seed", "current_node_version", "api.port"):
        assert path not in differences


def test_text_has_a_line_for_each_difference(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "part.yaml").write_text("current_height: 41\n")
    assert call(capsys, "diff", "part.yaml").out == "current_height  41  →  42\n"
    (here / "part.yaml").write_text("current_height: 42\n")
    same = call(capsys, "diff", "part.yaml", "--exit-code")
    assert (same.code, same.out) == (0, "")
    assert "Nothing differs between" in same.err


def test_the_exit_code_says_whether_anything_differs(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    assert call(capsys, "diff").code == 0
    assert call(capsys, "diff", "--exit-code").code == 10
    assert call(capsys, "diff", "--from", "1", "--exit-code").code == 10
    assert call(capsys, "diff", "--from", "1", "--to", "1", "--exit-code").code == 0


def test_an_export_differs_in_nothing_from_what_it_was_made_of(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    call(capsys, "export", "full.yaml")
    ran = call(capsys, "diff", "full.yaml", "--exit-code")
    assert (ran.code, ran.out) == (0, "")
    assert "Not compared, since a side masks it: ml_node_key_config.worker_private." in ran.err


def test_two_exports(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    call(capsys, "export", "monday.yaml")
    call(capsys, "set", "nodes.node1.host", "moved")
    call(capsys, "set", "svc.limit", "5", "--create")
    call(capsys, "export", "today.json")
    ran = call(capsys, "diff", "monday.yaml", "today.json", "--exit-code")
    assert (ran.code, ran.err) == (10, "")
    assert ran.out.splitlines() == [
        "nodes.node1.host  10.0.0.1  →  moved",
        "svc.limit         –         →  5",
    ]


def test_secrets_that_differ_are_told_and_masked(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "a.yaml").write_text("ml_node_key_config: {worker_private: one}\n")
    (here / "b.yaml").write_text("ml_node_key_config: {worker_private: two}\n")
    ran = call(capsys, "diff", "a.yaml", "b.yaml")
    assert ran.out == "ml_node_key_config.worker_private  ********  →  ********\n"
    items = call(capsys, "diff", "a.yaml", "b.yaml", "--json").json["items"]
    assert items[0]["old"] == items[0]["new"] == "********"


def test_two_moments(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    ran = call(capsys, "diff", "--from", "#3", "--to", "4", "--json")
    assert (ran.json["from"], ran.json["to"]) == ("change #3", "change #4")
    assert ran.json["items"] == [{"path": "nodes.node1.is_enabled", "old": True, "new": False}]
    foreign.write(here / "state.db", "UPDATE audit_log SET at='2025-01-01T00:00:00.000Z'")
    assert call(capsys, "diff", "--from", "2025-01-01", "--to", "now").out == ""
    assert "is unknown" in one_line(call(capsys, "diff", "--from", "2024-12-31"), 1)


def test_forgotten_heights_are_not_compared(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    call(capsys, "set", "current_height", "43")
    foreign.write(here / "state.db", "UPDATE audit_log SET at='2025-01-01T00:00:00.000Z'")
    call(capsys, "prune", "--heights-days", "1", "--days", "36000")
    ran = call(capsys, "diff", "--from", "3")
    assert "current_height" not in ran.out
    assert "nodes.new.host" in ran.out
    assert "Unknown at change #3" in ran.err


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        (("a", "b", "c"), 2, "one file with the database, two files, or two moments"),
        (("a", "--from", "1"), 2, "two moments"),
        (("--to", "1"), 2, "two moments"),
        (("--from", "99"), 2, "no change #99 yet"),
        (("--from", "soon"), 2, "is no time"),
        (("--from", "2999-01-01"), 2, "lies in the future"),
        (("absent.yaml",), 1, "Cannot read"),
        (("broken.yaml",), 1, "broken.yaml:2:1"),
    ],
)
def test_what_cannot_be_compared(
    capsys: pytest.CaptureFixture[str], here: Path, argv: tuple[str, ...], code: int, told: str
) -> None:
    (here / "broken.yaml").write_text("api: [\n")
    assert told in one_line(call(capsys, "diff", *argv), code)


def test_an_empty_file_has_nothing_to_compare(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "empty.yaml").write_text("# nothing yet\n")
    assert call(capsys, "diff", "empty.yaml", "--exit-code").code == 0


def test_true_and_one_differ_but_not_nan_and_itself() -> None:
    old = {"a": True, "b": float("nan"), "c": 1, "d": "********", "e": None}
    new = {"a": 1, "b": float("nan"), "c": 1.0, "d": "x"}
    differences, hidden = compare(old, new)
    assert differences == [Difference("a", True, 1), Difference("e", None, None)]
    assert hidden == ("d",)
