"""A crash leaves the old file or the new one; modes, owners and links stay."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from store import files
from store.errors import NodedeckError

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def test_a_new_file_is_private(path: Path) -> None:
    files.write(path, b"a: 1\n")
    assert files.read(path) == b"a: 1\n"
    assert mode(path) == 0o600


def test_an_existing_file_keeps_its_mode(path: Path) -> None:
    path.write_bytes(b"old")
    path.chmod(0o640)
    files.write(path, b"new")
    assert (path.read_bytes(), mode(path)) == (b"new", 0o640)


@root_only
def test_an_existing_file_keeps_its_owner(path: Path) -> None:
    path.write_bytes(b"old")
    os.chown(path, 1234, 2345)
    files.write(path, b"new")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


@root_only
@pytest.mark.parametrize("make", [files.write, files.create])
def test_a_new_file_made_by_root_belongs_to_the_owner_of_its_directory(
    path: Path, make: object
) -> None:
    os.chown(path.parent, 1234, 2345)
    assert callable(make)
    make(path, b"")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)


def test_a_symlink_stays_a_link(path: Path, tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "real.yaml"
    real.parent.mkdir()
    real.write_bytes(b"old")
    path.symlink_to(real)
    files.write(path, b"new")
    assert path.is_symlink()
    assert real.read_bytes() == b"new"


def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_bytes(b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NodedeckError, match="no space left on device") as caught:
        files.write(path, b"new")
    assert caught.value.hint == "It is as it was."
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_a_place_without_a_directory_is_an_error_in_words(tmp_path: Path) -> None:
    with pytest.raises(NodedeckError, match=r"Cannot write .*no such file or directory"):
        files.write(tmp_path / "missing" / "file", b"")


def test_creating_never_overwrites(path: Path) -> None:
    files.create(path, b"first")
    assert mode(path) == 0o600
    with pytest.raises(NodedeckError, match=r"Cannot create .*exists"):
        files.create(path, b"second")
    assert path.read_bytes() == b"first"


def test_a_missing_file_cannot_be_read_in_words(path: Path) -> None:
    with pytest.raises(NodedeckError, match=r"Cannot read .*no such file"):
        files.read(path)


def test_the_digest_is_sha_256() -> None:
    assert files.digest(b"abc").startswith("ba7816bf8f01cfea")
