"""A backup and its manifest are of one moment; its file stands alone, synced before its name."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from store import backup as backups
from store import copying
from store.locations import Locations
from store.manager import ConfigManager
from tests.store.test_backup import take
from tests.support import foreign
from tests.support.clock import FixedClock


def test_a_commit_meanwhile_is_in_neither_the_copy_nor_its_manifest(
    manager: ConfigManager,
    locations: Locations,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    newest = manager.set_height(5)
    real = copying.copy_whole

    def late(*args: Any, **more: Any) -> None:
        foreign.write(locations.database, "UPDATE chain_state SET value='6'")
        real(*args, **more)

    monkeypatch.setattr(copying, "copy_whole", late)
    made = take(locations, clock)
    assert manager.height() == 6
    assert made.manifest["newest_change"] == newest
    assert backups.verify(made) == []
    with closing(sqlite3.connect(made.path)) as db:
        assert db.execute("SELECT max(id) FROM audit_log").fetchone() == (newest,)
        assert db.execute("SELECT value FROM chain_state").fetchone() == ("5",)


def test_the_copy_needs_no_file_beside_it_and_is_synced_before_it_has_its_name(
    manager: ConfigManager,
    locations: Locations,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager.set_height(5)
    done: list[str] = []
    sync, rename = os.fsync, Path.rename

    def synced(handle: int) -> None:
        done.append(Path(f"/proc/self/fd/{handle}").readlink().suffix or "folder")
        sync(handle)

    def renamed(self: Path, target: Path) -> Path:
        done.append("named")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    made = take(locations, clock)
    named = done.index("named")
    assert {".unfinished", ".json"} <= set(done[:named])
    assert done[named - 1 :] == ["folder", "named", "folder"]
    made.path.parent.chmod(0o500)  # a reader makes nothing there
    with closing(sqlite3.connect(made.path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not list(made.path.parent.glob("*-wal"))
    made.path.parent.chmod(0o700)
