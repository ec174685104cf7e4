"""``--rewrite``: only what the database took leaves the file, every other byte stays."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from store.errors import (
    CannotCut,
)
from store.reading import read, to_python
from tests.store.importing.samples import (
    KEYS,
    NODES,
    RUNNING,
    SECRET,
    SETTINGS,
    on_disk,
    places,
    put,
    run,
)

CUT = """\
# a comment that begins the file

api:
    port: 9000   # by hand
rack: "r4-u17"\t# kept
"""
UNCUT = """\
# a comment that begins the file

api:
    port: 9000   # by hand
# about the height
current_height: 5   # written by the daemon
nodes:
  - {id: a, host: 'h'}   # first
rack: "r4-u17"\t# kept
"""


@pytest.mark.parametrize(
    "dress",
    [
        lambda text: text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.removesuffix("\n").encode(),
    ],
    ids=["plain", "crlf", "bom", "no newline at the end"],
)
def test_a_rewrite_cuts_the_dynamic_keys_and_nothing_else(
    tmp_path: Path, dress: Callable[[str], bytes]
) -> None:
    file = put(tmp_path, "config.yaml", dress(UNCUT))
    result = run(file, places(tmp_path), rewrite=True)
    assert result.rewritten
    assert file.read_bytes() == dress(CUT)
    assert any("about the height" in piece for piece in result.comments)


def test_a_rewrite_of_json_and_of_settings(tmp_path: Path) -> None:
    file = put(tmp_path, "services.json", KEYS)
    run(file, places(tmp_path), rewrite=True)
    assert to_python(read(file.read_bytes(), "", "json")) == {
        "openai": {"api_key": f"{SECRET}-1"},
        "local": {"users": [{"n": 1, "password": f"{SECRET}-2"}]},
    }


def test_a_node_list_has_nothing_to_cut(tmp_path: Path) -> None:
    file = put(tmp_path, "node-config.json", NODES)
    result = run(file, places(tmp_path), rewrite=True)
    assert (result.receipt, result.rewritten) == (1, False)
    assert file.read_text() == NODES


def test_a_rewrite_keeps_link_mode_and_owner(tmp_path: Path) -> None:
    real = put(tmp_path, "real.yaml", RUNNING)
    real.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(real, 12, 34)
    link = tmp_path / "config.yaml"
    link.symlink_to("real.yaml")
    owner = (real.stat().st_uid, real.stat().st_gid)
    run(link, places(tmp_path), rewrite=True)
    assert os.readlink(link) == "real.yaml"  # noqa: PTH115 - the text of the link
    assert "current_height" not in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert (real.stat().st_uid, real.stat().st_gid) == owner


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("dev_config.toml", SETTINGS, "is TOML, which cannot be cut"),
        ("config.yaml", "%YAML 1.2\n---\n&a current_height: 5\napi: *a\n", "cannot be cut"),
        ("config.yaml", "api: &x {port: 1}\nnew_params: &y {a: 1}\nrack: *y\n", "cannot be cut"),
    ],
)
def test_a_file_that_cannot_be_cut_is_refused_before_anything_is_touched(
    *, tmp_path: Path, name: str, text: str, told: str
) -> None:
    file = put(tmp_path, name, text)
    before = on_disk(tmp_path)
    with pytest.raises(CannotCut, match=told) as refused:
        run(file, places(tmp_path), rewrite=True)
    assert refused.value.exit_code == 1
    assert str(file) in str(refused.value)
    assert on_disk(tmp_path) == before


def test_a_key_with_an_unknown_field_is_not_cut(tmp_path: Path) -> None:
    text = "nodes:\n  - {id: a, colour: blue}\ncurrent_height: 5\n"
    file = put(tmp_path, "config.yaml", text)
    run(file, places(tmp_path), rewrite=True)
    assert file.read_text() == "nodes:\n  - {id: a, colour: blue}\n"
