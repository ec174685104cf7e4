"""The edits of the config file, kept beside the audit log: ours, and others' as seen."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from store import codec, masks, paths, schema
from store.database import Database
from store.latest import parse_time
from store.models import FieldChange, Value
from store.paths import Pattern

_PUT: Final = (
    "INSERT INTO file_edits(at,actor,reason,path,old_json,new_json,digest_before,digest_after)"
    " VALUES(?,?,?,?,?,?,?,?)"
)
_WHOLE: Final = '"./'
_TABLE: Final = "file_edits"
_COLUMNS: Final = "id,at,actor,reason,path,old_json,new_json,digest_before,digest_after"


class FileEdit(Value):
    """One edit of the config file: of one value, None where the key is not there, or of more.

    Then ``path`` is ``whole`` of the file, and the values are objects of the leaves that differ by
    path, None where no leaf that may be shown does. A secret's two values are the mask. The
    digests are those of the whole file, SHA-256 in hex. No actor is another program.
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

    @property
    def fields(self) -> list[FieldChange]:
        """The leaves that differ."""
        if not self.of_whole:
            return [FieldChange(path=self.path, old=self.old, new=self.new)]
        old, new = (each if isinstance(each, dict) else {} for each in (self.old, self.new))
        return [
            FieldChange(path=leaf, old=old.get(leaf), new=new.get(leaf))
            for leaf in dict.fromkeys((*old, *new))
        ]

    @property
    def of_whole(self) -> bool:
        """Whether it is of the file and not of one value."""
        return self.path.startswith(_WHOLE)


def whole(path: Path) -> str:
    """The path by which an edit of a file as a whole is known: ``"./config.yaml"``."""
    return paths.join(f"./{path.name}")


def newest_digest(db: Database) -> tuple[str, None] | None:
    """The file's digest after the newest edit, whose leaves nobody noted; None without any."""
    found = db.value("SELECT digest_after FROM file_edits ORDER BY id DESC LIMIT 1")
    return None if found is None else (str(found), None)


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
        if wanted is not None and not _concerns(edit, wanted):
            continue
        found.append(edit)
        if len(found) == limit:
            break
    return found


def _concerns(edit: FileEdit, wanted: Pattern) -> bool:
    touched = (edit.path, *(field.path for field in edit.fields))
    return any(wanted.touches(paths.split(path)) for path in touched)


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
