"""Imports against plain loading and storing, and beside a screen: ``python -m bench.importing``.

The plain way is ``yaml.load`` with the C loader and a raw ``executemany`` of the same rows, into a
table without triggers and into nodedeck's own, whose triggers keep the audit log; committed with
``synchronous=FULL`` as an import is. The screen is a ticker in the main thread that wants to run
every 10 ms while the import goes on in another thread; beside it stands the same ticker while
another process keeps a core busy, which is what the machine itself makes it wait.
"""

from __future__ import annotations

import itertools
import json
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import yaml

from bench.measure import Result, medians, report
from store.connections import held_open
from store.database import create
from store.importing import apply as engine
from store.importing import plan as planning
from store.locations import Locations
from store.manager import utc_now

_BARE = "INSERT INTO plain(service,key,value_json) VALUES(?,?,?)"
_AUDITED = (
    "INSERT INTO settings(service,key,type,value_json,description,help_text,complexity,is_secret,"
    "constraints_json) VALUES(?,?,'string',?,'','','simple',0,'{}')"
)
SETTINGS, SERVICES, NODES = 500, 10, 10_000
TICK = 0.01
_NODE = """\
  - id: node{number}
    host: 10.{high}.{middle}.{low}
    inference_segment: ""
    inference_port: 5050
    poc_segment: ""
    poc_port: 8080
    max_concurrent: 500
    models:
      Qwen/Qwen3-235B-A22B:
        args: [--tensor-parallel-size, "8"]
    hardware:
      - {{type: NVIDIA H100 80GB, count: 8}}
    version: v3.0.8
"""


def main() -> int:
    """Measure, print, and answer 1 where a target was missed."""
    with tempfile.TemporaryDirectory() as folder:
        return 0 if all([settings(Path(folder)), nodes(Path(folder))]) else 1


def settings(folder: Path) -> bool:
    """A file of 500 settings, planned and applied, against loading and storing it plainly."""
    text = "".join(
        f"service{service}:\n"
        + "".join(f"  key_{at}: value {at}\n" for at in range(service, SETTINGS, SERVICES))
        for service in range(SERVICES)
    )
    number = itertools.count()

    def host(*, made: bool) -> Locations:
        place = folder / f"host{next(number)}"
        place.mkdir()
        (place / "services.yaml").write_text(text)
        at = Locations(place / "config.yaml", place / "state.db")
        if made:
            create(at.database, created_by="bench")
        return at

    def imported(at: Locations) -> None:
        with held_open(at.database):  # as the verb does
            plan = engine.preview([planning.load(at.config.with_name("services.yaml"))], at)
            engine.apply(plan, at, actor="bench", clock=utc_now)

    def plainly(at: Locations, insert: str) -> None:
        tree = yaml.load(at.config.with_name("services.yaml").read_bytes(), yaml.CSafeLoader)
        rows = [
            (service, key, json.dumps(value))
            for service, below in tree.items()
            for key, value in below.items()
        ]
        db = sqlite3.connect(at.database, isolation_level=None)
        db.execute("PRAGMA synchronous=FULL")
        db.execute("BEGIN IMMEDIATE")
        db.executemany(insert, rows)
        db.execute("COMMIT")
        db.close()

    rounds = 9
    fresh = iter([host(made=False) for _ in range(rounds)])
    kept = iter([host(made=True) for _ in range(rounds)])
    bare = iter([_plain(host(made=False)) for _ in range(rounds)])
    audited = iter([host(made=True) for _ in range(rounds)])
    seconds = medians(
        {
            "plan and apply, into a database that is there": lambda: imported(next(kept)),
            "plan and apply, the database made too": lambda: imported(next(fresh)),
            "yaml.load with the C loader, raw executemany": lambda: plainly(next(bare), _BARE),
            "the same into the audited table": lambda: plainly(next(audited), _AUDITED),
        },
        rounds=rounds,
        repeats=1,
    )
    there, making, plain, logged = seconds.values()
    return report(
        f"A file of {SETTINGS} settings",
        seconds,
        [
            Result("import / plain", f"{there / plain:.1f}×", "under 5×", there < 5 * plain),
            Result("import / audited", f"{there / logged:.1f}×", "", True),
            Result("import and making / plain", f"{making / plain:.1f}×", "", True),
        ],
    )


def nodes(folder: Path) -> bool:
    """Ten thousand nodes, and for how long a screen beside the import could not move."""
    file = large(folder)
    size = file.stat().st_size
    at = Locations(file, folder / "state.db")
    taken: dict[str, float] = {}

    def imported() -> None:
        began = time.perf_counter()
        plan = engine.preview([planning.load(file)], at)
        taken["plan"] = time.perf_counter() - began
        engine.apply(plan, at, actor="bench", clock=utc_now, rewrite=True)
        taken["apply, with rehearsal and cut"] = time.perf_counter() - began - taken["plan"]

    worker = threading.Thread(target=imported)
    used = time.process_time()
    worker.start()
    gaps, held = _waits(worker)
    used = time.process_time() - used
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        idle = threading.Thread(target=time.sleep, args=(3,))
        idle.start()
        alone, _ = _waits(idle)
        other.kill()
    whole, worst = sum(taken.values()), max(gaps)
    return report(
        f"{NODES:,} nodes, {size:,} bytes",
        taken,
        [
            Result("in all", f"{whole:.1f} s", "under 10 s", whole < 10),
            Result("in all, of a core's time", f"{used:.1f} s", "", True),
            Result("the screen's longest wait", _ms(worst), "under 100 ms", worst < 0.1),
            Result("the import's own part of a wait", _ms(held), "under 100 ms", held < 0.1),
            Result("its 99th percentile", _ms(sorted(gaps)[len(gaps) * 99 // 100]), "", True),
            Result("the longest beside another process", _ms(max(alone)), "", True),
        ],
    )


def large(folder: Path) -> Path:
    """A config file of ten thousand nodes, in a folder."""
    file = folder / "config.yaml"
    listed = "".join(
        _NODE.format(number=at, high=at >> 16, middle=at >> 8 & 255, low=at & 255)
        for at in range(NODES)
    )
    file.write_text(f"current_height: 5\napi:\n  port: 9000\nnodes:\n{listed}")
    return file


def _waits(worker: threading.Thread) -> tuple[list[float], float]:
    """How much later than every 10 ms this thread came to run, while the other one did.

    And the most that the other one computed in one such wait, which no busy machine adds to. All
    in seconds.
    """
    if worker.ident is None:
        raise RuntimeError("the worker has not been started")
    computing = time.pthread_getcpuclockid(worker.ident)
    found, most = [], 0.0
    last, computed = time.perf_counter(), 0.0
    while worker.is_alive():
        time.sleep(TICK)
        now = time.perf_counter()
        found.append(now - last - TICK)
        last = now
        try:
            so_far = time.clock_gettime(computing)
        except OSError:  # it has just ended, and its clock with it
            break
        most, computed = max(most, so_far - computed), so_far
    worker.join()
    return found, most


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms"


def _plain(at: Locations) -> Locations:
    db = sqlite3.connect(at.database)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute(
        "CREATE TABLE plain(service TEXT, key TEXT, value_json TEXT, PRIMARY KEY(service, key))"
    )
    db.close()
    return at


if __name__ == "__main__":
    sys.exit(main())
