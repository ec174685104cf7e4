"""Two files as one unit: killed anywhere, it is all before or all after, and no journal is left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from store import database, files
from store.errors import HalfDone, NodedeckError
from store.importing import apply as engine
from store.importing import receipts, rollback, unit
from store.importing.rollback import State
from store.locations import Locations, journal_of
from store.manager import utc_now
from store.peewee_bridge import Bridge
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
from tests.support.audit_state import assert_sound
from tests.support.clock import FixedClock


class _Killer:
    """Kills its process at the Nth thing that is done to a disk.

    That is what Python does itself (opening to write, writing, syncing, renaming, removing) and
    each statement that SQLite is given.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self.done: list[str] = []

    def act(self, name: str) -> None:
        self.done.append(name)
        if len(self.done) == self.count:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str) -> None:
        real = getattr(owner, name)

        def call(*args: Any, **more: Any) -> Any:
            self.act(name)
            result = real(*args, **more)
            self.act(name)
            return result

        setattr(owner, name, call)

    def heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
            self.act(event)

    def attach(self) -> None:
        for owner, name in (
            (os, "fsync"),
            (os, "ftruncate"),
            (Path, "replace"),
            (Path, "unlink"),
            (files, "_dress"),
            (database.Database, "execute_sql"),
            (database.Database, "execute_many"),
            (database._Raw, "execute_sql"),
            (Bridge, "cursor"),
        ):
            self.around(owner, name)
        sys.addaudithook(self.heard)


def killed_at(count: int, work: Callable[[], object]) -> list[str]:
    """Do it in a child that is killed at its Nth act; all acts' names, none if it was killed."""
    ours, theirs = os.pipe()
    process = os.fork()
    if not process:
        killer = _Killer(count)
        try:
            killer.attach()
            work()
            os.write(theirs, " ".join(killer.done).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours, "rb") as told:
        answer = told.read()
    _, status = os.waitpid(process, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return []
    return answer.decode().split()


def named(folder: Path) -> set[str]:
    """What a host's directory holds, without what SQLite keeps and whose names tell a time."""
    return {
        path.name.split(".pre-migration.")[0]
        for path in folder.iterdir()
        if not path.name.endswith(("-wal", "-shm"))
    }


def settled(at: Locations) -> None:
    """What the next verb that writes does first, and what must be so afterwards."""
    unit.recover(at)
    assert not journal_of(at.database).exists()
    leftovers = [path.name for path in at.database.parent.iterdir() if path.name.startswith(".")]
    assert leftovers == []


def fresh(folder: Path) -> Locations:
    put(folder, "config.yaml", RUNNING)
    return places(folder)


def lived_in(folder: Path) -> Locations:
    """A host whose database has something in it, so that an import neither makes nor removes it."""
    at = fresh(folder)
    run(put(folder, "first.yaml", "svc: {a: 1}\n"), at)
    for path in folder.glob("first.yaml*"):
        path.unlink()
    return at


# of statements of our own, and of one that a model makes
_STATEMENTS: Final = {"execute_sql", "execute_many", "cursor"}
_STARTS: Final = {"fresh": fresh, "lived in": lived_in}


def imported(at: Locations) -> Callable[[], object]:
    """The import of a host's config file with its cut, planned already."""
    made = plan(at.config, at)
    return lambda: engine.apply(made, at, actor="killed@host", clock=utc_now, rewrite=True)


@pytest.fixture(autouse=True)
def _no_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rehearsal works in a directory of its own, which is not what is looked at here."""
    monkeypatch.setattr("store.importing.rehearsal.rehearse", lambda *_, **__: 0)


def chosen(done: list[str]) -> list[int]:
    """Which acts to be killed at: each of Python's, and of a transaction's statements some."""
    return [
        count
        for count, name in enumerate(done, 1)
        if name not in _STATEMENTS or count % 60 == 0 or done[count - 2] not in _STATEMENTS
    ]


def receipts_aside(names: set[str]) -> set[str]:
    return {each.split(".import-receipt.")[0] for each in names} - {"backups"}


@pytest.mark.parametrize("start", _STARTS)
def test_killed_at_any_act_it_is_all_before_or_all_after(tmp_path: Path, start: str) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    at = _STARTS[start](whole)
    before = database_leaves(at) if at.database.exists() else None
    before_names = receipts_aside(named(whole))
    done = killed_at(0, imported(at))
    assert {"fsync", "replace", "unlink", "open", "_dress", *_STATEMENTS} <= set(done)
    cut, after = at.config.read_bytes(), database_leaves(at)
    after_names = receipts_aside(named(whole))
    seen = set()
    # both go the same way but for the database's making, so of one a part will do
    for count in chosen(done)[:: 2 if start == "fresh" else 8]:
        folder = tmp_path / f"at-{count}"
        folder.mkdir()
        at = _STARTS[start](folder)
        assert killed_at(count, imported(at)) == []
        settled(at)
        if at.config.read_bytes() == RUNNING.encode():
            seen.add("before")
            assert (database_leaves(at) if at.database.exists() else None) == before
            assert receipts_aside(named(folder)) == before_names
        else:
            seen.add("after")
            assert at.config.read_bytes() == cut
            assert database_leaves(at) == after
            assert receipts_aside(named(folder)) == after_names
        if at.database.exists():
            with foreign.connect(at.database) as db:
                assert_sound(db)
        if count % 5 == 0:
            run(at.config, at, rewrite=True)  # and it can be run again
            assert (at.config.read_bytes(), database_leaves(at)) == (cut, after)
        shutil.rmtree(folder)
    assert seen == {"before", "after"}


def test_a_rollback_killed_at_any_act_is_all_before_or_all_after_too(tmp_path: Path) -> None:
    def start(folder: Path) -> tuple[Locations, Callable[[], object]]:
        folder.mkdir()
        at = fresh(folder)
        run(at.config, at, rewrite=True)
        planned = rollback.plan(at, None, State.BEFORE)
        return at, lambda: rollback.apply(planned, at, actor="killed@host", clock=utc_now)

    at, work = start(tmp_path / "whole")
    cut, imported_leaves = at.config.read_bytes(), database_leaves(at)
    done = killed_at(0, work)
    assert (at.config.read_text(), database_leaves(at)) == (RUNNING, {})
    seen = set()
    for count in chosen(done)[::4]:
        at, work = start(tmp_path / f"at-{count}")
        assert killed_at(count, work) == []
        settled(at)
        found = (at.config.read_bytes(), database_leaves(at))
        assert found in ((cut, imported_leaves), (RUNNING.encode(), {}))
        seen.add(found[0])
    assert len(seen) == 2


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
