"""``nodedeck history``: who changed what, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click

from store import codec, moments
from store.errors import UsageError
from store.file_edits import FileEdit
from store.history import fields
from store.manager import utc_now
from store.models import Change, FieldChange
from tui import output
from tui.verbs import common
from tui.verbs.completing import complete_paths


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck history",
        "nodedeck history 'nodes.*.max_concurrent' --since 2h",
        "nodedeck history current_seed --since 2025-06-01T08:00:00Z --json",
        "nodedeck history --actor external --limit 200",
    ),
)
@click.argument("pattern", required=False, shell_complete=complete_paths)
@click.option("--since", metavar="TIME", help="Only after this: 90s, 2h, 7d, 10:42 or ISO 8601.")
@click.option("--actor", "by", metavar="NAME", help="Only by this actor; external is the daemon.")
@click.option(
    "--limit",
    type=click.IntRange(1, 1_000_000),
    default=50,
    show_default=True,
    metavar="N",
    help="At most so many changes.",
)
@common.json_option
@click.pass_context
def command(
    context: click.Context,
    *,
    pattern: str | None,
    since: str | None,
    by: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Print changes, newest first, of everything or of what PATTERN names.

    Edits of the config file stand among them, as file#N: nodedeck's, and other programs' as seen.
    """
    start = None if since is None else moment(since, utc_now())
    with common.session(context).look() as manager:
        changes = manager.history(pattern, since=start, actor=by, limit=limit)
        edits = manager.file_edits(pattern, since=start, actor=by, limit=limit)
    both: list[Change | FileEdit] = [*changes, *edits]
    both = sorted(both, key=lambda one: one.at, reverse=True)[:limit]
    if as_json:
        output.put_json("history", items=[item(one) for one in both])
    elif both:
        output.put_lines(output.aligned([row for one in both for row in _rows(one)]))
    else:
        output.say("No such change is in the log.")


# a reader signs nothing: here --actor chooses whose changes to show
command.params = [param for param in command.params if param.name != "actor"]


def moment(text: str, now: datetime) -> datetime:
    """A time from ``2h`` before now, ``10:42`` when this host's clock showed that, or ISO 8601.

    ISO 8601 is UTC where it names no zone.     Raises UsageError for anything else.
    """
    try:
        if (ago := moments.before(text, now)) is not None:
            return ago
        if (last := moments.time_of_day(text, now)) is not None:
            return last.astimezone(UTC)
        found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is no time.",
            hint="Write it like 90s, 2h, 7d, 10:42 or 2025-06-01T08:00:00Z.",
        ) from None


def item(change: Change | FileEdit) -> dict[str, Any]:
    """A change, or an edit of the config file, as ``history --json`` has it."""
    if isinstance(change, FileEdit):
        return _file_item(change)
    return {
        "id": change.id,
        "at": output.stamp(change.at),
        "path": change.path,
        "action": change.action,
        "old": output.masked(change.path, change.old),
        "new": output.masked(change.path, change.new),
        "fields": [
            {
                "path": field.path,
                "old": output.masked(field.path, field.old),
                "new": output.masked(field.path, field.new),
            }
            for field in fields(change)
        ],
        "actor": change.actor,
        "reason": change.reason,
    }


def _file_item(edit: FileEdit) -> dict[str, Any]:
    return {
        # no number, so that nobody takes it for a change's id
        "id": f"file#{edit.id}",
        "at": output.stamp(edit.at),
        "action": "I" if edit.old is None and edit.new is not None else "U",
        "path": edit.path,
        "old": edit.old,
        "new": edit.new,
        "fields": [field.model_dump() for field in edit.fields],
        "actor": edit.actor,
        "reason": edit.reason,
    }


def _rows(change: Change | FileEdit) -> list[list[str]]:
    leaves: Sequence[FieldChange]
    if isinstance(change, FileEdit):
        number, leaves = f"file#{change.id}", change.fields
    else:
        number, leaves = f"#{change.id}", fields(change)
    when = [number, output.stamp(change.at), change.actor or "external"]
    told = [
        (field.path, f"{_text(field.path, field.old)} → {_text(field.path, field.new)}")
        for field in leaves
    ] or [(change.path, "written again")]
    reason = f'  "{change.reason}"' if change.reason else ""
    return [[*when, path, f"{difference}{reason}"] for path, difference in told]


def _text(path: str, value: Any) -> str:
    return "–" if value is None else codec.shown(output.masked(path, value))
