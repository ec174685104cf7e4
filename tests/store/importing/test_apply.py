"""An import on disk: whole or not at all, a backup first, the rest of the file byte for byte."""

from __future__ import annotations

import errno
import json
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from store import files
from store.errors import (
    Busy,
    ForeignDatabase,
    HalfDone,
    NodedeckError,
    VersionConflict,
)
from store.importing import apply as engine
from store.importing import plan as planning
from store.importing import receipts, unit
from store.importing.originals import backup_path
from store.importing.plan import Action, Strategy
from store.locations import Locations, journal_of
from store.manager import ConfigManager
from store.models import Node
from store.paths import split
from store.reading import to_python
from tests.store.importing.samples import (
    ACTOR,
    FRESH,
    KEYS,
    NODES,
    RUNNING,
    SAMPLES,
    SECRET,
    database_leaves,
    on_disk,
    places,
    plan,
    put,
    run,
)
from tests.support import foreign
from tests.support.clock import FixedClock
from tui.demo import demo_files

BACKUP = ".pre-migration.20250301T120000Z"


def carry_out(made: planning.Plan, at: Locations, *, rewrite: bool = False) -> engine.Result:
    return engine.apply(made, at, actor=ACTOR, clock=FixedClock(), rewrite=rewrite)


def samples() -> dict[str, bytes]:
    """Our samples and the demo's files, by name."""
    ours = {name: text.encode() for name, text in SAMPLES.items()}
    return ours | {path.name: path.read_bytes() for path in demo_files().iterdir()}


@pytest.mark.parametrize("name", samples())
def test_no_leaf_is_lost(tmp_path: Path, name: str) -> None:
    file = put(tmp_path, name, samples()[name])
    rewrite = not name.endswith(".toml")
    result = run(file, places(tmp_path), rewrite=rewrite)
    assert result.receipt == 1
    stored = database_leaves(places(tmp_path))
    left = to_python(planning.load(file).root) if file.stat().st_size > 3 else {}
    for row in result.plan.rows:
        if row.action is Action.STAY:
            assert _has(left, row.path)
        else:
            assert stored[row.path] == row.value
    assert file.with_name(name + BACKUP).read_bytes() == samples()[name]


def _has(tree: Any, path: str) -> bool:
    for part in split(path):
        if not isinstance(tree, dict) or part not in tree:
            return False
        tree = tree[part]
    return True


@pytest.mark.parametrize("name", samples())
def test_again_there_is_nothing_to_do(tmp_path: Path, name: str) -> None:
    file = put(tmp_path, name, samples()[name])
    rewrite = not name.endswith(".toml")
    run(file, places(tmp_path), rewrite=rewrite)
    before = on_disk(tmp_path)
    for strategy in Strategy:
        again = run(file, places(tmp_path), rewrite=rewrite, strategy=strategy)
        assert again.nothing_to_do
        assert (again.receipt, again.rewritten) == (None, False)
    assert on_disk(tmp_path) == before


def test_the_backup_is_private_and_never_overwrites(tmp_path: Path) -> None:
    file = put(tmp_path, "config.yaml", RUNNING)
    file.chmod(0o644)
    first = put(tmp_path, "config.yaml" + BACKUP, "an older copy")
    second = tmp_path / f"config.yaml{BACKUP}-2"
    assert run(file, places(tmp_path)).backup == second
    assert first.read_text() == "an older copy"
    assert second.read_text() == RUNNING
    assert stat.S_IMODE(second.stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "state.db").stat().st_mode) == 0o600


def test_the_backup_is_named_by_the_time_in_utc(tmp_path: Path) -> None:
    now = datetime.fromisoformat("2025-03-01T23:30:05-05:00")
    assert now.tzinfo is not UTC
    place = backup_path(tmp_path / "a b.yaml", now)
    assert place == tmp_path / "a b.yaml.pre-migration.20250302T043005Z"


