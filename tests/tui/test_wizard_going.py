"""The import wizard while things happen: held keys, other writers, long plans, runs, rollbacks."""

from __future__ import annotations

import asyncio
import gc
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button, Static

from store import collecting
from store.importing import apply as engine
from store.importing import stillness
from store.importing.stillness import Writing
from store.manager import ConfigManager
from tests.store.importing.samples import (
    RUNNING,
    database_leaves,
    on_disk,
    places,
    put,
    run,
)
from tests.support.wizard import (
    BACKUP,
    CHECK,
    DONE,
    REVIEW,
    RUN,
    SORT_OUT,
    held_at_write,
    host,
    leaves,
    left_alone,
    uncollected,
    wizard,
)
from tui.screens.deck import DeckScreen
from tui.screens.help import HelpScreen
from tui.wizard.bench import Bench
from tui.wizard.deciding import DecideScreen

__all__ = ["host"]


async def test_a_key_that_is_held_down_imports_nothing(host: Path) -> None:
    put(host, "config.yaml", RUNNING)
    left_alone(host)
    before = on_disk(host)
    async with wizard(places(host)) as driver:
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        for key in ("7", "ctrl+s", "enter", "space"):
            for _ in range(12):
                await driver.press(key)
            if isinstance(driver.app.screen, DecideScreen):
                await driver.press("escape")
            await driver.until(lambda: driver.step() >= 0, "a step")
            assert driver.step() not in (RUN, DONE)
    assert on_disk(host) == before


async def test_a_read_only_console_plans_and_refuses(host: Path) -> None:
    put(host, "config.yaml", RUNNING)
    before = on_disk(host)
    async with wizard(places(host), read_only=True) as driver:
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        await driver.on_to(REVIEW)
        await driver.start()
        await driver.until(lambda: "read-only" in driver.fault, "a refusal")
        await driver.reach(REVIEW)
    assert on_disk(host) == before


async def test_what_moved_on_since_the_plan_is_a_conflict(host: Path) -> None:
    file = put(host, "config.yaml", RUNNING)
    run(put(host, "one.yaml", "rack_params: {a: 1}\n"), places(host))
    async with wizard(places(host)) as driver:
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        await driver.on_to(REVIEW)
        file.write_text("current_height: 1\n")
        await driver.start()
        await driver.until(lambda: "was changed since the plan" in driver.fault, "a conflict")
        await driver.reach(REVIEW)
        driver.focus("#again")
        await driver.press("enter")
        await driver.until(lambda: driver.column(1) == ["current_height"], "another plan")
        assert driver.fault == ""
        with ConfigManager.open(places(host), actor="") as manager:
            manager.set_height(3)
        driver.focus("#back")
        await driver.start()
        await driver.until(lambda: "The database was changed since" in driver.fault, "a conflict")
    assert not (host / BACKUP).exists()


