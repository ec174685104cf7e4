"""Static keys: values of the config file changed in its text, and the record of such edits."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from store import (
    checks,
    codec,
    documents,
    file_edits,
    file_seen,
    files,
    latest,
    masks,
    paths,
    static_file,
)
from store.door import Door
from store.errors import MissingDatabase, UnknownPath, UsageError, VersionConflict
from store.file_edits import FileEdit
from store.paths import Kind

_ABSENT: Final = object()


class StaticOperations(Door):
    """Setting keys that live in the config file."""

    def in_file(self, path: str) -> bool:
        """Whether a path is homed in the config file: a static key, or one only the file has."""
        address = paths.locate(path)
        if address is not None and address.kind is Kind.STATIC:
            return True
        parts = paths.split(path)
        if static_file.is_dynamic(parts[0]):
            return False
        if _at(static_file.load(self.config).static, parts) is _ABSENT:
            return False
        with self.database.reading():
            return address is None or latest.value_at(self.database, address) is None

    def set_static(
        self,
        path: str,
        text: str,
        *,
        create: bool = False,
        dry_run: bool = False,
        expect_digest: str | None = None,
        reason: str | None = None,
    ) -> FileEdit | None:
        """Change one value in the config file's text, typed as the one it replaces.

        Every other byte stays. The edit is recorded, secrets masked; None where the value already
        was so. With ``dry_run`` everything is checked and nothing is written; the edit's id is 0.
        The daemon reads the file when it starts. Raises UnknownPath for a key that is not there
        unless ``create`` adds it, InvalidValue for a text that does not fit, CannotCut where the
        text cannot be changed with proof, and VersionConflict where the file changed meanwhile, or
        is another than the one whose digest is expected.
        """
        parts = paths.split(path)
        with files.locked(self.config), self.database.writing():
            if not files.exists(self.config):
                raise MissingDatabase(
                    f"There is no config file {self.config}; nothing was changed.",
                    hint="Name it with --config.",
                )
            if not dry_run:
                file_seen.look(self.database, self.config, self.clock())
            before = files.read(self.config)
            if expect_digest not in (None, files.digest(before)):
                raise VersionConflict(
                    f"{self.config} was changed by somebody else meanwhile; nothing was changed.",
                    hint="Look at it again, then make your change.",
                )
            tree = static_file.read_tree(self.config)
            old = _at(tree, parts)
            if old is _ABSENT and not create:
                raise self._no_such_key(path, tree)
            new = _typed(None if old is _ABSENT else old, text, path)
            new = masks.restored(parts, new, None if old is _ABSENT else old)
            checks.refuse_mask(path, new)
            checks.refuse_no_port(path, new)
            if old is not _ABSENT and (old, type(old)) == (new, type(new)):
                return None
            after = static_file.edited(self.config, before, parts, new)
            shown_old, shown_new = file_edits.hidden(parts, None if old is _ABSENT else old, new)
            edit = FileEdit(
                id=0,
                at=self.clock(),
                path=paths.join(*parts),
                old=shown_old,
                new=shown_new,
                actor=self.actor,
                reason=reason,
                digest_before=files.digest(before),
                digest_after=files.digest(after),
            )
            if dry_run:
                return edit
            recorded = file_edits.record(self.database, edit)
            file_seen.remember_bytes(self.database, self.config, after)
            # inside the transaction, so that a file that cannot be written leaves no record
            static_file.keep(self.config, before, after)
            return recorded

    def file_edits(
        self,
        pattern: str | None = None,
        *,
        since: datetime | None = None,
        actor: str | None = None,
        limit: int = 50,
    ) -> list[FileEdit]:
        """Edits of the config file that concern a path pattern, newest first."""
        with self.database.reading():
            return file_edits.listed(
                self.database, pattern=pattern, since=since, actor=actor, limit=limit
            )

    def _no_such_key(self, path: str, tree: dict[str, Any]) -> UnknownPath:
        near = paths.nearest(path, codec.leaves(tree))
        return UnknownPath(
            f"There is no value at {path} in {self.config}; nothing was changed.",
            hint=f"Did you mean {', '.join(near)}?" if near else "--create adds a key.",
        )


def _at(tree: Any, parts: tuple[str, ...]) -> Any:
    for part in parts:
        if not isinstance(tree, dict) or part not in tree:
            return _ABSENT
        tree = tree[part]
    return tree


def _typed(present: Any, text: str, path: str) -> Any:
    if isinstance(present, dict) and present:
        raise UsageError(
            f"{path} is not a single value; nothing was changed.",
            hint=f"Name one value, such as {path}.{paths.quote(next(iter(present)))}.",
        )
    return codec.load(text) if present is None else documents.like(present, text, path)
