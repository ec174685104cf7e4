"""A sealed value opens under its own key, at its own place, unaltered, and nowhere else."""

from __future__ import annotations

import base64
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.errors import SecretError
from store.sealing import wording
from store.sealing.keyfile import MasterKey
from store.sealing.seals import seal, unseal

KEY = MasterKey(b"k" * 32)
PLACE = '["settings","value_json","svc","token"]'


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_to_the_same(value: str) -> None:
    sealed = seal(KEY, PLACE, value)
    assert wording.parsed(sealed) is not None
    assert unseal(KEY, PLACE, sealed, "svc.token") == value


def test_each_sealing_has_a_nonce_of_its_own() -> None:
    assert len({seal(KEY, PLACE, "hunter2") for _ in range(100)}) == 100


def test_a_flipped_bit_anywhere_is_an_error() -> None:
    sealed = seal(KEY, PLACE, "hunter2")
    head, _, data = sealed.rpartition(":")
    raw = bytearray(base64.b64decode(data))
    for bit in range(len(raw) * 8):
        raw[bit // 8] ^= 1 << bit % 8
        altered = f"{head}:{base64.b64encode(raw).decode()}"
        with pytest.raises(SecretError, match=r"svc\.token does not open") as caught:
            unseal(KEY, PLACE, altered, "svc.token")
        assert "hunter2" not in str(caught.value)
        raw[bit // 8] ^= 1 << bit % 8


@pytest.mark.parametrize(
    "cut", [lambda s: s[:-4], lambda s: s + "AAAA", lambda s: s[:-1], lambda s: s[:27]]
)
def test_cut_or_longer_text_is_an_error(cut: object) -> None:
    assert callable(cut)
    with pytest.raises(SecretError):
        unseal(KEY, PLACE, cut(seal(KEY, PLACE, "hunter2")), "svc.token")


def test_it_does_not_open_elsewhere_nor_under_another_key_id() -> None:
    sealed = seal(KEY, PLACE, "hunter2")
    with pytest.raises(SecretError):
        unseal(KEY, PLACE.replace("token", "other"), sealed, "svc.other")
    other = MasterKey(b"x" * 32)
    with pytest.raises(SecretError):
        unseal(other, PLACE, sealed, "svc.token")
    with pytest.raises(SecretError):
        unseal(other, PLACE, sealed.replace(KEY.id, other.id), "svc.token")


def test_the_key_id_is_bound_and_not_only_compared() -> None:
    class Renamed(MasterKey):
        @property
        def id(self) -> str:
            return "0" * 16

    sealed = seal(KEY, PLACE, "hunter2").replace(KEY.id, "0" * 16)
    with pytest.raises(SecretError):
        unseal(Renamed(KEY.secret), PLACE, sealed, "svc.token")


def test_a_key_tells_nothing_of_itself() -> None:
    assert "k" * 8 not in repr(KEY)
    assert KEY.id == MasterKey(b"k" * 32).id != MasterKey(b"j" * 32).id


@pytest.mark.parametrize(
    ("value", "sealed", "covered"),
    [
        ("********", False, True),
        ("********#12", False, True),
        ("********@7", False, True),
        ("********#", False, False),
        ("sealed:v1:0123456789abcdef:QUJD", True, False),
        ("sealed:v1:0123456789ABCDEF:QUJD", False, False),
        ("sealed:v1:0123456789abcdef:QU JD", False, False),
        ("sealed:v1:0123456789abcdef:QUJD\n", False, False),
        (7, False, False),
        (None, False, False),
    ],
)
def test_what_the_words_mean(value: object, sealed: bool, covered: bool) -> None:
    assert (wording.is_sealed(value), wording.is_covered(value)) == (sealed, covered)
    assert wording.shown(value) == ("********" if sealed or covered else value)


def test_a_question_about_other_values_imports_no_cryptography() -> None:
    code = (
        "import sys; from store.manager import ConfigManager; import tui.verbs.get;"
        "sys.exit(any(name.split('.')[0] == 'cryptography' for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