async def test_a_file_that_a_daemon_still_writes_is_told_and_waited_for(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put(host, "config.yaml", "current_height: 5\n")

    def waited(_path: Path, **_: Any) -> Writing:
        file.write_text("current_height: 6\n")
        return Writing(20.0, 5.4, still=True)

    monkeypatch.setattr(stillness, "watch", lambda *_, **__: Writing(0.4, 5.4, still=False))
    monkeypatch.setattr(stillness, "wait", waited)
    async with wizard(places(host)) as driver:
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        await driver.on_to(REVIEW)
        await driver.until_shown("written, every 5.4 s", "systemctl stop", "Wait for it")
        driver.focus("#wait")
        await driver.press("enter")
        await driver.until_shown("config.yaml is left alone now")
        await driver.until(lambda: driver.row("current_height")[3] == "6", "the new plan")
        await driver.start()
        await driver.reach(DONE)
    assert database_leaves(places(host)) == {"current_height": 6}


async def test_thousands_of_nodes_are_planned_and_sifted_while_keys_are_answered(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = leaves()
    nodes = "".join(f"- {{id: n{n}, host: h{n}, poc_port: 1}}\n" for n in range(5_000))
    file, held = put(host, "n.yaml", nodes), threading.Event()
    preview = engine.preview

    def slow(*given: Any) -> Any:
        held.wait()
        return preview(*given)

    monkeypatch.setattr(engine, "preview", slow)
    monkeypatch.setattr(collecting, "_MANY", 10_000)
    async with wizard(places(host)) as driver:
        await driver.name(file)
        await driver.until(lambda: driver.focused == "files", "the file")
        await driver.press("enter")
        await driver.until_shown("Reading and planning.")
        await driver.press("question_mark")
        assert isinstance(driver.app.screen, HelpScreen)
        await driver.press("escape")
        held.set()
        await driver.reach(SORT_OUT)
        (heading,) = driver.table.rows
        assert heading.cell(0).text == "▸ 10,000"
        await driver.press("enter")
        await driver.until(lambda: len(driver.table.rows) == 10_001, "the leaves")
        await driver.press("G")
        await driver.until_shown("nodes.n4999.poc_port")
        await driver.press("slash", *"N77 poc")
        await driver.until(lambda: len(driver.table.rows) == 11, "the filter")
        await driver.press("enter", "s")
        await driver.until(lambda: driver.column(1)[-1] == "nodes.n779.poc_port", "the order")
        await driver.press("n", "escape")
        await driver.until(lambda: len(driver.table.rows) == 10_001, "all leaves")
        assert driver.table.cursor_key == "0:nodes.n77.poc_port"
        assert gc.get_freeze_count() > 10_000
        # no collection walks over it, so it has to go without one
        with uncollected(others) as found:
            assert found()
            driver.draft.clear()
            await driver.press("escape", "escape")
            await driver.until(lambda: not found(), "nothing that holds a plan")


async def test_an_import_tells_its_phases_and_is_cancelled_before_its_commit(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(host, "config.yaml", RUNNING)
    left_alone(host)
    before, held = on_disk(host), held_at_write(monkeypatch)
    async with wizard(places(host)) as driver:
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        await driver.on_to(REVIEW)
        await driver.start()
        await driver.reach(RUN)
        await driver.until_shown("writing, one transaction", "1 of 12", "█")
        assert "esc back" not in driver.screen()
        await driver.press("enter", "escape", "question_mark")
        assert isinstance(driver.app.screen, HelpScreen)
        await driver.press("escape", "q")
        await driver.until_shown("It runs; its button and ctrl+c cancel it.")
        await driver.press("ctrl+c")
        await driver.until_shown("It stops before its next step")
        held.set()
        await driver.until(lambda: "Cancelled; nothing was changed" in driver.fault, "the end")
        await driver.reach(REVIEW)
        assert on_disk(host) == before
        driver.focus("#rewrite")
        await driver.press("space", "space")
        assert driver.fault == ""  # another choice is another import
        driver.focus("#back")
        ended, shown, run = asyncio.Event(), asyncio.Event(), Bench.run

        async def lingering(bench: Bench, progress: Any) -> str:
            fault = await run(bench, progress)
            ended.set()
            await shown.wait()
            return fault

        monkeypatch.setattr(Bench, "run", lingering)
        await driver.start()
        await ended.wait()
        await driver.until_shown("it commits")
        await driver.press("ctrl+c", "q")  # it is done, and that has to be seen first
        shown.set()
        await driver.reach(DONE)
        await driver.until_shown("Receipt 1")


async def test_an_import_is_taken_back_from_its_last_step(host: Path) -> None:
    others = leaves()
    file = put(host, "config.yaml", RUNNING)
    left_alone(host)
    async with wizard(places(host)) as driver:
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        await driver.on_to(REVIEW)
        driver.focus("#rewrite")
        await driver.press("space")
        driver.focus("#back")
        await driver.start()
        await driver.reach(DONE)
        with ConfigManager.open(places(host), actor="somebody") as manager:
            manager.set_value("nodes.node1.max_concurrent", "7")
            manager.set_height(1934990)
        await driver.press("tab", "tab")
        assert driver.focused == "rollback"
        await driver.press("enter")
        assert driver.focused == "cancel"
        await driver.press("enter")
        assert driver.step() == DONE
        again = driver.screen_now.query_one("#rollback")
        await driver.until(lambda: not again.has_class("-active"), "a button that was let go")
        await driver.press("enter")
        await driver.until(lambda: not driver.app.screen.query_one("#now").disabled, "a look")
        await driver.press("tab", "enter")
        await driver.until_shown("with the values of now", "nodes.node1.max_concurrent")
        assert driver.focused == "cancel"
        commit = driver.app.screen.query_one("#commit", Button)
        assert commit.disabled
        driver.focus("#typed")
        await driver.press(*"config.yaml")
        assert not commit.disabled
        driver.focus("#commit")
        await driver.press("enter")
        await driver.until_shown("Import 1 was taken back; receipt 2.", "What can still be done")
        await driver.until(lambda: not driver.screen_now.query(".next"), "no next step")
        assert "current_height: 1934990" in file.read_text()
        assert re.search(r'max_concurrent"?: 7\b', file.read_text())
        driver.focus("#rollback")
        await driver.press("enter")
        await driver.until_shown("Import 1 was taken back already (receipt 2)")
        await driver.until(lambda: not driver.app.screen.query_one("#before").disabled, "before")
        assert driver.app.screen.query_one("#now").disabled
        await driver.press("tab", "enter")
        await driver.until_shown("go back to what they were")
        driver.focus("#typed")
        await driver.press(*"config.yaml")
        driver.focus("#commit")
        await driver.press("enter")
        await driver.until_shown("receipt 3.", "Nothing of this import is left to take back.")
        assert driver.screen_now.query_one("#rollback").disabled
        with uncollected(others) as found:
            assert found()
            await driver.press("escape")
            assert isinstance(driver.app.screen, DeckScreen)
            await driver.until(lambda: not found(), "nothing that holds a plan")
    assert file.read_text() == RUNNING
    assert "nodes.node1.host" not in database_leaves(places(host))


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_button_can_be_reached_and_seen(host: Path, size: tuple[int, int]) -> None:
    put(host, "config.yaml", RUNNING)
    async with wizard(places(host), size=size) as driver:
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        await driver.go_to("nodes.node1.host")
        await driver.pilot.resize_terminal(size[0] + 20, size[1] - 2)
        await driver.pilot.resize_terminal(*size)
        assert driver.table.cursor_key == "0:nodes.node1.host"
        for step in (SORT_OUT, CHECK, REVIEW):
            await driver.on_to(step)
            for button in driver.screen_now.query(Button):
                if not button.region:
                    continue
                assert (button.region.height, button.region.bottom <= size[1]) == (1, True)
                seen = set()
                while driver.focused != button.id and driver.focused not in seen:
                    seen.add(driver.focused)
                    await driver.press("tab")
                assert driver.focused == button.id
            said = driver.screen_now.query_one("#fault", Static)
            assert said.region.bottom <= size[1]
            driver.focus("#back")
