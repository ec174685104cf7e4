"""``nodedeck watch`` as a process of its own: a line per change, whatever becomes of the file."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from store.database import create
from tests.support import foreign
from tests.tui.test_cli import PROGRAM, ROOT, call, one_line

PATIENCE = 20.0


class Watch:
    """A running watch, and the lines that it has printed with the time each was read."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: queue.Queue[tuple[float, str]] = queue.Queue()
        self.told: queue.Queue[tuple[float, str]] = queue.Queue()
        for stream, into in ((process.stdout, self.lines), (process.stderr, self.told)):
            assert stream is not None
            threading.Thread(target=self._read, args=(stream, into), daemon=True).start()

    @staticmethod
    def _read(stream: IO[str], into: queue.Queue[tuple[float, str]]) -> None:
        for line in stream:
            into.put((time.monotonic(), line.rstrip("\n")))

    def line(self) -> str:
        return self.lines.get(timeout=PATIENCE)[1]

    def object(self) -> Any:
        return json.loads(self.line())

    def says(self, text: str) -> None:
        """Wait for a line of narration that has this text."""
        while text not in self.told.get(timeout=PATIENCE)[1]:
            pass

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


def started(database: Path, *argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        (*PROGRAM, "--db", str(database), "watch", *argv),
        cwd=database.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def watching(database: Path, *argv: str) -> Iterator[Watch]:
    with started(database, *argv) as process:
        watch = Watch(process)
        try:
            watch.says("Watching what follows")
            yield watch
        finally:
            process.kill()


def height(database: Path, number: int) -> float:
    """Commit a height; the time of the commit."""
    foreign.write(database, f"REPLACE INTO chain_state VALUES('current_height','{number}','')")
    return time.monotonic()


def test_a_change_is_a_line_of_text(database: Path) -> None:
    foreign.write(database, foreign.node("old"))
    with watching(database) as watch:
        foreign.write(database, foreign.node("n", host="a\x1b[31m\nb"))
        line = watch.line()
        assert "  #2  external  nodes.n.host: – → a\\x1b[31m\\nb; " in line
        foreign.write(database, "DELETE FROM inference_nodes WHERE id='n'")
        assert "nodes.n.host: a\\x1b[31m\\nb → –" in watch.line()


def test_json_is_one_object_a_line_in_the_shape_of_history(
    database: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with watching(database, "--json") as watch:
        foreign.write(database, foreign.node("n", host="line\nend\u2028"))
        found = watch.object()
        assert found.pop("schema") == "nodedeck.watch/1"
        history = call(capsys, "history", "--json", "--db", database).json
        assert [found] == history["items"]


def test_secrets_are_masked(database: Path) -> None:
    with watching(database, "--json") as watch:
        row = {"service": "svc", "key": "api_token", "value_json": '"hunter2"'}
        foreign.write(database, foreign.insert("settings", row))
        assert watch.object()["new"] == "********"


def test_a_pattern_chooses(database: Path) -> None:
    with watching(database, "nodes.*.is_enabled", "--json") as watch:
        height(database, 1)
        foreign.write(database, foreign.node("n"))
        foreign.write(database, "UPDATE inference_nodes SET host='elsewhere'")
        foreign.write(database, "UPDATE inference_nodes SET is_enabled=0")
        assert [watch.object()["id"] for _ in range(2)] == [2, 4]


def test_after_an_id_begins_with_what_followed(database: Path) -> None:
    for number in range(3):
        height(database, number)
    with watching(database, "--json", "--after", "1") as watch:
        height(database, 9)
        assert [watch.object()["new"] for _ in range(3)] == [1, 2, 9]


def test_a_rewrite_is_told_only_where_its_deletion_was(database: Path) -> None:
    foreign.write(database, foreign.node("n"))
    with watching(database, "nodes.*.host", "--json") as watch:
        foreign.write(database, "DELETE FROM inference_nodes", foreign.node("n"))
        foreign.write(database, "DELETE FROM inference_nodes")
        assert watch.object()["action"] == "D"
        foreign.write(database, foreign.node("n"))
        assert watch.object()["action"] == "R"


def test_a_line_comes_within_100_ms_of_the_commit(database: Path) -> None:
    with watching(database) as watch:
        delays = []
        for number in range(20):
            committed = height(database, number)
            delays.append(watch.lines.get(timeout=PATIENCE)[0] - committed)
        assert statistics.median(delays) < 0.1


def test_a_burst_is_told_whole_and_in_order(database: Path) -> None:
    with watching(database, "--json") as watch, foreign.connect(database) as db:
        for number in range(1_200):
            if number % 300 == 0:
                db.execute("BEGIN")
            db.execute("REPLACE INTO chain_state VALUES('current_height',?,'')", (number,))
            if number % 300 == 299:
                db.execute("COMMIT")
        assert [watch.object()["new"] for _ in range(1_200)] == list(range(1_200))


def replace(database: Path, other: Path) -> None:
    for side in ("-wal", "-shm"):
        database.with_name(database.name + side).unlink(missing_ok=True)
    other.replace(database)


def test_a_database_replaced_by_another_is_watched_from_its_newest_change(database: Path) -> None:
    other = database.with_name("other.db")
    create(other, created_by="tests")
    for number in range(5):
        height(other, number)
    with watching(database, "--json") as watch:
        height(database, 7)
        assert watch.object()["new"] == 7
        replace(database, other)
        watch.says("is another file now")
        watch.says("watching what follows its change #5")
        height(database, 8)
        assert watch.object()["id"] == 6


def test_a_copy_of_itself_goes_on_where_it_was(database: Path) -> None:
    with watching(database, "--json") as watch:
        height(database, 1)
        assert watch.object()["id"] == 1
        foreign.write(database, "CREATE TABLE IF NOT EXISTS unused(x)", "DROP TABLE unused")
        copy = database.with_name("copy.db")
        with foreign.connect(database) as db:
            db.execute(f"VACUUM INTO '{copy}'")
        height(copy, 2)
        replace(database, copy)
        assert watch.object()["id"] == 2


def test_a_restored_state_is_watched_from_its_newest_change(database: Path) -> None:
    height(database, 1)
    backup = database.with_name("backup.db")
    with foreign.connect(database) as db, foreign.connect(backup) as into:
        db.backup(into)
        with watching(database, "--json") as watch:
            for number in (2, 3, 4):
                height(database, number)
                assert watch.object()["new"] == number
            into.backup(db)
            watch.says("restored or remade: watching what follows its change #1")
            height(database, 5)
            found = watch.object()
            assert (found["id"], found["old"], found["new"]) == (2, 1, 5)


def test_an_absent_database_is_waited_for(database: Path) -> None:
    away = database.with_name("away")
    away.mkdir()
    with watching(database, "--json") as watch:
        for name in (database.name, f"{database.name}-wal", f"{database.name}-shm"):
            if database.with_name(name).exists():
                shutil.move(database.with_name(name), away / name)
        watch.says("There is no database at")
        database.write_bytes(b"this is no database, only a text of some length")
        watch.says("is not an intact SQLite database")
        database.unlink()
        for moved in away.iterdir():
            shutil.move(moved, database.with_name(moved.name))
        watch.says("is back")
        height(database, 3)
        assert watch.object()["new"] == 3


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_ends_cleanly_on_a_signal(database: Path, number: signal.Signals, code: int) -> None:
    with watching(database) as watch:
        height(database, 1)
        watch.line()
        assert watch.end(number) == code
        assert watch.told.empty()


def test_it_ends_when_nobody_reads_and_nothing_changes(database: Path) -> None:
    with (
        started(database) as watch,
        subprocess.Popen(
            ("head", "-n", "1"), stdin=watch.stdout, stdout=subprocess.PIPE, text=True
        ) as head,
    ):
        assert watch.stdout is not None
        assert watch.stderr is not None
        watch.stdout.close()
        assert "Watching" in watch.stderr.readline()
        height(database, 1)
        assert "current_height: – → 1" in head.communicate(timeout=PATIENCE)[0]
        assert watch.wait(PATIENCE) == 0
        assert watch.stderr.read() == ""


def test_a_missing_database_at_the_start_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    ran = call(capsys, "watch", "--db", tmp_path / "none.db")
    assert "There is no database" in one_line(ran, 2)
    assert "not a path" in one_line(call(capsys, "watch", "a..b"), 2)
