"""The config file as it was last seen, so that other programs' edits are recorded too.

Its digest and its leaves, secrets masked, stand in ``meta``. Where the file's digest is another,
somebody else wrote it: one row of ``file_edits`` without an actor, which names the leaf that
differs, or the file as a whole with all leaves that do. A secret that became another one shows in
no leaf: then the row tells of the file alone.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from store import codec, file_edits, files, masks, static_file
from store.database import Database
from store.errors import NodedeckError
from store.file_edits import FileEdit

_META: Final = "config_seen"
_PUT: Final = (
    "INSERT INTO meta(key,value) VALUES(?,?) ON CONFLICT(key) DO UPDATE SET value=excluded.value"
)


def look(
    db: Database, path: Path, at: datetime, *, actor: str | None = None, reason: str | None = None
) -> FileEdit | None:
    """Record that the file is another than was last seen, inside the caller's write transaction.

    ``actor`` is whoever wrote it, None for another program. None where it is as it was, and where
    it is seen for the first time or cannot be read, since then nothing is known to differ.
    """
    try:
        if not files.exists(path):
            return None
        data = files.read(path)
    except NodedeckError:  # whoever needs the file says what is wrong with it
        return None
    digest, seen = files.digest(data), _seen(db)
    if seen is not None and seen[0] == digest:
        return None
    before = seen or file_edits.newest_digest(db)
    leaves = _leaves(path, data)
    remember(db, digest, leaves if leaves is not None else (seen[1] if seen else None))
    if before is None or before[0] == digest:
        return None
    name, old, new = _difference(path, before[1], leaves)
    edit = FileEdit(
        id=0, at=at, path=name, old=old, new=new, actor=actor, reason=reason,
        digest_before=before[0], digest_after=digest,
    )  # fmt: skip
    return file_edits.record(db, edit)


def remember(db: Database, digest: str, leaves: dict[str, Any] | None) -> None:
    """Note how the file is now, inside the caller's write transaction."""
    db.execute_sql(_PUT, (_META, codec.dump({"digest": digest, "leaves": leaves})))


def remember_bytes(db: Database, path: Path, data: bytes) -> None:
    """Note what an edit of ours, which is recorded by itself, made of the file."""
    remember(db, files.digest(data), _leaves(path, data))


def _seen(db: Database) -> tuple[str, dict[str, Any] | None] | None:
    stored = db.value("SELECT value FROM meta WHERE key=?", (_META,))
    found = codec.load(stored) if isinstance(stored, str) else None
    if not isinstance(found, dict) or not isinstance(found.get("digest"), str):
        return None
    leaves = found.get("leaves")
    return found["digest"], leaves if isinstance(leaves, dict) else None


def _leaves(path: Path, data: bytes) -> dict[str, Any] | None:
    """The file's static leaves as they may be kept; None where the text cannot be read."""
    try:
        tree = static_file.parsed(path, data)
    except NodedeckError:
        return None
    static = {name: value for name, value in tree.items() if not static_file.is_dynamic(name)}
    shown = masks.masked((), static)
    return {leaf: _plain(value) for leaf, value in codec.leaves(shown).items()} if shown else {}


def _plain(value: Any) -> Any:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return codec.shown(value)
    return value


def _difference(
    path: Path, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> tuple[str, Any, Any]:
    """The path and the two values of a row: a leaf's own, or the file's with all that differ."""
    whole = file_edits.whole(path)
    if before is None or after is None:
        return whole, None, None
    differing = [
        leaf
        for leaf in dict.fromkeys((*before, *after))
        if (leaf in before, before.get(leaf), type(before.get(leaf)))
        != (leaf in after, after.get(leaf), type(after.get(leaf)))
    ]
    if len(differing) == 1:
        (leaf,) = differing
        return leaf, before.get(leaf), after.get(leaf)
    old, new = (
        {leaf: side[leaf] for leaf in differing if leaf in side} for side in (before, after)
    )
    return (whole, old, new) if differing else (whole, None, None)
