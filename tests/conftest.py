"""What every test stands on: a fixed environment, a database, a manager, a clock."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from store.locations import Locations
from store.manager import ConfigManager
from tests.support.clock import FixedClock
from tests.support.once import new_database

ACTOR = "tester@host"
_OURS = ("NODEDECK_", "API_", "DAPI_", "TEXTUAL")
_PICTURES = "TEXTUAL_SNAPSHOT_TEMPDIR"  # where the snapshot plugin keeps its own files
_NAMED = (
    "KEY_NAME",
    "ACCOUNT_PUBKEY",
    "KEYRING_BACKEND",
    "SUDO_USER",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLUMNS",
    "LINES",
)

# the same examples on every run: a failure in .ci/run is one that a colleague can repeat
settings.register_profile("nodedeck", deadline=None, derandomize=True)
settings.load_profile("nodedeck")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a third of the time a test waits for another process."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Let no collection of garbage walk through what was imported and collected.

    It is there until the end, and was a quarter of what a test with a screen cost.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _fixed_environment(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if (name.startswith(_OURS) and name != _PICTURES) or name in _NAMED:
            monkeypatch.delenv(name)
    # an upgrade plan is judged by the platform, and pictures must not depend on it
    monkeypatch.setattr("store.evidence.this_platform", lambda: "linux/amd64")
    monkeypatch.setenv("HOME", str(home))
    for name, folder in (
        ("XDG_CONFIG_HOME", ".config"),
        ("XDG_CACHE_HOME", ".cache"),
        ("XDG_DATA_HOME", ".local/share"),
        ("XDG_STATE_HOME", ".local/state"),
        ("XDG_RUNTIME_DIR", ".run"),
    ):
        monkeypatch.setenv(name, str(home / folder))
    for name in ("LANG", "LC_ALL"):
        monkeypatch.setenv(name, "C.UTF-8")
    monkeypatch.delenv("LANGUAGE", raising=False)
    with pytest.MonkeyPatch.context() as zone:
        zone.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A new, empty database."""
    return new_database(tmp_path / "state.db")


@pytest.fixture
def locations(database: Path) -> Locations:
    """The database, and the place of a config file that is not there yet."""
    return Locations(database.with_name("config.yaml"), database)


@pytest.fixture
def manager(locations: Locations, clock: FixedClock) -> Iterator[ConfigManager]:
    with ConfigManager.open(locations, actor=ACTOR, clock=clock) as opened:
        yield opened
