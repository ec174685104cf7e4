"""Files that are none, that never end, that may not be touched, and locks that are kept."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from store import backup, files, startup, static_file
from store.database import Database, create
from store.errors import Busy, ExitCode, NodedeckError, Refused, UsageError
from store.locations import Locations
from store.manager import ConfigManager, utc_now

NOBODY = 65534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def nodedeck(
    cwd: Path, *words: str, largest: int | None = None
) -> subprocess.CompletedProcess[str]:
    """nodedeck in a process of its own, with files of a limited size."""

    def limit() -> None:
        if largest is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    return subprocess.run(
        [sys.executable, "-m", "tui.cli", *words],
        cwd=cwd,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": os.pathsep.join(sys.path), "PATH": "", "HOME": str(cwd)},
    )


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A pipe that nobody writes to."""
    path = tmp_path / "pipe.yaml"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("act", [files.read, lambda path: files.write(path, b"x")])
def test_a_pipe_is_refused_and_stays_one(pipe: Path, act: object) -> None:
    assert callable(act)
    with pytest.raises(UsageError, match="a pipe, a socket or a device and not a regular file"):
        act(pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_device_and_a_directory_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a regular file"):
        files.read(Path("/dev/zero"))
    for act in (files.read, lambda path: files.write(path, b"x")):
        with pytest.raises(UsageError, match="is a directory"):
            act(tmp_path)


def test_a_file_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big"
    path.touch()
    os.truncate(path, files.LARGEST + 1)
    with pytest.raises(NodedeckError, match="more than 67,108,864 bytes"):
        files.read(path)
    path.write_bytes(b"12345")
    assert files.read(path, limit=5) == b"12345"
    with pytest.raises(NodedeckError, match="more than 4 bytes"):
        files.read(path, limit=4)


def test_what_is_forbidden_is_refused_and_a_loop_is_a_mistake(tmp_path: Path) -> None:
    for number in (errno.EACCES, errno.EPERM, errno.EROFS):
        assert isinstance(files.cannot("read", tmp_path, OSError(number, "no")), Refused)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for act in (files.read, files.exists):
        with pytest.raises(UsageError, match="leads back to itself"):
            act(loop)
    assert not files.exists(tmp_path / "none")
    assert not files.exists(tmp_path / "loop2" / "x")


def test_a_lock_that_is_kept_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    with files.locked(path):
        with pytest.raises(Busy, match=r"for 0\.1 s") as gone, files.locked(path, patience=0.1):
            pytest.fail("two hold it")
        assert gone.value.exit_code is ExitCode.BUSY
    with files.locked(path, patience=0):
        pass


@contextmanager
def nobody(*folders: Path) -> Iterator[None]:
    """Be a user who owns nothing, and may pass through the folders above."""
    for folder in folders:
        for above in (folder, *folder.parents):
            if above.stat().st_uid == 0 and len(above.parts) > 2:
                above.chmod(above.stat().st_mode | 0o055)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def _create(path: Path) -> object:
    return create(path, created_by="test")


@root_only
def test_a_directory_that_may_not_be_entered(tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o700)
    create(shut / "state.db", created_by="test")
    (shut / "config.yaml").write_text("api: {port: 1}\n")
    with nobody(tmp_path):
        for act in (Database, files.read, files.exists, _create):
            with pytest.raises(Refused, match="shut"):
                act(shut / "state.db")
        assert isinstance(static_file.load(shut / "config.yaml").fault, Refused)
        assert not startup.waiting(Locations(shut / "config.yaml", shut / "state.db"))


@root_only
def test_a_directory_that_may_not_be_written(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with nobody(tmp_path):
        for act in (files.create, lambda at: files.write(at, b""), _create):
            with pytest.raises(Refused, match=r"state\.db"):
                act(path)
    assert not path.exists()
    create(path, created_by="test")
    (tmp_path / "backups").mkdir(mode=0o755)
    os.chown(path, NOBODY, NOBODY)
    where = Locations(tmp_path / "config.yaml", path)
    with nobody(tmp_path), pytest.raises(Refused):
        backup.create(where, actor="t", host="h", clock=utc_now)
    assert list((tmp_path / "backups").iterdir()) == []


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    for make in (Database, lambda path: create(path, created_by="test")):
        with pytest.raises(UsageError, match="is a directory and no database"):
            make(tmp_path)


def test_a_full_disk_is_told_also_where_the_rollback_fails(manager: ConfigManager) -> None:
    pages = manager.database.value("PRAGMA page_count")
    manager.database.execute_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(NodedeckError, match=r"No space is left .* nothing was changed"):
        manager.set_value("svc.a", "x" * 100_000, create=True)
    manager.database.execute_sql("PRAGMA max_page_count=100000")
    manager.set_value("svc.a", "x" * 100_000, create=True)


def test_a_disk_that_fails_is_told(database: Path) -> None:
    words = ("set", "svc.a", "x" * 90_000, "--create")
    ran = nodedeck(database.parent, *words, largest=100_000)
    assert ran.returncode == 1
    assert "The disk failed while" in ran.stderr or "No space is left" in ran.stderr
    with sqlite3.connect(database) as db:
        assert db.execute("SELECT count(*) FROM settings").fetchone() == (0,)
