"""The import wizard by keyboard alone: what it commits, and what it leaves alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import Button, Checkbox, Input, Static

from store.locations import Locations
from store.manager import ConfigManager
from tests.store.importing.samples import (
    KEYS,
    RUNNING,
    SECRET,
    SETTINGS,
    database_leaves,
    on_disk,
    places,
    put,
    run,
)
from tests.support.clock import FixedClock
from tests.support.deck import Driver, console, opened
from tui.screens.deck import DeckScreen
from tui.screens.wizard import WizardScreen
from tui.screens.wizard_parts import likely_files
from tui.widgets.table import Table

CHOOSE, SORT_OUT, CONFIRM, DONE = range(4)
BACKUP = "config.yaml.pre-migration.20250301T120000Z"


class Wizard(Driver):
    """A driver that knows the wizard's parts."""

    @property
    def screen_now(self) -> WizardScreen:
        screen = self.app.screen
        assert isinstance(screen, WizardScreen)
        return screen

    @property
    def table(self) -> Table:
        return self.screen_now.query_one(Table)

    @property
    def fault(self) -> str:
        return str(self.screen_now.query_one("#fault", Static).content)

    @property
    def focused(self) -> str | None:
        return self.app.focused.id if self.app.focused else None

    def step(self) -> int:
        """The step whose parts are all on the screen."""
        wanted = {"file": CHOOSE, "plan": SORT_OUT, "apply": CONFIRM, "close": DONE}
        there = [step for id, step in wanted.items() if self.screen_now.query(f"#{id}")]
        return there[0] if len(there) == 1 and self.focused else -1

    async def reach(self, step: int) -> None:
        await self.until(lambda: self.step() == step, f"step {step}")
        await self.pilot.pause()

    async def choose(self, file: str | Path) -> None:
        """Type the file's name over what stands there, and go on."""
        self.screen_now.query_one("#file", Input).value = ""
        await self.pilot.pause()
        for character in str(file):
            await self.pilot.press(character)
        await self.press("enter")


@asynccontextmanager
async def wizard(
    at: Locations, *, read_only: bool = False, size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Wizard]:
    app = console(at, clock=FixedClock(), read_only=read_only)
    async with opened(app, size=size, read=False) as driver:
        await driver.press("7")
        wizard = Wizard(app, driver.pilot)
        await wizard.reach(CHOOSE)
        yield wizard


@pytest.fixture(autouse=True)
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of a host's files, not the current one."""
    folder = tmp_path / "host"
    folder.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return folder


async def test_from_a_missing_database_to_the_deck_with_its_state(host: Path) -> None:
    file = put(host, "config.yaml", RUNNING)
    async with wizard(places(host)) as driver:
        assert driver.deck.trouble is not None
        assert "nodedeck import apply" in str(driver.deck.trouble)
        assert driver.screen_now.query_one("#file", Input).value == str(file)
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        await driver.press("ctrl+s")
        await driver.reach(CONFIRM)
        assert driver.focused == "cancel"
        await driver.press("tab", "enter")
        await driver.reach(DONE)
        await driver.until_shown(
            "33 added, 3 stay in the file", BACKUP.partition(".2025")[0], "Receipt 1"
        )
        await driver.press("enter")
        assert isinstance(driver.app.screen, DeckScreen)
        await driver.until(lambda: driver.deck.picture is not None, "the state on the deck")
        await driver.until_shown("1,934,882")
    assert file.read_text() == (host / BACKUP).read_text() == RUNNING
    assert database_leaves(places(host))["current_height"] == 1934882
    with ConfigManager.open(places(host), actor="", read_only=True) as manager:
        (change,) = manager.history("current_height")
    assert (change.actor, change.reason) == ("ops@gx-07", "import of config.yaml")


async def test_a_rewrite_is_chosen_by_keys(host: Path) -> None:
    file = put(host, "config.yaml", RUNNING)
    async with wizard(places(host)) as driver:
        await driver.press("ctrl+s")
        await driver.reach(SORT_OUT)
        await driver.press("ctrl+s")
        await driver.reach(CONFIRM)
        await driver.press("shift+tab", "space")
        assert driver.screen_now.query_one("#rewrite", Checkbox).value
        await driver.press("tab", "tab", "enter")
        await driver.reach(DONE)
        await driver.until_shown("was cut out of the file")
    assert "current_height" not in file.read_text()
    assert (host / BACKUP).read_text() == RUNNING


async def test_a_file_is_picked_from_the_list_and_its_name_completed(host: Path) -> None:
    put(host, "config.yaml", RUNNING)
    put(host, "settings.toml", SETTINGS)
    put(Path.cwd(), "here.json", KEYS)
    put(Path.cwd(), "notes.txt", "no")
    async with wizard(places(host)) as driver:
        names = [row.cell(0).text for row in driver.table.rows]
        assert names == ["config.yaml", "settings.toml", "here.json"]
        await driver.press("tab", "down", "down", "enter")
        await driver.reach(SORT_OUT)
        await driver.until_shown("here.json is read as settings")
        await driver.press("escape")
        await driver.reach(CHOOSE)
        assert driver.screen_now.query_one("#file", Input).value == str(Path.cwd() / "here.json")


