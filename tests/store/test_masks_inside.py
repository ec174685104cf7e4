"""Secrets inside texts: what a command, a URL or an assignment tells, and what stays readable."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import masks
from store.codec import MASK
from store.manager import ConfigManager
from store.masks import masked
from store.models import Node
from store.paths import Kind
from store.secret_names import names_secret
from tests.support import foreign
from tests.support.samples import NODE
from tui.panes.audit import summary

PEM = "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    "path",
    [
        "passwords.admin", "svc.secrets.a", "secrets.a", "svc.api_keys.openai", "svc.token.value",
        "svc.credentials.user", "dbpassword", "dbPwd", "pwd", "passwd", "apikey", "APIKEY",
        "authtoken", "privkey", "hftoken", "clientsecret", "db_pass", "secret_id", "token_2",
        "nodes.n1.auth.token", "svc.private_key_pem",
    ],
)  # fmt: skip
def test_a_name_or_the_one_above_gives_a_secret_away(path: str) -> None:
    assert names_secret(path.split("."))
    assert masked(path.split("."), "hunter2") == MASK


@pytest.mark.parametrize(
    "path",
    [
        "svc.public key", "chain_node.account_public_key", "mlnode_security.key_version",
        "chain_node.signer_key_name", "chain_node.keyring_backend", "current_seed.signature",
        "svc.max_tokens", "svc.token_count", "svc.tokenizer", "svc.eos_token", "svc.maxtokens",
        "svc.token_limits.daily", "svc.token.issuer", "svc.password_policy", "svc.secret_name",
        "svc.compass", "svc.bypass", "svc.secretary", "svc.private_network.cidr", "secrets.public",
        "ml_node_key_config.worker_public", "nodes.secrets.host", "nodes.token.version",
        "nodes.n1.models.secrets.args",
    ],
)  # fmt: skip
def test_a_name_that_speaks_of_other_things_hides_nothing(path: str) -> None:
    assert not names_secret(path.split("."))
    assert masked(path.split("."), "value") == "value"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://bob:hunter2@db:5432/x", f"postgres://bob:{MASK}@db:5432/x"),
        ("postgres://bob:hun@ter@db/x", f"postgres://bob:{MASK}@db/x"),
        ("postgres://bob:hun/ter@db/x", f"postgres://bob:{MASK}@db/x"),
        ("https://sometoken@git.example/x.git", f"https://{MASK}@git.example/x.git"),
        (
            "https://h/a?token=abc&checksum=sha256:ff",
            f"https://h/a?token={MASK}&checksum=sha256:ff",
        ),
        ("https://h/a?b=1&key=abc", f"https://h/a?b=1&key={MASK}"),
        ("https://h/a?access_token=abc#x", f"https://h/a?access_token={MASK}#x"),
        ("https://h/a?%74oken=abc", f"https://h/a?%74oken={MASK}"),
        ("https://h/a?X-Amz-Signature=abc", f"https://h/a?X-Amz-Signature={MASK}"),
        ("serve --api-key X --port 80", f"serve --api-key {MASK} --port 80"),
        ("serve --token='a b' --port 80", f"serve --token={MASK} --port 80"),
        ("Server=db;Pwd=hunter2", f"Server=db;Pwd={MASK}"),
        ('{"api_key": "x", "max_tokens": 5}', f'{{"api_key": "{MASK}", "max_tokens": 5}}'),
        ("Authorization: Bearer abc", f"Authorization: Bearer {MASK}"),
        ("run hf_abcdefghijklmnopqrst now", f"run {MASK} now"),
    ],
)
def test_the_secret_part_of_a_text_alone_is_masked(text: str, shown: str) -> None:
    assert masked(("svc", "x"), text) == shown
    assert masked(("svc", "x"), shown) == shown
    assert masks.holds_secret(("svc", "x"), text)
    assert masks.holds_secret(("svc", "x"), shown) is not shown.startswith("run ")


@pytest.mark.parametrize(
    "text",
    [
        "http://host:8080/a@b", "ssh://git@host/x", "nats://0.0.0.0:4222", "bob@example.org",
        "https://h/a?checksum=sha256:ff&key_version=2", "serve --max-tokens 5 --tokenizer a/b",
        "--max-num-batched-tokens", "sk-learn-random-forest-model", "a: b", "password policy: long",
        "-----BEGIN PUBLIC KEY-----\nAA", "-----BEGIN RSA PUBLIC KEY-----\nAA", "2 + 2 = 4",
        "x" * 4000, "",
    ],
)  # fmt: skip
def test_an_ordinary_text_stays(text: str) -> None:
    assert masked(("svc", "x"), text) == text
    assert not masks.holds_secret(("svc", "x"), text)


def test_a_commands_words_are_read_together() -> None:
    args = ["--api-key", "X", "Y", "--tp", "4", "--hf-token=z", "--max-model-len", "9", "TOKEN=q"]
    assert masked(("nodes", "n", "models", "m", "args"), args) == [
        "--api-key", MASK, MASK, "--tp", "4", f"--hf-token={MASK}", "--max-model-len", "9",
        f"TOKEN={MASK}",
    ]  # fmt: skip


def test_numbers_and_what_is_no_text_are_never_secrets() -> None:
    values: tuple[Any, ...] = (math.nan, [math.nan], 5, True, None, {}, [], ())
    for value in values:
        assert not masks.holds_secret(("passwords", "token"), value)


def test_no_table_takes_a_whole_secret_and_the_daemons_take_one_inside() -> None:
    args = {"models": {"m": {"args": ["--api-key", "X"]}}}
    assert not masks.unfit(Kind.NODE, ("nodes", "n"), args)
    assert masks.unfit(Kind.NODE, ("nodes", "n"), {"models": {"m": {"args": [PEM]}}})
    assert masks.unfit(Kind.SETTING, ("svc", "url"), "redis://:x@h")


@given(
    st.lists(st.text(), max_size=3),
    st.recursive(
        st.text() | st.integers() | st.sampled_from(("--token", "k", "a://b:c@d", "?key=x", PEM)),
        lambda below: st.lists(below) | st.dictionaries(st.text(), below),
        max_leaves=6,
    ),
)
def test_masking_twice_is_masking_once(parts: list[str], value: Any) -> None:
    once = masked(parts, value)
    assert masked(parts, once) == once
    assert masks.restored(parts, once, value) == value or not masks.shows_mask(once)


@pytest.mark.parametrize(
    "text", ["a://a:", "eyJ-", "a.a.", "--a ", "?a=", "-----BEGIN ", "@a://a:"]
)
def test_a_hostile_text_takes_no_longer_than_its_length_deserves(text: str) -> None:
    long = text * (200_000 // len(text))
    start = time.perf_counter()
    masked(("svc", "x"), long)
    assert time.perf_counter() - start < 5


def _node(args: list[str]) -> Node:
    told = {"id": "n9", "host": "h9", "models": {"m": {"args": args}}}
    return Node.model_validate(NODE.model_dump() | told)


def test_a_nodes_secrets_are_stored_and_nowhere_shown(
    manager: ConfigManager, database: Path
) -> None:
    args = ["--api-key", "hunter2", "--tp", "4"]
    manager.add_node(_node(args))
    assert manager.node("n9").models["m"].args == tuple(args)
    manager.set_value("nodes.n9.models.m.args", json.dumps([*args, "--x"]))
    with foreign.connect(database) as db:
        for (view,) in db.execute("SELECT name FROM sqlite_master WHERE type='view'").fetchall():
            assert "hunter2" not in json.dumps(db.execute(f"SELECT * FROM {view}").fetchall())
    shown = masked((), manager.export_full())
    assert "hunter2" not in json.dumps(shown)
    assert "--tp" in json.dumps(shown)
    assert "hunter2" in json.dumps(manager.export_full(mask=False))


def test_a_mask_that_comes_back_keeps_the_secret(manager: ConfigManager) -> None:
    args = ["--api-key", "hunter2"]
    manager.add_node(_node(args))
    assert manager.set_value("nodes.n9.models.m.args", json.dumps(["--api-key", MASK])) == 0
    with pytest.raises(Exception, match="stands for a secret"):
        manager.set_value("nodes.n9.models.m.args", json.dumps(["--api-key", MASK, "--x"]))
    assert manager.node("n9").models["m"].args == tuple(args)


def test_the_audit_pane_tells_no_nodes_secrets(manager: ConfigManager) -> None:
    manager.add_node(_node(["--api-key", "hunter2"]))
    manager.set_value("nodes.n9.models.m.args", json.dumps(["--api-key", "hunter2", "--x"]))
    assert "hunter2" not in summary(manager.history(limit=1)[0])
