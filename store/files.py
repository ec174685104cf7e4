"""Files written so that a crash leaves the old or the new one: modes, owners, digests, copies.

A new file is written beside its place, synced, renamed over it, and the directory synced. It is
0600 and, made by root, belongs to the owner of the file or directory it stands in for, so that
the daemon can still write it. An existing file keeps its owner and mode; a symlink stays a link.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from store.errors import Busy, NodedeckError, Refused, UsageError

PRIVATE = 0o600
# four times what any reader takes, so that its own limit, which knows the format, speaks first
LARGEST: Final = 64 * 2**20
_GROWN: Final = 65_536
LOCK_SECONDS: Final = 10.0
_LOCK_STEP: Final = 0.05
_FORBIDDEN: Final = (errno.EACCES, errno.EPERM, errno.EROFS)


def digest(data: bytes) -> str:
    """SHA-256 of some bytes, in hex."""
    import hashlib

    return hashlib.sha256(data).hexdigest()


def exists(path: Path) -> bool:
    """Whether something stands at a path.

    Raises Refused where this user may not look, and UsageError for a symlink that leads nowhere
    but to itself: neither is the same as no file.
    """
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise cannot("look at", path, error) from error
    return True


def read(path: Path, *, limit: int = LARGEST) -> bytes:
    """All bytes of a regular file of at most ``limit`` bytes.

    Raises NodedeckError with a sentence where that fails: Refused where this user may not, and
    UsageError for a pipe, a device or a directory, whose bytes may never come or never end.
    """
    data = head(path, limit + 1)
    if len(data) > limit:
        raise NodedeckError(
            f"{path} has more than {limit:,} bytes, which no configuration has.",
            hint="Is this the right file?",
        )
    return data


def head(path: Path, count: int) -> bytes:
    """The first ``count`` bytes of a regular file; raises as ``read`` does."""
    try:
        # without waiting for whoever may write to a pipe some day
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            found = os.fstat(handle)
            _want_regular(found, path)
            with os.fdopen(handle, "rb", closefd=False) as file:
                # to ask for all that might come would take the memory for it at once
                data = file.read(min(count, found.st_size))
                while len(data) < count and (more := file.read(min(count - len(data), _GROWN))):
                    data += more
                return data
        finally:
            os.close(handle)
    except OSError as error:
        raise cannot("read", path, error) from error


def refuse_irregular(path: Path) -> None:
    """Raise UsageError where something stands at a path that is no regular file."""
    if exists(path):
        _want_regular(path.stat(), path)


def _want_regular(found: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(found.st_mode):
        what = "a directory" if stat.S_ISDIR(found.st_mode) else "a pipe, a socket or a device"
        raise UsageError(
            f"{path} is {what} and not a regular file; it is as it was.",
            hint="Name a file; what comes from a pipe can be saved to one first.",
        )


def write(path: Path, data: bytes) -> None:
    """Put a file in place of the old one, or none; raises NodedeckError, the old file intact.

    What is there and no regular file, such as a pipe, is refused and not replaced.
    """
    import tempfile  # a reader of the database never needs it

    target = Path(os.path.realpath(path))
    try:
        old = target.stat() if exists(target) else None
        if old is not None:
            _want_regular(old, path)
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
        stays = stays_in_place(target)
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


def stays_in_place(target: Path) -> bool:
    """Whether a file, no symlink, has to stay the same one: it has several names or is a mount.

    Raises OSError where it cannot be looked at.
    """
    return target.stat().st_nlink > 1 or is_mount(target)


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


def create(path: Path, data: bytes = b"", *, listed: bool = True) -> None:
    """Make a file that must not exist yet; raises NodedeckError where it does.

    Without ``listed`` its directory is the caller's to sync, once for several files, as is what is
    written into an empty one.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            _dress(file.fileno(), path.parent, None)
            file.flush()
            if data or listed:
                os.fsync(file.fileno())
        if listed:
            sync_directory(path.parent)
    except OSError as error:
        raise cannot("create", path, error) from error


@contextmanager
def locked(path: Path, *, patience: float = LOCK_SECONDS) -> Iterator[None]:
    """Hold the right to rewrite a file, against every other nodedeck on this host.

    The lock is on the directory, since the file itself is replaced by each write. It is given up
    when the process ends, however it ends. Raises Busy where somebody else keeps it for longer
    than ``patience``, in seconds.
    """
    try:
        handle = os.open(Path(os.path.realpath(path)).parent, os.O_RDONLY)
    except OSError as error:
        raise cannot("lock", path, error) from error
    try:
        _lock(handle, path, patience)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, path: Path, patience: float) -> None:
    end = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= end:
                raise Busy(
                    f"Another nodedeck has kept the files beside {path} to itself for"
                    f" {patience:g} s; nothing was changed.",
                    hint="Let it finish, or look for one that waits for an answer; then try again.",
                ) from error
        except OSError as error:
            raise cannot("lock", path, error) from error
        time.sleep(_LOCK_STEP)


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
    """The sentence for a file operation that failed: Refused where this user may not do it.

    A symlink that leads back to itself is a UsageError.
    """
    reason = (error.strerror or type(error).__name__).lower()
    if error.errno in _FORBIDDEN:
        hint = left or "Look at its owner and mode, and at those of its directories."
        return Refused(f"Cannot {verb} {path}: {reason}.", hint=hint)
    if error.errno == errno.ELOOP:
        return UsageError(f"Cannot {verb} {path}: it is a symlink that leads back to itself.")
    return NodedeckError(f"Cannot {verb} {path}: {reason}.", hint=left)


def _dress(handle: int, directory: Path, old: os.stat_result | None) -> None:
    """Give an open new file the mode and owner it should have."""
    os.fchmod(handle, old.st_mode & 0o7777 if old else PRIVATE)
    if os.geteuid() == 0:
        owner = old or directory.stat()
        os.fchown(handle, owner.st_uid, owner.st_gid)
