"""Files overwritten and removed, and modes tightened.

Overwriting reaches the bytes that the file system gave to the file. A journaling or copying file
system, an SSD and a snapshot may keep others: whoever shreds is told so.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from store import files
from store.errors import Refused, VersionConflict
from store.sealing.suspects import Suspect, stamp_of

CAVEAT: Final = (
    "A journaling file system, an SSD, a snapshot or a copy elsewhere may still keep it: rotate the"
    " values that stood there."
)
_PIECE: Final = 2**20
_OTHERS: Final = stat.S_IRWXO


def shred(suspect: Suspect) -> None:
    """Overwrite a file's bytes, then remove it.

    Raises VersionConflict where it is not the file that was looked at, Refused where it has other
    names, whose content would go too, and NodedeckError where it cannot be written.
    """
    path = suspect.path
    with files.locked(path):
        try:
            handle = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise files.cannot("open", path, error, left="It is as it was.") from error
        with os.fdopen(handle, "wb", buffering=0) as file:
            found = os.fstat(file.fileno())
            if stamp_of(found) != suspect.stamp or not stat.S_ISREG(found.st_mode):
                raise VersionConflict(
                    f"{path} was changed since it was looked at; it is as it was.",
                    hint="Run 'nodedeck doctor' again.",
                )
            if found.st_nlink > 1:
                raise Refused(
                    f"{path} has other names (hard links), whose content would be lost; it is as"
                    " it was.",
                    hint="Remove the other names first, or shred it by hand.",
                )
            _overwrite(file.fileno(), path, found.st_size)
        try:
            path.unlink()
            files.sync_directory(path.parent)
        except OSError as error:
            raise files.cannot(
                "remove", path, error, left="Its content is overwritten; remove it by hand."
            ) from error


def _overwrite(handle: int, path: Path, size: int) -> None:
    try:
        left = size
        while left > 0:
            left -= os.write(handle, os.urandom(min(left, _PIECE)))
        os.fsync(handle)
    except OSError as error:
        raise files.cannot(
            "overwrite", path, error, left="It is still there; part of it may be overwritten."
        ) from error


def tighten(path: Path, *, private: bool = False) -> int:
    """Take a file's mode from others, ``private`` from its group too; the mode it has now.

    Raises Refused where it belongs to somebody else.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        wanted = mode & ~(_OTHERS | (stat.S_IRWXG if private else 0))
        path.chmod(wanted)
    except OSError as error:
        raise files.cannot("change the mode of", path, error, left="It is as it was.") from error
    return wanted