def test_receipts_are_listed_newest_first(tmp_path: Path) -> None:
    at = places(tmp_path)
    config, nodes = put(tmp_path, "config.yaml", RUNNING), put(tmp_path, "n.json", NODES)
    run(config, at)
    run(nodes, at, strategy=Strategy.REPLACE)
    with ConfigManager.open(at, actor=ACTOR, read_only=True) as manager:
        newest, oldest = receipts.listed(manager)
        changes = manager.history("current_height")
    assert oldest == {
        "id": 1,
        "at": "2025-03-01T12:00:00.000+00:00",
        "actor": ACTOR,
        "file": str(config),
        "role": "node configuration",
        "digest": files.digest(RUNNING.encode()),
        "backup": str(config) + BACKUP,
        "files": [str(config)],
        "of": None,
        "state": None,
        "totals": {
            "add": 33,
            "change": 0,
            "equal": 0,
            "conflict": 0,
            "seal": 0,
            "stay": 3,
            "skip": 0,
            "refused": 0,
        },
    }
    assert (newest["id"], newest["role"]) == (2, "node list")
    assert [(change.actor, change.reason) for change in changes] == [
        (ACTOR, "import of config.yaml")
    ]


def test_a_file_edited_after_the_plan_is_a_conflict(tmp_path: Path) -> None:
    file = put(tmp_path, "config.yaml", RUNNING)
    made = plan(file, places(tmp_path))
    file.write_text(FRESH)
    before = on_disk(tmp_path)
    with pytest.raises(VersionConflict, match="was changed since the plan") as conflict:
        carry_out(made, places(tmp_path))
    assert conflict.value.exit_code == 5
    assert on_disk(tmp_path) == before


def test_a_database_changed_after_the_plan_is_a_conflict(
    database: Path, locations: Locations, tmp_path: Path
) -> None:
    file = put(tmp_path, "config.yaml", RUNNING)
    made = plan(file, locations)
    foreign.write(database, "INSERT INTO chain_state(key,value) VALUES('current_height','9')")
    with pytest.raises(VersionConflict, match="database was changed") as conflict:
        carry_out(made, locations)
    assert conflict.value.exit_code == 5
    assert database_leaves(locations) == {"current_height": 9}
    assert not list(tmp_path.glob("*pre-migration*"))


def test_a_database_made_after_the_plan_is_a_conflict_and_stays(tmp_path: Path) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    made = plan(file, at)
    run(put(tmp_path, "other.yaml", "current_height: 3\n"), at)
    with pytest.raises(VersionConflict):
        carry_out(made, at)
    assert database_leaves(at) == {"current_height": 3}


def test_a_locked_database_is_busy_and_leaves_nothing_behind(
    database: Path, locations: Locations, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.database.BUSY_MS", 20)
    made = plan(put(tmp_path, "config.yaml", RUNNING), locations)
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(ConfigManager.open.__func__, "__kwdefaults__", _impatient())  # type: ignore[attr-defined]
        with pytest.raises(Busy):
            carry_out(made, locations)
    assert not list(tmp_path.glob("*pre-migration*"))
    assert database_leaves(locations) == {}


def _impatient() -> dict[str, Any]:
    return {**ConfigManager.open.__func__.__kwdefaults__, "busy_ms": 20}  # type: ignore[attr-defined]


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "state.db")) as other:
        other.execute("CREATE TABLE kv_config(a)")
        other.commit()
    file = put(tmp_path, "config.yaml", RUNNING)
    before = on_disk(tmp_path)
    with pytest.raises(NodedeckError) as refused:
        run(file, places(tmp_path))
    assert isinstance(refused.value, ForeignDatabase)
    assert on_disk(tmp_path) == before


def test_a_failure_inside_the_transaction_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(tmp_path, "config.yaml", RUNNING)
    made = plan(file, places(tmp_path))
    before = on_disk(tmp_path)

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("store.writes.put_upgrade", fail)
    with pytest.raises(KeyboardInterrupt):
        carry_out(made, places(tmp_path), rewrite=True)
    assert on_disk(tmp_path) == before


