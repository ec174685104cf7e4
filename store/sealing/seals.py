"""Sealing and opening one value with AES-256-GCM.

What is bound to a sealed value as associated data is the format, the key's id and the value's
place: moved to another row, or told to be of another key, it does not open. Cryptography is
imported when a value is sealed or opened, so that no other question pays for it.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Final

from store.errors import SecretError
from store.sealing.keyfile import MasterKey
from store.sealing.wording import PREFIX, VERSION, parsed

_NONCE_BYTES: Final = 12


def seal(key: MasterKey, place: str, value: str) -> str:
    """A value as sealed text under a key, with a fresh nonce; ``place`` is where it will stand."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(_NONCE_BYTES)
    hidden = AESGCM(key.secret).encrypt(nonce, value.encode(), _bound(key.id, place))
    return f"{PREFIX}{key.id}:{base64.b64encode(nonce + hidden).decode('ascii')}"


def unseal(key: MasterKey, place: str, sealed: str, path: str) -> str:
    """The value of sealed text; raises SecretError, naming ``path``, where it is not intact here.

    That is for text that is none, text of another key, and text that was altered or that was
    sealed for another place.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    found = parsed(sealed)
    if found is None or found[0] != key.id:
        raise _broken(path)
    try:
        data = base64.b64decode(found[1], validate=True)
        nonce, hidden = data[:_NONCE_BYTES], data[_NONCE_BYTES:]
        return AESGCM(key.secret).decrypt(nonce, hidden, _bound(key.id, place)).decode()
    except (binascii.Error, InvalidTag, ValueError):
        raise _broken(path) from None


def _bound(key_id: str, place: str) -> bytes:
    return "\0".join(("nodedeck", VERSION, key_id, place)).encode()


def _broken(path: str) -> SecretError:
    return SecretError(
        f"The sealed value of {path} does not open: it was altered, or it was sealed for another"
        " path; it stays as it is.",
        hint="Undo the change that brought it ('nodedeck history'), or set the value anew.",
    )
