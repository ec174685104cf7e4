"""The log file of failures that nobody foresaw."""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

from platformdirs import user_log_dir

from store.files import PRIVATE


def log_path() -> Path:
    """The log file of this user; nothing is made."""
    return Path(user_log_dir("nodedeck")) / "nodedeck.log"


def record(error: BaseException, version: str) -> Path:
    """Append a traceback, without local variables, which may hold secrets; raises OSError."""
    path = log_path()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = "".join(traceback.format_exception(error))
    when = datetime.now(UTC).isoformat(timespec="milliseconds")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(f"{when} nodedeck {version} pid {os.getpid()}\n{text}\n")
    return path
