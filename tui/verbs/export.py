"""``nodedeck export``: the document as a legacy file."""

from __future__ import annotations

from pathlib import Path

import click

from store import database, files
from store.errors import UsageError
from store.export import Format, count_masked, exported, render
from store.locations import Locations
from tui import output
from tui.verbs import common


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck export",
        "nodedeck export config-2025-06.yaml",
        "nodedeck export - --format json | jq .nodes",
    ),
)
@click.argument("file", default="-")
@click.option(
    "--format",
    "kind",
    type=click.Choice(["yaml", "json"]),
    help="yaml, unless FILE ends in .json.",
)
@click.pass_context
def command(context: click.Context, file: str, kind: Format | None) -> None:
    """Write the effective document, in the legacy file's shape, to FILE or to stdout.

    Secrets are masked. A new FILE can be read by its owner alone.
    """
    current = common.session(context)
    target = None if file == "-" else Path.cwd() / file
    if target is not None:
        _refuse_own_files(target, current.locations)
    with current.look() as manager:
        tree = exported(manager.effective())
    text = render(tree, kind or ("json" if file.lower().endswith(".json") else "yaml"))
    if hidden := count_masked(tree):
        output.say(f"{hidden} secret{'s are' if hidden > 1 else ' is'} masked.")
    if target is None:
        output.put(text, end="")
        return
    files.write(target, text.encode())
    output.say(f"Wrote {target}.")


def _refuse_own_files(target: Path, locations: Locations) -> None:
    own = (locations.database, *database.side_files(locations.database), locations.config)
    if any(target.resolve() == path.resolve() for path in own):
        raise UsageError(
            f"{target} is one of this host's own files; nothing was written.",
            hint="Export to another file.",
        )
