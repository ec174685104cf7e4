"""``nodedeck set``: change one value, or try whether it could be changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import click

from store import codec, paths
from store.errors import Refused, UsageError
from store.history import fields
from store.manager import ConfigManager
from store.models import Change
from store.operations.pending import Unconfirmed
from tui import output, ownership, streams
from tui.verbs import common, confirming
from tui.verbs.completing import complete_paths
from tui.verbs.set_in_file import set_in_file

_NUMBER: Final = re.compile(r"-(\d|\.\d)[\w.+-]*")


class _Rehearsed(Exception):
    """Leaves the transaction of a dry run, so that it is rolled back."""


class _TakesNegatives(common.Verb):
    """A verb whose arguments may be negative numbers, as seeds are: no option begins so."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        options = [name for param in self.params if _takes_value(param) for name in param.opts]
        plain: list[str] = []
        numbers: list[str] = []
        for index, text in enumerate(args):
            if text == "--":
                return super().parse_args(ctx, [*plain, "--", *numbers, *args[index + 1 :]])
            is_number = _NUMBER.fullmatch(text) and args[max(0, index - 1)] not in options
            (numbers if is_number else plain).append(text)
        return super().parse_args(ctx, [*plain, "--", *numbers] if numbers else plain)


def _takes_value(param: click.Parameter) -> bool:
    return isinstance(param, click.Option) and not param.is_flag


@click.command(
    cls=_TakesNegatives,
    examples=(
        "nodedeck set nodes.node1.max_concurrent 250 --reason 'swaps above'",
        "nodedeck set nodes.node1.host 10.0.0.31 --confirm-within 60s",
        "nodedeck set previous_seed.seed -1370553182438852893",
        "nodedeck set scheduler.queue_depth 4096 --create",
        "nodedeck set gateway.banner --dry-run -- '- text that begins with a dash'",
    ),
)
@click.argument("path", shell_complete=complete_paths)
@click.argument("value", required=False)
@click.option(
    "--stdin", "from_stdin", is_flag=True, help="Read the value from stdin, as secrets must be."
)
@click.option("--create", is_flag=True, help="Make a setting that is not there yet.")
@click.option("--dry-run", is_flag=True, help="Check everything, change nothing.")
@common.expect_version_option
@confirming.option
@common.json_option
@click.pass_context
def command(
    context: click.Context,
    *,
    path: str,
    value: str | None,
    from_stdin: bool,
    create: bool,
    dry_run: bool,
    expect_version: int | None,
    confirm_within: float | None,
    as_json: bool,
) -> None:
    """Set the value at PATH to VALUE, read as the type that is there: text, number, JSON.

    A key of the config file is changed in its text, and every other byte of it stays.
    """
    current = common.session(context)
    common.refuse_read_only(current)
    value = _given(value, from_stdin=from_stdin)
    with current.open() as manager:
        document = manager.effective()
        if manager.in_file(path) and expect_version is None and confirm_within is None:
            set_in_file(
                manager,
                path,
                value,
                from_stdin=from_stdin,
                create=create,
                dry_run=dry_run,
                reason=current.reason,
                as_json=as_json,
            )
            return
        document.check(paths.split(path))
        if not from_stdin and manager.holds_secret(path, value):
            raise Refused(
                f"{path} is a secret, which must not stand in an argument; nothing was changed.",
                hint=f"Give it with --stdin, or: nodedeck secret set {path}",
            )

        def write() -> None:
            manager.set_value(
                path, value, create=create, expect_version=expect_version, reason=current.reason
            )

        clear = manager.stands_in_clear(path)
        made = Unconfirmed()
        with manager.attempt(path, value, reason=current.reason, dry_run=dry_run):
            if confirm_within is None:
                changes = _changes(manager, write, current.reason, dry_run=dry_run)
            else:
                kept = manager.unless_confirmed(
                    confirm_within, reason=current.reason, dry_run=dry_run
                )
                with kept as made:
                    write()
                changes = list(made.changes)
        if clear and changes and not dry_run and (left := manager.scrub()):
            output.say(left)
        version = manager.version_of(path)
    report = _report(path, changes, dry_run=dry_run)
    for sentence in (*report, *ownership.warnings(document, path)):
        output.say(sentence)
    confirming.tell(made)
    if as_json:
        output.put_json(
            "set",
            path=path,
            change=changes[-1].id if changes and not dry_run else None,
            dry_run=dry_run,
            version=version,
            fields=[
                {
                    "path": field.path,
                    "old": output.masked(field.path, field.old),
                    "new": output.masked(field.path, field.new),
                }
                for change in changes
                for field in fields(change)
            ],
            **confirming.fields(made),
        )


command.params.append(common.reason_option())


def _given(value: str | None, *, from_stdin: bool) -> str:
    """The one value that a call gives; what comes from stdin loses its last line break."""
    if (value is None) is not from_stdin:
        raise UsageError(
            "Give one VALUE, or --stdin; nothing was changed.",
            hint="See 'nodedeck set --help'.",
        )
    return streams.piped_text().removesuffix("\n") if value is None else value


def _changes(
    manager: ConfigManager, write: Callable[[], None], reason: str | None, *, dry_run: bool
) -> list[Change]:
    """What a write changed, or would: a dry run does all of it and is rolled back."""
    changes: list[Change] = []
    try:
        with manager.transaction(reason):
            before = manager.snapshot().change_id
            write()
            changes = manager.feed(before)
            if dry_run:
                raise _Rehearsed
    except _Rehearsed:
        return changes
    return changes


def _report(path: str, changes: list[Change], *, dry_run: bool) -> list[str]:
    if not changes:
        return [f"{path} has this value already; nothing was changed."]
    said = []
    for change in changes:
        for field in fields(change):
            old, new = (
                "nothing" if each is None else codec.shown(output.masked(field.path, each))
                for each in (field.old, field.new)
            )
            end = "would change; nothing was." if dry_run else f"change #{change.id}."
            said.append(f"{field.path}: {old} → {new}, {end}")
    return said
