"""``nodedeck log``: where unexpected errors are written, and the last of them."""

from __future__ import annotations

import re
from typing import Final

import click

from store import files
from tui import crash, output
from tui.verbs import common

# the line that the crash log begins an entry with
_HEAD: Final = re.compile(r"(?m)^(?=\d{4}-\d\d-\d\dT\S+ nodedeck .* pid \d+$)")


@click.command(cls=common.Verb, examples=("nodedeck log", "nodedeck log --limit 1 --json"))
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000),
    default=3,
    show_default=True,
    metavar="N",
    help="At most so many entries.",
)
@common.json_option
@click.pass_context
def command(context: click.Context, limit: int, as_json: bool) -> None:
    """Print the last entries of the log of unexpected errors, oldest first, and where it is.

    Entries hold no values of variables, which could be secrets.
    """
    common.session(context, offer=False)
    path = crash.log_path()
    entries: list[str] = []
    if path.is_file():
        text = files.read(path).decode("utf-8", "replace")
        entries = [entry.strip() for entry in _HEAD.split(text) if entry.strip()]
    shown = entries[-limit:]
    if as_json:
        output.put_json("log", path=str(path), total=len(entries), items=shown)
        return
    if entries:
        output.say(f"{path} holds {len(entries):,}; the last {len(shown)} follow.")
    else:
        output.say(f"Nothing unexpected has happened; it would be in {path}.")
    for entry in shown:
        output.put_lines([*entry.splitlines(), ""])
