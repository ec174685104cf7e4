"""The edits of the config file that nodedeck made, kept beside the audit log."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from store import codec, masks, paths, schema
from store.database import Database
from store.models import Value
from store.paths import Pattern
from store.state import parse_time

_PUT: Final = (
    "INSERT INTO file_edits(at,actor,reason,path,old_json,new_json,digest_before,digest_after)"
    " VALUES(?,?,?,?,?,?,?,?)"
)
_TABLE: Final = "file_edits"
_COLUMNS: Final = "id,at,actor,reason,path,old_json,new_json,digest_before,digest_after"


class FileEdit(Value):
    """One value changed in the config file's text; None stands for a key that is not there.

    A secret's two values are the mask. The digests are those of the whole file, SHA-256 in hex.
    """

    id: int
    at: datetime
    path: str
    old: Any
    new: Any
    actor: str | None
    reason: str | None
    digest_before: str
    digest_after: str


def record(db: Database, edit: FileEdit) -> FileEdit:
    """Add an edit inside the caller's write transaction, secrets masked; the edit as kept."""
    cursor = db.execute_sql(
        _PUT,
        (
            edit.at.astimezone(UTC).isoformat(timespec="milliseconds"),
            edit.actor,
            edit.reason,
            edit.path,
            None if edit.old is None else codec.dump(edit.old),
            None if edit.new is None else codec.dump(edit.new),
            edit.digest_before,
            edit.digest_after,
        ),
    )
    return edit.model_copy(update={"id": cursor.lastrowid})


def hidden(parts: tuple[str, ...], old: Any, new: Any) -> tuple[Any, Any]:
    """The two values as they may be kept: where either is a secret, both that are there go."""
    if not any(masks.is_secret(parts, each) for each in (old, new)):
        return old, new
    return tuple(None if each is None else codec.MASK for each in (old, new))  # type: ignore[return-value]


def listed(
    db: Database,
    *,
    pattern: str | None = None,
    since: datetime | None = None,
    actor: str | None = None,
    limit: int = 50,
) -> list[FileEdit]:
    """Edits of what a path pattern names, newest first; "external" is no actor."""
    wanted = Pattern.parse(pattern) if pattern else None
    found: list[FileEdit] = []
    if not schema.has_table(db, _TABLE):
        return found
    for row in db.execute_sql(f"SELECT {_COLUMNS} FROM file_edits ORDER BY id DESC"):
        edit = _edit(row)
        if since is not None and edit.at < since:
            continue
        if actor is not None and (edit.actor or "external") != actor:
            continue
        if wanted is not None and not wanted.touches(paths.split(edit.path)):
            continue
        found.append(edit)
        if len(found) == limit:
            break
    return found


def _edit(row: tuple[Any, ...]) -> FileEdit:
    number, at, actor, reason, path, old, new, before, after = row
    return FileEdit(
        id=number,
        at=parse_time(str(at)) or datetime.fromtimestamp(0, UTC),
        path=path,
        old=None if old is None else codec.load(old),
        new=None if new is None else codec.load(new),
        actor=actor,
        reason=reason,
        digest_before=before,
        digest_after=after,
    )
