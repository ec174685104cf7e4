"""``nodedeck demo``: a tour on made-up data."""

from __future__ import annotations

from dataclasses import replace

import click

from store.errors import UsageError
from tui import demo, output
from tui.verbs import common


@click.command(cls=common.Verb, examples=("nodedeck demo", "nodedeck demo --speed 10"))
@click.option(
    "--speed", type=click.FloatRange(0.01, 1000), default=1.0, show_default=True, metavar="X",
    help="How many times as fast as a real chain.",
)  # fmt: skip
@click.option(
    "--block-seconds", type=click.FloatRange(0.05, 3600), default=5.4, show_default=True,
    metavar="S", help="Seconds from block to block.",
)  # fmt: skip
@click.pass_context
def command(context: click.Context, *, speed: float, block_seconds: float) -> int:
    """Open the deck on made-up data that a simulated daemon keeps writing to."""
    if not output.at_terminal():
        raise UsageError("The demo needs a terminal.", hint="Run it in one.")
    from tui.app import run

    current = common.session(context, offer=False)
    with demo.stage(speed=speed, block_seconds=block_seconds) as places:
        return run(replace(current, locations=places))
