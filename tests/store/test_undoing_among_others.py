"""Undoing one's own changes while others write: what nobody else touched is as it was before."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from store.database import create
from store.errors import VersionConflict
from store.locations import Locations
from store.manager import ConfigManager
from tests.store.test_undoing import Write, attempt, edits, undos
from tests.support import foreign
from tests.support.audit_state import assert_sound, present

OWN = "own@host"
_NODE = (
    "id",
    "host",
    "inference_segment",
    "inference_port",
    "poc_segment",
    "poc_port",
    "models",
    "max_concurrent",
    "hardware",
    "version",
)
small = st.integers(0, 3)
# as a daemon or a shell writes: no rules, every statement that moves an entity
others: st.SearchStrategy[tuple[str | foreign.Statement, ...]] = st.one_of(
    small.map(
        lambda n: (f"INSERT OR REPLACE INTO chain_state(key,value) VALUES('current_height','{n}')",)
    ),
    st.tuples(st.sampled_from(["previous", "current", "upcoming"]), small).map(
        lambda t: (
            f"UPDATE seed_info SET is_active=0 WHERE type='{t[0]}'",
            foreign.seed(t[0], t[1], t[1], is_active=1),
        )
    ),
    st.sampled_from(["a", "node-2.rack4", "ü"]).map(
        lambda each: (
            foreign.insert(
                "inference_nodes",
                dict(zip(_NODE, (each, "theirs", "", 1, "", 1, "{}", 1, "[]", "v"), strict=True)),
                verb="INSERT OR REPLACE",
            ),
        )
    ),
    st.just(
        (
            "DROP TABLE IF EXISTS temp.kept",
            "CREATE TEMP TABLE kept AS SELECT * FROM inference_nodes",
            "DELETE FROM inference_nodes",
            "INSERT INTO inference_nodes SELECT * FROM temp.kept",
        )
    ),
    st.just(("DELETE FROM inference_nodes WHERE id='a'",)),
    st.just(("DELETE FROM node_versions",)),
    small.map(lambda n: (f"UPDATE settings SET value_json='{n}' WHERE key='a'",)),
    small.map(
        lambda n: (
            "INSERT OR REPLACE INTO network_params(param_type,param_data)"
            f" VALUES('validation','{{\"expiration_blocks\":{n}}}')",
        )
    ),
)


@settings(max_examples=80)
@given(
    before=st.lists(edits, max_size=6),
    acts=st.lists(st.one_of(edits, edits, undos, others), max_size=24),
)
def test_what_no_foreign_write_stood_in_the_way_of_is_as_before(
    before: list[Write], acts: list[Any]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state.db"
        create(path, created_by="tests")
        where = Locations(path.with_name("config.yaml"), path)
        with (
            ConfigManager.open(where, actor="first@host") as first,
            ConfigManager.open(where, actor=OWN) as manager,
        ):
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
            touched = foreign_paths(path, start)
            refused = set()
            for change_id in mine:
                change = manager.change(change_id)
                assert change is not None
                try:
                    manager.undo(change_id)
                except VersionConflict:
                    refused.add(change.path)
            event(f"others stood in the way of {len(refused)}")
            assert refused <= touched
            with foreign.connect(path) as db:
                assert_sound(db)
                later = present(db)
            untouched = (earlier.keys() | later.keys()) - touched
            assert {key: later.get(key) for key in untouched} == {
                key: earlier.get(key) for key in untouched
            }


def foreign_paths(path: Path, start: int) -> set[str]:
    """The entities that another program changed after a change id; rewrites are no change."""
    with foreign.connect(path) as db:
        rows = db.execute(
            "SELECT path FROM audit_log WHERE id>? AND actor IS NULL AND action<>'R'", (start,)
        )
        return {found for (found,) in rows}
