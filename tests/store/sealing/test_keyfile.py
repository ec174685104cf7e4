"""The master key's file: where it stands, how it is made, what is no key."""

from __future__ import annotations

import os
import pwd
import stat
from pathlib import Path

import pytest

from store.errors import NodedeckError, Refused, SecretError
from store.sealing import keyfile
from store.sealing.keyfile import MasterKey
from tests.support.at_once import at_once


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "master.key"


def test_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    assert keyfile.place({"NODEDECK_MASTER_KEY_FILE": "/k/it"}) == Path("/k/it")
    assert keyfile.place({"XDG_CONFIG_HOME": "/x"}) == Path("/x/nodedeck/master.key")
    home = Path(pwd.getpwuid(os.geteuid()).pw_dir)
    # sudo may leave HOME that of the person behind it
    for environ in ({"HOME": "/home/ops"}, {"XDG_CONFIG_HOME": "relative"}):
        assert keyfile.place(environ) == home / ".config/nodedeck/master.key"

    def nobody(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert keyfile.place({"HOME": "/app"}) == Path("/app/.config/nodedeck/master.key")


def test_it_is_made_once_for_its_owner_alone(path: Path) -> None:
    made = keyfile.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert keyfile.create(path) == made == keyfile.ring(path).present
    assert len(made.secret) == 32


def test_two_that_make_it_at_once_have_one_key(path: Path) -> None:
    made = at_once(4, lambda: keyfile.create(path))
    assert (len(made), len({key.secret for key in made})) == (4, 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"secret",
        b"\xff\xfe",
        b"nodedeck-master-key:v1:QUJD",
        b"nodedeck-master-key:v1:!!!",
        b"A" * 44,
    ],
)
def test_another_file_is_no_key_and_stays(path: Path, data: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(data)
    for act in (keyfile.ring, keyfile.create):
        with pytest.raises(SecretError, match=r"master\.key is no master key; nothing was changed"):
            act(path)
    assert path.read_bytes() == data


def test_one_that_cannot_be_read_is_told(path: Path) -> None:
    path.mkdir(parents=True)
    with pytest.raises(NodedeckError, match="is a directory and not a regular file"):
        keyfile.ring(path)


def test_a_pipe_is_refused_and_not_waited_for(path: Path) -> None:
    path.parent.mkdir()
    os.mkfifo(path)
    with pytest.raises(NodedeckError, match="is a pipe, a socket or a device"):
        keyfile.ring(path)


def test_through_a_link_the_file_itself_is_rekeyed(tmp_path: Path) -> None:
    shared, link = tmp_path / "shared" / "master.key", tmp_path / "link"
    old = keyfile.create(shared)
    link.symlink_to(shared)
    found = keyfile.place({"NODEDECK_MASTER_KEY_FILE": str(link)})
    new = keyfile.next_key(found)
    kept = keyfile.retire(found)
    assert kept == keyfile.retired_of(shared, old.id)
    assert link.is_symlink(), "who shares the file has another link"
    assert not kept.is_symlink()
    ring = keyfile.ring(shared)
    assert ring.present == new
    assert ring.retired == (old,)


def test_a_place_where_none_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(NodedeckError, match="Cannot make"):
        keyfile.create(tmp_path / "file" / "master.key")


def test_no_ring_where_there_is_nothing(path: Path) -> None:
    ring = keyfile.ring(path)
    assert (ring.present, ring.upcoming, ring.retired) == (None, None, ())
    assert ring.find("0" * 16) is None


def test_a_retired_key_stays_on_the_ring(path: Path) -> None:
    old = keyfile.create(path)
    new = keyfile.next_key(path)
    assert keyfile.next_key(path) == new
    ring = keyfile.ring(path)
    assert (ring.present, ring.upcoming) == (old, new)
    kept = keyfile.retire(path)
    assert kept == path.with_name(f"master.key.{old.id}")
    ring = keyfile.ring(path)
    assert (ring.present, ring.upcoming, ring.retired) == (new, None, (old,))
    assert ring.find(old.id) == old
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_none_is_made_beside_the_database(tmp_path: Path) -> None:
    for place in (tmp_path / "master.key", tmp_path / "deeper" / "master.key"):
        with pytest.raises(Refused, match="no key was made"):
            keyfile.refuse_beside(place, tmp_path / "state.db")
    keyfile.refuse_beside(tmp_path / "keys" / "master.key", tmp_path / "data" / "state.db")


def test_files_that_others_can_read_are_named(path: Path) -> None:
    keyfile.create(path)
    keyfile.next_key(path)
    assert list(keyfile.exposed(path)) == []
    path.chmod(0o640)
    assert list(keyfile.exposed(path)) == [path]


def test_a_key_is_not_in_its_picture() -> None:
    assert repr(MasterKey(b"z" * 32)) == "MasterKey()"
