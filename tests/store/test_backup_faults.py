"""Backups where there is no room for them, and where nobody may write."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from store import backup
from store.database import create
from store.errors import (
    NodedeckError,
)
from store.locations import Locations
from store.manager import ConfigManager
from tests.conftest import ACTOR
from tests.store.test_backup import folder, restore, small_disk, take
from tests.support.clock import FixedClock


def test_a_full_disk_leaves_no_half_backup(
    tmp_path: Path, clock: FixedClock, manager: ConfigManager, locations: Locations
) -> None:
    made = take(locations, clock)
    disk = tmp_path / "disk"
    with small_disk(disk, "2m"):
        there = Locations(disk / "config.yaml", disk / "state.db")
        create(there.database, created_by="tests")
        with ConfigManager.open(there, actor=ACTOR) as opened:
            opened.set_height(5)
            with pytest.raises(NodedeckError, match="space"):
                while True:
                    take(there, clock)
            assert all(backup.verify(one) == [] for one in backup.listed(there))
            assert len(folder(there)) == 2 * len(backup.listed(there))
            before = folder(there)
            with pytest.raises(NodedeckError, match="space"):
                restore(made, there, clock)
            assert opened.height() == 5
            assert folder(there) == before


def test_a_directory_that_cannot_be_written_is_named(
    tmp_path: Path, clock: FixedClock, manager: ConfigManager, database: Path
) -> None:
    place = tmp_path / "place"
    with small_disk(place, "1m"):
        there = Locations(place / "config.yaml", place / "state.db")
        there.database.write_bytes(database.read_bytes())
        subprocess.run(("mount", "-o", "remount,ro", str(place)), check=True)
        with pytest.raises(NodedeckError, match="read-only file system"):
            take(there, clock)
