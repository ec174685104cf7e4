"""``nodedeck undo``: write the old value of a change back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import click

from store import undoing
from store.errors import UsageError
from store.manager import ConfigManager
from store.models import Change
from tui import output, ownership
from tui.verbs import common
from tui.verbs.changes import differences
from tui.verbs.history import item

_ID: Final = re.compile(r"#?(\d{1,18})")


class _Rehearsed(Exception):
    """Leaves the transaction of a dry run, so that it is rolled back."""


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck history nodes.node1",
        "nodedeck undo 812 --reason 'wrong host'",
        "nodedeck undo 812 813 815     all of them, or none",
        "nodedeck undo 812 --dry-run",
    ),
)
@click.argument("changes", metavar="ID...", nargs=-1, required=True)
@click.option("--dry-run", is_flag=True, help="Check everything, change nothing.")
@common.json_option
@click.pass_context
def command(
    context: click.Context, *, changes: Sequence[str], dry_run: bool, as_json: bool
) -> None:
    """Write back the old values of the changes with these IDs, newest first, all or none.

    A value that has moved on since is a conflict, exit code 5. An undo is a change like any other
    and can be undone.
    """
    current = common.session(context)
    common.refuse_read_only(current)
    ids = sorted({_change_id(text) for text in changes}, reverse=True)
    with current.open() as manager:
        keyless = ownership.keys_that_go(manager, ids)
        made = _undone(manager, ids, current.reason, dry_run=dry_run)
        document = manager.effective()
    for change in made:
        end = "would change; nothing was." if dry_run else f"change #{change.id}."
        for line in differences(change):
            output.say(f"{line}, {end}")
    for node in keyless:
        output.say(f"The security key of {node} {'would go' if dry_run else 'went'} with it.")
    for path in dict.fromkeys(change.path for change in made):
        for warning in ownership.warnings(document, path) if ownership.readable(path) else []:
            output.say(warning)
    if as_json:
        items = [{**item(change), **({"id": None} if dry_run else {})} for change in made]
        output.put_json("undo", undone=ids, dry_run=dry_run, items=items)


command.params.append(common.reason_option())


def _change_id(text: str) -> int:
    found = _ID.fullmatch(text)
    if found is None:
        raise UsageError(
            f"{text!r} is no change id; nothing was changed.",
            hint="'nodedeck history' shows them, like #812.",
        )
    return int(found[1])


def _undone(
    manager: ConfigManager, ids: Sequence[int], reason: str | None, *, dry_run: bool
) -> list[Change]:
    """The changes that an undo made, or would make: a dry run does all of it, rolled back."""
    made: list[Change] = []
    why = reason or undoing.reason_for(ids)
    try:
        with manager.transaction(why):
            before = manager.position().change_id
            manager.undo_many(ids, reason=why)
            made = manager.feed(before)
            if dry_run:
                raise _Rehearsed
    except _Rehearsed:
        return made
    return made
