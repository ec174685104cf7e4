"""What a change did, in words."""

from __future__ import annotations

from typing import Any

from store import codec
from store.history import fields
from store.models import Change
from tui import output


def differences(change: Change) -> list[str]:
    """``path: old → new`` of each leaf that differs, secrets masked."""
    return [
        f"{field.path}: {shown(field.path, field.old)} → {shown(field.path, field.new)}"
        for field in fields(change)
    ] or [f"{change.path}: written again"]


def shown(path: str, value: Any) -> str:
    """A value as one text, masked where it is a secret, a dash where it is absent."""
    return "–" if value is None else codec.shown(output.masked(path, value))
