"""``nodedeck list --search``: settings by text, service, type and complexity."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from store import codec
from store.manager import ConfigManager
from store.paths import Pattern
from store.settings_rules import Complexity, SettingType
from tui import output

Wanted = Mapping[str, str | None]


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a search, as ``search``, ``service``, ``type`` and ``complexity``."""
    added = (
        click.option("--search", metavar="TEXT", help="Settings with TEXT in path or description."),
        click.option("--service", metavar="NAME", help="Settings of this service."),
        click.option(
            "--type", type=click.Choice([str(each) for each in SettingType]), help="Of this type."
        ),
        click.option(
            "--complexity",
            type=click.Choice([str(each) for each in Complexity]),
            help="Settings for everybody, or for experts.",
        ),
    )
    for option in reversed(added):
        command = option(command)
    return command


def is_search(wanted: Wanted) -> bool:
    """Whether any option of a search was given."""
    return any(value is not None for value in wanted.values())


def show(manager: ConfigManager, pattern: str | None, wanted: Wanted, *, as_json: bool) -> None:
    """Print the settings that a search finds, at or below a pattern where there is one."""
    document = manager.effective()
    found = manager.search_settings(
        wanted["search"] or "",
        service=wanted["service"],
        type=wanted["type"],
        complexity=wanted["complexity"],
    )
    if pattern is not None:
        below = Pattern.parse(pattern)
        found = [each for each in found if below.matches(output.parts_of(each.path))]
    entries = [(document.get(each.path), each.rule) for each in found]
    if as_json:
        output.put_json(
            "list",
            items=[
                {
                    **output.entry_fields(entry),
                    "service": rule.service,
                    "key": rule.key,
                    "type": rule.type.value,
                    "complexity": rule.complexity.value,
                    "description": rule.description,
                }
                for entry, rule in entries
            ],
        )
    elif entries:
        rows = [
            [
                entry.path,
                rule.type.value,
                entry.source.value,
                codec.shown(output.masked(entry.path, entry.value)),
                rule.description,
            ]
            for entry, rule in entries
        ]
        output.put_lines(output.aligned(rows))
    else:
        output.say("No such setting is there.")
