"""The detached process: whoever is killed, an unconfirmed edit is taken back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from store import reverter
from store.locations import Locations
from store.manager import ConfigManager
from store.pending import State
from tests.support import foreign, reverters
from tests.support.audit_state import assert_sound
from tests.support.reverters import until

ROOT = Path(__file__).parents[2]

_EDITS = """
import sys
from pathlib import Path
from store.locations import Locations
from store.manager import ConfigManager
path, within, at = Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
manager = ConfigManager.open(Locations(path.with_name("config.yaml"), path), actor="dying@host")
with manager.unless_confirmed(within, reason="try"):
    manager.set_value("svc.x", "2")
    if at == "before":
        print("here", flush=True)
        sys.stdin.read()
print("here", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def manager(locations: Locations) -> Iterator[ConfigManager]:
    """A manager under this host's own clock, with svc.x at 1."""
    with ConfigManager.open(locations, actor="tester@host") as opened:
        opened.set_value("svc.x", "1", create=True)
        yield opened


@pytest.fixture(autouse=True)
def _nobody_is_left(database: Path) -> Iterator[None]:
    yield
    reverters.kill(database)


def value(manager: ConfigManager) -> object:
    return manager.get("svc.x").value


def editor(database: Path, within: float, at: str = "after") -> subprocess.Popen[bytes]:
    """A console that made an unconfirmed edit, or is about to commit it, and waits."""
    process = subprocess.Popen(
        [sys.executable, "-c", _EDITS, str(database), str(within), at],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"here\n"
    return process


def ended(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the console's whole process group, as a dropped terminal does."""
    os.killpg(process.pid, number)
    process.communicate()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGINT])
def test_the_console_dies_and_the_value_is_back_after_the_deadline(
    manager: ConfigManager, database: Path, number: signal.Signals
) -> None:
    ended(editor(database, 0.8), number)
    until(lambda: value(manager) == 1, "the value of before")
    newest, edit = manager.history("svc.x")[:2]
    assert (edit.new, edit.actor) == (2, "dying@host")
    assert (newest.actor, newest.reason) == (
        "dying@host",
        "not confirmed within 0.8 s: undo of #2",
    )
    (settled,) = manager.reversals(settled=1)
    assert (settled.state, settled.settled_by) == (State.REVERTED, reverter.ACTOR)
    assert settled.settled_at is not None
    assert settled.settled_at >= settled.deadline
    until(lambda: not reverters.of(database), "the end of the process")
    with foreign.connect(database) as db:
        assert_sound(db)


def test_a_console_killed_before_its_commit_leaves_neither_edit_nor_process(
    manager: ConfigManager, database: Path
) -> None:
    ended(editor(database, 60, "before"), signal.SIGKILL)
    until(lambda: not reverters.of(database), "the end of the process")
    assert (value(manager), manager.reversals(settled=1)) == (1, [])


def test_when_the_process_is_killed_too_whoever_writes_next_takes_it_back(
    manager: ConfigManager, database: Path
) -> None:
    console = editor(database, 2.5)
    assert len(reverters.kill(database)) == 1
    ended(console, signal.SIGKILL)
    until(manager.overdue_reversals, "the deadline")
    assert value(manager) == 2
    (done,) = manager.settle_overdue()
    assert (done.state, value(manager)) == (State.REVERTED, 1)


def test_a_hang_up_does_not_end_it(manager: ConfigManager, database: Path) -> None:
    with manager.unless_confirmed(0.8):
        manager.set_value("svc.x", "2")
    (process,) = reverters.of(database)
    os.kill(process, signal.SIGHUP)
    until(lambda: value(manager) == 1, "the value of before")


def test_it_ends_early_once_the_edit_is_confirmed(manager: ConfigManager, database: Path) -> None:
    with manager.unless_confirmed(30) as made:
        manager.set_value("svc.x", "2")
    assert len(reverters.of(database)) == 1
    assert made.reversal is not None
    manager.confirm(made.reversal.id)
    until(lambda: not reverters.of(database), "its end")
    assert value(manager) == 2


def test_it_ends_early_once_a_foreign_write_stands_in_the_way(
    manager: ConfigManager, database: Path
) -> None:
    with manager.unless_confirmed(30):
        manager.set_value("svc.x", "2")
    foreign.write(database, "UPDATE settings SET value_json='7'")
    until(lambda: not reverters.of(database), "its end")
    (settled,) = manager.reversals(settled=1)
    assert (settled.state, value(manager)) == (State.CANCELLED, 7)


def test_it_waits_for_a_lock_that_another_writer_keeps(
    manager: ConfigManager, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ConfigManager.open.__func__, "__kwdefaults__", _impatient())  # type: ignore[attr-defined]
    number = _due(manager, monkeypatch)
    with foreign.connect(database) as other:
        other.execute("BEGIN IMMEDIATE")
        pauses: list[float] = []

        def pause(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 2:
                other.execute("ROLLBACK")

        reverter.watch(database, number, pause=pause)
    assert len(pauses) == 2
    assert value(manager) == 1


def test_it_finds_a_database_that_was_put_in_the_place_of_its_own(
    manager: ConfigManager, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Restored by rename in mid-wait: the row is not in the new file, and it ends."""
    monkeypatch.setattr("store.detached.started", reverters.nobody)
    with manager.unless_confirmed(60) as made:
        manager.set_value("svc.x", "2")
    assert made.reversal is not None
    manager.close()
    new = tmp_path / "new.db"
    with ConfigManager.open(_fresh(new), actor="x@y") as other:
        other.set_height(5)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if new.exists():
            for path in database.parent.glob("state.db-*"):
                path.unlink()
            new.replace(database)

    moments = iter([0.0, 0.0, *range(10, 1000, 10)])
    monkeypatch.setattr(reverter, "uptime", lambda: _Up(next(moments)))
    reverter.watch(database, made.reversal.id, pause=pause)
    with ConfigManager.open(Locations(tmp_path / "c", database), actor="x@y") as other:
        assert other.height() == 5
        assert len(other.history()) == 1


def test_it_ends_where_the_database_is_gone_at_the_deadline(
    manager: ConfigManager, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.detached.started", reverters.nobody)
    with manager.unless_confirmed(60) as made:
        manager.set_value("svc.x", "2")
    assert made.reversal is not None
    manager.close()
    up = [100.0]
    monkeypatch.setattr(reverter, "uptime", lambda: _Up(up[0]))
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        up[0] += 25
        if len(pauses) == 1:
            for path in list(database.parent.glob("state.db*")):
                path.unlink()

    reverter.watch(database, made.reversal.id, pause=pause)
    assert pauses[0] == reverter._POLL_SECONDS
    assert pauses[1:] == [reverter._RETRY_SECONDS] * (len(pauses) - 1)
    assert 1 <= len(pauses) - 1 <= 3


def test_two_processes_take_it_back_once(
    manager: ConfigManager, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = _due(manager, monkeypatch)
    command = [sys.executable, "-m", "store.reverter", str(database)]
    for _ in range(2):
        subprocess.run(command, cwd=ROOT, input=b"%d\n" % number, check=True, timeout=60)
    until(lambda: not reverters.of(database), "their end")
    assert [change.new for change in manager.history("svc.x")] == [1, 2, 1]


def test_it_loads_neither_a_screen_nor_a_watcher() -> None:
    program = (
        "import sys, store.reverter\n"
        "heavy = {'textual', 'rich', 'click', 'watchfiles', 'tui'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, timeout=60)


class _Up:
    """An uptime of some boot."""

    boot = "other"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


def _due(manager: ConfigManager, monkeypatch: pytest.MonkeyPatch) -> int:
    """An unconfirmed edit whose deadline has passed and that nobody watches over."""
    with monkeypatch.context() as patch:
        patch.setattr("store.detached.started", reverters.nobody)
        with manager.unless_confirmed(0.01) as made:
            manager.set_value("svc.x", "2")
    until(manager.overdue_reversals, "the deadline")
    assert made.reversal is not None
    return made.reversal.id


def _fresh(path: Path) -> Locations:
    from store.database import create

    create(path, created_by="tests")
    return Locations(path.with_name("config.yaml"), path)


def _impatient() -> dict[str, object]:
    return {**ConfigManager.open.__func__.__kwdefaults__, "busy_ms": 20}  # type: ignore[attr-defined]