@pytest.mark.parametrize("name", ["here.yaml", "~/home.yaml", "ABSOLUTE"])
async def test_a_name_means_what_it_means_in_a_shell(
    host: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("HOME", str(host))
    for file in (Path.cwd() / "here.yaml", host / "home.yaml"):
        file.write_text("current_height: 7\n")
    async with wizard(places(host)) as driver:
        await driver.choose(host / "home.yaml" if name == "ABSOLUTE" else name)
        await driver.reach(SORT_OUT)
        assert [row.cell(2).text for row in driver.table.rows] == ["current_height"]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("bad.yaml", "a: [", "not YAML"),
        ("bad.yaml", None, "no such file or directory"),
        (".", None, "is a directory"),
        ("", None, "Name a file first"),
        ("~nobody-of-this-name/x", None, "no such file or directory"),
    ],
)
async def test_a_fault_is_shown_and_nothing_is_changed(
    *, host: Path, name: str, text: str | None, told: str
) -> None:
    if text is not None:
        put(Path.cwd(), name, text)
    before = (on_disk(host), on_disk(Path.cwd()))
    async with wizard(places(host)) as driver:
        await driver.choose(name)
        await driver.until(lambda: told in driver.fault, told)
        assert driver.step() == CHOOSE
        await driver.until_shown(told.split(maxsplit=1)[0])
    assert (on_disk(host), on_disk(Path.cwd())) == before


async def test_back_keeps_what_was_chosen_and_esc_leaves_from_the_first_step(host: Path) -> None:
    put(host, "config.yaml", "current_height: 5\n")
    run(host / "config.yaml", places(host))
    put(host, "other.yaml", "current_height: 9\n")
    before = on_disk(host)
    async with wizard(places(host)) as driver:
        await driver.choose(host / "other.yaml")
        await driver.reach(SORT_OUT)
        assert [row.cell(0).text for row in driver.table.rows] == ["conflict"]
        await driver.press("shift+tab", "space")
        await driver.until(lambda: driver.table.rows[0].cell(0).text == "change", "a new plan")
        assert driver.table.rows[0].cell(4).text == "5"
        await driver.press("ctrl+s")
        await driver.reach(CONFIRM)
        await driver.until_shown("the file's value counts")
        await driver.press("shift+tab", "space", "escape")
        await driver.reach(SORT_OUT)
        assert driver.screen_now.query_one("#replace", Checkbox).value
        await driver.press("escape")
        await driver.reach(CHOOSE)
        assert driver.screen_now.query_one("#file", Input).value == str(host / "other.yaml")
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        assert driver.table.rows[0].cell(0).text == "change"
        await driver.press("ctrl+s")
        await driver.reach(CONFIRM)
        assert driver.screen_now.query_one("#rewrite", Checkbox).value
        await driver.press("escape")
        await driver.reach(SORT_OUT)
        await driver.press("escape")
        await driver.reach(CHOOSE)
        await driver.press("escape")
        assert isinstance(driver.app.screen, DeckScreen)
    assert on_disk(host) == before


async def test_the_winner_is_what_was_chosen_last(host: Path) -> None:
    put(host, "config.yaml", "current_height: 5\n")
    run(host / "config.yaml", places(host))
    put(host, "config.yaml", "current_height: 9\n")
    async with wizard(places(host)) as driver:
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        await driver.press("shift+tab", "space", "space", "space")
        await driver.until(lambda: driver.table.rows[0].cell(0).text == "change", "a new plan")
        await driver.press("ctrl+s")
        await driver.reach(CONFIRM)
        await driver.press("tab", "enter")
        await driver.reach(DONE)
        await driver.until_shown("1 changed")
    assert database_leaves(places(host)) == {"current_height": 9}


@pytest.mark.parametrize("key", ["7", "enter", "ctrl+s", "space"])
async def test_a_key_that_is_held_down_imports_nothing(host: Path, key: str) -> None:
    put(host, "config.yaml", RUNNING)
    before = on_disk(host)
    async with wizard(places(host)) as driver:
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        for _ in range(20):
            await driver.press(key)
        await driver.until(lambda: driver.step() >= 0, "a step")
        assert driver.step() != DONE
    assert on_disk(host) == before


async def test_enter_on_confirm_cancels(host: Path) -> None:
    put(host, "config.yaml", RUNNING)
    before = on_disk(host)
    async with wizard(places(host)) as driver:
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        await driver.press("ctrl+s")
        await driver.reach(CONFIRM)
        await driver.press("enter")
        await driver.reach(SORT_OUT)
    assert on_disk(host) == before


