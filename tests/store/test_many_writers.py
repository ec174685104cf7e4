"""Eight processes that write at once: each change is in the log, and nothing fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from store.manager import ConfigManager
from tests.support import foreign
from tests.support.audit_state import assert_sound

ROOT = Path(__file__).parents[2]
PROCESSES, CHANGES = 8, 500

_WRITES = """
import sys
from pathlib import Path
from store.locations import Locations
from store.manager import ConfigManager
path, name, changes = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
where = Locations(path.with_name("config.yaml"), path)
with ConfigManager.open(where, actor=name, busy_ms=60000) as manager:
    for number in range(changes):
        manager.set_value(f"svc.{name}", str(number), create=True, reason=str(number))
"""


def test_eight_processes_write_500_changes_each(manager: ConfigManager, database: Path) -> None:
    names = [f"writer{number}" for number in range(PROCESSES)]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITES, str(database), name, str(CHANGES)], cwd=ROOT
        )
        for name in names
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0] * PROCESSES
    assert manager.database.value("SELECT count(*) FROM audit_log") == PROCESSES * CHANGES
    for name in names:
        mine = manager.history(f"svc.{name}", limit=PROCESSES * CHANGES)
        assert [change.new for change in mine] == list(reversed(range(CHANGES)))
        assert {change.actor for change in mine} == {name}
        assert all(change.reason == str(change.new) for change in mine)
    with foreign.connect(database) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert_sound(db)
