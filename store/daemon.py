"""A stand-in for the node's daemon: plain sqlite3, its own statements, no attribution.

Heights, seeds and the running version live in this daemon's memory, so that whatever somebody
else writes over them is lost at the next block or flush, as on a real host.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from store.errors import ForeignDatabase, InvalidValue, MissingDatabase, UsageError
from store.models import EpochSeed
from store.sqlite_faults import sentences

NODE_COLUMNS: Final = (
    "id, host, inference_segment, inference_port, poc_segment, poc_port,"
    " models, max_concurrent, hardware, version, is_enabled"
)
# What the daemon reads or writes of each table: a file without these is somebody else's.
REQUIRED: Final = {
    "chain_state": "key, value, updated_at",
    "seed_info": "id, type, seed, epoch_index, signature, is_active, claimed",
    "network_params": "param_type, param_data, updated_at",
    "node_versions": "id, height, version",
    "upgrade_plans": "id, height, is_active",
    "inference_nodes": NODE_COLUMNS + ", created_at, updated_at",
}
CHAIN_DEFAULTS: Final = {
    "current_height": "0",
    "last_processed_height": "0",
    "current_node_version": "",
    "last_used_version": "",
    "merged_node_config": "true",
}
SEED_TYPES: Final = ("previous", "current", "upcoming")
DEFAULT_PARAMS: Final[dict[str, dict[str, int | float]]] = {
    "validation": {"expiration_blocks": 150, "timestamp_advance": 30, "timestamp_expiration": 60},
    "bandwidth": {
        "estimated_limits_per_block_kb": 10752,
        "kb_per_input_token": 0.0023,
        "kb_per_output_token": 0.64,
    },
}
FLUSH_EVERY: Final = timedelta(minutes=1)
PLAN_LINGERS_BLOCKS: Final = 3

Row = tuple[Any, ...]
# What the daemon writes where there is no seed.
NONE_YET: Final = EpochSeed()


class Daemon:
    """The daemon of one node, on its own connection to ``path``.

    ``stubborn`` makes a flush write the nodes from memory (as of the start, or of the last
    ``change_node``) instead of what the database holds. ``clock`` tells when a flush is due.
    ``epoch_blocks`` is the length of an epoch in blocks, ``busy_seconds`` how long a statement
    waits for another writer's lock. A database in which nothing has happened is given height 1
    and epoch 1 at once.

    Every method writes in one transaction, and memory follows only after its commit: after a
    failure the same call can be made again. Each returns what it did as a phrase for a log,
    empty where there was nothing to do, and raises ``Busy`` under another writer's lock,
    ``MissingDatabase`` when the file was deleted or replaced, ``Refused`` when it cannot be
    written, and ``NodedeckError`` for any other failure of SQLite. Opening also raises
    ``ForeignDatabase`` for a file of another program, ``InvalidValue`` for a stored height or
    seed that is none, and ``UsageError`` for an epoch of less than two blocks.
    """

    def __init__(
        self,
        path: Path,
        *,
        rng: random.Random,
        clock: Callable[[], datetime],
        stubborn: bool = False,
        epoch_blocks: int = 60,
        busy_seconds: float = 5.0,
    ) -> None:
        """Open ``path``, load its state, and begin the chain where there is none."""
        if epoch_blocks < 2:
            said = f"An epoch of {epoch_blocks} blocks is too short; nothing was written."
            raise UsageError(said, hint="Choose two blocks or more.")
        self.epoch_blocks = epoch_blocks
        self._path, self._rng, self._clock, self._stubborn = path, rng, clock, stubborn
        self._chain = dict(CHAIN_DEFAULTS)
        self._seeds = dict.fromkeys(SEED_TYPES, NONE_YET)
        self._nodes: list[Row] = []
        self._flushed_at = clock()
        self._file = self._identity()
        with sentences(path):
            # mode=rw never makes a file, not even one that is deleted at this moment.
            uri = f"{path.resolve().as_uri()}?mode=rw"
            self._db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=busy_seconds)
        try:
            self._start()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        """Close the connection; the daemon is of no use afterwards."""
        self._db.close()

    @property
    def height(self) -> int:
        """The height of the newest block."""
        return int(self._chain["current_height"])

    @property
    def epoch(self) -> int:
        """The index of the current epoch."""
        return self._seeds["current"].epoch_index

    @property
    def blocks_into_epoch(self) -> int:
        """How many blocks ago an epoch turned, 0 at the block that turns it."""
        # Derived from the height, so that a restarted daemon goes on in mid-epoch.
        return self.height % self.epoch_blocks

    @property
    def upcoming_announced(self) -> bool:
        """Whether the seed of the next epoch is known."""
        return not self._seeds["upcoming"].absent

    @property
    def claim_open(self) -> bool:
        """Whether there is a previous seed that is still to be claimed."""
        previous = self._seeds["previous"]
        return not previous.absent and not previous.claimed

    def block(self) -> str:
        """Write the next height; take over the versions and close the plans that it passed."""
        height, running = self.height + 1, self._chain["current_node_version"]
        changes = {
            "current_height": str(height),
            "last_processed_height": str(height - self._rng.randint(0, 1)),
        }
        phrases = [f"block {height}"]
        if running != self._chain["last_used_version"]:
            changes["last_used_version"] = running
        with self._transaction() as db:
            passed = db.execute(
                "SELECT id, version FROM node_versions WHERE height <= ? ORDER BY height, id",
                (height,),
            ).fetchall()
            if passed:
                changes["current_node_version"] = str(passed[-1][1])
                phrases.append(f"node version {passed[-1][1]!r} takes over")
            db.executemany("DELETE FROM node_versions WHERE id=?", [row[:1] for row in passed])
            closed = db.execute(
                "UPDATE upgrade_plans SET is_active=0 WHERE is_active AND height <= ?",
                (height - PLAN_LINGERS_BLOCKS,),
            )
            if closed.rowcount:
                phrases.append("upgrade plan done")
            self._put_chain(db, changes)
        self._chain |= changes
        return ", ".join(phrases)

    def turn_epoch(self) -> str:
        """Make current previous and upcoming current; nothing is upcoming until announced."""
        previous, current = self._seeds["current"], self._seeds["upcoming"]
        if current.epoch_index != self.epoch + 1:
            current = self._new_seed(self.epoch + 1)
        self._write_seeds({"previous": previous, "current": current, "upcoming": NONE_YET})
        return f"epoch {current.epoch_index} begins"

    def announce_upcoming(self) -> str:
        """Write the seed of the next epoch, unless it is known."""
        if self.upcoming_announced:
            return ""
        upcoming = self._new_seed(self.epoch + 1)
        self._write_seeds({"upcoming": upcoming})
        return f"seed of epoch {upcoming.epoch_index} announced"

    def claim(self) -> str:
        """Mark the previous seed as claimed, unless there is none or it is."""
        if not self.claim_open:
            return ""
        previous = self._seeds["previous"].model_copy(update={"claimed": True})
        self._write_seeds({"previous": previous})
        return f"epoch {previous.epoch_index} claimed"

    def change_node(self) -> str:
        """Enable or disable one node, or change its limit or its version."""
        with self._transaction() as db:
            fields = "rowid, id, is_enabled, max_concurrent, version"
            rows = db.execute(f"SELECT {fields} FROM inference_nodes ORDER BY rowid").fetchall()
            if not rows:
                return ""
            running = self._chain["current_node_version"]
            rowid, node, enabled, limit, version = self._rng.choice(rows)
            other_limits = [n for n in (100, 250, 500) if n != limit]
            edits: dict[str, int | str] = {
                "is_enabled": 0 if enabled else 1,
                "max_concurrent": self._rng.choice(other_limits),
            }
            if version != running:
                edits["version"] = running
            column, value = self._rng.choice(list(edits.items()))
            change = f"UPDATE inference_nodes SET {column}=?, updated_at=CURRENT_TIMESTAMP"
            db.execute(f"{change} WHERE rowid=?", (value, rowid))
            nodes = self._read_nodes(db)
        self._nodes = nodes
        return f"node {node!r}: {column} {value!r}"

    def change_param(self) -> str:
        """Move one number of the validation or bandwidth params a little."""
        kind = self._rng.choice(sorted(DEFAULT_PARAMS))
        with self._transaction() as db:
            params = _json_object(self._read_params(db, kind))
            numbers = [name for name, held in params.items() if type(held) in (int, float)]
            if not numbers:
                return ""
            name = self._rng.choice(numbers)
            held = params[name]
            if isinstance(held, float):
                params[name] = round(held * self._rng.choice((0.9, 1.1)), 6)
            else:
                step = self._rng.randint(1, 5)
                params[name] = held - step if held > 100 else held + step
            self._put_params(db, kind, json.dumps(params))
        return f"{kind} params: {name} {params[name]}"

    def flush_due(self) -> bool:
        """Whether a minute has passed by the clock since the last flush."""
        return self._clock() - self._flushed_at >= FLUSH_EVERY

    def flush(self) -> str:
        """Rewrite everything in one transaction, changed or not."""
        with self._transaction() as db:
            nodes = self._nodes if self._stubborn else self._read_nodes(db)
            db.execute("DELETE FROM inference_nodes")
            marks = ", ".join("?" * len(NODE_COLUMNS.split(",")))
            db.executemany(f"INSERT INTO inference_nodes({NODE_COLUMNS}) VALUES({marks})", nodes)
            for kind, seed in self._seeds.items():
                self._put_seed(db, kind, seed)
            self._put_chain(db, self._chain)
            for kind in DEFAULT_PARAMS:
                self._put_params(db, kind, self._read_params(db, kind))
        self._flushed_at = self._clock()
        return f"flush: {len(nodes)} nodes, seeds, chain values and params rewritten"

    def _start(self) -> None:
        with self._transaction() as db:
            for table, columns in REQUIRED.items():
                self._expect(db, table, columns)
            stored = dict(db.execute("SELECT key, value FROM chain_state").fetchall())
            chain = {key: str(stored.get(key, held)) for key, held in CHAIN_DEFAULTS.items()}
            height = _height(chain["current_height"])
            seeds = {kind: self._read_seed(db, kind) for kind in SEED_TYPES}
            self._nodes = self._read_nodes(db)
        self._chain = chain | {"current_height": str(max(height, 1))}
        self._seeds = {kind: seed or NONE_YET for kind, seed in seeds.items()}
        begins = self._seeds["current"].absent
        if begins:
            self._seeds["current"] = self._new_seed(self._seeds["previous"].epoch_index + 1)
        if begins or height == 0 or None in seeds.values():
            self.flush()

    def _expect(self, db: sqlite3.Connection, table: str, columns: str) -> None:
        try:
            db.execute(f"SELECT {columns} FROM {table} LIMIT 0")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                raise
            raise ForeignDatabase(
                f"{self._path} is no node state ({error}); nothing was written.",
                hint="Name the state.db of a node with --db.",
            ) from error

    @staticmethod
    def _read_seed(db: sqlite3.Connection, kind: str) -> EpochSeed | None:
        row = db.execute(
            "SELECT seed, epoch_index, signature, claimed FROM seed_info"
            " WHERE type=? AND is_active ORDER BY id DESC LIMIT 1",
            (kind,),
        ).fetchone()
        if row is None:
            return None
        try:
            return EpochSeed(
                seed=row[0], epoch_index=row[1], signature=row[2], claimed=bool(row[3])
            )
        except ValidationError as error:
            raise InvalidValue(
                f"The active {kind} seed is {row!r}, which is no epoch seed; nothing was written.",
                hint="Correct the row in seed_info, then start again.",
            ) from error

    def _new_seed(self, epoch: int) -> EpochSeed:
        return EpochSeed(
            seed=self._rng.getrandbits(64) - 2**63,
            epoch_index=epoch,
            signature=f"{self._rng.getrandbits(512):0128x}",
        )

    def _write_seeds(self, seeds: dict[str, EpochSeed]) -> None:
        with self._transaction() as db:
            for kind, seed in seeds.items():
                self._put_seed(db, kind, seed)
        self._seeds |= seeds

    @staticmethod
    def _put_seed(db: sqlite3.Connection, kind: str, seed: EpochSeed) -> None:
        row = db.execute(
            "INSERT INTO seed_info(type, seed, epoch_index, signature, is_active, claimed)"
            " VALUES(?, ?, ?, ?, 1, ?)",
            (kind, seed.seed, seed.epoch_index, seed.signature, seed.claimed),
        ).lastrowid
        db.execute("UPDATE seed_info SET is_active=0 WHERE type=? AND id<>?", (kind, row))

    @staticmethod
    def _put_chain(db: sqlite3.Connection, values: dict[str, str]) -> None:
        db.executemany(
            "INSERT INTO chain_state(key, value, updated_at) VALUES(?, ?, CURRENT_TIMESTAMP)"
            " ON CONFLICT(key) DO UPDATE SET value=excluded.value, updated_at=CURRENT_TIMESTAMP",
            list(values.items()),
        )

    @staticmethod
    def _read_nodes(db: sqlite3.Connection) -> list[Row]:
        return db.execute(f"SELECT {NODE_COLUMNS} FROM inference_nodes ORDER BY rowid").fetchall()

    @staticmethod
    def _read_params(db: sqlite3.Connection, kind: str) -> Any:
        query = "SELECT param_data FROM network_params WHERE param_type=?"
        row = db.execute(query, (kind,)).fetchone()
        return row[0] if row else json.dumps(DEFAULT_PARAMS[kind])

    @staticmethod
    def _put_params(db: sqlite3.Connection, kind: str, data: Any) -> None:
        db.execute(
            "INSERT INTO network_params(param_type, param_data, updated_at)"
            " VALUES(?, ?, CURRENT_TIMESTAMP) ON CONFLICT(param_type)"
            " DO UPDATE SET param_data=excluded.param_data, updated_at=CURRENT_TIMESTAMP",
            (kind, data),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        # SQLite goes on writing to a deleted file without a word, so look before each write.
        if self._identity() != self._file:
            raise MissingDatabase(
                f"{self._path} was replaced by another file; nothing was written to either.",
                hint="Start again to work on the new one.",
            )
        with sentences(self._path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # Some failures (a full disk) have rolled back already.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _identity(self) -> tuple[int, int]:
        try:
            status = self._path.stat()
        except FileNotFoundError as error:
            raise MissingDatabase(
                f"There is no database at {self._path}; nothing was written.",
                hint="Make one with 'nodedeck init' or 'nodedeck import apply FILE'.",
            ) from error
        return status.st_dev, status.st_ino


def _height(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 20:
        return int(text)
    raise InvalidValue(
        f"current_height holds {text!r}, which is no height; nothing was written.",
        hint="Correct it with 'nodedeck set', then start again.",
    )


def _json_object(text: Any) -> dict[str, Any]:
    """Decode a params document; what is no JSON object has no numbers to move."""
    try:
        held = json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return {}
    return held if isinstance(held, dict) else {}
