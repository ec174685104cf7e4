"""``nodedeck confirm``: keep a change that would revert by itself."""

from __future__ import annotations

import click

from tui import output
from tui.verbs import common
from tui.verbs.confirming import reversal_fields


@click.command(
    cls=common.Verb,
    examples=("nodedeck pending", "nodedeck confirm 3", "nodedeck confirm 3 --json"),
)
@click.argument("number", metavar="ID", type=click.IntRange(min=1, max=2**63 - 1))
@common.json_option
@click.pass_context
def command(context: click.Context, *, number: int, as_json: bool) -> None:
    """Keep the change that waits under this ID; one that was taken back is exit code 5."""
    current = common.session(context)
    common.refuse_read_only(current)
    with current.open() as manager:
        kept = manager.confirm(number)
    changes = ", ".join(f"#{item.change} of {item.path}" for item in kept.items)
    output.say(f"Kept change {changes}; it does not revert any more.")
    if as_json:
        output.put_json("confirm", **reversal_fields(kept))
