"""Staging, typed checking and rows of the settings screen, without a terminal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from store.codec import MASK
from store.documents import Overrides, Source
from store.locations import Locations
from store.manager import ConfigManager
from store.paths import Home
from store.settings_board import Board, SettingLine
from store.settings_rules import Complexity, Constraints, Rule, SettingType
from tests.support.deck import ACTOR, demo_state
from tui.editing.specs import FieldKind
from tui.settings_edit.about import about, beside
from tui.settings_edit.checking import meant, spec_of_line, starting_text
from tui.settings_edit.flags import rule_of
from tui.settings_edit.rows import ALL, service_rows, setting_rows
from tui.settings_edit.staging import Draft


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return demo_state(tmp_path)


def line(
    key: str = "k",
    own: Any = 1,
    *,
    kind: SettingType = SettingType.INTEGER,
    secret: bool = False,
    home: Home = Home.DATABASE,
    **rule: Any,
) -> SettingLine:
    declared = Rule(service="svc", key=key, type=kind, **rule)
    return SettingLine(
        path=declared.path,
        rule=declared,
        own=own,
        value=own,
        known=True,
        stored=True,
        source=Source.DATABASE,
        home=home,
        secret=secret,
    )


def board(*lines: SettingLine, version: int = 3) -> Board:
    return Board(lines=lines, versions={"svc": version})


def typed(one: SettingLine, text: str) -> Any:
    """What a text stands for in the field of a setting, or the sentence that refuses it."""
    spec = spec_of_line(one)
    return spec.refusal(text) or meant(spec, one, text)


# staging


def test_the_version_is_that_of_the_first_edit() -> None:
    draft, first, other = Draft(), line("a"), line("b")
    draft.stage(first, 2, board(first, other, version=3))
    draft.stage(other, 2, board(first, other, version=4))
    batch = draft.batch("svc")
    assert (batch.version, [one.value for one in batch.edits]) == (3, [2, 2])
    draft.rebase("svc", board(first, other, version=4))
    assert draft.batch("svc").version == 4


def test_the_value_that_is_there_takes_an_edit_back() -> None:
    draft, one = Draft(), line()
    assert draft.stage(one, 2, board(one))
    assert not draft.stage(one, 1, board(one))
    assert len(draft) == 0
    assert draft.services == ()
    # the next edit is made against what is there then
    draft.stage(one, 5, board(one, version=9))
    assert draft.batch("svc").version == 9


def test_a_value_goes_where_there_is_one() -> None:
    draft, declared = Draft(), line("a", has_default=True, default=7)
    assert draft.unset(declared, board(declared))
    assert draft.unset(line("b"), board(declared))
    assert [one.told for one in draft.batch("svc").edits] == ["7 (default)", "(no value)"]
    assert not draft.unset(replace(declared, stored=False), board(declared))
    assert [one.was.path for one in draft.batch("svc").edits] == ["svc.b"]
    # a value that is typed then takes its place
    assert draft.stage(line("b"), 2, board(declared))
    assert not draft.batch("svc").edits[0].unset


@pytest.mark.parametrize("value", [True, 1.0, "1"])
def test_another_type_is_another_value(value: object) -> None:
    draft, one = Draft(), line()
    assert draft.stage(one, value, board(one))


def test_only_what_is_neither_as_it_was_nor_as_wanted_clashes() -> None:
    draft, lines = Draft(), [line(key, 1) for key in "abcd"]
    for each in lines:
        draft.stage(each, 2, board(*lines))
    draft.unset(line("e"), board(*lines))
    now = board(line("a", 7), line("b", 2), line("c", 1), version=4)
    told = [(one.path, one.was, one.theirs, one.yours) for one in draft.clashes("svc", now, ())]
    assert told == [("svc.a", "1", "7", "2"), ("svc.d", "1", "(removed)", "2")]
    assert draft.moved(now.lines[0])
    # seen, they are wanted over what is there now; what is there already is wanted no more
    draft.rebase("svc", now)
    assert draft.clashes("svc", now, ()) == []
    assert [one.was.path for one in draft.batch("svc").edits] == ["svc.a", "svc.c", "svc.d"]


def test_a_secret_clashes_where_somebody_wrote_it_and_is_told_as_its_mask() -> None:
    draft, one = Draft(), line(own=MASK, kind=SettingType.SECRET, secret=True)
    draft.stage(one, "hunter2", board(one))
    assert draft.clashes("svc", board(one), ("svc.other",)) == []
    clash = draft.clashes("svc", board(one), ("svc.k",))[0]
    assert (clash.theirs, clash.yours) == (MASK, MASK)
    assert "hunter2" not in repr([clash, about(one, draft)])
    rows = setting_rows(board(one), draft, ALL, advanced=True)
    assert rows[0].cell(2).text == MASK


# the field


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("5", SettingType.INTEGER, 5),
        ("0.5", SettingType.FLOAT, 0.5),
        ("true", SettingType.BOOLEAN, True),
        ("[1,2]", SettingType.JSON, [1, 2]),
        ("a [b]x[/b]", SettingType.STRING, "a [b]x[/b]"),
    ],
)
def test_text_becomes_a_value_of_the_type(text: str, kind: SettingType, value: object) -> None:
    assert typed(line(kind=kind), text) == value


@pytest.mark.parametrize(
    ("text", "kind", "fault"),
    [
        ("x", SettingType.INTEGER, "must be a 64-bit integer, not 'x'"),
        ("9223372036854775808", SettingType.INTEGER, "must be a 64-bit integer"),
        ("nan", SettingType.FLOAT, "must be a finite number"),
        ("{", SettingType.JSON, "no JSON yet"),
        ("", SettingType.PATH, "must be the path of a file"),
    ],
)
def test_text_that_does_not_fit_says_why(text: str, kind: SettingType, fault: str) -> None:
    said = typed(line(kind=kind), text)
    assert said.startswith(fault)
    assert "nothing was changed" not in said


def test_limits_are_told_and_kept() -> None:
    limited = line(constraints=Constraints(min=64, max=4096))
    assert typed(limited, "63") == "must be at least 64, not '63'"
    assert typed(limited, "64") == 64
    assert "min 64; max 4096" in "".join(text for text, _ in about(limited, Draft()))


def test_a_secret_is_any_text_but_none() -> None:
    secret = line(own=MASK, kind=SettingType.SECRET, secret=True)
    assert typed(secret, "s3cret") == "s3cret"
    assert typed(secret, "") == "a secret cannot be empty"
    spec = spec_of_line(secret)
    assert (spec.kind, starting_text(spec, secret)) == (FieldKind.SECRET, "")


@pytest.mark.parametrize(
    ("kind", "own", "text"),
    [
        (SettingType.STRING, "a\nb", r'"a\nb"'),
        (SettingType.STRING, "\x1b[2J", r'"\u001b[2J"'),
        (SettingType.STRING, "plain", "plain"),
        (SettingType.JSON, "5", '"5"'),
        (SettingType.INTEGER, None, "null"),
    ],
)
def test_a_field_begins_with_what_means_the_present_value(
    kind: SettingType, own: Any, text: str
) -> None:
    one = line(own=own, kind=kind, constraints=Constraints(nullable=True))
    spec = spec_of_line(one)
    assert starting_text(spec, one) == text
    assert meant(spec, one, text) == own


def test_a_field_begins_with_what_is_staged() -> None:
    draft, one = Draft(), line(own="x", kind=SettingType.STRING)
    draft.stage(one, "a\nb", board(one))
    spec = spec_of_line(one, draft.get(one.path))
    assert starting_text(spec, one, draft.get(one.path)) == r'"a\nb"'
    unknown = replace(one, own=None, known=False)
    assert starting_text(spec_of_line(unknown), unknown) == ""


def test_choices_are_the_only_texts_there_are() -> None:
    allowed = line(kind=SettingType.ENUM, constraints=Constraints(allowed=("lru", "lfu", 3)))
    assert spec_of_line(allowed).options == ("lru", "lfu", "3")
    assert typed(allowed, "3") == 3
    assert spec_of_line(line(kind=SettingType.BOOLEAN)).options == ("true", "false")
    assert spec_of_line(line()).options == ()


def test_a_flags_rule_is_what_the_verb_takes() -> None:
    meanings = {text: rule_of(text) for text in ("on", "off", "25%", "12.5%", "gx-07, gx-08", "1")}
    assert meanings == {
        "on": True,
        "off": False,
        "25%": 25,
        "12.5%": 12.5,
        "gx-07, gx-08": ["gx-07", "gx-08"],
        "1": ["1"],
    }
    assert rule_of(" , ") == []


# rows


def test_simple_settings_come_first_and_staged_ones_never_hide() -> None:
    simple, hidden = line("a"), line("b", complexity=Complexity.ADVANCED)
    draft, shown = Draft(), board(simple, hidden)

    def keys(advanced: bool) -> list[str]:
        return [row.key for row in setting_rows(shown, draft, ALL, advanced=advanced)]

    assert keys(False) == ["svc.a"]
    assert keys(True) == ["svc.a", "svc.b"]
    draft.stage(hidden, 2, shown)
    assert keys(False) == ["svc.a", "svc.b"]
    services = service_rows(shown, draft, advanced=False)
    assert [row.cell(2).text for row in services] == ["*1", "*1"]


def test_a_service_shows_keys_and_copies_paths() -> None:
    row = setting_rows(board(line("a")), Draft(), "svc", advanced=False)[0]
    assert row.cell(1).text == "a"
    assert row.cell(1).whole == "svc.a"


# the board, of a real database


def test_the_board_has_every_source(places: Locations) -> None:
    over = Overrides(env={("cache", "warm_up"): "false"}, flags={("cache", "page_mask"): "7"})
    with ConfigManager.open(places, actor=ACTOR, overrides=over) as manager:
        manager.load_schema(
            {"type": "object", "properties": {"mode": {"enum": ["a", "b"]}}},
            service="cache",
        )
        found = manager.settings_board()
    assert found is not None
    lines = {each.path: each for each in found.lines}
    sources = {
        "cache.page_mask": "flag",
        "cache.warm_up": "env",
        "cache.capacity_mb": "database",
        "api.port": "file",
        "nodedeck.retention.days": "default",
        "cache.mode": None,
    }
    assert {path: lines[path].source for path in sources} == sources
    assert lines["cache.page_mask"].value == 7
    assert lines["cache.page_mask"].own == 4095
    assert lines["api.port"].home is Home.FILE
    assert not lines["cache.mode"].known


def test_an_override_that_does_not_fit_is_a_fault_of_its_setting_alone(places: Locations) -> None:
    over = Overrides(flags={("cache", "page_mask"): "many"})
    with ConfigManager.open(places, actor=ACTOR, overrides=over) as manager:
        found = manager.settings_board()
    assert found is not None
    faults = {each.path: each.fault for each in found.lines if each.fault}
    assert faults.keys() == {"cache.page_mask"}
    assert "--override" in faults["cache.page_mask"]


def test_no_secret_is_on_the_board(places: Locations) -> None:
    over = Overrides(env={("gateway", "login"): "env-hunter2"})
    with ConfigManager.open(places, actor=ACTOR, overrides=over) as manager:
        manager.load_schema(
            {"type": "object", "properties": {"login": {"type": "string", "writeOnly": True}}},
            service="gateway",
        )
        manager.set_settings("gateway", {"api_key": "hunter2-hunter2"}, create=True)
        manager.set_settings("gateway", {"url": "http://u:hunter2@h/"}, create=True)
        found = manager.settings_board()
    assert found is not None
    assert "hunter2" not in repr(found)
    secret = {each.path for each in found.lines if each.secret}
    assert {"gateway.api_key", "gateway.url"} <= secret


def test_the_board_is_read_again_after_any_write(places: Locations) -> None:
    writes: tuple[Callable[[ConfigManager], object], ...] = (
        lambda m: m.set_value("cache.page_mask", "9"),
        lambda m: m.save_profile("cache", "calm"),
        lambda m: m.set_flag("router", 25),
        lambda m: m.set_flag("router", 30),
        lambda m: m.load_schema(
            {"type": "object", "properties": {"a": {"type": "integer"}}}, service="cache"
        ),
        lambda m: m.set_static("api.port", "9001"),
    )
    with ConfigManager.open(places, actor=ACTOR) as manager:
        mark = None
        for write in writes:
            found = manager.settings_board(mark)
            assert found is not None
            mark = found.mark
            assert manager.settings_board(mark) is None
            write(manager)
        found = manager.settings_board(mark)
    assert found is not None
    assert beside(found, "cache") == "P: profiles  calm   flags  router 30%"
