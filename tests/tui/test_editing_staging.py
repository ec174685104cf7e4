"""Fields from values, staging, and three ways of one value, without a terminal."""

from __future__ import annotations

import pytest

from store.errors import NodedeckError, Refused, UsageError, VersionConflict
from store.locations import Locations
from store.manager import ConfigManager
from tests.support import foreign
from tests.support.samples import NODE, SEED
from tui.editing import staging
from tui.editing.specs import FieldKind, FieldSpec
from tui.editing.staging import Subject


@pytest.fixture
def filled(manager: ConfigManager) -> ConfigManager:
    manager.add_node(NODE)
    manager.set_seed("current", SEED)
    manager.set_params("validation", {"expiration_blocks": 20, "grown": [1]})
    manager.set_height(10)
    return manager


def kinds(subject: Subject) -> dict[str, FieldKind]:
    return {field.label: field.kind for field in subject.fields}


def field(subject: Subject, label: str) -> FieldSpec:
    return next(one for one in subject.fields if one.label == label)


def test_types_come_from_the_model_whatever_stands_there(
    filled: ConfigManager, locations: Locations
) -> None:
    foreign.write(locations.database, "UPDATE inference_nodes SET max_concurrent='lots'")
    found = kinds(staging.read(filled, "nodes.node1"))
    assert found["max_concurrent"] is FieldKind.NUMBER
    assert found["is_enabled"] is FieldKind.TOGGLE
    assert found["host"] is FieldKind.TEXT
    assert found["models"] is found["hardware"] is FieldKind.JSON
    params = kinds(staging.read(filled, "validation_params"))
    assert params == {"expiration_blocks": FieldKind.NUMBER, "grown": FieldKind.JSON}


def test_a_setting_has_the_kind_and_limits_of_its_rule(manager: ConfigManager) -> None:
    manager.load_schema(
        {
            "type": "object",
            "properties": {
                "svc": {
                    "type": "object",
                    "properties": {
                        "mode": {"type": "string", "enum": ["fast", "safe"], "default": "safe"},
                        "limit": {"type": "integer", "maximum": 9, "default": 5},
                    },
                }
            },
        }
    )
    (mode,) = staging.read(manager, "svc.mode").fields
    assert (mode.kind, mode.options, mode.text) == (FieldKind.SELECT, ("fast", "safe"), "safe")
    subject = staging.read(manager, "svc.limit")
    (limit,) = subject.fields
    assert "max 9" in limit.hint
    assert "9" in limit.refusal("10")
    staging.write(subject, {"svc.limit": "7"})(manager, "more")
    assert manager.get("svc.limit").value == 7
    with pytest.raises(VersionConflict):
        staging.write(subject, {"svc.limit": "8"})(manager, None)


def test_a_text_that_does_not_show_is_typed_as_json(
    filled: ConfigManager, locations: Locations
) -> None:
    foreign.write(locations.database, ("UPDATE inference_nodes SET host=?", ("a\x1b[2Jb",)))
    host = field(staging.read(filled, "nodes.node1"), "host")
    assert host.quoted
    assert host.text == '"a\\u001b[2Jb"'
    assert not host.differs(host.text)
    assert host.given('"plain"') == "plain"
    assert "double quotes" in host.refusal("12")


def test_what_a_preview_shows_is_not_done(filled: ConfigManager) -> None:
    subject = staging.read(filled, "nodes.node1")
    shown = staging.preview(filled, subject, {"nodes.node1.host": "h"})
    assert [(one.path, one.old, one.new) for one in shown.fields] == [
        ("nodes.node1.host", NODE.host, "h")
    ]
    assert filled.node("node1") == NODE


def test_several_fields_of_one_entity_are_one_change(filled: ConfigManager) -> None:
    subject = staging.read(filled, "current_seed")
    assert subject.typed == "current_seed"
    texts = {"current_seed.claimed": "false", "current_seed.signature": "cd"}
    before = filled.position().change_id
    staging.write(subject, texts)(filled, "why")
    seed = filled.seed("current")
    assert seed is not None
    assert (seed.claimed, seed.signature) == (False, "cd")
    assert all(change.reason == "why" for change in filled.feed(before))


def test_one_that_is_refused_leaves_all_as_it_was(filled: ConfigManager) -> None:
    subject = staging.read(filled, "current_seed")
    with pytest.raises(NodedeckError):
        staging.write(subject, {"current_seed.signature": "cd", "current_seed.seed": "no"})(
            filled, None
        )
    assert filled.seed("current") == SEED


def test_only_what_both_changed_clashes(filled: ConfigManager, locations: Locations) -> None:
    was = staging.read(filled, "nodes.node1")
    foreign.write(
        locations.database, "UPDATE inference_nodes SET host='theirs', version='v2', poc_port=9"
    )
    now = staging.read(filled, "nodes.node1")
    assert not now.same_as(was)
    texts = {
        "nodes.node1.host": "mine",
        "nodes.node1.version": "v2",  # the same by chance
        "nodes.node1.max_concurrent": "7",
    }
    (clash,) = staging.clashes(was, now, texts)
    assert (clash.label, clash.was, clash.theirs, clash.yours) == (
        "host", NODE.host, "theirs", "mine",
    )  # fmt: skip


def test_the_file_is_written_only_as_it_was_read(
    manager: ConfigManager, locations: Locations
) -> None:
    locations.config.write_text("api:\n  port: 9000  # by hand\n")
    subject = staging.read(manager, "api.port")
    (port,) = subject.fields
    assert port.kind is FieldKind.NUMBER
    assert "must be a port" in port.refusal("70000")
    locations.config.write_text("api:\n  port: 9001  # by hand\n")
    for run in (staging.preview, lambda one, two, three: staging.write(two, three)(one, None)):
        with pytest.raises(VersionConflict, match="changed by somebody else"):
            run(manager, subject, {"api.port": "9002"})
    now = staging.read(manager, "api.port")
    staging.write(now, {"api.port": "9002"})(manager, "moved")
    assert locations.config.read_text() == "api:\n  port: 9002  # by hand\n"


def test_what_no_form_edits(filled: ConfigManager, locations: Locations) -> None:
    locations.config.write_text("api:\n  port: 9000\nchain_node:\n  api_token: s3cr3t-t0ken\n")
    with pytest.raises(UsageError, match="not a value that a form can edit"):
        staging.read(filled, "nodes")
    with pytest.raises(UsageError, match="not a single value"):
        staging.read(filled, "api")
    with pytest.raises(Refused, match="is a secret"):
        staging.read(filled, "chain_node.api_token")
