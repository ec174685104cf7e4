"""What another database keeps beside its document: whether a profile or a flag can be taken."""

from __future__ import annotations

from store import masks, paths, settings_flags
from store.codec import MASK
from store.errors import InvalidValue, UsageError
from store.paths import Kind
from store.reading import Item, to_python


def misfit(kind: Kind, item: Item, parts: tuple[str, ...]) -> str:
    """Why a profile or a flag at the path of these parts does not come, empty where it does.

    A profile that another program gave a secret does not: it would stand in clear here too.
    """
    if kind is Kind.FLAG:
        return _of_flag(item, parts[1])
    if item.kind != "map":
        return "must be a mapping of settings"
    secret = next(
        (key for key, each in item.entries.items() if _is_secret(parts[1], key, each)), ""
    )
    if secret:
        return f"it has the secret {secret} in clear; save it anew with 'nodedeck profile save'"
    return ""


def _of_flag(item: Item, name: str) -> str:
    try:
        settings_flags.checked(name, to_python(item))
    except InvalidValue as fault:
        return fault.message.partition(": ")[2].removesuffix("; nothing was changed.")
    return ""


def _is_secret(service: str, key: str, item: Item) -> bool:
    try:
        parts = (service, *paths.split(key))
    except UsageError:  # only another program makes such a key
        parts = (service, key)
    value = to_python(item)
    return value == MASK or masks.holds_secret(parts, value)