def test_what_does_not_read_back_is_not_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(tmp_path, "config.yaml", RUNNING)
    before = on_disk(tmp_path)
    monkeypatch.setattr("store.writes.put_upgrade", lambda *_: None)
    with pytest.raises(NodedeckError, match=r"rehearsal .* did not give back upgrade_plan\.name"):
        run(file, places(tmp_path))
    assert on_disk(tmp_path) == before
    monkeypatch.setattr("store.importing.rehearsal.rehearse", lambda *_, **__: 0)
    with pytest.raises(NodedeckError, match="upgrade_plan did not read back as it was written"):
        run(file, places(tmp_path))
    assert on_disk(tmp_path) == before


def test_a_file_that_cannot_be_rewritten_after_the_commit_is_half_done_and_finished_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    made = plan(file, at)
    with monkeypatch.context() as disk:
        disk.setattr("store.files.put", _full)
        with pytest.raises(HalfDone) as half:
            carry_out(made, at, rewrite=True)
    assert half.value.exit_code == 4
    assert "The database is complete" in half.value.message
    assert "no space left on device" in half.value.message
    assert "the next verb that writes finishes it" in half.value.hint
    assert str(file) + BACKUP in half.value.hint
    assert file.read_text() == RUNNING
    assert database_leaves(at)["current_height"] == 1934882
    assert stat.S_IMODE(journal_of(at.database).stat().st_mode) == 0o600
    done = unit.recover(at)
    assert done is not None
    assert done.finished
    assert not journal_of(at.database).exists()
    assert "current_height" not in file.read_text()
    assert run(file, at, rewrite=True).nothing_to_do


def _full(path: Path, _: bytes) -> None:
    raise files.cannot("write", path, OSError(errno.ENOSPC, "No space left on device"))


@pytest.mark.parametrize("meanwhile", ["edited", "gone"])
def test_a_file_that_moves_on_during_the_commit_is_half_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    file, at = put(tmp_path, "config.yaml", RUNNING), places(tmp_path)
    made = plan(file, at)

    def host() -> str:
        if meanwhile == "edited":
            file.write_text(FRESH)
        else:
            file.unlink()
        return "host"

    monkeypatch.setattr("socket.gethostname", host)
    with pytest.raises(HalfDone, match="The database is complete"):
        carry_out(made, at, rewrite=True)
    assert not file.exists() or file.read_text() == FRESH
    assert database_leaves(at)["current_height"] == 1934882
    with pytest.raises(HalfDone):
        unit.recover(at)
    assert unit.standing(at) is not None
    monkeypatch.undo()
    if meanwhile == "edited":  # the same import again takes it over
        run(file, at, rewrite=True)
        assert unit.standing(at) is None


def test_two_node_lists_merge_by_id(tmp_path: Path) -> None:
    at = places(tmp_path)
    run(put(tmp_path, "one.json", '[{"id": "a", "host": "1"}, {"id": "b", "host": "2"}]'), at)
    two = put(tmp_path, "two.json", '[{"id": "b", "host": "9"}, {"id": "c", "host": "3"}]')
    merged = run(two, at)
    assert merged.plan.totals == {
        "add": 1,
        "change": 0,
        "equal": 0,
        "conflict": 1,
        "seal": 0,
        "stay": 0,
        "skip": 0,
        "refused": 0,
    }
    assert _hosts(at) == {"a": "1", "b": "2", "c": "3"}
    run(two, at, strategy=Strategy.REPLACE)
    assert _hosts(at) == {"a": "1", "b": "9", "c": "3"}


def _hosts(at: Locations) -> dict[str, str]:
    with ConfigManager.open(at, actor=ACTOR, read_only=True) as manager:
        return {node.id: node.host for node in manager.snapshot().nodes}


