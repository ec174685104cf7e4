"""Edits that revert unless they are confirmed: the rows, the clocks, what stands in the way."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from store import backup, restoring
from store.errors import (
    InvalidValue,
    NodedeckError,
    Refused,
    UsageError,
    VersionConflict,
)
from store.findings import Severity
from store.judging import judge
from store.locations import Locations
from store.manager import ConfigManager
from store.pending import State
from store.uptime import Uptime
from tests.conftest import ACTOR
from tests.support import foreign, reverters
from tests.support.at_once import at_once
from tests.support.audit_state import assert_sound
from tests.support.clock import FixedClock
from tests.support.samples import NODE, PLAN, SEED, counted


class Host:
    """A boot whose time since then a test moves."""

    def __init__(self) -> None:
        self.boot, self.seconds = "boot-1", 1000.0

    def __call__(self) -> Uptime:
        return Uptime(self.boot, self.seconds)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host of made-up time, on which no process watches over anything."""
    made = Host()
    monkeypatch.setattr("store.operations.pending.uptime", made)
    monkeypatch.setattr("store.detached.started", reverters.nobody)
    return made


@pytest.fixture(autouse=True)
def _nobody_is_left(database: Path) -> Iterator[None]:
    """No process outlives its test."""
    yield
    reverters.kill(database)


def edited(manager: ConfigManager, within: float = 60.0, *, reason: str | None = "try") -> int:
    """An unconfirmed edit of svc.x from 1 to 2; the number of its reversal."""
    manager.set_value("svc.x", "1", create=True)
    with manager.unless_confirmed(within, reason=reason) as made:
        manager.set_value("svc.x", "2")
    assert made.reversal is not None
    return made.reversal.id


def value(manager: ConfigManager, path: str = "svc.x") -> object:
    return manager.get(path).value


def test_an_edit_and_its_row_are_one_transaction(manager: ConfigManager, host: Host) -> None:
    number = edited(manager)
    (found,) = manager.reversals()
    assert (found.id, found.state, found.actor, found.reason) == (
        number,
        State.PENDING,
        ACTOR,
        "try",
    )
    assert found.deadline - found.at == timedelta(seconds=60)
    assert [(item.path, item.change, item.old, item.new) for item in found.items] == [
        ("svc.x", 2, "1", "2")
    ]
    (newest, _) = manager.history("svc.x")
    assert (newest.actor, newest.reason) == (ACTOR, "try")
    before = counted(manager)
    with (
        pytest.raises(InvalidValue),
        manager.unless_confirmed(60),
    ):
        manager.set_value("svc.y", "1", create=True)
        manager.set_height(-1)
    assert counted(manager) == before
    assert len(manager.reversals()) == 1


def test_at_the_deadline_it_is_taken_back_in_the_name_of_who_made_it(
    manager: ConfigManager, locations: Locations, host: Host, clock: FixedClock
) -> None:
    edited(manager)
    host.seconds += 59.9
    assert manager.settle_overdue() == []
    host.seconds += 0.2
    clock.advance(60)
    with ConfigManager.open(locations, actor="bob@there", clock=clock) as other:
        (done,) = other.settle_overdue()
        assert other.settle_overdue() == []
    assert (done.state, done.settled_by, done.settled_at) == (State.REVERTED, "bob@there", clock())
    assert value(manager) == 1
    newest = manager.history("svc.x")[0]
    assert (newest.actor, newest.old, newest.new) == (ACTOR, 2, 1)
    assert newest.reason == "not confirmed within 60 s: undo of #2, late, by bob@there"
    assert manager.reversals() == []
    assert [each.state for each in manager.reversals(settled=5)] == [State.REVERTED]


