"""Files and the database as one unit: what a file is stays so, and what stops is mended."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from store import files
from store.errors import HalfDone, NodedeckError
from store.importing import apply as engine
from store.importing import receipts, rollback, unit
from store.importing.rollback import State
from store.locations import Locations, journal_of
from tests.store.importing.samples import (
    ACTOR,
    RUNNING,
    database_leaves,
    places,
    plan,
    put,
    run,
)
from tests.support import foreign
from tests.support.clock import FixedClock

# the file's own ways


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real = put(tmp_path, "real.yaml", RUNNING)
    (tmp_path / "config.yaml").symlink_to("real.yaml")
    at = places(tmp_path)
    run(at.config, at, rewrite=True)
    assert at.config.is_symlink()
    assert b"current_height" not in real.read_bytes()
    taken_back(at, State.BEFORE)
    assert at.config.is_symlink()
    assert real.read_text() == RUNNING


def test_a_file_with_several_links_stays_one_file(tmp_path: Path) -> None:
    file = put(tmp_path, "config.yaml", RUNNING)
    second = tmp_path / "second.yaml"
    second.hardlink_to(file)
    at = places(tmp_path)
    run(file, at, rewrite=True)
    assert second.stat().st_ino == file.stat().st_ino
    assert second.read_bytes() == file.read_bytes()
    assert b"current_height" not in file.read_bytes()


@pytest.mark.parametrize("length", [0, 1, 100, 511, 512, 513, 10_000])
def test_an_overwriting_that_was_stopped_is_finished(tmp_path: Path, length: int) -> None:
    """What a power failure leaves of a file that is written in place: old and new, by block."""
    at = _overwritten_half(tmp_path, lambda old, new: new[:length] + old[min(length, len(new)) :])
    done = unit.recover(at)
    assert done is not None
    assert done.finished
    assert b"current_height" not in at.config.read_bytes()
    assert unit.standing(at) is None


def test_blocks_that_arrived_out_of_order_are_mended_too(tmp_path: Path) -> None:
    def mixed(old: bytes, new: bytes) -> bytes:
        found = bytearray(old)
        for at in range(512, len(new), 1024):
            piece = new[at : at + 512]
            found[at : at + len(piece)] = piece
        return bytes(found)

    at = _overwritten_half(tmp_path, mixed, RUNNING + "# filler\n" * 400)
    assert unit.recover(at) is not None
    assert b"current_height" not in at.config.read_bytes()


def test_an_edit_in_between_is_never_taken_for_a_stopped_overwriting(tmp_path: Path) -> None:
    at = _overwritten_half(tmp_path, lambda old, _: old.replace(b"1934882", b"1934883"))
    edited = at.config.read_bytes()
    with pytest.raises(HalfDone, match="was changed meanwhile") as half:
        unit.recover(at)
    assert "'nodedeck import rollback'" in half.value.hint
    assert at.config.read_bytes() == edited
    assert unit.standing(at) is not None
    taken_back(at, State.BEFORE)
    assert at.config.read_text() == RUNNING
    assert database_leaves(at) == {}
    assert unit.standing(at) is None


def _overwritten_half(
    folder: Path, mix: Callable[[bytes, bytes], bytes], text: str = RUNNING
) -> Locations:
    """A host whose import was stopped after its commit, with this in the file."""
    file, at = put(folder, "config.yaml", text), places(folder)
    (folder / "second.yaml").hardlink_to(file)  # or it would be replaced, which leaves no half
    made = plan(file, at)

    def stopped(path: Path, new: bytes) -> None:
        path.write_bytes(mix(path.read_bytes(), new))
        raise NodedeckError("stopped")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "put", stopped)
        with pytest.raises(HalfDone):
            engine.apply(made, at, actor=ACTOR, clock=FixedClock(), rewrite=True)
    return at


def taken_back(at: Locations, state: State, number: int | None = None) -> rollback.Rollback:
    planned = rollback.plan(at, number, state)
    rollback.apply(planned, at, actor=ACTOR, clock=FixedClock())
    return planned


def test_a_mounted_file_is_written_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    number = file.stat().st_ino
    monkeypatch.setattr(files, "is_mount", lambda _: True)
    run(file, at, rewrite=True)
    assert file.stat().st_ino == number
    assert b"current_height" not in file.read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
def test_a_bind_mount_is_seen_and_kept(tmp_path: Path) -> None:
    outside, file = put(tmp_path, "outside.yaml", RUNNING), put(tmp_path, "config.yaml", "x: 1\n")
    mounted = subprocess.run(["mount", "--bind", outside, file], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("this host lets nobody mount")
    try:
        assert files.is_mount(file)
        assert not files.is_mount(outside)
        run(file, places(tmp_path), rewrite=True)
        assert b"current_height" not in outside.read_bytes()
    finally:
        subprocess.run(["umount", file], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
@pytest.mark.parametrize("size", ["64k", "160k", "256k", "384k", "512k"])
def test_on_a_full_disk_nothing_is_lost(tmp_path: Path, size: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("this host lets nobody mount")
    try:
        file, at = put(disk, "config.yaml", RUNNING), places(disk)
        try:
            run(file, at, rewrite=True)
        except NodedeckError as error:
            assert "space" in str(error)
            assert file.read_text() == RUNNING
            assert not at.database.exists() or isinstance(error, HalfDone)
            assert unit.standing(at) is None or isinstance(error, HalfDone)
        else:
            assert database_leaves(at)["current_height"] == 1934882
    finally:
        subprocess.run(["umount", disk], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_in_a_directory_that_cannot_be_written_nothing_is_done(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    made = plan(file, at)
    tmp_path.chmod(0o555)
    file.chmod(0o644)
    for folder in (tmp_path, *tmp_path.parents[:3]):
        if folder != Path("/tmp"):  # noqa: S108
            folder.chmod(folder.stat().st_mode | 0o055)
    before = sorted(path.name for path in tmp_path.iterdir())
    os.seteuid(65534)
    try:
        with pytest.raises(NodedeckError, match="permission denied"):
            engine.apply(made, at, actor=ACTOR, clock=FixedClock(), rewrite=True)
    finally:
        os.seteuid(0)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert file.read_text() == RUNNING


def test_the_receipt_stands_in_the_database_and_beside_the_copy(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    result = run(file, at, rewrite=True)
    assert result.backup is not None
    beside = receipts.beside(result.backup)
    kept = json.loads(beside.read_bytes())
    with foreign.connect(at.database) as db:
        ((stored,),) = db.execute("SELECT receipt_json FROM imports").fetchall()
    assert kept == {"id": 1, **json.loads(stored)}
    assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    assert kept["digest"] == files.digest(RUNNING.encode())
    assert kept["digest_after"] == files.digest(file.read_bytes())
    assert (kept["actor"], kept["totals"]["add"], kept["changes"]) == (ACTOR, 33, [1, 13])
    assert kept["host"]


def test_a_journal_that_is_none_is_said(tmp_path: Path) -> None:
    at = places(tmp_path)
    journal_of(at.database).write_text("{}")
    with pytest.raises(HalfDone, match="not the journal of an import"):
        unit.recover(at)
