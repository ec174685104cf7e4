"""The verbs of the past: undo, prune, and --as-of."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from store.manager import ConfigManager
from tests.support import foreign
from tests.support.samples import NODE, other
from tests.tui.test_cli import call, one_line
from tui.verbs import as_of
from tui.verbs.history import moment


@pytest.fixture
def here(manager: ConfigManager, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory whose database has four changes, and a config file."""
    manager.add_node(NODE)
    manager.set_value("svc.limit", "5", create=True)
    manager.update_node(other(max_concurrent=250, version="v2"))
    manager.set_height(7)
    monkeypatch.chdir(manager.config.parent)
    manager.config.write_text("api: {port: 9000}\n")
    return manager.config.parent


# undo


def test_undo_says_what_it_changed_and_signs_it(
    capsys: pytest.CaptureFixture[str], here: Path, manager: ConfigManager
) -> None:
    ran = call(capsys, "undo", "3", "--reason", "too few", "--actor", "ops@host")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines() == [
        "nodedeck: nodes.node1.max_concurrent: 250 → 500, change #5.",
        "nodedeck: nodes.node1.version: v2 → v1, change #5.",
    ]
    (change,) = manager.feed(4)
    assert (change.actor, change.reason) == ("ops@host", "too few")
    assert manager.node("node1") == NODE


def test_a_time_of_the_day_is_one_on_this_hosts_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Oslo")
    time.tzset()
    now = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    assert moment("09:30", now) == datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
    assert moment("10:30", now) == datetime(2026, 2, 28, 9, 30, tzinfo=UTC)
    assert as_of.point("09:30", now) == moment("09:30", now)


def test_undo_takes_several_ids(
    capsys: pytest.CaptureFixture[str], here: Path, manager: ConfigManager
) -> None:
    ran = call(capsys, "undo", "2", "#1", "3", "--json")
    assert ran.json["schema"] == "nodedeck.undo/1"
    assert ran.json["undone"] == [3, 2, 1]
    assert [item["path"] for item in ran.json["items"]] == [
        "nodes.node1",
        "svc.limit",
        "nodes.node1",
    ]
    assert {item["reason"] for item in ran.json["items"]} == {"undo of #3, #2, #1"}
    assert manager.nodes() == ()


def test_a_dry_run_changes_nothing(
    capsys: pytest.CaptureFixture[str], here: Path, manager: ConfigManager
) -> None:
    manager.set_node_key("node1", "k")
    ran = call(capsys, "undo", "3", "1", "--dry-run", "--json")
    assert [item["id"] for item in ran.json["items"]] == [None, None, None]
    assert "would change; nothing was." in ran.err
    assert "The security key of nodes.node1 would go with it." in ran.err
    assert manager.position().change_id == 5
    assert manager.node_key_version("node1") == 1


def test_a_key_that_goes_with_its_node_is_told(
    capsys: pytest.CaptureFixture[str], here: Path, manager: ConfigManager
) -> None:
    manager.set_node_key("node1", "k")
    ran = call(capsys, "undo", "3", "1")
    assert "The security key of nodes.node1 went with it." in ran.err
    assert manager.node_key_version("node1") == 0


def test_what_belongs_to_the_daemon_is_warned_of(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    call(capsys, "set", "current_height", "8")
    assert "belongs to the daemon" in call(capsys, "undo", "5").err


def test_a_conflict_is_exit_5_and_changes_nothing(
    capsys: pytest.CaptureFixture[str], here: Path, manager: ConfigManager
) -> None:
    told = one_line(call(capsys, "undo", "1"), 5)
    assert "nodes.node1 has moved on since change #1" in told
    assert "tester@host changed it at" in told
    assert "Undo #3 first" in told
    assert manager.position().change_id == 4


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        (("x",), 2, "'x' is no change id"),
        (("99",), 2, "no change #99"),
        ((), 2, "Missing argument"),
        (("3", "--read-only"), 6, "read-only"),
    ],
)
def test_undo_refuses(
    capsys: pytest.CaptureFixture[str], here: Path, argv: tuple[str, ...], code: int, told: str
) -> None:
    assert told in one_line(call(capsys, "undo", *argv), code)


