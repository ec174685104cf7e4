"""What the verbs of ``nodedeck secret`` say of a secret, which is never its value."""

from __future__ import annotations

from typing import Any

from store.operations.secrets import Stored
from store.sealing.places import Secret
from tui import output


def fields(secret: Secret) -> dict[str, Any]:
    """A secret as JSON shows it."""
    return {
        "path": secret.place.path,
        "kind": secret.place.kind.value,
        "state": secret.state.value,
        "version": secret.version,
        "key_id": secret.key_id or None,
    }


def row(secret: Secret, *, lost: bool) -> list[str]:
    """A secret as a line of the list; ``lost`` says that its key is."""
    key = f"key {secret.key_id}{', which is lost' if lost else ''}" if secret.key_id else "–"
    return [secret.place.path, secret.state.value, f"version {secret.version}", key]


def say(done: Stored) -> None:
    """Narrate what was stored, and where former values may still stand."""
    path, version = done.secret.place.path, done.secret.version
    if done.change:
        output.say(f"{path} is sealed, version {version}, change #{done.change}.")
    else:
        output.say(f"{path} has this value already; nothing was changed.")
    for sentence in done.left:
        output.say(sentence)