def test_every_kind_of_entity_comes_back_as_it_was(manager: ConfigManager, host: Host) -> None:
    manager.add_node(NODE)
    manager.set_params("validation", {"expiration_blocks": 20})
    manager.add_node_version(100, "v1")
    manager.set_flag("x", True)
    before, flags = manager.raw().tree, manager.flags()
    with manager.unless_confirmed(60):
        manager.set_height(100)
        manager.enable_node("node1", False)
        manager.set_node("node1", {"host": "moved"})
        manager.set_seed("current", SEED)
        manager.set_params("validation", {"expiration_blocks": 30})
        manager.set_upgrade_plan(PLAN)
        manager.add_node_version(200, "v2")
        manager.set_flag("x", False)
        manager.set_value("svc.a", "1", create=True)
    host.seconds += 61
    (done,) = manager.settle_overdue()
    assert done.state is State.REVERTED
    assert not done.cancelled
    assert (manager.raw().tree, manager.flags()) == (before, flags)
    with foreign.connect(manager.database.path) as db:
        assert_sound(db)


def test_confirming_keeps_it(manager: ConfigManager, host: Host, clock: FixedClock) -> None:
    number = edited(manager)
    kept = manager.confirm(number)
    assert (kept.state, kept.settled_at, kept.settled_by) == (State.CONFIRMED, clock(), ACTOR)
    assert manager.confirm(number) == kept
    host.seconds += 3600
    assert manager.settle_overdue() == []
    assert value(manager) == 2


def test_what_was_taken_back_cannot_be_confirmed(manager: ConfigManager, host: Host) -> None:
    number = edited(manager)
    host.seconds += 61
    manager.settle_overdue()
    with pytest.raises(VersionConflict, match=f"change {number} was reverted at"):
        manager.confirm(number)
    with pytest.raises(UsageError, match="no unconfirmed change 99"):
        manager.confirm(99)


# the clocks


@pytest.mark.parametrize("jump", [-86_400 * 400, -30, 0, 30, 86_400 * 400])
def test_the_wall_clock_may_jump_as_it_likes(
    manager: ConfigManager, host: Host, clock: FixedClock, jump: float
) -> None:
    edited(manager)
    clock.advance(jump)
    host.seconds += 59
    assert manager.overdue_reversals() == []
    host.seconds += 2
    assert len(manager.overdue_reversals()) == 1


@pytest.mark.parametrize(("seconds", "due"), [(10, False), (61, True), (-30, False), (-3600, True)])
def test_after_a_restart_the_wall_clock_counts_unless_it_was_set_back(
    *, manager: ConfigManager, host: Host, clock: FixedClock, seconds: float, due: bool
) -> None:
    edited(manager)
    host.boot, host.seconds = "boot-2", 3.0
    clock.advance(seconds)
    assert bool(manager.overdue_reversals()) is due


# what stands in the way


def test_what_a_foreign_writer_changed_stays_and_is_a_finding(
    manager: ConfigManager, database: Path, host: Host
) -> None:
    manager.set_height(1)
    manager.set_value("svc.y", "1", create=True)
    manager.set_value("svc.x", "1", create=True)
    with manager.unless_confirmed(60):
        manager.set_value("svc.x", "2")
        manager.set_value("svc.y", "2")
    foreign.write(database, "UPDATE settings SET value_json='7' WHERE key='x'")
    waits = [each for each in judge(manager.evidence(), manager.clock()) if "revers" in each.rule]
    assert [(each.rule, each.path) for each in waits] == [
        ("reversal-cancelled", "svc.x"),
        ("reversal-waits", "svc.y"),
    ]
    assert "A change of svc.y reverts at 2025-03-01T12:01:00.000Z" in waits[1].message
    host.seconds += 61
    (done,) = manager.settle_overdue()
    assert done.state is State.REVERTED
    assert [item.path for item in done.cancelled] == ["svc.x"]
    assert (value(manager), value(manager, "svc.y")) == (7, 1)
    found = [each for each in judge(manager.evidence(), manager.clock()) if each.path == "svc.x"]
    assert [(each.severity, each.rule) for each in found] == [
        (Severity.WARNING, "reversal-cancelled")
    ]
    assert "an external writer changed it (change #6)" in found[0].message


def test_a_value_that_was_put_back_by_hand_stays_too(
    manager: ConfigManager, database: Path, host: Host
) -> None:
    edited(manager)
    for stored in ("7", "2"):
        foreign.write(database, f"UPDATE settings SET value_json='{stored}'")
    host.seconds += 61
    (done,) = manager.settle_overdue()
    assert (done.state, value(manager)) == (State.CANCELLED, 2)


