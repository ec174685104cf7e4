"""``nodedeck pending``: the changes that revert by themselves unless they are confirmed."""

from __future__ import annotations

import click

from store.manager import utc_now
from store.pending import Reversal, State
from store.uptime import uptime
from tui import output
from tui.verbs import common
from tui.verbs.confirming import reversal_fields


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck pending",
        "nodedeck pending --all          those that were settled, too",
        "nodedeck pending --json",
    ),
)
@click.option("--all", "everything", is_flag=True, help="The newest 50 of any state.")
@common.json_option
@click.pass_context
def command(context: click.Context, *, everything: bool, as_json: bool) -> None:
    """The changes that wait for 'nodedeck confirm', and the seconds that are left."""
    with common.session(context).look() as manager:
        found = manager.reversals(settled=50 if everything else 0)
    if as_json:
        items = [{**reversal_fields(each), "left": _left(each)} for each in found]
        output.put_json("pending", items=items)
    elif found:
        output.put_lines(output.aligned([_row(each) for each in found]))
    else:
        output.say("No change waits for a confirmation.")


def _left(reversal: Reversal) -> float | None:
    if reversal.state is not State.PENDING:
        return None
    return round(max(0.0, reversal.left(utc_now(), uptime())), 3)


def _row(reversal: Reversal) -> list[str]:
    left = _left(reversal)
    when = reversal.state.value if left is None else f"{left:.0f} s left"
    changes = ", ".join(
        f"#{item.change} {item.path}" + (f" stays: {item.why}" if item.why else "")
        for item in reversal.items
    )
    reason = f"{reversal.reason!r}" if reversal.reason else "–"
    return [
        str(reversal.id),
        output.stamp(reversal.deadline),
        when,
        reversal.actor,
        reason,
        changes,
    ]
