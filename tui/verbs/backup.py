"""``nodedeck backup``: copies of the database, proven good, and the way back."""

from __future__ import annotations

import os
from typing import Any

import click

from store import backup as backups
from store import restoring
from store.backup import Backup
from store.errors import ExitCode
from store.manager import utc_now
from store.models import FieldChange
from store.restoring import Plan
from tui import output
from tui.backups import wording
from tui.verbs import common
from tui.verbs.asking import answer_options, confirm
from tui.verbs.changes import shown


@click.group(
    cls=common.VerbGroup,
    name="backup",
    examples=(
        "nodedeck backup create before-upgrade",
        "nodedeck backup verify latest",
        "nodedeck backup restore before-upgrade --dry-run",
    ),
)
def group() -> None:
    """Copy the database, check the copies, and go back to one."""


@group.command(
    cls=common.Verb,
    name="create",
    examples=("nodedeck backup create", "nodedeck backup create before-upgrade --json"),
)
@click.argument("name", default="")
@common.json_option
@click.pass_context
def create_command(context: click.Context, name: str, as_json: bool) -> None:
    """Copy the database and the config file as they are now into backups/ beside the database.

    A running daemon need not be stopped. The files can be read by their owner alone.
    """
    current = common.session(context)
    common.refuse_read_only(current)
    made = backups.create(
        current.locations, actor=current.actor, host=_host(), clock=utc_now, name=name
    )
    output.say(f"Made {made.path}.")
    if as_json:
        output.put_json("backup.create", **_fields(made))


@group.command(cls=common.Verb, name="list", examples=("nodedeck backup list --json",))
@common.json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """The backups of this database, newest first."""
    found = backups.listed(common.session(context, offer=False).locations)
    if as_json:
        output.put_json("backup.list", items=[_fields(each) for each in found])
    elif found:
        output.put_lines(output.aligned([_row(each) for each in found]))
    else:
        output.say("There are no backups yet; 'nodedeck backup create' makes one.")


@group.command(
    cls=common.Verb,
    name="verify",
    examples=("nodedeck backup verify latest", "nodedeck backup verify ./state-copy.db"),
)
@click.argument("name")
@common.json_option
@click.pass_context
def verify_command(context: click.Context, name: str, as_json: bool) -> int:
    """Check a backup: its digests, SQLite's integrity, and that its log holds its values.

    NAME is a backup's name, the name it was given, latest, or the path of a file. What is wrong
    is critical: exit code 7.
    """
    found = backups.find(common.session(context, offer=False).locations, name)
    faults = backups.verify(found)
    if as_json:
        output.put_json("backup.verify", **_fields(found), intact=not faults, faults=faults)
    for sentence in faults or (wording.verdict(found, ()),):
        output.say(sentence)
    return ExitCode.CRITICAL if faults else ExitCode.OK


@group.command(
    cls=common.Verb,
    name="restore",
    examples=(
        "nodedeck backup restore latest --dry-run",
        "nodedeck backup restore before-upgrade --reason 'upgrade failed'",
    ),
)
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Show what would change, change nothing.")
@answer_options
@common.json_option
@click.pass_context
def restore_command(
    context: click.Context, *, name: str, dry_run: bool, yes: bool, no_input: bool, as_json: bool
) -> None:
    """Bring the database back to a backup; the present state is backed up first.

    The backup is checked before anything is touched. Consoles and daemons that have the database
    open see the restored state. The config file stays as it is.
    """
    current = common.session(context, offer=False)
    if not dry_run:
        common.refuse_read_only(current)
    made = restoring.plan(backups.find(current.locations, name), current.locations)
    if not as_json:
        output.put_lines(_line(change) for change in made.changes)
    _tell(made)
    safety = None
    if not dry_run:
        confirm(
            f"Restore {made.backup.name} into {current.locations.database} now?",
            "The restore",
            yes=yes,
            no_input=no_input,
        )
        done = restoring.apply(
            made, actor=current.actor, host=_host(), clock=utc_now, reason=current.reason
        )
        safety = done.safety
        for sentence in wording.restored(made, done):
            output.say(sentence)
    if as_json:
        output.put_json(
            "backup.restore",
            backup=made.backup.name,
            dry_run=dry_run,
            creates=made.creates,
            safety=safety.name if safety else None,
            fields=[_change(change) for change in made.changes],
        )


restore_command.params.append(common.reason_option())


def _tell(made: Plan) -> None:
    place = made.locations.database
    number = len(made.changes)
    if made.creates:
        output.say(f"There is no {place} yet; the backup has {number} values.")
    else:
        output.say(f"{number} value{'' if number == 1 else 's'} of {place} would change.")
    if stays := wording.config_stays(made):
        output.say(stays)


def _host() -> str:
    return os.uname().nodename


def _row(found: Backup) -> list[str]:
    kept = found.manifest
    if not kept:
        return [found.name, f"{found.size:,} bytes", "–", "no manifest"]
    newest = f"change #{kept.get('newest_change')}"
    return [found.name, f"{found.size:,} bytes", newest, str(kept.get("actor"))]


def _fields(found: Backup) -> dict[str, Any]:
    named = ("at", "sha256", "schema_version", "config_epoch", "newest_change", "actor", "host")
    return {
        "name": found.name,
        "path": str(found.path),
        "size": found.size,
        **{name: found.manifest.get(name) for name in named},
        "config": str(found.config) if found.config else None,
    }


def _line(change: FieldChange) -> str:
    old, new = shown(change.path, change.old), shown(change.path, change.new)
    return f"{change.path}: {old} → {new}"


def _change(change: FieldChange) -> dict[str, Any]:
    return {
        "path": change.path,
        "old": output.masked(change.path, change.old),
        "new": output.masked(change.path, change.new),
    }
