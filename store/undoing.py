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
    refuse_untold(db, change.path, change_id, old, new)
    if not same(change.path, present(db, change.path), new):
        raise _moved_on(db, change)
    put_back(vault, change.path, change_id, old)


def refuse_untold(
    db: Database, path: str, change_id: int, old: str | None, new: str | None
) -> None:
    """Raise Refused where a change's old value is a secret that the log does not hold."""
    kind = history.kind_of(path)
    was, became = (codec.entity_value(kind, path, stored) for stored in (old, new))
    try:
        untold = _untold(db, kind, path, was, became)
    except UsageError:  # a path that only another program can make
        raise _not_ours(path, change_id) from None
    if untold:
        raise Refused(
            f"{path} is a secret, and the log does not hold its clear value; nothing was changed.",
            hint="Set it anew.",
        )


def put_back(vault: Vault, path: str, change_id: int, old: str | None) -> None:
    """Write the value that an entity had before a change, None for one that was absent.

    ``old`` is as the log stores it; a secret comes back sealed. Raises InvalidValue where only
    another program can write it, and what ``Vault.restore`` raises.
    """
    db, kind = vault.db, history.kind_of(path)
    value = codec.entity_value(kind, path, old)
    try:
        if kind in (Kind.PROVIDER, Kind.NODE_KEY) or wording.is_sealed(value):
            vault.restore(path, value)
        elif old is None:
            entities.drop(db, path, kind)
        else:
            entities.put(db, path, kind, value)
    except UnknownPath:  # a key without its node: what is missing is told better there
        raise
    except ValidationError as error:
        raise misfit(error, path) from None
    except (UsageError, TypeError, ValueError):
        raise _not_ours(path, change_id) from None
    if not same(path, present(db, path), old):
        raise _not_ours(path, change_id)


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


def present(db: Database, path: str) -> str | None:
    """The present value of an entity as the log stores it, None where it is absent."""
    found: str | None = db.value(
        "SELECT new_json FROM audit_log WHERE path=? ORDER BY id DESC LIMIT 1", (path,)
    )
    return found


def same(path: str, one: str | None, other: str | None) -> bool:
    """Whether two stored values of an entity mean the same; absence and JSON's null do not."""
    if one is None or other is None:
        return one is other
    kind = history.kind_of(path)
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


def _not_ours(path: str, change_id: int) -> InvalidValue:
    return InvalidValue(
        f"{path} had a value before change #{change_id} that only another program can"
        " write; nothing was changed.",
        hint="'nodedeck history' shows it; set the value that you want.",
    )
