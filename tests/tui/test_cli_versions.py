"""Databases of an older schema, and the versions that writes are locked by."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store import schema, settings_builtin
from store.manager import ConfigManager
from store.retention import Retention
from tests.tui.test_cli import call

VERSION_1 = (Path(__file__).parents[1] / "support" / "schema_1.sql").read_text(encoding="utf-8")


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database as schema version 1 made it, with a value."""
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"PRAGMA journal_mode=WAL; {VERSION_1}")
        db.execute("INSERT INTO chain_state(key,value) VALUES('current_height','41')")
        db.commit()
    monkeypatch.chdir(tmp_path)
    return path


@pytest.mark.parametrize(
    "verb",
    [
        ("get", "current_height"),
        ("list",),
        ("list", "--search", "retention"),
        ("history",),
        ("history", "--json"),
        ("export",),
        ("schema", "list"),
        ("profile", "list"),
        ("flag", "list"),
        ("node", "list"),
        ("prune", "--dry-run"),
        ("import", "list"),
    ],
)
def test_an_older_database_is_read_as_it_is(
    capsys: pytest.CaptureFixture[str], old: Path, verb: tuple[str, ...]
) -> None:
    before = old.read_bytes()
    ran = call(capsys, *verb, "--read-only")
    assert ran.code == 0, ran.err
    assert old.read_bytes() == before


def test_init_says_that_it_upgraded(capsys: pytest.CaptureFixture[str], old: Path) -> None:
    first = call(capsys, "init", "--json")
    assert first.json["action"] == "upgraded"
    assert f"its schema was upgraded to version {schema.VERSION}" in first.err
    assert "nothing was changed" not in first.err
    assert call(capsys, "init", "--json").json["action"] == "unchanged"
    assert call(capsys, "get", "current_height").out == "41\n"


def test_get_tells_the_version_that_set_expects(
    capsys: pytest.CaptureFixture[str],
    database: Path,
    manager: ConfigManager,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(database.parent)
    manager.set_value("svc.a", "1", create=True)
    manager.set_height(5)
    for path, value in (("svc.a", "2"), ("current_height", "6")):
        seen = call(capsys, "get", path, "--json").json["version"]
        assert seen == manager.version_of(path)
        assert call(capsys, "set", path, value, "--expect-version", str(seen)).code == 0
        assert call(capsys, "set", path, "9", "--expect-version", str(seen)).code == 5
    assert call(capsys, "get", "svc", "--json").json["version"] is None
    past = call(capsys, "get", "current_height", "--as-of", "now", "--json")
    assert past.json["version"] is None


def test_the_days_of_retention_stand_in_one_place(manager: ConfigManager) -> None:
    declared = {rule.key: rule.default for rule in settings_builtin.BUILT_IN}
    kept = Retention()
    assert declared["retention.heights_days"] is kept.heights_days
    assert declared["retention.days"] is kept.days
    assert manager.retention() == kept
