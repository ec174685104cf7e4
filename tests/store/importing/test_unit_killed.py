"""An import of two files and its rollback, killed anywhere: all before or all after, no journal."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from store.importing import apply as engine
from store.importing import plan as planning
from store.importing import rollback, unit
from store.importing.rollback import State
from store.locations import journal_of
from store.manager import utc_now
from tests.store.importing.samples import (
    ACTOR,
    RUNNING,
    database_leaves,
    places,
    put,
    run,
)
from tests.support import foreign
from tests.support.audit_state import assert_sound
from tests.support.killing import chosen, killed_at

SETTINGS: Final = "svc: {a: 1, b: [x]}\nrack: {}\n"
FULL = pytest.mark.soak
_STAMP: Final = re.compile(r"\d{8}T\d{6}Z(-\d+)?")
MOST: Final = 8
"""How many acts of a sweep are tried beside the named ones, unless all are."""

Work = Callable[[], object]


@pytest.fixture(autouse=True)
def _no_rehearsal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rehearsal works in a directory of its own, which is not what is looked at here."""
    monkeypatch.setattr("store.importing.rehearsal.rehearse", lambda *_, **__: 0)


def names(folder: Path) -> set[str]:
    """What a directory holds, without what SQLite keeps and whose names tell a time."""
    every = (str(path.relative_to(folder)) for path in folder.rglob("*"))
    return {_STAMP.sub("", name) for name in every if not name.endswith(("-wal", "-shm"))}


class Host:
    """A host with two files that an import cuts, to be set back to where it was as often as needed.

    ``state`` is what of it must be all before or all after: both files, the database, and the
    names of what stands there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "host"
        self._kept = folder / "kept"
        self.folder.mkdir()
        self.at = places(self.folder)
        (self.folder / "more").mkdir()
        self.files = (
            put(self.folder, "config.yaml", RUNNING),
            put(self.folder / "more", "svc.yaml", SETTINGS),
        )

    def keep(self) -> None:
        shutil.copytree(self.folder, self._kept)

    def back(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self._kept, self.folder)

    def plan(self) -> planning.Plan:
        return engine.preview([planning.load(each) for each in self.files], self.at)

    def texts(self) -> list[str | None]:
        return [each.read_text() if each.exists() else None for each in self.files]

    def leaves(self) -> object:
        return database_leaves(self.at) if self.at.database.exists() else None

    def state(self) -> tuple[object, ...]:
        return self.texts(), self.leaves(), names(self.folder)

    def settled(self) -> None:
        """What the next verb that writes does first, and what must be so afterwards."""
        unit.recover(self.at)
        assert not journal_of(self.at.database).exists()
        assert [path.name for path in self.folder.rglob(".*")] == []
        if self.at.database.exists():
            with foreign.connect(self.at.database) as db:
                assert_sound(db)


def swept(host: Host, work: Work, most: int | None) -> None:
    """Kill some work at many of its acts: each time it is all before or all after."""
    host.keep()
    before = host.state()
    done = killed_at(0, work)
    assert {"fsync", "replace", "unlink", "open", "_dress", "__exit__", "execute_sql"} <= set(done)
    after, seen = host.state(), []
    assert after[0] != before[0]
    for count in chosen(done, most=most):
        host.back()
        assert killed_at(count, work) == []
        host.settled()
        found = host.state()
        assert found in (before, after), (count, done[count - 1])
        seen.append(found == after)
    # once it is committed it is committed
    assert seen == sorted(seen)
    assert set(seen) == {False, True}


@pytest.mark.parametrize("most", [MOST, pytest.param(None, marks=FULL)], ids=["some", "all"])
@pytest.mark.parametrize("start", ["fresh", "lived in"])
def test_an_import_of_two_files_is_all_before_or_all_after(
    tmp_path: Path, start: str, most: int | None
) -> None:
    host = Host(tmp_path)
    if start == "lived in":  # so that it neither makes nor removes the database, and backs it up
        run(put(tmp_path, "first.yaml", "old: {a: 1}\n"), host.at)
    made = host.plan()
    swept(
        host,
        lambda: engine.apply(made, host.at, actor=ACTOR, clock=utc_now, rewrite=True),
        most,
    )


@pytest.mark.parametrize("most", [MOST, pytest.param(None, marks=FULL)], ids=["some", "all"])
def test_a_rollback_of_two_files_is_all_before_or_all_after(
    tmp_path: Path, most: int | None
) -> None:
    """One of the files is gone meanwhile, so that it is made anew, or is gone still."""
    host = Host(tmp_path)
    host.files[1].chmod(0o640)
    engine.apply(host.plan(), host.at, actor=ACTOR, clock=utc_now, rewrite=True)
    host.files[1].unlink()
    planned = rollback.plan(host.at, None, State.BEFORE)
    swept(host, lambda: rollback.apply(planned, host.at, actor=ACTOR, clock=utc_now), most)
    assert not host.files[1].exists() or host.files[1].stat().st_mode & 0o777 == 0o640
