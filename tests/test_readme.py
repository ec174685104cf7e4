"""The README tells the truth: its commands run, its keys, files and exit codes exist."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from store.errors import ExitCode
from tests.tui.test_cli import call
from tui.cli import cli
from tui.commands import COMMANDS
from tui.demo import demo_files

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
NEEDS_A_TERMINAL = {(), ("demo",)}


def commands() -> Iterator[tuple[str, ...]]:
    """The calls of nodedeck in code blocks, as argument vectors without the program."""
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            for part in line.split("&&"):
                words = shlex.split(part, comments=True)
                words = words[: words.index(">")] if ">" in words else words
                if words and Path(words[0]).name == "nodedeck":
                    yield tuple(words[1:])


def table(heading: str) -> list[list[str]]:
    """The rows of the table whose first heading is this one, cell by cell."""
    lines = README.splitlines()
    first = next(at for at, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[first + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


@pytest.mark.parametrize("argv", sorted(set(commands())), ids=" ".join)
def test_each_command_is_one_that_there_is(argv: tuple[str, ...]) -> None:
    command: click.Command = cli
    rest = list(argv)
    while rest and isinstance(command, click.Group):
        name, found, rest = command.resolve_command(click.Context(command), rest)
        assert found is not None, name
        command = found
    with command.make_context("nodedeck", rest) as context:  # raises for what it does not take
        assert context.command is command


def test_the_commands_run_one_after_the_other(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = (demo_files() / "api-config.yaml").read_text().replace("dk03-a", "node1")
    (tmp_path / "config.yaml").write_text(text)
    for file in demo_files().glob("*[!l]"):
        shutil.copy(file, tmp_path / file.name)
    ran = []
    for argv in commands():
        if argv not in NEEDS_A_TERMINAL:
            done = call(capsys, *argv)
            # a demo's height does not move, which is a critical finding
            fine = (ExitCode.OK, ExitCode.CRITICAL) if argv[0] == "status" else (ExitCode.OK,)
            assert done.code in fine, (argv, done)
            ran.append(argv)
    assert len(ran) > 5


def test_the_exit_codes_are_those_of_the_program() -> None:
    assert {int(code) for code, _ in table("exit code")} == set(ExitCode)


def key_table() -> str:
    """The table of the README, from the one table of commands."""
    where = {"app": "everywhere", "deck": "deck", "table": "list"}
    rows = [
        f"| {' '.join(f'`{key}`' for key in re.split(r'  +', command.shown))}"
        f" | {where[command.scope]} | {command.help} |"
        for command in COMMANDS
    ]
    return "\n".join(["| key | where | what it does |", "|---|---|---|", *rows])


def test_the_table_of_keys_is_that_of_the_commands() -> None:
    assert key_table() in README, f"the README wants this table:\n{key_table()}"


def test_the_map_of_the_house_names_what_is_there() -> None:
    named: set[Path] = set()
    for places, _ in table("where"):
        folder = ROOT
        for place in re.findall(r"`([^`]+)`", places):
            if "*" in place:
                found = list((ROOT if "/" in place else folder).glob(place))
                assert found, place
                folder = found[0].parent
                continue
            path = ROOT / place
            if not path.exists() or "/" not in place.rstrip("/"):
                path = path if path.exists() and place.count("/") == 1 else folder / place
            assert path.exists(), place
            folder = path.parent
            named.add(path)
    assert len(named) > 10


def test_each_module_that_is_to_be_run_can_be() -> None:
    modules = set(re.findall(r"python -m ([a-z_.]+)", README))
    assert {"pytest", "bench.store"} <= modules
    for module in modules - {"pytest", "venv"}:
        source = (ROOT / module.replace(".", "/")).with_suffix(".py").read_text()
        assert '__name__ == "__main__"' in source, module


def test_each_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if "://" not in target:
            assert (ROOT / target).exists(), target


def test_each_environment_variable_is_read() -> None:
    sources = "".join(
        path.read_text() for name in ("store", "tui") for path in (ROOT / name).rglob("*.py")
    )
    for name in re.findall(r"`((?:NODEDECK|API)_[A-Z_]+)`", README):
        assert name in sources
