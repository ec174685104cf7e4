"""The options with which ``nodedeck import`` is told what an operator decided."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from store import paths
from store.errors import UsageError
from store.importing import mending
from store.importing.apply import preview
from store.importing.choices import READERS, Choices, Role, Strategy
from store.importing.plan import Plan, load
from store.sealing import keyfile
from tui.session import Session
from tui.verbs import common

ROLES: Final = {
    "config": Role.NODE_CONFIG,
    "nodes": Role.NODE_LIST,
    "settings": Role.SETTINGS,
    "providers": Role.PROVIDERS,
    "database": Role.DATABASE,
}
_READERS: Final = {reader.lower().replace(" ", "-"): reader for reader in READERS}


def file_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The files of an import and what is decided about them; ``made`` takes all of it."""
    options = (
        click.argument("file", nargs=-1, required=True, type=click.Path(path_type=Path)),
        _several(
            "--role",
            "[FILE=]ROLE",
            f"What a file is taken for: {', '.join(ROLES)}; guessed otherwise.",
        ),
        _several("--prefix", "[FILE=]NAME", "The service of a file's settings."),
        _several(
            "--strategy",
            "[FILE=]STRATEGY",
            "merge, the default, fills what is missing; replace lets the file win; with keep the"
            " database stays as it is.",
        ),
        _several("--keep", "[FILE=]PATTERN", "Leave these paths out, 'nodes.*.host' for one."),
        _several("--replace", "[FILE=]PATTERN", "Let the file win at these paths."),
        _several("--merge", "[FILE=]PATTERN", "Fill what is missing at these paths."),
        _several(
            "--reading",
            "[FILE=]PATTERN=READER",
            f"Whose reading of a YAML value counts: {', '.join(_READERS)}; go is the daemon's.",
        ),
        _several("--fix", "[FILE=]PATH=VALUE", "A value that stands for the file's."),
        common.json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


def made(current: Session, file: Sequence[Path], given: dict[str, Any]) -> Plan:
    """The plan of some files as they are now, and of the decisions about them."""
    choices = Choices()
    for text in given["strategy"]:
        where, strategy = _of_file(text, file), _one_of("--strategy", text, file, _STRATEGIES)
        if where is None:
            choices = Choices(strategy, choices.files, choices.rows)
        else:
            choices = choices.with_file(where, strategy=strategy)
    for text in given["role"]:
        role = _one_of("--role", text, file, ROLES)
        choices = choices.with_file(_the_file("--role", text, file), role=role)
    for text in given["prefix"]:
        where = _the_file("--prefix", text, file)
        choices = choices.with_file(where, prefix=_value(text, file))
    # what is said about fewer paths counts, whatever the order of the options
    for name, strategy in (
        ("merge", Strategy.MERGE),
        ("replace", Strategy.REPLACE),
        ("keep", _KEEP),
    ):
        for text in given[name]:
            pattern = _pattern(_value(text, file))
            choices = choices.with_row(pattern, file=_of_file(text, file), strategy=strategy)
    for text in given["reading"]:
        pattern, _, reader = _value(text, file).rpartition("=")
        reading = _known("--reading", reader, _READERS)
        choices = choices.with_row(_pattern(pattern), file=_of_file(text, file), reading=reading)
    for text in given["fix"]:
        path, value = _path_and_value(_value(text, file))
        choices = choices.with_row(path, file=_of_file(text, file), fix=value)
    key = current.locations.master_key or keyfile.place(os.environ)
    sources = [load(each, role=choices.of(each).role, key=key) for each in file]
    plan = preview(sources, current.locations, choices)
    _refuse_idle(plan)
    return plan


def _refuse_idle(plan: Plan) -> None:
    """Raise UsageError for a pattern of who wins that no value of a file has."""
    leaves = [(leaf.file, paths.split(leaf.path)) for leaf in plan.rows]
    for row in plan.choices.rows:
        idle = not any(row.concerns(file, parts) for file, parts in leaves)
        if row.strategy is not None and idle:
            known = (leaf.path for leaf in plan.rows if row.file in (None, leaf.file))
            raise UsageError(
                f"No file has a value at {row.pattern} to {_DONE[row.strategy]}; nothing was"
                " changed.",
                hint=mending.near(row.pattern, known),
            )


_DONE: Final = {
    Strategy.KEEP: "leave out",
    Strategy.MERGE: "fill in",
    Strategy.REPLACE: "replace",
}
_STRATEGIES: Final = {str(one): one for one in Strategy}
_KEEP: Final = Strategy.KEEP


def _several(name: str, metavar: str, told: str) -> Callable[..., Any]:
    return click.option(name, multiple=True, metavar=metavar, help=told)


def _of_file(text: str, files: Sequence[Path]) -> Path | None:
    """The file that an option begins with, None where it is about all of them."""
    return next((each for each in files if text.startswith(f"{each}=")), None)


def _value(text: str, files: Sequence[Path]) -> str:
    where = _of_file(text, files)
    return text if where is None else text.removeprefix(f"{where}=")


def _the_file(option: str, text: str, files: Sequence[Path]) -> Path:
    where = _of_file(text, files)
    if where is None and len(files) > 1:
        raise UsageError(
            f"{option} {text} does not say which of {len(files)} files it is about;"
            " nothing was changed.",
            hint=f"Write {option} FILE={text}.",
        )
    return where or files[0]


def _one_of(option: str, text: str, files: Sequence[Path], known: dict[str, Any]) -> Any:
    return _known(option, _value(text, files), known)


def _known(option: str, value: str, known: dict[str, Any]) -> Any:
    if value not in known:
        raise UsageError(f"{option} takes {', '.join(known)}, not {value!r}; nothing was changed.")
    return known[value]


def _pattern(text: str) -> str:
    paths.Pattern.parse(text)
    return text


def _path_and_value(text: str) -> tuple[str, str]:
    """A path and what follows its first = that is not inside a quoted part."""
    at = -1
    while (at := text.find("=", at + 1)) >= 0:
        try:
            paths.split(text[:at])
        except UsageError:
            continue
        return text[:at], text[at + 1 :]
    raise UsageError(f"--fix takes PATH=VALUE, not {text!r}; nothing was changed.")
