"""The imports done so far, with what a rollback of each can still bring back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from store.importing import past, rollback
from store.importing.rollback import State
from store.manager import ConfigManager
from tests.store.importing.samples import ACTOR, RUNNING, SETTINGS, places, put, run
from tests.support.clock import FixedClock


def imports(folder: Path) -> list[past.Import]:
    with ConfigManager.open(places(folder), actor="", read_only=True) as manager:
        return past.imports(manager)


def taken_back(folder: Path, number: int, state: State) -> int:
    at = places(folder)
    planned = rollback.plan(at, number, state)
    receipt = rollback.apply(planned, at, actor=ACTOR, clock=FixedClock(), reason="a test")
    assert receipt is not None
    return receipt


def test_each_import_tells_what_of_it_can_still_come_back(tmp_path: Path) -> None:
    file = put(tmp_path, "config.yaml", RUNNING)
    run(file, places(tmp_path), rewrite=True)
    other = tmp_path / "other"
    other.mkdir()
    run(put(other, "config.yaml", "rack_params: {a: 1}\n"), places(other))
    run(places(other).database, places(tmp_path))
    second, first = imports(tmp_path)
    assert (first.number, first.actor, first.files) == (1, ACTOR, (str(file),))
    assert first.at == FixedClock()()
    assert (first.totals["add"], first.totals["stay"]) == (33, 3)
    assert first.reason == "import of config.yaml"
    assert first.left == (State.NOW, State.BEFORE)
    # a database was only read: there is no file that could come back
    assert (second.of_files, second.left) == (False, (State.BEFORE,))

    cut = file.read_bytes()
    now = taken_back(tmp_path, 1, State.NOW)
    first = imports(tmp_path)[1]
    assert (first.taken_back, first.left) == ({State.NOW: now}, (State.BEFORE,))
    with ConfigManager.open(places(tmp_path), actor="", read_only=True) as manager:
        (copy,) = past.copies_of_rollback(manager, now)
    assert Path(copy).read_bytes() == cut
    before = taken_back(tmp_path, 1, State.BEFORE)
    first = imports(tmp_path)[1]
    assert first.taken_back == {State.NOW: now, State.BEFORE: before}
    assert first.left == ()


def test_what_others_put_among_the_receipts_hides_none(tmp_path: Path) -> None:
    run(put(tmp_path, "dev.toml", SETTINGS), places(tmp_path))
    with closing(sqlite3.connect(places(tmp_path).database)) as db, db:
        for at, receipt in (
            ("2025-01-01", "no JSON"),
            ("never", '{"schema": "nodedeck.import.receipt/1", "file": "old.yaml"}'),
            ("never", '{"schema": "another/1"}'),
        ):
            db.execute(
                "INSERT INTO imports(at,actor,host,receipt_json) VALUES(?,'x','h',?)", (at, receipt)
            )
    old, real = imports(tmp_path)
    assert (old.files, old.at, old.totals, old.host) == (("old.yaml",), None, {}, "h")
    assert real.files == (str(tmp_path / "dev.toml"),)
