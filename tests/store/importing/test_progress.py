"""An import told as it goes, and broken off: everything is taken back until the commit."""

from __future__ import annotations

import gc
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from store import backup as backups
from store import collecting
from store.errors import Cancelled, ExitCode
from store.importing import apply as engine
from store.importing import unit
from store.importing.progress import Cancel, Course, Phase
from store.locations import Locations
from tests.store.importing.samples import (
    ACTOR,
    RUNNING,
    database_leaves,
    on_disk,
    places,
    plan,
    put,
    run,
)
from tests.support.clock import FixedClock


class Listener:
    """Notes what it is told, and may ask to stop once a phase has come so far."""

    def __init__(self, phase: Phase | None = None, done: int = 0) -> None:
        self.told: list[tuple[Phase, int, int]] = []
        self.cancel = Cancel()
        self._stop = (phase, done)

    def __call__(self, phase: Phase, done: int, total: int) -> None:
        self.told.append((phase, done, total))
        if (phase, done) == self._stop:
            self.cancel.ask()

    def apply(self, at: Locations) -> engine.Result:
        """Import the host's config file, cut included."""
        return engine.apply(
            plan(at.config, at),
            at,
            actor=ACTOR,
            clock=FixedClock(),
            rewrite=True,
            progress=self,
            cancel=self.cancel,
        )


def lived_in(folder: Path) -> Locations:
    """A host with a database of which an import makes a backup first."""
    at = places(folder)
    put(folder, "config.yaml", "current_height: 3\n")
    run(at.config, at)
    for path in folder.glob("config.yaml.*"):
        path.unlink()
    put(folder, "config.yaml", RUNNING)
    return at


def test_the_phases_come_in_order_and_each_to_its_end(tmp_path: Path) -> None:
    put(tmp_path, "config.yaml", RUNNING)
    listener = Listener()
    result = listener.apply(places(tmp_path))
    assert [phase for phase, _ in itertools.groupby(listener.told, lambda each: each[0])] == list(
        Phase
    )
    for phase in Phase:
        counts = [(done, total) for each, done, total in listener.told if each is phase]
        assert counts[0][0] == 0
        assert counts[-1][0] == counts[-1][1]
        assert counts == sorted(counts)
    assert {total for phase, _, total in listener.told if phase is Phase.WRITE} == {
        len(result.plan.writes)
    }


def test_of_ten_thousand_steps_a_hundred_are_told() -> None:
    listener = Listener()
    assert list(Course(listener).steps(Phase.WRITE, range(10_000))) == list(range(10_000))
    assert len(listener.told) == 101
    assert listener.told[-1] == (Phase.WRITE, 10_000, 10_000)


def named(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"state.db-wal", "state.db-shm"}


@pytest.mark.parametrize("start", ["fresh", "lived in"])
def test_until_the_commit_it_can_be_cancelled_and_leaves_nothing(
    tmp_path: Path, start: str
) -> None:
    at = lived_in(tmp_path) if start == "lived in" else places(tmp_path)
    put(tmp_path, "config.yaml", RUNNING)
    before, names = on_disk(tmp_path), named(tmp_path)
    for phase, done in (
        (Phase.REHEARSAL, 5),
        (Phase.BACKUP, 0),
        (Phase.BACKUP, 1),
        (Phase.WRITE, 5),
        (Phase.VERIFY, len(plan(at.config, at).writes)),
    ):
        listener = Listener(phase, done)
        with pytest.raises(Cancelled) as stopped:
            listener.apply(at)
        assert listener.told[-1][:2] == (phase, done)
        assert str(stopped.value) == "Cancelled; nothing was changed and nothing is left of it."
        assert stopped.value.exit_code == ExitCode.INTERRUPTED
        assert on_disk(tmp_path) == before
        assert named(tmp_path) == names
        assert unit.standing(at) is None
    assert Listener().apply(at).receipt == (2 if start == "lived in" else 1)


def test_after_the_commit_it_is_too_late_and_the_import_is_finished(tmp_path: Path) -> None:
    put(tmp_path, "config.yaml", RUNNING)
    at = places(tmp_path)
    result = Listener(Phase.CUT).apply(at)
    assert result.rewritten
    assert "current_height" not in at.config.read_text()
    assert database_leaves(at)["current_height"] == 1934882


def test_a_backup_that_cannot_be_removed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = lived_in(tmp_path)

    def fail(_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(backups, "discard", fail)
    with pytest.raises(Cancelled) as stopped:
        Listener(Phase.WRITE).apply(at)
    (kept,) = (tmp_path / "backups").glob("*.db")
    assert str(stopped.value) == (
        f"Cancelled; nothing was changed. It left the backup {kept}, which can be deleted."
    )


def test_a_failing_listener_is_a_failure_like_any_other(tmp_path: Path) -> None:
    put(tmp_path, "config.yaml", RUNNING)
    at = places(tmp_path)
    before = on_disk(tmp_path)

    def fail(phase: Phase, _done: int, _total: int) -> None:
        if phase is Phase.VERIFY:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        engine.apply(
            plan(at.config, at), at, actor=ACTOR, clock=FixedClock(), rewrite=True, progress=fail
        )
    assert on_disk(tmp_path) == before


# Python's collector


@pytest.fixture
def nothing_aside(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What others in this process set aside, the collector sees again."""
    monkeypatch.setattr(collecting, "_aside", False)
    gc.unfreeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("nothing_aside")
def test_the_collector_is_held_back_and_let_go_once() -> None:
    assert gc.isenabled()
    with collecting.held_back():
        with collecting.held_back():
            kept = [[number] for number in range(60_000)]
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0
    assert gc.get_count()[0] < len(kept)
    gc.disable()
    try:
        with collecting.held_back():
            pass
        assert not gc.isenabled()  # whoever switched it off wants it off
    finally:
        gc.enable()


@pytest.mark.usefixtures("nothing_aside")
def test_what_is_set_aside_is_never_walked_over_and_goes_all_the_same() -> None:
    with collecting.held_back():
        few = [[number] for number in range(10)]
        collecting.set_aside()
    assert gc.get_freeze_count() == 0
    with collecting.held_back():
        kept = [{number} for number in range(60_000)]
        collecting.set_aside()
    assert gc.get_freeze_count() >= len(kept) + len(few)
    with collecting.held_back():  # what comes later does not let all of it in again
        more = [[number] for number in range(60_000)]
    before = gc.get_freeze_count()
    assert before >= len(kept) + len(more)
    del kept
    assert gc.get_freeze_count() <= before - 60_000