def _nodes(at: Locations) -> dict[str, Node]:
    with ConfigManager.open(at, actor=ACTOR, read_only=True) as manager:
        return {node.id: node for node in manager.snapshot().nodes}


@pytest.mark.parametrize("strategy", list(Strategy))
def test_a_node_switched_off_stays_off_when_its_list_comes_again(
    tmp_path: Path, strategy: Strategy
) -> None:
    file, at = put(tmp_path, "n.json", NODES), places(tmp_path)
    run(file, at)
    with ConfigManager.open(at, actor=ACTOR) as manager:
        manager.set_value("nodes.node1.is_enabled", "false")
    assert run(file, at, strategy=strategy).nothing_to_do
    changed = put(tmp_path, "n.json", NODES.replace("5000", "5001"))
    run(changed, at, strategy=Strategy.REPLACE)
    assert (_nodes(at)["node1"].inference_port, _nodes(at)["node1"].is_enabled) == (5001, False)


def test_no_secret_is_written_anywhere_but_in_the_file_and_its_copy(tmp_path: Path) -> None:
    at = places(tmp_path)
    texts = {
        "services.json": KEYS,
        "config.yaml": f"""\
ml_node_key_config: {{worker_private: {SECRET}}}
new_params: {{token: {SECRET}, fine: 1}}
upgrade_plan: {{name: v2, binaries: {{apiKey: {SECRET}, x: y}}}}
nodes: [{{id: a, auth: {{password: {SECRET}}}}}]
""",
        "svc.yaml": f"svc: {{pem: '-----BEGIN {SECRET}', private: {SECRET}, a: 1,"
        f" tokens: [{SECRET}]}}\n",
    }
    for name, text in texts.items():
        run(put(tmp_path, name, text), at, rewrite=True)
        assert SECRET in (tmp_path / name).read_text()
    sources = {name for text in texts for name in (text, text + BACKUP)}
    for path in filter(Path.is_file, tmp_path.rglob("*")):
        if path.name not in sources and not path.name.endswith(".config.yaml"):
            assert SECRET.encode() not in path.read_bytes()
    with ConfigManager.open(at, actor=ACTOR, read_only=True) as manager:
        assert SECRET not in json.dumps(receipts.listed(manager))
        assert SECRET not in json.dumps(manager.raw().legacy())
        assert SECRET not in str(manager.history(limit=1000))


def test_a_version_stack_is_kept_in_order_of_height(tmp_path: Path) -> None:
    at = places(tmp_path)
    file = put(
        tmp_path,
        "config.yaml",
        "node_versions: {versions: [{height: 9, version: b}, {height: 1, version: z},"
        " {height: 9, version: a}, {height: 9, version: b}]}\n",
    )
    run(file, at)
    with ConfigManager.open(at, actor=ACTOR, read_only=True) as manager:
        stack = [(entry.height, entry.version) for entry in manager.snapshot().versions]
    assert stack == [(1, "z"), (9, "a"), (9, "b")]
    assert run(file, at, strategy=Strategy.REPLACE).nothing_to_do


def test_parameters_that_the_database_lacks_are_filled_in(tmp_path: Path) -> None:
    at = places(tmp_path)
    run(put(tmp_path, "a.yaml", "new_params: {a: 1, b: 2}\n"), at)
    result = run(put(tmp_path, "b.yaml", "new_params: {b: 9, c: 3}\n"), at)
    assert result.plan.totals["conflict"] == 1
    assert database_leaves(at) == {"new_params.a": 1, "new_params.b": 2, "new_params.c": 3}


def test_an_import_killed_while_it_made_the_database_is_simply_run_again(tmp_path: Path) -> None:
    file = put(tmp_path, "config.yaml", RUNNING)
    with closing(sqlite3.connect(places(tmp_path).database)) as db:
        db.execute("PRAGMA journal_mode=WAL")
    assert run(file, places(tmp_path)).receipt == 1
