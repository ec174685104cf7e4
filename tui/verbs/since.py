"""``nodedeck since``: the handover of a shift."""

from __future__ import annotations

import socket
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from store import database, files
from store.errors import UsageError
from store.handover import Handover
from store.handover_changes import Author, EntityChanges, HeightChanges
from store.handover_findings import Episode
from store.handover_tasks import tasks
from store.locations import Locations
from store.manager import utc_now
from tui import output
from tui.handover import Place, written
from tui.verbs import common, history
from tui.verbs.status import status
from tui.when import when


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck since 8h",
        "nodedeck since 22:00 --to handover.md     10 in the evening, on this host's clock",
        "nodedeck since 2025-06-01",
        "nodedeck since 24h --json | jq '.findings.opened'",
    ),
)
@click.argument("moment", metavar="WHEN")
@click.option("--to", "file", metavar="FILE", help="Write it to a file, which only you can read.")
@common.json_option
@click.pass_context
def command(context: click.Context, *, moment: str, file: str | None, as_json: bool) -> None:
    """Print what a shift hands over, as Markdown: the state now, what changed since WHEN and by
    whom, the findings that opened and closed, and who should look at what.

    WHEN is 8h or 7d, 22:00 (the last one on this host's clock), a date, or ISO 8601, which is UTC
    unless it names a zone. Secrets are masked. Where the log does not reach back to WHEN, what was
    then is unknown, and said to be.
    """
    current = common.session(context)
    target = None if file in (None, "-") else Path.cwd() / str(file)
    if target is not None:
        if as_json:
            raise UsageError("--to writes Markdown.", hint="Send --json to a file with >.")
        _refuse_own_files(target, current.locations)
    since = when(moment, utc_now())
    with current.look() as manager:
        made = manager.handover(since)
    host = socket.gethostname()
    if as_json:
        output.put_json("since", **_fields(made, host, current.locations))
        return
    text = written(made, Place(host, str(current.locations.database)))
    if target is None:
        output.put(output.in_signs(text), end="")
    else:
        files.write(target, text.encode())
        output.say(f"Wrote {target}.")


def _refuse_own_files(target: Path, locations: Locations) -> None:
    own = (locations.database, *database.side_files(locations.database), locations.config)
    if any(target.resolve() == path.resolve() for path in own):
        raise UsageError(
            f"{target} is one of this host's own files; nothing was written.",
            hint="Write to another file.",
        )


def _fields(made: Handover, host: str, locations: Locations) -> dict[str, Any]:
    """The handover as plain values; None where it is unknown or absent, as ``*_known`` says."""
    stretch, seen = made.stretch, made.findings
    return {
        "host": host,
        "database": str(locations.database),
        "config": str(locations.config),
        "since": output.stamp(made.asked),
        "until": output.stamp(stretch.until),
        "known": stretch.known,
        "unknown": made.unknown or None,
        "first_change": stretch.after + 1,
        "last_change": stretch.upto,
        "now": status(made.evidence.snapshot, made.evidence.hour),
        "restart": {"safe": made.verdict.safe, "reasons": list(made.verdict.reasons)},
        "heights": [_height(one) for one in made.heights],
        "items": [_entity(one) for one in made.entities],
        "file_edits": [history.item(one) for one in made.edits],
        "file_written": output.stamp(made.file_written) if made.file_written else None,
        "imports": [_dated(one) for one in made.imports],
        "backups": None if made.backups_fault else [_dated(one) for one in made.backups],
        "restore": _dated(made.restore) if made.restore else None,
        "undos": [_dated(one) for one in made.undos],
        "findings": {
            **{
                name: [_episode(one) for one in getattr(seen, name)]
                for name in ("opened", "closed", "passed", "standing")
            },
            "undated": [output.finding_fields(one) for one in seen.undated],
            "moments": seen.moments,
            "thinned": seen.thinned,
        },
        "tasks": [asdict(task) for task in tasks(made)],
    }


def _dated(found: Any) -> dict[str, Any]:
    return {**asdict(found), "at": output.stamp(found.at)}


def _authors(authors: tuple[Author, ...]) -> list[dict[str, Any]]:
    return [asdict(author) for author in authors]


def _height(height: HeightChanges) -> dict[str, Any]:
    gap = height.gaps[0] if height.gaps else None
    return {
        "path": height.path,
        "count": height.count,
        "first": height.first,
        "first_known": height.first_known,
        "last": height.last,
        "blocks": height.blocks,
        "longest_gap_seconds": round(gap.seconds, 3) if gap else None,
        "longest_gap_ended": output.stamp(gap.ended) if gap and gap.change_id else None,
        "by": _authors(height.authors),
    }


def _entity(entity: EntityChanges) -> dict[str, Any]:
    return {
        "path": entity.path,
        "kind": entity.kind.value,
        "count": entity.count,
        "last_at": output.stamp(entity.last_at),
        "first": entity.first,
        "first_known": entity.first_known,
        "last": entity.last,
        "fields": [
            {"path": field.path, "old": field.old, "new": field.new} for field in entity.fields
        ],
        "by": _authors(entity.authors),
    }


def _episode(episode: Episode) -> dict[str, Any]:
    return {
        **output.finding_fields(episode.finding),
        "opened": output.stamp(episode.opened) if episode.opened else None,
        "closed": output.stamp(episode.closed) if episode.closed else None,
        "interrupted": episode.interrupted,
    }