# prune


@pytest.fixture
def old(here: Path) -> Path:
    """The same, three months old, with a hundred heights."""
    with foreign.connect(here / "state.db") as db:
        db.execute("BEGIN")
        for height in range(100):
            db.execute("REPLACE INTO chain_state VALUES('current_height',?,'')", (height,))
        db.execute("UPDATE audit_log SET at=strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-90 days')")
        db.execute("COMMIT")
    return here


def test_prune_counts_first_and_then_forgets(
    capsys: pytest.CaptureFixture[str], old: Path, manager: ConfigManager
) -> None:
    ran = call(capsys, "prune", "--dry-run", "--json", "--read-only")
    expected = {"heights": 100, "rest": 0, "horizons": {"heights": 104, "rest": 0}}
    assert ran.json == {
        "schema": "nodedeck.prune/1", "dry_run": True, "heights_days": 7, "days": 400, **expected
    }  # fmt: skip
    assert "100 heights older than 7 days and 0 other changes" in ran.err
    assert "nothing was" in ran.err
    assert len(manager.history(limit=1_000)) == 104
    done = call(capsys, "prune", "--days", "30", "--json").json
    assert (done["dry_run"], done["days"], done["heights"], done["rest"]) == (False, 30, 100, 1)
    assert [change.id for change in manager.history(limit=1_000)] == [104, 3, 2]


def test_prune_follows_the_settings(
    capsys: pytest.CaptureFixture[str], old: Path, manager: ConfigManager
) -> None:
    row = {"service": "nodedeck", "key": "retention.heights_days", "value_json": "100"}
    foreign.write(old / "state.db", foreign.insert("settings", row))
    assert call(capsys, "prune", "--dry-run", "--json").json["heights"] == 0
    assert call(capsys, "prune", "--dry-run", "--json", "--heights-days", "9").json["heights"]


@pytest.mark.parametrize(
    ("argv", "code", "told"),
    [
        (("--days", "0"), 2, "--days"),
        (("--heights-days", "-1"), 2, "--heights-days"),
        (("--read-only",), 6, "read-only"),
    ],
)
def test_prune_refuses(
    capsys: pytest.CaptureFixture[str], here: Path, argv: tuple[str, ...], code: int, told: str
) -> None:
    assert told in one_line(call(capsys, "prune", *argv), code)


# as of


def test_get_as_of(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    ran = call(capsys, "get", "nodes.node1.version", "--as-of", "2")
    assert ran.out == "v1\n"
    assert "the database's part after change #2" in ran.err
    assert call(capsys, "get", "nodes.node1.version", "--as-of", "now").out == "v2\n"
    assert call(capsys, "get", "svc.limit", "--as-of", "#3", "--json").json["source"] == "database"
    absent = call(capsys, "get", "current_height", "--as-of", "3")
    assert (absent.code, "There is no value at current_height" in absent.err) == (2, True)
    assert "is unknown" in one_line(call(capsys, "get", "svc.limit", "--as-of", "1h"), 1)


def test_list_as_of(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    assert call(capsys, "list", "svc", "--as-of", "2").out == "svc.limit  5\n"
    assert "api.port" not in call(capsys, "list", "--as-of", "2").out


def test_export_as_of(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    ran = call(capsys, "export", "--as-of", "2")
    tree = yaml.safe_load(ran.out)
    assert tree.keys() == {"nodes", "svc"}
    assert tree["nodes"][0]["id"] == "node1"
    assert tree["nodes"][0]["max_concurrent"] == 500


def test_forgotten_heights_are_unknown_and_not_absent(
    capsys: pytest.CaptureFixture[str], old: Path
) -> None:
    call(capsys, "prune")
    assert "Unknown at change #3" in call(capsys, "list", "--as-of", "3").err
    ran = call(capsys, "get", "current_height", "--as-of", "3")
    assert (ran.code, ran.out) == (1, "")
    assert "What current_height was at change #3 is unknown" in ran.err
    assert call(capsys, "get", "svc.limit", "--as-of", "3").out == "5\n"
