"""Several writers at once, and one that dies."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from store.manager import ConfigManager
from tests.support import foreign
from tests.support.audit_state import assert_sound

ROOT = Path(__file__).parents[2]


_DIES = """
import sys
from pathlib import Path
from store.locations import Locations
from store.manager import ConfigManager
path = Path(sys.argv[1])
manager = ConfigManager.open(Locations(path.with_name("config.yaml"), path), actor="dying@host")
with manager.transaction("never") as db:
    db.execute_sql("UPDATE chain_state SET value='2'")
    print(db.value("SELECT count(*) FROM audit_log"), flush=True)
    sys.stdin.read()
"""


def test_a_writer_killed_in_mid_transaction_leaves_the_old_state(
    manager: ConfigManager, database: Path
) -> None:
    manager.set_height(1)
    with subprocess.Popen(
        [sys.executable, "-c", _DIES, str(database)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as dying:
        assert dying.stdout is not None
        assert dying.stdout.readline().strip() == b"2"
        dying.kill()
    assert dying.returncode == -signal.SIGKILL
    assert manager.snapshot().chain.current_height == 1
    assert len(manager.history()) == 1
    assert manager.set_height(3)
    with foreign.connect(database) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert_sound(db)


_WRITES = """
import sys
from pathlib import Path
from store.locations import Locations
from store.manager import ConfigManager
path, name = Path(sys.argv[1]), sys.argv[2]
where = Locations(path.with_name("config.yaml"), path)
with ConfigManager.open(where, actor=name, busy_ms=30000) as manager:
    for number in range(100):
        manager.set_value(f"svc.{name}", str(number), create=True, reason=str(number))
        manager.snapshot()
"""


def test_four_processes_write_at_once_and_nothing_is_lost(
    manager: ConfigManager, database: Path
) -> None:
    names = ["a", "b", "c", "d"]
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITES, str(database), name], cwd=ROOT)
        for name in names
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0, 0]
    changes = manager.history(limit=1000)
    assert len(changes) == 400
    for name in names:
        mine = [change for change in changes if change.path == f"svc.{name}"]
        assert [change.new for change in mine] == list(range(99, -1, -1))
        assert {change.actor for change in mine} == {name}
        assert all(change.reason == str(change.new) for change in mine)
    assert manager.database.value("SELECT version FROM services") == 400
    with foreign.connect(database) as db:
        assert_sound(db)
