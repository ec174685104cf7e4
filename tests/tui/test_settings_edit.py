"""Staging, typed checking and rows of the settings screen, without a terminal."""

from __future__ import annotations

from collections.abc import Callable
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
from tui.settings_edit.about import about, beside
from tui.settings_edit.checking import check, choices, neighbour, starting_text, why_not
from tui.settings_edit.rows import (
    ALL,
    DIFFERENCE_COLUMNS,
    THREE_WAY_COLUMNS,
    difference_rows,
    service_rows,
    setting_rows,
)
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


# staging


def test_the_version_is_that_of_the_first_edit() -> None:
    draft, first = Draft(), line("a")
    draft.stage(first, 2, board(first, version=3))
    draft.stage(line("b"), 2, board(first, version=4))
    assert draft.expected("svc") == 3
    assert draft.values("svc") == {"a": 2, "b": 2}
    draft.rebase("svc", board(first, version=4))
    assert draft.expected("svc") == 4


def test_the_value_that_is_there_takes_an_edit_back() -> None:
    draft, one = Draft(), line()
    assert draft.stage(one, 2, board(one))
    assert not draft.stage(one, 1, board(one))
    assert len(draft) == 0
    assert draft.services == ()
    # the next edit is made against what is there then
    draft.stage(one, 5, board(one, version=9))
    assert draft.expected("svc") == 9


@pytest.mark.parametrize("value", [True, 1.0, "1"])
def test_another_type_is_another_value(value: object) -> None:
    draft, one = Draft(), line()
    assert draft.stage(one, value, board(one))


def test_what_moved_on_is_told_three_ways() -> None:
    draft, was, still = Draft(), line("a", 1), line("b", 1)
    for each in (was, still):
        draft.stage(each, 2, board(was, still))
    now = board(line("a", 7), still)
    assert draft.moved(now.lines[0])
    assert not draft.moved(still)
    told = [(one.was, one.theirs, one.wanted) for one in draft.differences("svc", now)]
    assert told == [("1", "7", "2"), ("1", "", "2")]
    assert difference_rows(draft.differences("svc", now))[0] is THREE_WAY_COLUMNS
    unmoved = draft.differences("svc", board(was, still))
    assert difference_rows(unmoved)[0] is DIFFERENCE_COLUMNS


def test_what_was_removed_is_told() -> None:
    draft, one = Draft(), line()
    draft.stage(one, 2, board(one))
    assert draft.differences("svc", board())[0].theirs == "(removed)"


def test_a_secret_is_told_as_its_mask() -> None:
    draft, one = Draft(), line(own=MASK, kind=SettingType.SECRET, secret=True)
    draft.stage(one, "hunter2", board(one))
    assert "hunter2" not in repr([draft.differences("svc", board(one)), about(one, draft)])
    rows = setting_rows(board(one), draft, ALL, advanced=True)
    assert rows[0].cell(2).text == MASK


# checking


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("5", SettingType.INTEGER, 5),
        ("0.5", SettingType.FLOAT, 0.5),
        ("yes", SettingType.BOOLEAN, True),
        ("[1,2]", SettingType.JSON, [1, 2]),
        ("a [b]x[/b]", SettingType.STRING, "a [b]x[/b]"),
    ],
)
def test_text_becomes_a_value_of_the_type(text: str, kind: SettingType, value: object) -> None:
    assert check(line(kind=kind), text).value == value


@pytest.mark.parametrize(
    ("text", "kind", "fault"),
    [
        ("x", SettingType.INTEGER, "Must be a 64-bit integer, not 'x'."),
        ("9223372036854775808", SettingType.INTEGER, "Must be a 64-bit integer"),
        ("nan", SettingType.FLOAT, "Must be a finite number"),
        ("{", SettingType.JSON, "Must be JSON"),
        ("", SettingType.PATH, "Must be the path of a file"),
    ],
)
def test_text_that_does_not_fit_says_why(text: str, kind: SettingType, fault: str) -> None:
    checked = check(line(kind=kind), text)
    assert checked.fault.startswith(fault)
    assert "nothing was changed" not in checked.fault


def test_limits_are_told_and_kept() -> None:
    limited = line(constraints=Constraints(min=64, max=4096))
    assert check(limited, "63").fault == "Must be at least 64, not '63'."
    assert not check(limited, "64").fault
    assert "min 64; max 4096" in "".join(text for text, _ in about(limited, Draft()))


def test_a_secret_is_any_text_but_none() -> None:
    secret = line(kind=SettingType.SECRET, secret=True)
    assert check(secret, "s3cret").value == "s3cret"
    assert check(secret, "").fault
    assert starting_text(secret, MASK, known=True)[0] == ""


@pytest.mark.parametrize("value", ["a\nb", "\x1b[2J", "x" * 5000, "a\u202eb"])
def test_what_one_line_cannot_hold_is_not_begun_with(value: str) -> None:
    text, note = starting_text(line(kind=SettingType.STRING), value, known=True)
    assert text == ""
    assert "replaces it" in note


def test_json_begins_with_its_quotes() -> None:
    told = starting_text(line(kind=SettingType.JSON), "5", known=True)
    assert told == ('"5"', "")


def test_choices_go_round() -> None:
    allowed = line(kind=SettingType.ENUM, constraints=Constraints(allowed=("lru", "lfu", 3)))
    offered = choices(allowed)
    assert offered == ("lru", "lfu", "3")
    assert neighbour(offered, "3", 1) == "lru"
    assert neighbour(offered, "lru", -1) == "3"
    assert neighbour(offered, "other", 1) == "lru"
    assert check(allowed, "3").value == 3
    assert choices(line(kind=SettingType.BOOLEAN)) == ("true", "false")
    assert choices(line()) == ()


def test_what_the_file_holds_is_named_and_not_edited() -> None:
    assert "nodedeck set svc.k VALUE" in why_not(line(home=Home.FILE))
    assert why_not(line()) == ""


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
    assert beside(found, "cache") == "profiles  calm   flags  router 30%"
