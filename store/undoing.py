"""Undo: a change's old value, written back as a change of its own.

That is only right while the change's new value still stands, so what has moved on since is a
conflict. Values are compared as they decode, so that ``"007"`` and ``7`` are one height.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from pydantic import ValidationError

from store import codec, entities, history, retention, settings
from store.checks import misfit
from store.database import Database
from store.errors import InvalidValue, Refused, UnknownPath, UsageError, VersionConflict
from store.masks import masked
from store.models import Change
from store.paths import Kind
from store.sealing import wording
from store.sealing.vault import Vault

_TOLD: Final = 3
_LONGEST: Final = 60


def undo(vault: Vault, change_id: int) -> None:
    """Write the old value of a change back, inside the caller's transaction.

    A secret comes back as the log has it, sealed. Raises UsageError where there is no such change
    or it changed nothing, VersionConflict where the value has moved on, Refused for a secret that
    stood in clear, which the log has not, SecretError for one whose key is lost, and InvalidValue
    for an old value that only another program could write.
    """
    db = vault.db
    change = _change(db, change_id)
    ((old, new),) = db.rows("SELECT old_json, new_json FROM audit_log WHERE id=?", (change_id,))
    kind = history.kind_of(change.path)
    value = codec.entity_value(kind, change.path, old)
    secret = kind in (Kind.PROVIDER, Kind.NODE_KEY) or wording.is_sealed(value)
    try:
        untold = _untold(db, kind, change.path, value, change.new)
    except UsageError:  # a path that only another program can make
        raise _not_ours(change) from None
    if untold:
        raise Refused(
            f"{change.path} is a secret, and the log does not hold its clear value;"
            " nothing was changed.",
            hint="Set it anew.",
        )
    if not _same(kind, change.path, _present(db, change.path), new):
        raise _moved_on(db, change)
    try:
        if secret:
            vault.restore(change.path, value)
        elif old is None:
            entities.drop(db, change.path, kind)
        else:
            entities.put(db, change.path, kind, value)
    except UnknownPath:  # a key without its node: what is missing is told better there
        raise
    except ValidationError as error:
        raise misfit(error, change.path) from None
    except (UsageError, TypeError, ValueError):
        raise _not_ours(change) from None
    if not _same(kind, change.path, _present(db, change.path), old):
        raise _not_ours(change)


def undo_all(vault: Vault, change_ids: Iterable[int]) -> None:
    """Undo several changes, newest first, inside the caller's transaction; raises like ``undo``."""
    for change_id in sorted(set(change_ids), reverse=True):
        undo(vault, change_id)


def _untold(db: Database, kind: Kind, path: str, old: Any, new: Any) -> bool:
    """Whether an undo would need, or take away for good, a value that the log does not hold."""
    if kind is Kind.PROVIDER:
        old, new = _key_of(old), _key_of(new)
    if wording.is_covered(old) or (old is None and wording.is_covered(new)):
        return True
    # in clear from a time before anybody said that it is a secret
    clear = kind is Kind.SETTING and old is not None and not wording.is_sealed(old)
    return clear and settings.is_flagged(db, *entities.setting_key(path))


def _key_of(provider: Any) -> Any:
    return provider.get("api_key") if isinstance(provider, dict) else provider


def reason_for(change_ids: Iterable[int]) -> str:
    """The reason of an undo to which nobody gave one."""
    ids = sorted(set(change_ids), reverse=True)
    if len(ids) > _TOLD:
        return f"undo of {len(ids)} changes, #{ids[0]} to #{ids[-1]}"
    return f"undo of {', '.join(f'#{each}' for each in ids)}"


def _change(db: Database, change_id: int) -> Change:
    change = history.find(db, change_id)
    if change is None:
        past = retention.horizons(db)
        older = change_id <= max(past.heights, past.rest)
        why = " any more: it is older than what the log keeps" if older else ""
        raise UsageError(
            f"There is no change #{change_id} in the log{why}; nothing was changed.",
            hint="'nodedeck history' lists the changes.",
        )
    if change.action == "R":
        raise UsageError(
            f"Change #{change_id} wrote {change.path} again as it was, so there is nothing to"
            " undo; nothing was changed."
        )
    return change


def _present(db: Database, path: str) -> str | None:
    found: str | None = db.value(
        "SELECT new_json FROM audit_log WHERE path=? ORDER BY id DESC LIMIT 1", (path,)
    )
    return found


def _same(kind: Kind, path: str, one: str | None, other: str | None) -> bool:
    """Whether two stored values mean the same; absence and JSON's null do not."""
    if one is None or other is None:
        return one is other
    return _canonical(kind, path, one) == _canonical(kind, path, other)


def _canonical(kind: Kind, path: str, stored: str) -> str:
    return json.dumps(codec.entity_value(kind, path, stored), sort_keys=True)


def _moved_on(db: Database, change: Change) -> VersionConflict:
    newest = history.newest_of(db, change.path)
    since = newest.model_copy(update={"old": change.new})
    told = [
        f"{field.path} is {_shown(field.path, field.new)}, not {_shown(field.path, field.old)}"
        for field in history.fields(since)
    ] or ["it is another value"]
    more = f" and {len(told) - _TOLD} more" if len(told) > _TOLD else ""
    return VersionConflict(
        f"{change.path} has moved on since change #{change.id}: {'; '.join(told[:_TOLD])}{more}."
        f" {newest.actor or 'An external writer'} changed it at {history.stamp(newest.at)}"
        f" (change #{newest.id}); nothing was changed.",
        hint=f"Undo #{newest.id} first, or set the value that you want.",
    )


def _shown(path: str, value: Any) -> str:
    if value is None:
        return "absent"
    text = codec.shown(masked(history.parts_of(path), value))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _not_ours(change: Change) -> InvalidValue:
    return InvalidValue(
        f"{change.path} had a value before change #{change.id} that only another program can"
        " write; nothing was changed.",
        hint="'nodedeck history' shows it; set the value that you want.",
    )
