"""Secrets are known by name and by look."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.codec import MASK
from store.masks import is_secret, masked
from store.secret_names import names_secret


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "db_password",
        "apiKey",
        "api-key",
        "API_KEY",
        "secret",
        "clientSecret",
        "token",
        "authToken",
        "privateKey",
        "private_key",
        "mnemonic",
        "security_key",
        "signing-keys",
        "passphrase",
        "worker_private",
        "credentials",
    ],
)
def test_names_that_people_give_to_secrets(name: str) -> None:
    assert names_secret(("some", name))
    assert masked(("some", name), "hunter2") == MASK


@pytest.mark.parametrize(
    "name",
    [
        "host",
        "worker_public",
        "account_public_key",
        "publicKey",
        "signer_key_name",
        "keyring_dir",
        "monkey",
        "port",
        "signature",
        "tokenizer",
        "key",
    ],
)
def test_names_of_ordinary_values(name: str) -> None:
    assert not names_secret((name,))
    assert masked((name,), "value") == "value"


@pytest.mark.parametrize("value", [0.5, 1, True, None, "", {}, []])
def test_only_text_that_is_not_empty_is_a_secret(value: Any) -> None:
    assert masked(("kb_per_input_token",), value) == value


def test_a_private_key_is_known_whatever_its_name() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"
    assert masked(("notes",), pem) == MASK
    assert masked(("notes",), ["x", pem]) == MASK


def test_a_list_with_a_secret_is_one() -> None:
    assert is_secret(("tokens",), ["a", "b"])
    assert not is_secret(("tokens",), [1, 2])


@given(st.lists(st.text()), st.text())
def test_masking_never_fails_and_is_idempotent(parts: list[str], value: str) -> None:
    once = masked(parts, value)
    assert once in (value, MASK)
    assert masked(parts, once) == once


def test_a_path_without_parts_names_no_secret() -> None:
    assert not names_secret(())
