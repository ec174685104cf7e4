"""Which values are secrets, decided in one place from name and value."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Any, Final

from store.codec import MASK
from store.sealing import wording

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_WORDS: Final = {
    "password", "passwd", "passphrase", "secret", "secrets", "token", "tokens", "private",
    "apikey", "mnemonic", "credential", "credentials", "privkey",
}  # fmt: skip
_KEY_OF: Final = {
    "api",
    "access",
    "private",
    "secret",
    "signing",
    "security",
    "encryption",
    "master",
    "auth",
}
_PEM: Final = "-----BEGIN "


def names_secret(parts: Sequence[str]) -> bool:
    """Whether the last name of a path is one that people give to secrets."""
    words = [word.lower() for word in _WORDS.findall(parts[-1])] if parts else []
    if "public" in words:
        return False
    return bool(_SECRET_WORDS & set(words)) or any(
        first in _KEY_OF and second in ("key", "keys")
        for first, second in itertools.pairwise(words)
    )


def is_secret(parts: Sequence[str], value: Any) -> bool:
    """Whether a leaf holds a secret: a text that is not empty, under a secret's name or in PEM."""
    if isinstance(value, list | tuple):
        return any(is_secret(parts, item) for item in value)
    if not isinstance(value, str) or not value:
        return False
    # as the log tells of secrets: sealed, or covered by a mask with a count
    told = wording.is_sealed(value) or wording.is_covered(value)
    return told or names_secret(parts) or _PEM in value


def holds_secret(parts: Sequence[str], value: Any) -> bool:
    """Whether a value is a secret, or has one anywhere inside."""
    if isinstance(value, dict):
        return any(holds_secret((*parts, str(name)), below) for name, below in value.items())
    if isinstance(value, list):
        return any(holds_secret(parts, below) for below in value)
    return is_secret(parts, value)


def masked(parts: Sequence[str], value: Any) -> Any:
    """A leaf as it may be shown: itself, or the mask."""
    return MASK if is_secret(parts, value) else value