async def test_a_read_only_console_plans_and_refuses(host: Path) -> None:
    put(host, "config.yaml", RUNNING)
    before = on_disk(host)
    async with wizard(places(host), read_only=True) as driver:
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        await driver.press("ctrl+s")
        await driver.reach(CONFIRM)
        await driver.press("tab", "enter")
        await driver.until(lambda: "read-only" in driver.fault, "a refusal")
        assert driver.step() == CONFIRM
    assert on_disk(host) == before


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("dev.toml", SETTINGS, "A TOML file cannot be cut; it stays as it is."),
        ("n.json", '[{"id": "a"}]', "Nothing in this file can be cut out of it."),
        ("c.yaml", "new_params: &y {a: 1}\nrack: *y\n", "cannot be cut out of the text"),
    ],
)
async def test_a_file_that_cannot_be_cut_says_why(
    *, host: Path, name: str, text: str, why: str
) -> None:
    file = put(host, name, text)
    async with wizard(places(host)) as driver:
        await driver.choose(file)
        await driver.reach(SORT_OUT)
        await driver.press("ctrl+s")
        await driver.reach(CONFIRM)
        assert driver.screen_now.query_one("#rewrite", Checkbox).disabled
        assert why in str(driver.screen_now.query_one("#uncut", Static).content)
        await driver.press("tab", "enter")
        await driver.reach(DONE)
    assert file.read_text() == text
    assert database_leaves(places(host))


@pytest.mark.parametrize("moved", ["file", "database"])
async def test_what_moved_on_since_the_plan_is_a_conflict(host: Path, moved: str) -> None:
    file = put(host, "config.yaml", RUNNING)
    run(put(host, "one.yaml", "rack_params: {a: 1}\n"), places(host))
    async with wizard(places(host)) as driver:
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        await driver.press("ctrl+s")
        await driver.reach(CONFIRM)
        if moved == "file":
            file.write_text("current_height: 1\n")
        else:
            with ConfigManager.open(places(host), actor="") as manager:
                manager.set_height(3)
        await driver.press("tab", "enter")
        await driver.until(lambda: "Plan the import again." in driver.fault, "a conflict")
        assert driver.step() == CONFIRM
    assert not (host / BACKUP).exists()


async def test_hostile_names_and_values_are_shown_as_they_are(host: Path) -> None:
    name = "[red]a[bold]\x1b[31m\u202e.yaml"
    hostile = "[@click=app.quit]x[/] Q[/]Z"
    put(host, name, f'"[bold]svc[/]":\n  "k[/]": "{hostile}\\e[31m\\u202E"\n')
    async with wizard(places(host)) as driver:
        await driver.until_shown("[red]a[bold]\\x1b[31m\\u202e.yaml")
        await driver.press("tab", "enter")
        await driver.reach(SORT_OUT)
        await driver.until_shown("[@click=app.quit]x[/] Q[/]Z\\x1b[31m", '"[bold]svc[/]"."k[/]"')
        await driver.press("ctrl+s")
        await driver.reach(CONFIRM)
        await driver.until_shown("[red]a[bold]\\x1b[31m\\u202e.yaml")
        await driver.press("tab", "enter")
        await driver.reach(DONE)
    assert list(database_leaves(places(host)).values()) == [f"{hostile}\x1b[31m\u202e"]


async def test_secrets_are_masked_on_the_screen(host: Path) -> None:
    put(host, "keys.json", KEYS)
    async with wizard(places(host)) as driver:
        await driver.choose(host / "keys.json")
        await driver.reach(SORT_OUT)
        await driver.until_shown("openai.api_key", "********")
        assert SECRET not in driver.screen()
        assert not any(SECRET in row.cell(at).text for row in driver.table.rows for at in range(7))


async def test_a_plan_of_ten_thousand_nodes_opens(host: Path) -> None:
    put(
        host, "n.yaml", "".join(f"- {{id: n{n}, host: h{n}, poc_port: 1}}\n" for n in range(10_000))
    )
    async with wizard(places(host)) as driver:
        await driver.choose(host / "n.yaml")
        await driver.reach(SORT_OUT)
        assert len(driver.table.rows) == 20_000
        await driver.press("G")
        await driver.until_shown("nodes.n9999.poc_port")


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_every_button_can_be_reached_and_seen(host: Path, size: tuple[int, int]) -> None:
    put(host, "config.yaml", RUNNING)
    async with wizard(places(host), size=size) as driver:
        for step, keys in ((CHOOSE, ()), (SORT_OUT, ("enter",)), (CONFIRM, ("ctrl+s",))):
            await driver.press(*keys)
            await driver.reach(step)
            for button in driver.screen_now.query(Button):
                region = button.region
                assert region.height == 1
                assert region.bottom <= size[1]
                seen = set()
                while driver.focused != button.id and driver.focused not in seen:
                    seen.add(driver.focused)
                    await driver.press("tab")
                assert driver.focused == button.id
            driver.screen_now.focus_next()


def test_files_are_offered_once_and_an_unreadable_folder_offers_none(tmp_path: Path) -> None:
    put(tmp_path, "b.YAML", "")
    put(tmp_path, "a.json", "")
    (tmp_path / "folder.yaml").mkdir()
    offered = likely_files([tmp_path, tmp_path, tmp_path / "absent"])
    assert [path.name for path in offered] == ["a.json", "b.YAML"]
