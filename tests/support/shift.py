"""A shift to hand over: a database with a day behind it, each change at a moment of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from store.history import stamp
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign, once
from tests.support.clock import FixedClock


class Shift:
    """Writes to a database as the daemon or nodedeck does, so long before the end of the shift."""

    def __init__(self, manager: ConfigManager, path: Path, until: datetime) -> None:
        self._manager = manager
        self._path = path
        self._until = until

    def foreign(self, ago: float, *statements: str | foreign.Statement) -> None:
        """Another program's transaction, ``ago`` seconds before the end."""
        with self._stamped(ago):
            foreign.write(self._path, *statements)

    def height(self, ago: float, height: int) -> None:
        """A block of the daemon."""
        with self._stamped(ago):
            _put(self._path, "current_height", height)

    def processed(self, ago: float, height: int) -> None:
        """What the daemon has processed."""
        with self._stamped(ago):
            _put(self._path, "last_processed_height", height)

    @contextmanager
    def ours(self, ago: float) -> Iterator[ConfigManager]:
        """What nodedeck does meanwhile stands so many seconds before the end."""
        with self._stamped(ago):
            yield self._manager

    @contextmanager
    def _stamped(self, ago: float) -> Iterator[None]:
        newest = "SELECT coalesce(max(id), 0) FROM audit_log"
        with closing(sqlite3.connect(self._path, isolation_level=None)) as db:
            (before,) = db.execute(newest).fetchone()
            yield
            at = stamp(self._until - timedelta(seconds=ago))
            db.execute("UPDATE audit_log SET at=? WHERE id>?", (at, before))


def _put(path: Path, key: str, height: int) -> None:
    foreign.write(
        path,
        (
            "INSERT INTO chain_state(key, value) VALUES(?, ?)"
            " ON CONFLICT(key) DO UPDATE SET value=excluded.value",
            (key, str(height)),
        ),
    )


HOUR = 3600.0


def lived(manager: ConfigManager, path: Path, until: datetime) -> Shift:
    """A day: two nodes and a setting ten hours ago, then blocks, a claim, a reboot, and a pause."""
    if until != FixedClock().now:
        return _live(manager, path, until)
    with closing(sqlite3.connect(_lived_once(manager.actor))) as made, foreign.connect(path) as db:
        made.backup(db)
    return Shift(manager, path, until)


@cache
def _lived_once(actor: str) -> Path:
    """The database of a day up to the moment at which the tests' clock stands."""
    clock = FixedClock()
    path = once.new_database(once.folder() / "state.db")
    places = Locations(path.with_name("config.yaml"), path)
    with ConfigManager.open(places, actor=actor, clock=clock) as manager:
        _live(manager, path, clock.now)
    return path


def _live(manager: ConfigManager, path: Path, until: datetime) -> Shift:
    shift = Shift(manager, path, until)
    shift.foreign(
        10 * HOUR,
        foreign.node("n1"),
        foreign.node("n2", inference_port=2),
        foreign.seed("previous", 5, 124),
        foreign.seed("current", 6, 125),
        foreign.insert("settings", {"service": "svc", "key": "limit", "value_json": "5"}),
        foreign.insert("settings", {"service": "svc", "key": "api_token", "value_json": '"old!"'}),
    )
    shift.processed(9 * HOUR, 990)
    shift.height(8 * HOUR + 1, 1_000)
    shift.processed(8 * HOUR, 1_000)
    shift.foreign(5 * HOUR, "UPDATE seed_info SET claimed=1 WHERE type='previous'")
    with shift.ours(4 * HOUR) as ours:
        ours.set_value("nodes.n1.is_enabled", "false", reason="reboot")
    shift.height(3 * HOUR, 2_000)
    shift.height(2 * HOUR, 2_600)
    with shift.ours(1.5 * HOUR) as ours:
        ours.set_value("svc.limit", "6", reason="memory errors")
        ours.set_value("svc.limit", "7")
    shift.foreign(1 * HOUR, "UPDATE settings SET value_json='\"new!\"' WHERE key='api_token'")
    shift.processed(10, 2_610)
    shift.height(8, 2_611)
    return shift
