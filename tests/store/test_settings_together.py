"""Several settings of a service set and unset as one, under one version."""

from __future__ import annotations

import pytest

from store.errors import InvalidValue, UnknownPath, VersionConflict
from store.manager import ConfigManager
from tests.support.samples import counted


@pytest.fixture
def service(manager: ConfigManager) -> ConfigManager:
    manager.load_schema(
        {"properties": {"level": {"type": "integer", "default": 1, "maximum": 9}}}, service="svc"
    )
    manager.set_settings("svc", {"level": 5, "mode": "safe", "old": True}, create=True)
    return manager


def test_values_come_and_go_in_one_signed_transaction(service: ConfigManager) -> None:
    before, version = service.snapshot().change_id, service.version_of("svc.mode")
    service.set_settings(
        "svc", {"mode": "fast"}, unset=["level", "old"], expect_version=version, reason="tidy"
    )
    made = service.feed(before)
    assert {(one.path, one.action) for one in made} == {
        ("svc.mode", "U"),
        ("svc.level", "D"),
        ("svc.old", "D"),
    }
    assert {(one.actor, one.reason) for one in made} == {("tester@host", "tidy")}
    values = {each.path: (each.value, each.stored) for each in service.settings("svc")}
    assert values == {"svc.mode": ("fast", True), "svc.level": (1, False)}


def test_all_or_none(service: ConfigManager) -> None:
    version, before = service.version_of("svc.mode"), counted(service)
    with pytest.raises(UnknownPath, match=r"no setting svc\.other"):
        service.set_settings("svc", {"mode": "fast"}, unset=["level", "other"])
    with pytest.raises(InvalidValue, match="at most 9"):
        service.set_settings("svc", {"level": 10}, unset=["mode"])
    assert counted(service) == before
    service.set_value("svc.mode", "theirs")
    with pytest.raises(VersionConflict, match="tester@host was first"):
        service.set_settings("svc", {}, unset=["level"], expect_version=version)
    assert service.get("svc.level").value == 5


def test_a_secret_among_them_is_on_record(service: ConfigManager) -> None:
    service.set_settings("svc", {"api_key": "sk-1"}, create=True, reason="new")
    # the mask keeps what is there, and is no look at it
    service.set_settings("svc", {"api_key": "********", "mode": "fast"})
    service.set_settings("svc", {}, unset=["api_key"], reason="gone")
    found = [(one.act, one.actor, one.reason) for one in service.accesses("svc.api_key")]
    assert sorted(found) == [("remove", "tester@host", "gone"), ("set", "tester@host", "new")]


def test_what_was_seen_can_be_expected_of_any_path(service: ConfigManager) -> None:
    service.save_profile("svc", "calm")
    service.set_flag("router", True)
    seen = {
        path: service.version_of(path) for path in ("svc.mode", "profiles.svc.calm", "flags.router")
    }
    for path, version in seen.items():
        service.expect_version(path, version)
    service.set_value("svc.mode", "fast")
    service.delete_profile("svc", "calm")
    service.set_flag("router", False)
    for path, version in seen.items():
        with pytest.raises(VersionConflict, match="tester@host was first"):
            service.expect_version(path, version)


def test_a_board_knows_the_newest_change(service: ConfigManager) -> None:
    board = service.settings_board()
    assert board is not None
    assert board.change_id == service.snapshot().change_id
