"""Profiles of a service's settings, and feature flags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.doctor import examine
from store.errors import InvalidValue, UnknownPath, UsageError, VersionConflict
from store.locations import Locations
from store.manager import ConfigManager
from store.settings_flags import Flag, place
from tests.support import foreign
from tests.support.audit_state import assert_sound
from tests.support.samples import counted


@pytest.fixture
def service(manager: ConfigManager) -> ConfigManager:
    """A service with a default, two values and a secret that a foreign program wrote."""
    manager.load_schema(
        {"properties": {"level": {"type": "integer", "default": 1, "maximum": 9}}}, service="svc"
    )
    manager.set_settings("svc", {"mode": "safe", "limits": {"a": 1}}, create=True)
    row = {"service": "svc", "key": "password", "value_json": '"hunter2"', "is_secret": 1}
    foreign.write(manager.database.path, foreign.insert("settings", row))
    return manager


def test_a_profile_brings_back_what_was_in_one_signed_transaction(service: ConfigManager) -> None:
    assert service.save_profile("svc", "quiet") == ["svc.password"]
    service.set_settings("svc", {"mode": "fast", "level": 5, "limits": {"a": 2}})
    service.set_settings("svc", {"new": 1}, create=True)
    differing = {
        each.path: (each.present, each.wanted) for each in service.compare_profile("svc", "quiet")
    }
    assert differing == {
        "svc.mode": ("fast", "safe"),
        "svc.limits": ({"a": 2}, {"a": 1}),
        "svc.level": (5, 1),
    }
    before = service.snapshot().change_id
    last = service.apply_profile("svc", "quiet")
    changes = service.feed(before)
    assert {change.path for change in changes} == differing.keys()
    assert {(change.actor, change.reason) for change in changes} == {
        ("tester@host", "profile quiet")
    }
    assert changes[-1].id == last
    assert service.get("svc.new").value == 1
    assert service.apply_profile("svc", "quiet") == 0
    with foreign.connect(service.database.path) as db:
        assert_sound(db)


def test_a_profile_is_audited_and_can_be_undone(service: ConfigManager) -> None:
    service.save_profile("svc", "day shift", reason="kept")
    change = service.history('profiles.svc."day shift"')[0]
    assert (change.action, change.reason) == ("I", "kept")
    assert change.new == {"mode": "safe", "limits": {"a": 1}, "level": 1}
    gone = service.delete_profile("svc", "day shift")
    assert service.profiles() == []
    service.undo(gone)
    assert service.profile("svc", "day shift").values == change.new


def test_profiles_differ_from_each_other(service: ConfigManager) -> None:
    service.save_profile("svc", "a")
    service.set_settings("svc", {"mode": "fast"})
    service.save_profile("svc", "b")
    assert [each.path for each in service.compare_profile("svc", "a", "b")] == ["svc.mode"]
    assert [each.name for each in service.profiles("svc")] == ["a", "b"]
    with pytest.raises(InvalidValue, match="has a profile 'a'"):
        service.save_profile("svc", "a")
    service.save_profile("svc", "a", replace=True)
    assert service.compare_profile("svc", "a", "b") == []


def test_a_profile_that_no_longer_fits_is_applied_not_at_all(service: ConfigManager) -> None:
    service.save_profile("svc", "old")
    service.set_settings("svc", {"mode": "fast", "level": 5})
    service.load_schema({"properties": {"level": {"type": "integer", "minimum": 3}}}, service="svc")
    before = counted(service)
    with pytest.raises(InvalidValue, match=r"svc\.level: must be at least 3"):
        service.apply_profile("svc", "old")
    with pytest.raises(VersionConflict):
        service.apply_profile("svc", "old", expect_version=1)
    assert counted(service) == before


def test_what_is_not_there_is_named(service: ConfigManager) -> None:
    before = counted(service)
    with pytest.raises(UnknownPath, match="has no profile 'x'"):
        service.apply_profile("svc", "x")
    with pytest.raises(UnknownPath, match="no profile"):
        service.delete_profile("svc", "x")
    with pytest.raises(UnknownPath, match="no service 'other'"):
        service.save_profile("other", "x")
    with pytest.raises(InvalidValue, match="needs a name"):
        service.save_profile("svc", "")
    assert counted(service) == before


def test_a_foreign_profile_of_another_shape_has_no_values(
    service: ConfigManager, database: Path
) -> None:
    foreign.write(
        database,
        "INSERT INTO setting_profiles(service,name,values_json) VALUES('svc','odd','[1]')",
    )
    assert service.compare_profile("svc", "odd") == []


# flags


HOSTS = st.text(min_size=1)


@given(name=HOSTS, host=HOSTS, low=st.floats(0, 100), high=st.floats(0, 100))
def test_a_higher_percentage_only_adds_hosts(name: str, host: str, low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert not Flag(name, low).is_on(host) or Flag(name, high).is_on(host)
    assert not Flag(name, 0).is_on(host)
    assert Flag(name, 100).is_on(host)


def test_a_percentage_is_about_that_many_hosts_and_others_for_another_flag() -> None:
    hosts = [f"gx-{number}" for number in range(2000)]
    on = {host for host in hosts if Flag("a", 25).is_on(host)}
    other = {host for host in hosts if Flag("b", 25).is_on(host)}
    assert 400 < len(on) < 600
    assert 60 < len(on & other) < 190


def test_a_hosts_place_is_the_same_for_ever() -> None:
    assert place("fast-path", "gx-07") == pytest.approx(9.178509509983932)


def test_hosts_are_named_without_regard_to_case() -> None:
    flag = Flag("f", ("GX-07",))
    assert flag.is_on("gx-07")
    assert not flag.is_on("gx-08")


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (True, "boolean", "on"),
        (False, "boolean", "off"),
        (25, "percentage", "25%"),
        (12.5, "percentage", "12.5%"),
        (["a", "b"], "hosts", "a, b"),
    ],
)
def test_a_flag_is_set_changed_and_removed(
    manager: ConfigManager, value: Any, kind: str, words: str
) -> None:
    assert manager.set_flag("f", value, description="what for") > 0
    flag = manager.flag("f")
    assert (flag.kind, flag.words, flag.description) == (kind, words, "what for")
    assert manager.set_flag("f", value) == 0
    assert manager.flag("f").description == "what for"
    assert manager.history("flags.f", limit=1)[0].new == value
    gone = manager.remove_flag("f", reason="done")
    assert manager.flags() == []
    manager.undo(gone)
    assert manager.flag("f").words == words


@pytest.mark.parametrize("value", [None, -1, 100.1, float("nan"), [], ["a", 1], [""], "on", {}])
def test_what_is_no_rule_is_refused(manager: ConfigManager, value: Any) -> None:
    before = counted(manager)
    with pytest.raises(InvalidValue, match=r"flags\.f: must be true or false"):
        manager.set_flag("f", value)
    with pytest.raises(InvalidValue, match="needs a name"):
        manager.set_flag("", True)
    assert counted(manager) == before


def test_a_flag_that_is_not_there_is_named(manager: ConfigManager) -> None:
    manager.set_flag("f", True)
    for ask in (manager.flag, manager.remove_flag):
        with pytest.raises(UnknownPath, match="There are f"):
            ask("g")
    assert manager.flag_is_on("f", "any")


def test_a_foreign_flag_without_a_rule_is_off_and_a_finding(
    manager: ConfigManager, locations: Locations, database: Path
) -> None:
    foreign.write(database, "INSERT INTO feature_flags(name,value_json) VALUES('f','\"odd\"')")
    flag = manager.flag("f")
    assert (flag.kind, flag.words, flag.is_on("h")) == ("invalid", "invalid", False)
    assert any("Flag f holds no rule" in each.message for each in examine(locations))


def test_profiles_and_flags_are_no_part_of_the_document(service: ConfigManager) -> None:
    service.save_profile("svc", "a")
    service.set_flag("f", True)
    assert not {"profiles", "flags"} & service.effective().tree.keys()
    for path in ("profiles.svc.a", "flags.f"):
        with pytest.raises(UsageError, match="no value of the document"):
            service.set_value(path, "1", create=True)


def test_services_of_the_reserved_names_have_a_prefix(manager: ConfigManager) -> None:
    manager.set_value("settings.flags.x", "1", create=True)
    manager.set_flag("x", True)
    assert manager.get("settings.flags.x").value == 1
    assert {change.path for change in manager.history()} == {"settings.flags.x", "flags.x"}
