"""Profiles and flags by their keys: kept, taken anew, applied, deleted; made, edited, removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from store.locations import Locations
from store.manager import ConfigManager
from tests.support.deck import ACTOR, HOST, Driver
from tests.support.settings import (
    CAPACITY,
    asked,
    cache_state,
    confirmed,
    fill,
    focused,
    newest,
    rival,
    screen,
    settings,
    taken,
    value,
)
from tui.editing.fields import Choice, FieldBox
from tui.editing.form import FormScreen
from tui.editing.leaving import LeaveScreen
from tui.editing.threeway import ThreeWayScreen
from tui.screens.settings_profiles import ProfilesScreen
from tui.widgets.table import Table


@pytest.fixture
def places(tmp_path: Path) -> Locations:
    return cache_state(tmp_path / "host")


def on_it(driver: Driver) -> bool:
    return isinstance(driver.app.screen, ProfilesScreen)


async def opened_for(driver: Driver, service: str = "cache") -> None:
    """Open the profiles of a service."""
    screen(driver).query_one("#services Table", Table).move_to(f"service {service}")
    await driver.press("P")
    await driver.until(lambda: on_it(driver), "the profiles")


async def form(driver: Driver, **texts: str) -> None:
    """Fill in a form, by the labels of its fields."""
    await driver.until(lambda: isinstance(driver.app.screen, FormScreen), "the form")
    boxes = {box.spec.label: box for box in driver.app.screen.query(FieldBox)}
    for label, text in texts.items():
        await fill(driver, boxes[label], text)


def profiles(places: Locations) -> dict[str, int]:
    with ConfigManager.open(places, actor="reader") as manager:
        return {one.name: one.values["capacity_mb"] for one in manager.profiles("cache")}


async def test_a_profile_is_kept_taken_anew_applied_and_deleted(places: Locations) -> None:
    async with settings(places) as driver:
        before = taken(places)
        await opened_for(driver)
        await driver.press(*["a"] * 10)
        await form(driver, name="calm")
        await driver.press("ctrl+s")
        await asked(driver)
        await driver.until_shown("profiles.cache.calm.capacity_mb", "secrets are never part of it")
        await driver.press("enter")
        # neither leaving the form nor the console drops what is typed without a word
        for key in ("escape", "ctrl+c"):
            await driver.press(key)
            assert isinstance(driver.app.screen, LeaveScreen)
            assert focused(driver) == "stay"
            assert not driver.app.screen.query("#keep")
            await driver.press("escape")
        assert taken(places) == before
        await driver.press("ctrl+s")
        await confirmed(driver, "night shift")
        await driver.until_shown("Would change 0  calm")
        kept = newest(places, "profiles.cache.calm")
        assert (kept.action, kept.actor, kept.reason) == ("I", ACTOR, "night shift")
        assert "token" not in kept.new

        with rival(places) as manager:
            manager.set_value(CAPACITY, "512")
        await driver.until_shown("Would change 1  calm", "512", "768")
        before = taken(places)
        await driver.press(*["e"] * 10)
        await asked(driver)
        await driver.press("enter", *["D"] * 10)
        await asked(driver)
        await driver.press("enter", *["enter"] * 2)
        assert (on_it(driver), taken(places)) == (True, before)
        await driver.press("enter")
        await confirmed(driver)
        await driver.until_shown("Would change 0  calm")
        change = newest(places)
        assert (change.new, change.actor, change.reason) == (768, ACTOR, "profile calm")

        with rival(places) as manager:
            manager.set_value(CAPACITY, "256")
        await driver.until_shown("Would change 1  calm")
        await driver.press("e")
        await confirmed(driver, "now this")
        await driver.until_shown("Would change 0  calm")
        assert profiles(places) == {"calm": 256}
        assert newest(places, "profiles.cache.calm").reason == "now this"
        await driver.press("D")
        await confirmed(driver, "done with it")
        await driver.until_shown("No profile is here")
        gone = newest(places, "profiles.cache.calm")
        assert (gone.action, gone.actor, gone.reason) == ("D", ACTOR, "done with it")
        assert value(places, CAPACITY) == 256


async def test_a_profile_is_bound_to_what_was_seen(places: Locations) -> None:
    with ConfigManager.open(places, actor="setup") as manager:
        manager.save_profile("cache", "calm")
        manager.set_value(CAPACITY, "512")
    async with settings(places) as driver:
        await opened_for(driver)
        await driver.until_shown("Would change 1  calm")
        # the service moves on under the question, and it is asked again, of what is there now
        for key, there in (("enter", 5), ("e", 6), ("D", 7)):
            await driver.press(key)
            await asked(driver)
            with rival(places) as manager:
                manager.set_value("cache.page_mask", str(there))
            before = taken(places)
            await driver.press("tab", "enter")
            await driver.until_shown("Somebody was first, and nothing was changed")
            await asked(driver)
            assert taken(places) == before
            await driver.press("escape")
            await driver.until(lambda: on_it(driver), "the profiles")
        # so it is where the profile itself does, and where its name is taken meanwhile
        await driver.press("D")
        await asked(driver)
        with rival(places) as manager:
            manager.save_profile("cache", "calm", replace=True)
            manager.save_profile("cache", "other")
        before = taken(places)
        await driver.press("tab", "enter")
        await driver.until_shown("Somebody was first, and nothing was changed")
        await driver.press("escape", "a")
        await form(driver, name="other")
        await driver.press("ctrl+s")
        await driver.until_shown("has a profile 'other'", "e on it takes")
        assert taken(places) == before
    assert profiles(places) == {"calm": 512, "other": 512}


async def test_a_flag_is_made_edited_and_removed(places: Locations) -> None:
    async with settings(places) as driver:
        before = taken(places)
        await opened_for(driver, "")
        await driver.press("tab", "tab", *["a"] * 10)
        await form(driver, name="router", rule="125%")
        await driver.until_shown("must be on, off, 0% to 100%")
        await form(driver, rule="25%", description="of June")
        await driver.press("ctrl+s")
        await asked(driver)
        await driver.until_shown("flags.router", "of June", f"On {HOST} it is")
        await driver.press("escape")
        assert taken(places) == before
        await driver.press("ctrl+s")
        await confirmed(driver, "rollout")
        await driver.until_shown("25%", "of June")
        made = newest(places, "flags.router")
        assert (made.new, made.actor, made.reason) == (25, ACTOR, "rollout")

        await driver.press(*["e"] * 10)
        await form(driver, rule=f"{HOST}, gx-08")
        with rival(places) as manager:
            manager.set_flag("router", 50)
        before = taken(places)
        await driver.press("ctrl+s")
        await driver.until(lambda: isinstance(driver.app.screen, ThreeWayScreen), "three ways")
        assert focused(driver) == "cancel"
        await driver.until_shown("was     25%", "theirs 50%", f"yours {HOST}, gx-08")
        await driver.press("enter")
        assert taken(places) == before
        await driver.press("ctrl+s")
        await driver.until(lambda: isinstance(driver.app.screen, ThreeWayScreen), "three ways")
        driver.app.screen.query_one(Choice).focus()
        await driver.press("space")
        driver.app.screen.query_one("#go-on").focus()
        await driver.press("enter")
        await driver.until_shown(f"On {HOST} it is on then.")
        await confirmed(driver)
        await driver.until(lambda: on_it(driver), "saving")
        edited = newest(places, "flags.router")
        assert (edited.old, edited.new, edited.actor) == (50, [HOST, "gx-08"], ACTOR)

        await driver.press(*["D"] * 10)
        await asked(driver)
        with rival(places) as manager:
            manager.set_flag("router", True)
        await driver.press("tab", "enter")
        await driver.until_shown("Somebody was first, and nothing was changed")
        await confirmed(driver, "not needed")
        await driver.until_shown("No flag is here")
        gone = newest(places, "flags.router")
        assert (gone.action, gone.actor, gone.reason) == ("D", ACTOR, "not needed")


async def test_of_all_services_one_is_chosen(places: Locations) -> None:
    async with settings(places) as driver:
        await opened_for(driver, "")
        await driver.press("a")
        await form(driver)
        service, name = driver.app.screen.query(FieldBox)
        assert isinstance(service.control, Choice)
        assert isinstance(name.control, Input)
        offered = service.spec.options
        assert "cache" in offered
        assert "api" not in offered
        await driver.press(*["space"] * offered.index("cache"))
        await form(driver, name="calm")
        await driver.press("ctrl+s")
        await confirmed(driver)
        await driver.until_shown("Would change 0  calm")
    assert profiles(places) == {"calm": 768}