def test_a_daemon_that_rewrites_everything_as_it_is_stands_in_nobodys_way(
    manager: ConfigManager, database: Path, host: Host
) -> None:
    manager.add_node(NODE)
    with manager.unless_confirmed(60):
        manager.enable_node("node1", False)
    for _ in range(3):
        foreign.write(
            database,
            "CREATE TEMP TABLE kept AS SELECT * FROM inference_nodes",
            "DELETE FROM inference_nodes",
            "INSERT INTO inference_nodes SELECT * FROM temp.kept",
        )
    host.seconds += 61
    (done,) = manager.settle_overdue()
    assert done.state is State.REVERTED
    assert manager.node("node1") == NODE


def test_a_change_by_a_colleague_stays(
    manager: ConfigManager, locations: Locations, host: Host
) -> None:
    number = edited(manager)
    with ConfigManager.open(locations, actor="bob@there") as bob:
        bob.set_value("svc.x", "3")
    assert manager.reversal_moved_on(number)
    host.seconds += 61
    (done,) = manager.settle_overdue()
    assert done.state is State.CANCELLED
    assert done.items[0].why == "bob@there changed it (change #3)"


def test_what_the_database_no_longer_takes_is_cancelled_and_the_rest_reverted(
    manager: ConfigManager, database: Path, host: Host
) -> None:
    manager.set_value("svc.y", "1", create=True)
    manager.set_value("svc.x", "1", create=True)
    with manager.unless_confirmed(60):
        manager.set_value("svc.x", "2")
        manager.set_value("svc.y", "2")
    foreign.write(
        database,
        "CREATE TRIGGER mine AFTER UPDATE ON settings WHEN NEW.key='x' BEGIN"
        " UPDATE settings SET value_json='2' WHERE key='x'; END",
    )
    host.seconds += 61
    (done,) = manager.settle_overdue()
    assert [item.path for item in done.cancelled] == ["svc.x"]
    assert (value(manager), value(manager, "svc.y")) == (2, 1)


def test_a_restored_database_is_left_as_it_was_chosen(
    manager: ConfigManager, locations: Locations, host: Host, clock: FixedClock
) -> None:
    number = edited(manager)
    kept = backup.create(locations, actor=ACTOR, host="h", clock=clock)
    manager.confirm(number)
    restoring.apply(restoring.plan(kept, locations), actor=ACTOR, host="h", clock=clock)
    host.seconds += 61
    (done,) = manager.settle_overdue()
    assert (done.state, done.items[0].why) == (State.CANCELLED, "the database was restored")
    assert value(manager) == 2


# what is refused


def test_a_second_unconfirmed_edit_of_a_path_is_refused(manager: ConfigManager, host: Host) -> None:
    number = edited(manager)
    before = counted(manager)
    with (
        pytest.raises(VersionConflict, match=r"svc\.x has an unconfirmed change") as caught,
        manager.unless_confirmed(60),
    ):
        manager.set_value("svc.x", "3")
    assert f"'nodedeck confirm {number}'" in caught.value.hint
    assert counted(manager) == before
    manager.confirm(number)
    with manager.unless_confirmed(60):
        manager.set_value("svc.x", "3")


