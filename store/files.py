"""Files written so that a crash leaves the old or the new one: modes, owners, digests, copies.

A new file is written beside its place, synced, renamed over it, and the directory synced. It is
0600 and, made by root, belongs to the owner of the file or directory it stands in for, so that
the daemon can still write it. An existing file keeps its owner and mode; a symlink stays a link.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from store.errors import NodedeckError

PRIVATE = 0o600


def digest(data: bytes) -> str:
    """SHA-256 of some bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def read(path: Path) -> bytes:
    """All bytes of a file; raises NodedeckError with a sentence where that fails."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise cannot("read", path, error) from error


def write(path: Path, data: bytes) -> None:
    """Put a file in place of the old one, or none; raises NodedeckError, the old file intact."""
    target = Path(os.path.realpath(path))
    try:
        old = target.stat() if target.exists() else None
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                _dress(file.fileno(), target.parent, old)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        sync_directory(target.parent)
    except OSError as error:
        raise cannot("write", path, error, left="It is as it was.") from error


def put(path: Path, data: bytes) -> None:
    """Replace a file's text as ``write`` does, or in place where it must stay the same file.

    That is one with several links, or one that is a mount point. A stop half-way leaves part of
    each text there, so the caller keeps a journal. Raises NodedeckError.
    """
    target = Path(os.path.realpath(path))
    try:
        stays = target.stat().st_nlink > 1 or is_mount(target)
    except OSError as error:
        raise cannot("write", path, error, left="It is as it was.") from error
    if not stays:
        write(path, data)
        return
    try:
        with target.open("r+b", buffering=0) as file:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
            file.truncate()
            os.fsync(file.fileno())
    except OSError as error:
        raise cannot("write", path, error) from error


def is_mount(path: Path) -> bool:
    """Whether a file is itself a mount, as a container's config file often is."""
    try:
        lines = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:  # a system without it; a mount of another file system is seen all the same
        return path.is_mount()
    mounted = {line.split(" ")[4].encode("utf-8", "surrogateescape") for line in lines}
    name = os.fsencode(path)
    for plain, octal in ((b"\\", rb"\134"), (b" ", rb"\040"), (b"\t", rb"\011"), (b"\n", rb"\012")):
        name = name.replace(plain, octal)
    return name in mounted


def create(path: Path, data: bytes = b"") -> None:
    """Make a file that must not exist yet; raises NodedeckError where it does."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            _dress(file.fileno(), path.parent, None)
            file.flush()
            os.fsync(file.fileno())
        sync_directory(path.parent)
    except OSError as error:
        raise cannot("create", path, error) from error


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the right to rewrite a file, against every other nodedeck on this host.

    The lock is on the directory, since the file itself is replaced by each write. It is given up
    when the process ends, however it ends.
    """
    try:
        handle = os.open(Path(os.path.realpath(path)).parent, os.O_RDONLY)
    except OSError as error:
        raise cannot("lock", path, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def is_locked(path: Path) -> bool:
    """Whether somebody holds ``locked`` on this file's directory now."""
    try:
        handle = os.open(Path(os.path.realpath(path)).parent, os.O_RDONLY)
    except OSError as error:
        raise cannot("lock", path, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def sync_directory(path: Path) -> None:
    """Make renames and new names in a directory last."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def cannot(verb: str, path: Path, error: OSError, *, left: str = "") -> NodedeckError:
    """The sentence for a file operation that failed."""
    reason = error.strerror or type(error).__name__
    return NodedeckError(f"Cannot {verb} {path}: {reason.lower()}.", hint=left)


def _dress(handle: int, directory: Path, old: os.stat_result | None) -> None:
    """Give an open new file the mode and owner it should have."""
    os.fchmod(handle, old.st_mode & 0o7777 if old else PRIVATE)
    if os.geteuid() == 0:
        owner = old or directory.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)
