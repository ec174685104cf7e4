"""The store against raw SQLite and against rewriting a file: ``python -m bench.store``."""

from __future__ import annotations

import itertools
import os
import sqlite3
import sys
import tempfile
from pathlib import Path

import yaml

from bench.measure import Result, medians, report
from store.database import create
from store.locations import Locations
from store.manager import ConfigManager
from store.models import Node

NODES, SETTINGS, KEYS = 50, 400, 500
_UPSERT = (
    "INSERT INTO chain_state(key,value) VALUES('current_height',?) ON CONFLICT(key) DO UPDATE SET"
    " value=excluded.value, updated_at=CURRENT_TIMESTAMP"
)
_TABLES = (
    "chain_state", "seed_info", "network_params", "node_versions", "upgrade_plans",
    "inference_nodes", "settings",
)  # fmt: skip


def main() -> int:
    """Measure, print, and answer 1 where a target was missed."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        return 0 if all([heights(place), document(place)]) else 1


def heights(folder: Path) -> bool:
    """A height through the public API, against raw SQL and against the legacy daemon's way."""
    number = itertools.count(1)
    locations = Locations(folder / "config.yaml", folder / "state.db")
    create(locations.database, created_by="bench")
    raw = _raw(folder / "raw.db")
    tree = {f"key_{at}": f"value {at}" for at in range(KEYS)}
    with ConfigManager.open(locations, actor="bench") as manager:

        def upsert() -> None:
            raw.execute(_UPSERT, (next(number),))
            raw.commit()

        def rewrite() -> None:
            tree["current_height"] = str(next(number))
            new = folder / "legacy.yaml.new"
            with new.open("w") as file:
                yaml.dump(tree, file)
                file.flush()
                os.fsync(file.fileno())
            new.replace(folder / "legacy.yaml")

        seconds = medians(
            {
                "set_height: audited and signed": lambda: manager.set_height(next(number)),
                "raw upsert and commit, no audit": upsert,
            },
            rounds=15,
            repeats=400,
        )
        legacy = f"rewrite a {KEYS}-key YAML file, fsync, rename"
        seconds |= medians({legacy: rewrite}, rounds=5, repeats=4)
    raw.close()
    ours, theirs, rewritten = seconds.values()
    return report(
        "One height (WAL, synchronous=NORMAL)",
        seconds,
        [
            Result(
                "set_height / raw", f"{theirs / ours:.2f}×", "at least 0.2×", theirs / ours >= 0.2
            ),
            Result(
                "set_height / legacy file",
                f"{rewritten / ours:,.0f}×",
                "at least 100×",
                rewritten / ours >= 100,
            ),
        ],
    )


def document(folder: Path) -> bool:
    """The whole effective document, against fetching the same rows and nothing more."""
    locations = Locations(folder / "document.yaml", folder / "document.db")
    locations.config.write_text("api:\n  port: 9000\nchain_node:\n  url: http://node:26657\n")
    create(locations.database, created_by="bench")
    with ConfigManager.open(locations, actor="bench") as manager:
        manager.set_nodes([_node(at) for at in range(NODES)])
        with manager.transaction():
            for at in range(SETTINGS):
                manager.set_value(f"service{at % 10}.key{at}", str(at), create=True)
        raw = sqlite3.connect(locations.database, isolation_level=None)

        def fetch() -> None:
            raw.execute("BEGIN")
            for table in _TABLES:
                raw.execute(f"SELECT * FROM {table}").fetchall()
            raw.execute("COMMIT")

        seconds = medians(
            {
                "the document, read anew from both homes": manager.effective,
                "the same rows by raw sqlite3": fetch,
            },
            rounds=25,
            repeats=10,
        )
        raw.close()
    ours, theirs = seconds.values()
    return report(
        f"The whole effective document: {NODES} nodes, {SETTINGS} settings",
        seconds,
        [
            Result("read / raw", f"{ours / theirs:.2f}×", "at most 3×", ours <= 3 * theirs),
            # it is always read, so that it can never be stale, and needs no memory to be in time
            Result("read", f"{ours * 1e3:.2f} ms", "under 10 ms", ours < 0.01),
        ],
    )


def _raw(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute(
        "CREATE TABLE chain_state(key TEXT PRIMARY KEY, value TEXT NOT NULL,"
        " updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)"
    )
    return connection


def _node(at: int) -> Node:
    return Node.model_validate(
        {
            "id": f"node{at}",
            "host": f"10.0.0.{at}",
            "inference_port": 5050,
            "poc_port": 8080,
            "models": {"Qwen3-235B-A22B": {"args": ["--tensor-parallel-size", "8"]}},
            "max_concurrent": 500,
            "hardware": [{"type": "H100 80GB", "count": 8}],
            "version": "v3.0.8",
        }
    )


if __name__ == "__main__":
    sys.exit(main())
