"""Undoing one's own changes while others write: what nobody else touched is as it was before."""

from __future__ import annotations

from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from tests.store.test_undoing import edits, undos
from tests.support import foreign
from tests.support.examples import examples
from tests.support.two_writers import Write, undo_among_others

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


@examples(25)
@given(
    before=st.lists(edits, max_size=6),
    acts=st.lists(st.one_of(edits, edits, undos, others), max_size=24),
)
def test_what_no_foreign_write_stood_in_the_way_of_is_as_before(
    before: list[Write], acts: list[Any]
) -> None:
    refused = undo_among_others(before, acts, lambda manager, change: manager.undo(change))
    event(f"others stood in the way of {refused}")
