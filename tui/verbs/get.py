"""``nodedeck get``: the value at a path."""

from __future__ import annotations

import click

from tui import output
from tui.verbs import common


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck get current_height",
        "nodedeck get current_seed --json",
        "nodedeck get 'nodes.\"node-2.rack4\".host'",
    ),
)
@click.argument("path")
@common.json_option
@click.pass_context
def command(context: click.Context, path: str, as_json: bool) -> None:
    """Print the effective value at PATH: bare, and JSON where it is an object or a list."""
    with common.session(context).look() as manager:
        entry = manager.get(path)
    if as_json:
        output.put_json("get", **output.entry_fields(entry))
    else:
        output.put(output.bare(output.masked(entry.path, entry.value)))
