"""A database that somebody wrote to before, and what undoing one's own changes leaves of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from store.database import create
from store.errors import NodedeckError, VersionConflict
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.audit_state import assert_sound, present

OWN = "own@host"
Write = Callable[[ConfigManager], object]
Act = Write | tuple[str | foreign.Statement, ...]
"""A write of ours, or the statements of another program."""


@contextmanager
def two_writers() -> Iterator[tuple[ConfigManager, ConfigManager]]:
    """Two managers of one database, whose second signs as ``OWN``."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        create(path, created_by="tests")
        where = Locations(path.with_name("config.yaml"), path)
        with (
            ConfigManager.open(where, actor="first@host") as first,
            ConfigManager.open(where, actor=OWN) as own,
        ):
            yield first, own


def attempt(manager: ConfigManager, writes: Iterable[Write]) -> None:
    """Each write that the rules allow; a refused one leaves everything as it was."""
    for write in writes:
        before = manager.position()
        try:
            write(manager)
        except NodedeckError:
            assert manager.position() == before


def undo_among_others(
    before: Iterable[Write], acts: Iterable[Act], undo: Callable[[ConfigManager, int], object]
) -> int:
    """Act, undo all own changes newest first, and compare; how many entities others held.

    What no other program touched is as it was, and only what one touched refuses.
    """
    with two_writers() as (first, manager):
        path = manager.database.path
        attempt(first, before)
        start = manager.position().change_id
        with foreign.connect(path) as db:
            earlier = present(db)
        for act in acts:
            if isinstance(act, tuple):
                foreign.write(path, *act)
            else:
                attempt(manager, [act])
        mine = [change.id for change in manager.history(actor=OWN, limit=1_000)]
        touched = _foreign_paths(path, start)
        refused = set()
        for change_id in mine:
            change = manager.change(change_id)
            assert change is not None
            try:
                undo(manager, change_id)
            except VersionConflict:
                refused.add(change.path)
        assert refused <= touched
        with foreign.connect(path) as db:
            assert_sound(db)
            later = present(db)
        untouched = (earlier.keys() | later.keys()) - touched
        assert {key: later.get(key) for key in untouched} == {
            key: earlier.get(key) for key in untouched
        }
    return len(refused)


def _foreign_paths(path: Path, start: int) -> set[str]:
    """The entities that another program changed after a change id; rewrites are no change."""
    with foreign.connect(path) as db:
        rows = db.execute(
            "SELECT path FROM audit_log WHERE id>? AND actor IS NULL AND action<>'R'", (start,)
        )
        return {found for (found,) in rows}
