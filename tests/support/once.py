"""What is dear to make and the same for every test: made once in a process, then copied."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from store.database import create


def folder() -> Path:
    """A directory that lasts as long as the process."""
    made = Path(tempfile.mkdtemp(prefix="nodedeck-tests-"))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


def new_database(path: Path) -> Path:
    """A new, empty database at a place where none is; all of one process are of one epoch."""
    return Path(shutil.copy(_empty(), path))


@cache
def _empty() -> Path:
    path = folder() / "state.db"
    create(path, created_by="tests")
    return path
