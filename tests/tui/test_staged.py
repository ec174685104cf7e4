"""Edits of several entities staged together and written as one, without a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from store.errors import InvalidValue, UnknownPath, VersionConflict
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.samples import NODE, SEED
from tui.editing import registry, staged, staging
from tui.editing.staged import Staged
from tui.editing.staged_line import line

WISHES = {
    "nodes.node1": {"nodes.node1.host": "mine", "nodes.node1.max_concurrent": "7"},
    "validation_params.expiration_blocks": {"validation_params.expiration_blocks": "30"},
    "svc.a": {"svc.a": "10"},
    "svc.b": {"svc.b": "20"},
    "current_height": {"current_height": "11"},
}


@pytest.fixture
def filled(manager: ConfigManager) -> ConfigManager:
    manager.add_node(NODE)
    manager.set_seed("current", SEED)
    manager.set_params("validation", {"expiration_blocks": 20})
    manager.set_height(10)
    for name in "ab":
        manager.set_value(f"svc.{name}", "1", create=True)
    return manager


@pytest.fixture
def edits(filled: ConfigManager) -> tuple[Staged, ...]:
    return tuple(Staged(staging.read(filled, path), texts) for path, texts in WISHES.items())


def now(manager: ConfigManager) -> dict[str, str]:
    document = manager.raw()
    return {path: str(document.get(path).value) for texts in WISHES.values() for path in texts}


def test_all_are_one_transaction_with_one_reason(
    filled: ConfigManager, edits: tuple[Staged, ...]
) -> None:
    before, was = filled.position().change_id, now(filled)
    shown = staged.preview_all(filled, edits)
    assert now(filled) == was
    assert [field.path for field in shown.fields] == [
        path for each in WISHES.values() for path in each
    ]
    staged.write_all(edits)(filled, "moved")
    assert now(filled) == {path: text for each in WISHES.values() for path, text in each.items()}
    made = filled.feed(before)
    assert [change.path for change in made] == [
        "nodes.node1", "validation_params", "svc.a", "svc.b", "current_height",
    ]  # fmt: skip
    assert {(change.actor, change.reason) for change in made} == {(filled.actor, "moved")}


@pytest.mark.parametrize("path", WISHES)
def test_where_one_moved_on_none_is_written(
    filled: ConfigManager, edits: tuple[Staged, ...], locations: Locations, path: str
) -> None:
    theirs = {
        "nodes.node1": "UPDATE inference_nodes SET max_concurrent=9",
        "current_height": "UPDATE chain_state SET value='12' WHERE key='current_height'",
        "svc.a": "UPDATE settings SET value_json='9' WHERE key='a'",
        "svc.b": "UPDATE settings SET value_json='9' WHERE key='b'",
        "validation_params.expiration_blocks": """UPDATE network_params
            SET param_data='{"expiration_blocks": 9}' WHERE param_type='validation'""",
    }
    foreign.write(locations.database, theirs[path])
    was = now(filled)
    for run in (staged.preview_all, lambda one, two: staged.write_all(two)(one, None)):
        with pytest.raises(VersionConflict):
            run(filled, edits)
    assert now(filled) == was
    latest, (clash,) = staged.caught_up(filled, edits)
    assert (clash.path, clash.label) == (list(WISHES[path])[-1],) * 2
    # theirs stand where they are picked, and all else is written
    staged.write_all(staged.without(latest, [clash.path]))(filled, None)
    wanted = {path: text for each in WISHES.values() for path, text in each.items()}
    assert now(filled) == wanted | {clash.path: was[clash.path]}


def test_what_does_not_clash_needs_no_choice(
    filled: ConfigManager, edits: tuple[Staged, ...], locations: Locations
) -> None:
    foreign.write(
        locations.database, "UPDATE inference_nodes SET version='theirs', max_concurrent=7"
    )
    latest, found = staged.caught_up(filled, edits)
    assert not found
    assert latest[0].texts == {"nodes.node1.host": "mine"}  # the rest is what stands there
    staged.write_all(latest)(filled, None)
    assert filled.node("node1").version == "theirs"


def test_one_that_is_refused_leaves_all_as_it_was(
    filled: ConfigManager, edits: tuple[Staged, ...], locations: Locations
) -> None:
    was = now(filled)
    wrong = replace(edits[1], texts={"validation_params.expiration_blocks": "many"})
    with pytest.raises(InvalidValue):
        staged.write_all([edits[0], wrong])(filled, None)
    assert now(filled) == was
    foreign.write(locations.database, "DELETE FROM inference_nodes")
    with pytest.raises(UnknownPath):
        staged.caught_up(filled, edits)


def test_a_new_node_is_staged_with_the_rest(
    filled: ConfigManager, edits: tuple[Staged, ...]
) -> None:
    draft = registry.draft(filled, "node1")
    fresh = Staged(draft, {"id": "twin", "host": "elsewhere"})
    assert fresh.key == registry.NEW
    staged.write_all([*edits, fresh])(filled, "grown")
    assert filled.node("twin").max_concurrent == NODE.max_concurrent
    assert filled.node("node1").max_concurrent == 7


def test_in_words(edits: tuple[Staged, ...], filled: ConfigManager) -> None:
    assert line(()) == ""
    assert line(edits[:1]) == (
        "2 edits are staged: ctrl+s saves, r drops  nodes.node1.host, nodes.node1.max_concurrent"
    )
    assert line(edits).endswith("nodes.node1.max_concurrent and 4 more")
    assert line(edits[1:2]).startswith("1 edit is staged")
    assert staged.typed_for(edits) == "current_height"
    assert staged.typed_for(edits[:2]) == ""
    seed = Staged(staging.read(filled, "current_seed"), {"current_seed.claimed": "false"})
    assert staged.typed_for([*edits, seed]) == "current_height, current_seed"
    filled.set_last_processed_height(1)
    filled.set_last_used_version("v1")
    owned = ("current_height", "current_seed", "last_processed_height", "last_used_version")
    crowd = [Staged(staging.read(filled, path), {}) for path in owned]
    notes = staged.preview_all(filled, crowd).notes
    assert len(notes) == 3
    assert notes[-1] == "There are 2 more such notes in the forms."
