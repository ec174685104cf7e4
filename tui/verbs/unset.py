"""``nodedeck unset``: let a setting fall back to its default."""

from __future__ import annotations

import click

from store import codec
from store.errors import UnknownPath
from tui import output
from tui.verbs import common, confirming
from tui.verbs.completing import complete_paths


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck unset scheduler.queue_depth",
        "nodedeck unset router.stream_min_chars --expect-version 7 --reason 'back to normal'",
    ),
)
@click.argument("path", shell_complete=complete_paths)
@common.expect_version_option
@confirming.option
@common.json_option
@click.pass_context
def command(
    context: click.Context,
    *,
    path: str,
    expect_version: int | None,
    confirm_within: float | None,
    as_json: bool,
) -> None:
    """Take the value of the setting at PATH away: its default counts, where it has one."""
    current = common.session(context)
    common.refuse_read_only(current)
    with current.open() as manager:
        with confirming.edit(manager, confirm_within, current.reason) as made:
            change = manager.unset(path, expect_version=expect_version, reason=current.reason)
        try:
            entry = manager.get(path)
        except UnknownPath:
            entry = None
    left = "it is gone"
    if entry is not None:
        left = f"{entry.source} says {codec.shown(output.masked(path, entry.value))}"
    done = f"change #{change}" if change else "it had no value of its own, so nothing was changed"
    output.say(f"{path}: {left}; {done}.")
    confirming.tell(made)
    if as_json:
        absent = {"path": path, "value": None, "source": None, "home": None}
        fields = absent if entry is None else output.entry_fields(entry)
        output.put_json("unset", **fields, change=change or None, **confirming.fields(made))


command.params.append(common.reason_option())
