"""``nodedeck init``: make the database, or adopt one that a daemon made."""

from __future__ import annotations

import click

from store import database, schema, static_file
from store.database import Made
from tui import output
from tui.session import program_version
from tui.verbs import common


@click.command(
    cls=common.Verb,
    examples=("nodedeck init", "nodedeck init --db /srv/node/state.db"),
)
@common.json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Make the database, or adopt one that a daemon made; its rows stay as they are."""
    current = common.session(context, offer=False)
    common.refuse_read_only(current)
    path = current.locations.database
    action = database.create(path, created_by=f"nodedeck {program_version()}")
    sentence = {
        Made.CREATED: f"Made {path}.",
        Made.ADOPTED: f"Adopted {path}: its rows are as they were, and their changes are now"
        " logged.",
        Made.UPGRADED: f"{path} is nodedeck's already; its schema was upgraded to version"
        f" {schema.VERSION}, and its values are as they were.",
        Made.UNCHANGED: f"{path} is nodedeck's already; nothing was changed.",
    }[action]
    output.say(sentence)
    loaded = static_file.load(current.locations.config)
    if loaded.fault is not None:
        output.say(f"The config file cannot be read: {loaded.fault}")
    if loaded.stale:
        output.say(
            f"{loaded.path} still holds dynamic keys ({', '.join(loaded.stale)});"
            f" 'nodedeck import apply {loaded.path}' would bring them in."
        )
    if as_json:
        output.put_json("init", database=str(path), action=action, stale=list(loaded.stale))
