"""Which values of a file that is imported are proposed as secrets, and why.

Besides what ``masks`` knows by name and look, that is text which looks random. It is a proposal
that an operator confirms, so the rule rather misses one: hexadecimal text is a digest or a
signature as often as a key, and is left to its name, like everything that names say is public.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from store import masks
from store.secret_names import words

BY_LOOK: Final = "looks like a secret"
BY_CHANCE: Final = "looks random, as a secret does"

_TOKEN: Final = re.compile(r"[A-Za-z0-9+/_.=~-]{20,512}")
_RUN: Final = re.compile(r"[A-Za-z0-9]{16,}")
_HEX: Final = re.compile(r"(?:0x)?[0-9a-fA-F-]+")
# what is public and looks random: bech32 and base58 addresses, peer and content ids, checksums,
# public keys of ssh, and the first bytes of pictures in base64
_PUBLIC: Final = re.compile(
    r"[a-z]{2,20}1[02-9ac-hj-np-z]{8,90}|[13][1-9A-HJ-NP-Za-km-z]{25,34}"
    r"|(?:12D3KooW|Qm|bafy|16Uiu2|sha\d+-|AAAA[BC]3NzaC1|iVBORw0KGgo|/9j/|R0lGOD|UklGR|PHN2Zy"
    r"|AAABAA|PD94bWw).*"
)
_PUBLIC_NAMES: Final = frozenset(
    (
        "public", "pub", "pubkey", "pubkeys", "signature", "signatures", "sig", "hash", "hashes",
        "digest", "checksum", "checksums", "sum", "sha", "md", "fingerprint", "id", "ids", "uid",
        "uuid", "guid", "address", "addresses", "addr", "wallet", "account", "validator", "peer",
        "peers", "url", "uri", "path", "file", "dir", "folder", "model", "models", "image",
        "images", "icon", "logo", "picture", "avatar", "name", "names", "version", "commit",
        "revision", "ref", "tag", "cert", "certificate", "certificates", "ca", "host", "hostname",
        "label", "title", "description", "class", "font", "binaries", "integrity", "etag",
    )
)  # fmt: skip
_WORDS: Final = re.compile(r"[A-Z]?[a-z]{2,}")
_READABLE: Final = 0.7
_MIXED: Final = 0.45
_ONE_CASE: Final = 0.3
_ONE_CASE_LENGTH: Final = 24


def why(parts: Sequence[str], value: Any) -> str:
    """Why a leaf is proposed as a secret, empty where it is not; it never quotes the value."""
    if masks.holds_secret(parts, value):
        return BY_LOOK
    texts = value if isinstance(value, list) else [value]
    if any(isinstance(text, str) and looks_random(parts, text) for text in texts):
        return BY_CHANCE
    return ""


def looks_random(parts: Sequence[str], text: str) -> bool:
    """Whether a text is one word that nobody would choose, under a name that is not public's."""
    if not _TOKEN.fullmatch(text) or _HEX.fullmatch(text) or _PUBLIC.fullmatch(text):
        return False
    if any(not _PUBLIC_NAMES.isdisjoint(words(name)) for name in parts):
        return False
    return any(_is_random(run) for run in _RUN.findall(text))


def _is_random(run: str) -> bool:
    """Whether letters and digits take turns as chance has it, and not as words and numbers do."""
    readable = sum(map(len, _WORDS.findall(run))) / len(run)
    if _HEX.fullmatch(run) or readable > _READABLE:
        return False
    kinds = [_kind(letter) for letter in run]
    turns = sum(one != next_one for one, next_one in pairwise(kinds)) / (len(run) - 1)
    if {"lower", "upper", "digit"} <= set(kinds):
        return turns >= _MIXED
    return "digit" in kinds and len(run) >= _ONE_CASE_LENGTH and turns >= _ONE_CASE


def _kind(letter: str) -> str:
    if letter.isdigit():
        return "digit"
    return "upper" if letter.isupper() else "lower"
