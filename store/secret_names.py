"""Which names people give to secrets, and which only speak about one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_SECRET_WORDS: Final = (
    "password", "passwords", "passwd", "pwd", "passphrase", "passcode", "secret", "secrets",
    "token", "tokens", "private", "apikey", "mnemonic", "credential", "credentials",
    "privkey",
)  # fmt: skip
# names written as one word; ends only, since a "secretary" and a "tokenizer" keep no secret
_UNSPLIT: Final = re.compile(
    r".*(?:passwords?|passwds?|pwds?|passphrases?|(?:api|priv|private|secret|access|auth|signing"
    r"|master|encryption)keys?|secrets?|mnemonics?|credentials?|tokens?)"
)
_LAST_WORDS: Final = frozenset(("pass", "pw"))
_KEY_OF: Final = (
    "api", "access", "private", "priv", "secret", "signing", "security", "encryption",
    "master", "auth",
)  # fmt: skip
# sections under these names speak about something, and do not hold it
_SECTIONS: Final = frozenset(("token", "private", "pass", "pw"))
_CONTENT: Final = frozenset(("value", "data", "text"))
# what a language model counts, or knows as a word of its own, is a token of another kind
_COUNTED: Final = (
    "eos", "bos", "pad", "unk", "sep", "cls", "stop", "special", "input", "output", "prompt",
    "completion", "max", "min", "num", "total", "new", "batched", "speculative", "image",
)  # fmt: skip
# the last word of a name that speaks about a secret and does not hold it
_ABOUT: Final = (
    "count", "counts", "limit", "limits", "max", "min", "threshold", "name", "names", "type",
    "types", "version", "versions", "backend", "length", "size", "ttl", "timeout", "expiry",
    "expires", "expiration", "enabled", "path", "file", "dir", "directory", "url", "uri",
    "endpoint", "id", "ids", "policy", "algorithm", "budget", "window", "rate", "host", "ip",
    "ips", "address", "addresses", "network", "subnet", "interface", "port",
)  # fmt: skip


def names_secret(parts: Sequence[str]) -> bool:
    """Whether the names of a path, the last one or one above it, are those people give to secrets.

    Names that are data do not count: a node's id, the name of a model that it runs.
    """
    names = tuple(parts)
    if names[:1] == ("nodes",):
        names = (*names[2:3], *names[4:]) if names[2:3] == ("models",) else names[2:]
    return _names_secret(names)


@lru_cache(4096)
def _names_secret(names: tuple[str, ...]) -> bool:
    if not names or "public" in words(names[-1]):
        return False
    if is_secret_name(names[-1]) or any(map(_holds_secrets, names[:-1])):
        return True
    return len(names) > 1 and names[-1].lower() in _CONTENT and is_secret_name(names[-2])


@lru_cache(4096)
def words(name: str) -> tuple[str, ...]:
    """The words of a name in small letters, however they are set apart."""
    return tuple(word.lower() for word in _WORDS.findall(name))


@lru_cache(4096)
def is_secret_name(name: str) -> bool:
    """Whether a name is one that people give to a secret itself."""
    its = words(name)
    if its[-1:] and its[-1] in _ABOUT and its[-2:] != ("secret", "id"):
        return False
    return any(_secret_word(its, at) for at in range(len(its)))


@lru_cache(4096)
def _holds_secrets(name: str) -> bool:
    """Whether everything below a name is a secret: ``passwords``, ``secrets``, ``api_keys``."""
    its = words(name)
    return bool(its) and its[-1] not in _SECTIONS and _secret_word(its, len(its) - 1)


def _secret_word(its: tuple[str, ...], at: int) -> bool:
    word, before = its[at], its[at - 1] if at else ""
    if word in ("key", "keys"):
        return before in _KEY_OF
    if word in _LAST_WORDS:
        return at == len(its) - 1
    if word in _SECRET_WORDS or _UNSPLIT.fullmatch(word):
        head, token, _ = word.rpartition("token")
        return not (token and (head or before).endswith(_COUNTED))
    return False
