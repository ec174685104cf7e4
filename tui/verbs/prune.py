"""``nodedeck prune``: forget what the history need not keep any longer."""

from __future__ import annotations

import click

from store.retention import Retention
from tui import output
from tui.verbs import common


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck prune --dry-run",
        "nodedeck prune",
        "nodedeck prune --heights-days 2 --days 90",
    ),
)
@click.option("--dry-run", is_flag=True, help="Count, forget nothing.")
@click.option(
    "--heights-days",
    type=click.IntRange(1),
    metavar="N",
    help="Keep heights of N days; otherwise the setting nodedeck.retention.heights_days, or 7.",
)
@click.option(
    "--days",
    type=click.IntRange(1),
    metavar="N",
    help="Keep all else of N days; otherwise the setting nodedeck.retention.days, or 400.",
)
@common.json_option
@click.pass_context
def command(
    context: click.Context,
    *,
    dry_run: bool,
    heights_days: int | None,
    days: int | None,
    as_json: bool,
) -> None:
    """Remove history that is older than its retention; present values are never touched.

    Of every path the newest change stays, and the newest of the day from which on history is
    kept, so that --as-of is right back to that day. Writers are not kept waiting.
    """
    current = common.session(context)
    if not dry_run:
        common.refuse_read_only(current)
    with current.look() if dry_run else current.open() as manager:
        default = manager.retention()
        keep = Retention(heights_days or default.heights_days, days or default.days)
        pruned = manager.prunable(keep) if dry_run else manager.prune(keep)
    end = "would be forgotten; nothing was." if dry_run else "forgotten."
    output.say(
        f"{_counted(pruned.heights, 'height')} older than {_counted(keep.heights_days, 'day')} and"
        f" {_counted(pruned.rest, 'other change')} older than {_counted(keep.days, 'day')} {end}"
    )
    if as_json:
        output.put_json(
            "prune",
            dry_run=dry_run,
            heights_days=keep.heights_days,
            days=keep.days,
            heights=pruned.heights,
            rest=pruned.rest,
            horizons={"heights": pruned.horizons.heights, "rest": pruned.horizons.rest},
        )


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
