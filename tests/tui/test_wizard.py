"""The import wizard by keyboard alone: what it commits, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Checkbox, Input

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
from tests.support.wizard import (
    BACKUP,
    CHECK,
    CHOOSE,
    DONE,
    REVIEW,
    SORT_OUT,
    host,
    left_alone,
    wizard,
)
from tui.screens.deck import DeckScreen
from tui.wizard.deciding import DecideScreen

__all__ = ["host"]


async def test_from_a_missing_database_to_the_deck_with_its_state(host: Path) -> None:
    file = put(host, "config.yaml", RUNNING)
    left_alone(host)
    async with wizard(places(host)) as driver:
        assert driver.deck.trouble is not None
        assert "nodedeck import apply" in str(driver.deck.trouble)
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        await driver.press("ctrl+s")
        await driver.reach(CHECK)
        await driver.until_shown("Every value fits")
        await driver.press("ctrl+s")
        await driver.reach(REVIEW)
        assert driver.focused == "back"
        await driver.until_shown("33 added, 3 stay in the file", "every other byte stays")
        await driver.start()
        await driver.reach(DONE)
        await driver.until_shown("33 added, 3 stay in the file", "config.yaml.pre-mig", "Receipt 1")
        await driver.until_shown("'Roll back' takes this back; later, 7 and then i")
        assert "nodedeck import" not in driver.screen()
        await driver.press("enter", "enter")
        assert driver.step() == DONE
        await driver.press("escape")
        assert isinstance(driver.app.screen, DeckScreen)
        await driver.until(lambda: driver.deck.picture is not None, "the state on the deck")
        await driver.until_shown("1,934,882")
    assert file.read_text() == (host / BACKUP).read_text() == RUNNING
    assert database_leaves(places(host))["current_height"] == 1934882
    with ConfigManager.open(places(host), actor="", read_only=True) as manager:
        (change,) = manager.history("current_height")
    assert (change.actor, change.reason) == ("ops@gx-07", "import of config.yaml")


async def test_several_files_are_one_import_and_no_choice_is_lost(host: Path) -> None:
    put(host, "config.yaml", "current_height: 5\n")
    run(host / "config.yaml", places(host))
    put(host, "config.yaml", "current_height: 9\napi: {port: 1}\n")
    put(host, "settings.toml", SETTINGS)
    put(Path.cwd(), "here.json", '{"cache": {"size": 7}}')
    put(Path.cwd(), "pyproject.toml", "[project]\nname = 'x'\n")
    files = {name: data for name, data in on_disk(host).items() if name != "state.db"}
    leaves = database_leaves(places(host))
    async with wizard(places(host)) as driver:
        assert driver.column(1) == ["config.yaml", "settings.toml", "here.json"]
        assert driver.column(2) == ["node configuration", "settings", "settings"]
        await driver.press("space", "down", "down", "space", "e")
        # the form's fields: read as, prefix, who wins
        assert isinstance(driver.app.screen, DecideScreen)
        await driver.press("tab", "n", "a", "t", "s", "ctrl+s")
        await driver.until_shown("a name of the node configuration")
        await driver.press(*["backspace"] * 4, *"web", "tab", "space", "ctrl+s")
        assert driver.row("here.json")[2:4] == ["settings → web", "file"]
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        assert driver.row("web.cache.size")[0] == "add"
        assert driver.row("config.yaml → chain_state")[2] == "1 conflict"

        await driver.go_to("current_height")
        await driver.press("w")
        await driver.until(lambda: driver.row("current_height")[0] == "change", "the file wins")
        assert driver.row("current_height")[3] == "5"
        await driver.go_to("here.json → settings web")
        await driver.press("w", "w")
        await driver.until(lambda: driver.row("web.cache.size")[0] == "skip", "left out")
        await driver.press("v")
        await driver.until(lambda: "api.port" not in driver.column(1), "only what changes")
        await driver.press("ctrl+s")
        await driver.reach(CHECK)
        await driver.press("ctrl+s")
        await driver.reach(REVIEW)
        await driver.until(lambda: driver.column(1) == ["current_height"], "the difference")
        for step in (CHECK, SORT_OUT, CHOOSE):
            await driver.press("escape")
            await driver.reach(step)
        await driver.press("escape")
        assert isinstance(driver.app.screen, DeckScreen)

        await driver.press("7")
        await driver.reach(CHOOSE)
        await driver.offered()
        assert driver.column(0) == ["✓", "", "✓"]
        await driver.press("ctrl+s")
        await driver.reach(SORT_OUT)
        assert "api.port" not in driver.column(1)
        assert driver.row("current_height")[0] == "change"
        await driver.go_to("current_height")
        await driver.press("r")
        await driver.until(lambda: driver.row("current_height")[0] == "conflict", "taken back")
        await driver.press("slash", *"height")
        await driver.until(lambda: len(driver.table.rows) == 1, "the filter")
    assert {name: data for name, data in on_disk(host).items() if name != "state.db"} == files
    assert database_leaves(places(host)) == leaves


async def test_values_are_fixed_and_read_as_chosen(host: Path) -> None:
    bad = "nodes: [{id: a, poc_port: 70000}, {id: b}]\n"
    put(host, "config.yaml", bad)
    put(host, "svc.yaml", "svc: {enabled: on, mode: 017}\n")
    async with wizard(places(host)) as driver:
        await driver.press("space", "down", "space", "enter")
        await driver.reach(SORT_OUT)
        await driver.press("ctrl+s")
        await driver.reach(CHECK)
        assert driver.row("nodes.a.poc_port")[:2] == ["refused", "config.yaml:1:27"]
        await driver.press("enter")
        assert isinstance(driver.app.screen, DecideScreen)
        field = driver.app.screen.query(Input).first()
        assert (field.has_focus, field.value) == (True, "70000")
        for text, told in (("[1", "no value that YAML"), ("1, 2", "one value"), ("80000", "65535")):
            field.value = text
            await driver.press("ctrl+s")
            await driver.until_shown(told)
        field.value = "8080"
        await driver.press("ctrl+s")
        await driver.reach(CHECK)
        assert driver.row("nodes.a.poc_port")[:4] == [
            "fixed",
            "config.yaml:1:27",
            "nodes.a.poc_port",
            "8080",
        ]
        await driver.go_to("svc.enabled")
        await driver.press("e", "right", "ctrl+s")
        await driver.until(lambda: driver.step() == CHECK, "the step")
        assert driver.row("svc.enabled")[0] == "chosen"
        assert driver.row("svc.enabled")[3] == "true"
        await driver.go_to("svc.mode")
        await driver.press("e", "left", "ctrl+s")
        await driver.reach(CHECK)
        assert driver.row("svc.mode")[3] == "17"
        await driver.press("r")
        await driver.until(lambda: driver.row("svc.mode")[0] == "reading", "taken back")
        await driver.on_to(REVIEW)
        await driver.start()
        await driver.reach(DONE)
    found = database_leaves(places(host))
    assert (found["nodes.a.poc_port"], found["svc.enabled"], found["svc.mode"]) == (8080, True, 15)
    assert (host / "config.yaml").read_text() == bad


async def test_secrets_are_masked_and_sealed_where_the_switch_is_on(host: Path) -> None:
    put(host, "config.yaml", "api: {port: 1}\n")
    put(host, "keys.json", KEYS)
    async with wizard(places(host)) as driver:
        await driver.choose(host / "keys.json")
        await driver.until_shown("openai.api_key", "********")
        seen = [row.cell(at) for row in driver.table.rows for at in range(6)]
        assert not any(SECRET in f"{cell.text}{cell.whole}" for cell in seen)
        await driver.go_to("openai.api_key")
        await driver.press("e")
        assert SECRET not in driver.screen()
        await driver.press("escape")
        await driver.on_to(CHECK)
        switch = driver.screen_now.query_one("#seal", Checkbox)
        assert not switch.value
        await driver.until_shown("openai.api_key")
        driver.focus("#seal")
        await driver.press("space")
        await driver.until(lambda: driver.draft.seal, "the switch")
        await driver.on_to(REVIEW)
        await driver.until_shown("********")
        assert SECRET not in driver.screen()
        await driver.start()
        await driver.reach(DONE)
        await driver.until_shown("sealed", "The copy has the secrets in clear")
        assert SECRET not in driver.screen()
    with ConfigManager.open(places(host), actor="x") as manager:
        assert "openai.api_key" in [each.place.path for each in manager.secrets()]


async def test_a_rewrite_is_chosen_by_keys(host: Path) -> None:
    file = put(host, "config.yaml", RUNNING)
    left_alone(host)
    async with wizard(places(host)) as driver:
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        await driver.on_to(REVIEW)
        await driver.until_shown("would go out of it")
        await driver.press("shift+tab", "space")
        assert driver.focused == "rewrite"
        await driver.until_shown("bytes go out of it")
        await driver.press("escape")
        await driver.reach(CHECK)
        await driver.on_to(REVIEW)
        assert driver.screen_now.query_one("#rewrite", Checkbox).value
        await driver.start()
        await driver.reach(DONE)
        await driver.until_shown("Cut; it now holds only what stays in it")
    assert "current_height" not in file.read_text()
    assert (host / BACKUP).read_text() == RUNNING


async def test_a_file_that_cannot_be_cut_says_why_and_what_happens_then(host: Path) -> None:
    anchored = put(host, "config.yaml", "new_params: &y {a: 1}\nrack: *y\n")
    put(host, "n.json", '[{"id": "a", "host": "h"}]')
    async with wizard(places(host)) as driver:
        await driver.press("down", "enter")
        await driver.reach(SORT_OUT)
        await driver.on_to(REVIEW)
        await driver.until_shown("Nothing in it can be cut out of a file.")
        assert driver.screen_now.query_one("#rewrite", Checkbox).disabled
        for step in (CHECK, SORT_OUT, CHOOSE):
            await driver.press("escape")
            await driver.reach(step)
        await driver.offered()
        await driver.press("space", "up", "space", "enter")
        await driver.reach(SORT_OUT)
        await driver.on_to(REVIEW)
        await driver.until_shown("It cannot be cut with proof: ")
        driver.focus("#rewrite")
        await driver.press("space")
        await driver.until_shown("so nothing would be imported")
        driver.focus("#back")
        await driver.start()
        await driver.until(lambda: "cannot be cut out" in driver.fault, "a refusal")
        await driver.reach(REVIEW)
        assert not (host / "state.db").exists()
        await driver.until_shown("It cannot be cut with proof")
        driver.focus("#or-keep")
        await driver.press("space")
        await driver.until_shown("the database is written and the file stays")
        driver.focus("#back")
        await driver.start()
        await driver.reach(DONE)
        await driver.until_shown("Left as it was")
    assert anchored.read_text() == "new_params: &y {a: 1}\nrack: *y\n"
    assert database_leaves(places(host)) == {"new_params.a": 1}


async def test_a_fault_is_shown_and_nothing_is_changed(host: Path) -> None:
    put(Path.cwd(), "unfit.yaml", "nodes: {a: 1}\nnodes: 2\n")
    put(Path.cwd(), "bad.yaml", "a: [")
    before = (on_disk(host), on_disk(Path.cwd()))
    async with wizard(places(host)) as driver:
        await driver.press("ctrl+s")
        await driver.until(lambda: "Mark a file" in driver.fault, "a question")
        for name, told in (
            ("unfit.yaml", "unfit.yaml:2:1:"),
            ("bad.yaml", "not YAML"),
            ("absent.yaml", "no such file or directory"),
            (".", "is a directory"),
            ("~nobody-of-this-name/x", "no such file or directory"),
        ):
            await driver.name(name)
            await driver.until(lambda told=told: told in driver.fault, told)  # type: ignore[misc]
            assert driver.step() == CHOOSE
            await driver.until_shown(told.split(maxsplit=1)[0])
        assert driver.draft.marked == ()
        driver.focus("#files")
        await driver.go_to("bad.yaml")
        await driver.press("e")
        await driver.until_shown("● what it looks like", "○ settings")
        await driver.press("escape")
    assert (on_disk(host), on_disk(Path.cwd())) == before


async def test_a_name_means_what_it_means_in_a_shell_and_a_database_is_a_source(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(host))
    for file in (Path.cwd() / "here.txt", host / "home.txt"):
        file.write_text("current_height: 7\n")
    other = places(Path.cwd())
    run(put(Path.cwd(), "config.yaml", "last_processed_height: 6\n"), other)
    async with wizard(places(host)) as driver:
        await driver.press("tab")
        assert driver.focused == "file"
        await driver.press(*"here.txt", "enter")
        await driver.until(lambda: len(driver.draft.marked) == 1, "the name of here")
        for name in ("~/home.txt", other.database):
            marked = len(driver.draft.marked)
            await driver.name(name)
            await driver.until(
                lambda marked=marked: len(driver.draft.marked) > marked,  # type: ignore[misc]
                "a mark",
            )
        await driver.until(lambda: "state.db" in driver.column(1), "the database")
        assert driver.row("state.db")[2] == "nodedeck database"
        await driver.press("ctrl+s")
        await driver.reach(SORT_OUT)
        assert driver.row("last_processed_height")[2] == "6"


async def test_hostile_names_and_values_are_shown_as_they_are(host: Path) -> None:
    name = "[red]a[bold]\x1b[31m\u202e.yaml"
    hostile = "[@click=app.quit]x[/] Q[/]Z"
    put(host, name, f'"[bold]svc[/]":\n  "k[/]": "{hostile}\\e[31m\\u202E"\n  on: on\n')
    async with wizard(places(host)) as driver:
        await driver.until_shown("[red]a[bold]\\x1b[31m\\u202e.yaml")
        await driver.press("enter")
        await driver.reach(SORT_OUT)
        await driver.until_shown("[@click=app.quit]x[/] Q[", '"[bold]svc[/]"."k[/]"')
        await driver.go_to('"[bold]svc[/]"."k[/]"')
        await driver.press("e")
        await driver.until_shown("in the file   [@click=app.quit]x[/] Q[/]Z\\x1b[31m\\u202e")
        await driver.press("escape")
        await driver.on_to(CHECK)
        await driver.until_shown('"[bold]svc[/]".on')
        await driver.on_to(REVIEW)
        await driver.until_shown("[red]a[bold]\\x1b[31m\\u202e.yaml", "[@click=app.quit]x")
        await driver.start()
        await driver.reach(DONE)
    assert database_leaves(places(host))['"[bold]svc[/]"."k[/]"'] == f"{hostile}\x1b[31m\u202e"
