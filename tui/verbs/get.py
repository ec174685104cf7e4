"""``nodedeck get``: the value at a path."""

from __future__ import annotations

import click

from tui import output
from tui.verbs import as_of as past
from tui.verbs import common
from tui.verbs.completing import complete_paths


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck get current_height",
        "nodedeck get current_seed --json",
        "nodedeck get 'nodes.\"node-2.rack4\".host'",
        "nodedeck get nodes.node1.max_concurrent --as-of 2h",
    ),
)
@click.argument("path", shell_complete=complete_paths)
@past.option
@common.json_option
@click.pass_context
def command(context: click.Context, path: str, as_of: str | None, as_json: bool) -> None:
    """Print the effective value at PATH: bare, and JSON where it is an object or a list.

    With --json also the version that 'set --expect-version' takes; null where there is none.
    """
    current = common.session(context)
    version = None
    if as_json or as_of is not None:
        with current.look() as manager:
            # read before the value, so that a write in between makes a conflict and no surprise
            version = manager.version_of(path) if as_of is None else None
            entry = past.document(manager, as_of).get(path)
    else:
        with current.read() as reader:
            entry = reader.get(path)
    if as_json:
        output.put_json("get", **output.entry_fields(entry), version=version)
    else:
        output.put(output.bare(output.masked(entry.path, entry.value)))
