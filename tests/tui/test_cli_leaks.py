"""``nodedeck doctor`` and secrets in clear: named, tightened, sealed and shredded when asked."""

from __future__ import annotations

import io
import stat
import sys
from pathlib import Path

import pytest

from store.errors import ExitCode
from tests.support import foreign
from tests.support.terminal import nodedeck, terminal
from tests.tui.test_cli import call

VALUE = "hunter2-very-clear"
PROVIDER = "provider_configs.openai"
COPY = "config.yaml.pre-migration.20250301T120000Z"


@pytest.fixture
def here(
    database: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Path:
    """A host whose copy, export and backup hold a value that is sealed in its database."""
    folder = database.parent
    monkeypatch.chdir(folder)
    monkeypatch.delenv("TMUX", raising=False)
    given = io.TextIOWrapper(io.BytesIO(VALUE.encode()), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", given)
    assert call(capsys, "secret", "set", PROVIDER).code == 0
    (folder / "backups").mkdir()
    for name in (COPY, "api-config-full.yaml", "backups/state-20250301T120000Z.config.yaml"):
        (folder / name).write_text(f"k: {VALUE}\n")
        (folder / name).chmod(0o600)
    return folder


def rules(capsys: pytest.CaptureFixture[str], *argv: str) -> list[str]:
    return [item["rule"] for item in call(capsys, "doctor", "--json", *argv).json["items"]]


def test_it_names_files_and_says_what_to_do(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    ran = call(capsys, "doctor")
    assert ran.code == ExitCode.OK
    assert VALUE not in ran.out + ran.err
    for name in (COPY, "api-config-full.yaml", "state-20250301T120000Z.config.yaml"):
        assert name in ran.out
    assert "nodedeck doctor --fix --shred" in ran.out
    assert "Backups are never shredded" in ran.out
    (here / COPY).chmod(0o644)
    assert call(capsys, "doctor").code == ExitCode.CRITICAL


def test_yes_tightens_and_neither_seals_nor_shreds(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / COPY).chmod(0o664)
    foreign.write(
        here / "state.db",
        foreign.node("n1"),
        "INSERT INTO mlnode_security VALUES('n1','in-the-clear',1,'','')",
    )
    ran = call(capsys, "doctor", "--fix", "--yes")
    assert stat.S_IMODE((here / COPY).stat().st_mode) == 0o660
    assert f"{here / COPY} has mode 0660 now." in ran.err
    assert "Not sealed: nodes.n1.security_key" in ran.err
    assert "Not shredded: " in ran.err
    assert (here / COPY).read_text() == f"k: {VALUE}\n"


def test_modes_are_asked_about(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    (here / COPY).chmod(0o664)
    ran = call(capsys, "doctor", "--fix", "--no-input")
    assert (ran.code, stat.S_IMODE((here / COPY).stat().st_mode)) == (ExitCode.USAGE, 0o664)


def test_seal_and_shred_do_what_they_say(capsys: pytest.CaptureFixture[str], here: Path) -> None:
    foreign.write(
        here / "state.db",
        foreign.node("n1"),
        "INSERT INTO mlnode_security VALUES('n1','in-the-clear',1,'','')",
    )
    ran = call(capsys, "doctor", "--fix", "--yes", "--seal", "--shred")
    assert "nodes.n1.security_key is sealed" in ran.err
    assert "An SSD" in ran.err or "an SSD" in ran.err
    assert not (here / COPY).exists()
    assert not (here / "api-config-full.yaml").exists()
    assert (here / "backups" / "state-20250301T120000Z.config.yaml").exists()
    assert b"in-the-clear" not in (here / "state.db").read_bytes()
    assert rules(capsys) == ["leak"]
    items = call(capsys, "secret", "log", "--json").json["items"]
    shreds = [item for item in items if item["act"] == "shred"]
    assert [item["path"] for item in shreds] == [f"{PROVIDER}.api_key"] * 2
    assert {item["reason"] for item in shreds} == {"doctor --fix"}
    assert {item["result"] for item in shreds} == {
        f"overwriting and removing {here / COPY} (pre-migration copy)",
        f"overwriting and removing {here / 'api-config-full.yaml'} (export)",
    }


@pytest.mark.parametrize("option", ["--seal", "--shred"])
def test_they_need_fix(capsys: pytest.CaptureFixture[str], here: Path, option: str) -> None:
    assert call(capsys, "doctor", option).code == ExitCode.USAGE
    assert (here / COPY).exists()


def test_read_only_says_that_it_did_not_search(
    capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    assert rules(capsys, "--read-only") == ["not-searched"]
    assert here.is_dir()


@pytest.mark.parametrize(("answer", "there"), [(b"n\r", True), (b"y\r", False)])
def test_a_person_is_asked_before_anything_is_shredded(
    here: Path, answer: bytes, there: bool
) -> None:
    with terminal([*nodedeck(here / "state.db"), "doctor", "--fix", "--yes"]) as screen:
        screen.until_text("Overwrite and remove")
        screen.type(answer)
        assert screen.end() == 0
    assert b"Backups are never shredded" in screen.output
    assert (here / COPY).exists() is there