@pytest.mark.parametrize("within", [0, -1, 86_401, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(manager: ConfigManager, within: float) -> None:
    with pytest.raises(InvalidValue, match="at most 24 h"), manager.unless_confirmed(within):
        manager.set_height(1)
    assert manager.height() is None


def test_a_value_of_the_file_is_refused(manager: ConfigManager, locations: Locations) -> None:
    locations.config.write_text("api:\n  port: 1\n")
    with (
        pytest.raises(Refused, match="only a value of the database reverts"),
        manager.unless_confirmed(60),
    ):
        manager.set_value("api.port", "2")
    assert locations.config.read_text() == "api:\n  port: 1\n"
    manager.set_value("api.port", "2")
    assert locations.config.read_text() == "api:\n  port: 2\n"


def test_an_edit_that_could_not_be_taken_back_is_never_made(
    manager: ConfigManager, database: Path
) -> None:
    foreign.write(database, foreign.node("n", models="not json"))
    before = counted(manager)
    with pytest.raises(InvalidValue, match=r"nodes\.n"), manager.unless_confirmed(60):
        manager.set_nodes([NODE])
    assert counted(manager) == before


def test_without_a_process_to_watch_over_it_the_edit_is_not_made(
    manager: ConfigManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    for program, told in (("/nonexistent/python", "no such file"), ("/bin/true", "did not answer")):
        monkeypatch.setattr("sys.executable", program)
        with (
            pytest.raises(NodedeckError, match=f"cannot be started: .*{told}"),
            manager.unless_confirmed(60),
        ):
            manager.set_height(1)
        assert manager.height() is None


def test_a_dry_run_checks_everything_and_keeps_nothing(
    manager: ConfigManager, database: Path
) -> None:
    manager.set_value("svc.x", "1", create=True)
    before = counted(manager)
    with manager.unless_confirmed(60, dry_run=True) as made:
        manager.set_value("svc.x", "2")
    assert made.reversal is None
    assert [change.new for change in made.changes] == [2]
    assert counted(manager) == before
    assert manager.reversals(settled=9) == []
    reverters.until(lambda: not reverters.of(database), "the end of the process")


def test_what_changes_nothing_waits_for_nothing(manager: ConfigManager, host: Host) -> None:
    manager.set_height(1)
    with manager.unless_confirmed(60) as made:
        manager.set_height(2)
        manager.set_height(1)
    assert made.reversal is None
    assert manager.reversals() == []


# several at once, and none


def test_two_at_once_take_it_back_once(
    manager: ConfigManager, locations: Locations, host: Host
) -> None:
    number = edited(manager)
    host.seconds += 61

    def settle() -> object:
        with ConfigManager.open(locations, actor="x@y") as other:
            return other.settle_reversal(number)

    outcomes = at_once(4, settle)
    assert [each is None for each in outcomes].count(False) == 1
    assert [change.new for change in manager.history("svc.x")] == [1, 2, 1]


def test_read_only_it_only_looks(manager: ConfigManager, locations: Locations, host: Host) -> None:
    number = edited(manager)
    host.seconds += 61
    with ConfigManager.open(locations, actor="x@y", read_only=True) as reader:
        assert [each.id for each in reader.overdue_reversals()] == [number]
        for write in (reader.settle_overdue, lambda: reader.confirm(number)):
            with pytest.raises(Refused):
                write()
    assert value(manager) == 2


def test_a_moved_database_takes_it_back_where_it_stands_now(
    manager: ConfigManager, database: Path, host: Host, clock: FixedClock
) -> None:
    edited(manager)
    manager.close()
    moved = database.parent / "elsewhere" / "other.db"
    moved.parent.mkdir()
    for path in database.parent.glob("state.db*"):
        shutil.move(path, moved.with_name(path.name.replace("state.db", moved.name)))
    host.seconds += 61
    where = Locations(moved.with_name("config.yaml"), moved)
    with ConfigManager.open(where, actor="x@y", clock=clock) as other:
        (done,) = other.settle_overdue()
        assert (done.state, value(other)) == (State.REVERTED, 1)


def test_the_process_holds_nothing_of_who_started_it(
    manager: ConfigManager, database: Path
) -> None:
    edited(manager)
    (process,) = reverters.of(database)
    place = Path("/proc") / str(process)
    stat = (place / "stat").read_text().rpartition(")")[2].split()
    parent, session, terminal = int(stat[1]), int(stat[3]), int(stat[4])
    assert (parent != os.getpid(), session != os.getsid(0), terminal) == (True, True, 0)
    own = place / "fd" / "1"
    reverters.until(lambda: str(own.readlink()) == os.devnull, "its own descriptors")
    # it looks at the clock of this boot now and then
    its_own = {"null", "boot_id", *(database.name + tail for tail in ("", "-wal", "-shm"))}
    held = set()
    for each in (place / "fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # one that it has just closed
            held.add(each.readlink().name)
    assert held <= its_own
    assert (place / "cwd").readlink() == Path("/")
