"""What the deck writes, undone among other writers: through the functions its screens call."""

from __future__ import annotations

from typing import Any

from hypothesis import event, given
from hypothesis import strategies as st

from store.errors import NodedeckError
from store.manager import ConfigManager
from tests.store.test_undoing_among_others import others
from tests.support import foreign
from tests.support.examples import examples
from tests.support.samples import PLAN, SEED, other
from tests.support.two_writers import Write, undo_among_others
from tui.editing import registry, staged, staging
from tui.editing.rehearsal import preview_of_undo, undo
from tui.editing.staged import Staged

# of each kind of entity that a form is for: its path, what may be typed
Texts = tuple[str, dict[str, str]]
digits = st.integers(1, 4).map(str)
words = st.sampled_from(["v1", "v2", ""])
ids = st.sampled_from(["a", "node-2.rack4"])


def of(path: str, field: str, texts: st.SearchStrategy[str]) -> st.SearchStrategy[Texts]:
    return texts.map(lambda text: (path, {f"{path}.{field}" if field else path: text}))


typed: st.SearchStrategy[Texts] = st.one_of(
    st.tuples(digits, words).map(
        lambda t: ("nodes.a", {"nodes.a.max_concurrent": t[0], "nodes.a.version": t[1]})
    ),
    of('nodes."node-2.rack4"', "is_enabled", st.sampled_from(["true", "false"])),
    of("nodes.a.host", "", words),
    of("validation_params", "expiration_blocks", digits),
    of("current_height", "", digits),
    of("current_node_version", "", words),
    of("merged_node_config", "", st.sampled_from(["true", "false"])),
    of("current_seed", "epoch_index", digits),
    of("upcoming_seed", "signature", words),
    of("upgrade_plan", "height", digits),
    of(
        "node_versions", "", digits.map('{{"versions":[{{"height":{0},"version":"v{0}"}}]}}'.format)
    ),
    of("svc.a", "", digits),
    of("svc.b", "", digits),
)
small = st.integers(0, 3)


def form(one: Texts) -> Write:
    def write(manager: ConfigManager) -> object:
        path, texts = one
        subject = staging.read(manager, path)
        before = manager.position()
        staging.preview(manager, subject, texts)
        assert manager.position() == before
        return staging.write(subject, texts)(manager, "typed")

    return write


def together(many: list[Texts]) -> Write:
    def write(manager: ConfigManager) -> object:
        edits = {path: Staged(staging.read(manager, path), texts) for path, texts in many}
        before = manager.position()
        staged.preview_all(manager, tuple(edits.values()))
        assert manager.position() == before
        return staged.write_all(tuple(edits.values()))(manager, "together")

    return write


def merged(one: Texts, theirs: tuple[str | foreign.Statement, ...]) -> Write:
    """What was read before somebody else wrote; what clashes is theirs."""

    def write(manager: ConfigManager) -> object:
        path, texts = one
        edit = Staged(staging.read(manager, path), texts)
        foreign.write(manager.database.path, *theirs)
        before = manager.position()
        try:
            now, clashes = staged.caught_up(manager, [edit])
            kept = staged.without(now, [clash.path for clash in clashes])
            staged.write_all(kept)(manager, "merged")
        except NodedeckError:  # such as that the node is gone
            assert manager.position() == before
        return None

    return write


def switched(node: str) -> Write:
    def write(manager: ConfigManager) -> object:
        enabled, _ = registry.preview_of_switch(manager, node)
        return registry.switch(node, enabled)(manager, None)

    return write


def removed(node: str) -> Write:
    def write(manager: ConfigManager) -> object:
        version, _ = registry.preview_of_removal(manager, node)
        return registry.removal(node, version)(manager, "sold")

    return write


def copied(node: str, port: int) -> Write:
    texts = {"id": f"twin{port}", "inference_port": str(7000 + port)}
    return lambda manager: staging.write(registry.draft(manager, node), texts)(manager, "grown")


def taken_back(back: int) -> Write:
    def write(manager: ConfigManager) -> object:
        change = [manager.position().change_id - back]
        preview_of_undo(manager, change)
        return undo(change)(manager, None)

    return write


own: st.SearchStrategy[Write] = st.one_of(
    typed.map(form),
    st.lists(typed, min_size=2, max_size=4).map(together),
    ids.map(switched),
    ids.map(removed),
    st.tuples(ids, small).map(lambda t: copied(*t)),
    st.integers(0, 12).map(taken_back),
)
BEFORE: list[Write] = [
    lambda m: m.add_node(other(id="a", host="ha")),
    lambda m: m.add_node(other(id="node-2.rack4", host="hb")),
    lambda m: m.set_height(1),
    lambda m: m.set_current_node_version("v0"),
    lambda m: m.set_merged_node_config(False),
    lambda m: m.set_params("validation", {"expiration_blocks": 20}),
    lambda m: m.set_seed("current", SEED),
    lambda m: m.set_seed("upcoming", SEED),
    lambda m: m.set_upgrade_plan(PLAN),
    lambda m: m.add_node_version(9, "v9"),
    lambda m: m.set_value("svc.a", "1", create=True),
    lambda m: m.set_value("svc.b", "1", create=True),
]


@examples(12)
@given(
    acts=st.lists(
        st.one_of(own, own, others, st.tuples(typed, others).map(lambda t: merged(*t))), max_size=14
    )
)
def test_undone_newest_first_all_is_as_before_where_nobody_else_wrote(acts: list[Any]) -> None:
    def undone(manager: ConfigManager, change: int) -> object:
        preview_of_undo(manager, [change])
        return undo([change])(manager, None)

    event(f"others stood in the way of {undo_among_others(BEFORE, acts, undone)}")


def test_each_kind_of_edit_is_made_and_undone() -> None:
    acts: list[Any] = [
        form(("nodes.a", {"nodes.a.max_concurrent": "7"})),
        form(("node_versions", {"node_versions": '{"versions":[{"height":8,"version":"v8"}]}'})),
        together([("svc.a", {"svc.a": "2"}), ("svc.b", {"svc.b": "2"})]),
        together(
            [
                ("current_seed", {"current_seed.seed": "5"}),
                ("current_height", {"current_height": "5"}),
            ]
        ),
        form(("upgrade_plan", {"upgrade_plan.height": "77"})),
        switched("a"),
        copied("a", 1),
        removed("node-2.rack4"),
        taken_back(0),
        lambda manager: count.append(manager.position().change_id),
    ]
    count: list[int] = []
    assert undo_among_others(BEFORE, acts, lambda manager, change: manager.undo(change)) == 0
    assert count[0] >= len(BEFORE) + 11
