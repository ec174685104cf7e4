"""``nodedeck flag``: feature flags, and whether they are on for a host."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Any

import click

from store import settings_flags
from store.errors import UsageError
from store.settings_flags import Flag
from tui import output
from tui.verbs import common
from tui.verbs.asking import answer_options, confirm

_host_option = click.option(
    "--host", metavar="NAME", help="For this host; otherwise the one that this runs on."
)


@click.group(
    cls=common.VerbGroup,
    name="flag",
    examples=(
        "nodedeck flag set new-scheduler 25% --reason rollout",
        "nodedeck flag set new-scheduler --host gx-07 --host gx-08",
        "nodedeck flag get new-scheduler --host gx-07",
    ),
)
def group() -> None:
    """Switch features on for all hosts, for some of them, or for a percentage."""


@group.command(
    cls=common.Verb,
    name="set",
    examples=(
        "nodedeck flag set fast-path on",
        "nodedeck flag set fast-path 12.5% --description 'the new path of requests'",
        "nodedeck flag set fast-path --host gx-07",
    ),
)
@click.argument("name")
@click.argument("value", required=False)
@click.option("--host", "hosts", multiple=True, metavar="NAME", help="On for it; repeatable.")
@click.option("--description", metavar="TEXT", help="What it is for.")
@common.json_option
@click.pass_context
def set_command(
    context: click.Context,
    *,
    name: str,
    value: str | None,
    hosts: Sequence[str],
    description: str | None,
    as_json: bool,
) -> None:
    """Make or change a flag: on, off, a percentage such as 25%, or on for the named hosts."""
    current = common.session(context)
    common.refuse_read_only(current)
    rule = _rule(value, hosts)
    with current.open() as manager:
        change = manager.set_flag(name, rule, description=description, reason=current.reason)
        flag = manager.flag(name)
    done = f"change #{change}" if change else "its rule was this already"
    output.say(f"Flag {name}: {flag.words}; {done}.")
    if as_json:
        output.put_json("flag.set", **_fields(flag, socket.gethostname()), change=change or None)


@group.command(
    cls=common.Verb,
    name="list",
    examples=("nodedeck flag list", "nodedeck flag list --host gx-07 --json"),
)
@_host_option
@common.json_option
@click.pass_context
def list_command(context: click.Context, host: str | None, as_json: bool) -> None:
    """Every flag, its rule, and whether it is on for a host."""
    host = host or socket.gethostname()
    with common.session(context).look() as manager:
        flags = manager.flags()
    if as_json:
        output.put_json("flag.list", items=[_fields(flag, host) for flag in flags])
    elif flags:
        rows = [
            [each.name, _on(each.is_on(host)), each.kind, each.words, each.description]
            for each in flags
        ]
        output.put_lines(output.aligned(rows))
    else:
        output.say("There are no flags yet; 'nodedeck flag set' makes one.")


@group.command(
    cls=common.Verb,
    name="get",
    examples=("nodedeck flag get fast-path", "nodedeck flag get fast-path --host gx-07 --json"),
)
@click.argument("name")
@_host_option
@common.json_option
@click.pass_context
def get_command(context: click.Context, *, name: str, host: str | None, as_json: bool) -> None:
    """Print on or off, as the flag is for a host."""
    host = host or socket.gethostname()
    with common.session(context).look() as manager:
        flag = manager.flag(name)
    if as_json:
        output.put_json("flag.get", **_fields(flag, host))
    else:
        output.put(_on(flag.is_on(host)))


@group.command(cls=common.Verb, name="remove", examples=("nodedeck flag remove fast-path --yes",))
@click.argument("name")
@answer_options
@common.json_option
@click.pass_context
def remove_command(
    context: click.Context, *, name: str, yes: bool, no_input: bool, as_json: bool
) -> None:
    """Remove a flag; whoever asks for it then finds none."""
    current = common.session(context)
    common.refuse_read_only(current)
    confirm(f"Remove flag {name}?", f"Removing flag {name}", yes=yes, no_input=no_input)
    with current.open() as manager:
        change = manager.remove_flag(name, reason=current.reason)
    output.say(f"Flag {name} is removed, change #{change}.")
    if as_json:
        output.put_json("flag.remove", name=name, change=change)


for _writing in (set_command, remove_command):
    _writing.params.append(common.reason_option())


def _rule(value: str | None, hosts: Sequence[str]) -> Any:
    """What a call asks for; raises UsageError where it asks for nothing or for two things."""
    if (value is None) is not bool(hosts):
        raise UsageError("Give one VALUE, or hosts with --host; nothing was changed.")
    if value is None:
        return list(hosts)
    rule = settings_flags.spelled(value)
    if rule is None:
        raise UsageError(
            f"{value!r} is no rule of a flag; nothing was changed.",
            hint="Give on, off, a percentage such as 25%, or hosts with --host.",
        )
    return rule


def _on(is_on: bool) -> str:
    return "on" if is_on else "off"


def _fields(flag: Flag, host: str) -> dict[str, Any]:
    rule = list(flag.rule) if isinstance(flag.rule, tuple) else flag.rule
    return {
        "name": flag.name,
        "kind": flag.kind,
        "rule": rule,
        "description": flag.description,
        "host": host,
        "on": flag.is_on(host),
    }
