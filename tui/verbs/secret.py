"""``nodedeck secret``: values that are stored sealed and seen only on purpose."""

from __future__ import annotations

import click

from store.errors import NodedeckError
from store.sealing.places import State
from tui import output, reveal
from tui.verbs import common
from tui.verbs.secret_input import asked_reason
from tui.verbs.secret_telling import fields, row
from tui.verbs.secret_writing import COMMANDS


@click.group(
    cls=common.VerbGroup,
    name="secret",
    examples=(
        "nodedeck secret list",
        "nodedeck secret set provider_configs.openai --from-file key.txt",
        "nodedeck secret reveal nodes.node1.security_key --reason 'new worker'",
        "nodedeck secret rekey",
    ),
)
def group() -> None:
    """Seal values, replace them, and look at them; every look is on record."""


@group.command(cls=common.Verb, name="list", examples=("nodedeck secret list --json",))
@common.json_option
@click.pass_context
def list_command(context: click.Context, as_json: bool) -> None:
    """The secrets there are, without their values."""
    with common.session(context).look() as manager:
        secrets = manager.secrets()
        try:
            lost = manager.lost_secrets()
        except NodedeckError as fault:  # without any key there is still a list
            output.say(str(fault))
            lost = [each for each in secrets if each.state is State.SEALED]
    if as_json:
        items = [{**fields(each), "opens": each not in lost} for each in secrets]
        output.put_json("secret.list", items=items)
    elif secrets:
        output.put_lines(output.aligned([row(each, lost=each in lost) for each in secrets]))
    else:
        output.say("There are no secrets yet; 'nodedeck secret set' seals one.")


@group.command(
    cls=common.Verb,
    name="reveal",
    examples=(
        "nodedeck secret reveal provider_configs.openai --reason 'new client'",
        "nodedeck secret reveal router.upstream_token --reason deploy | ssh host tee token",
    ),
)
@click.argument("path")
@click.option("--no-input", is_flag=True, help="Never ask for the reason.")
@click.pass_context
def reveal_command(context: click.Context, *, path: str, no_input: bool) -> None:
    """Show the value at PATH: ten seconds on a terminal, as it is into a pipe.

    The access log has the look, and why, before the value is shown.
    """
    current = common.session(context)
    common.refuse_read_only(current)
    on_terminal = output.on_terminal()
    if on_terminal:
        reveal.check()
    why = asked_reason(current.reason, no_input=no_input)
    with current.open() as manager:
        value = output.bare(manager.reveal_secret(path, reason=why))
    if on_terminal:
        reveal.show(path, value)
        output.say(f"{path} is masked again; the look is in 'nodedeck secret log'.")
    else:
        output.put(value)


@group.command(
    cls=common.Verb,
    name="log",
    examples=("nodedeck secret log", "nodedeck secret log 'nodes.*' --json"),
)
@click.argument("pattern", required=False)
@click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=50, show_default=True, metavar="N"
)
@common.json_option
@click.pass_context
def log_command(context: click.Context, *, pattern: str | None, limit: int, as_json: bool) -> None:
    """Who looked at, changed or tried what, from where and why; newest first."""
    with common.session(context).look() as manager:
        found = manager.accesses(pattern, limit=limit)
    if as_json:
        items = [
            {**each.model_dump(), "at": output.stamp(each.at) if each.at else None}
            for each in found
        ]
        output.put_json("secret.log", items=items)
    elif found:
        rows = [
            [
                f"#{each.id}",
                output.stamp(each.at) if each.at else "–",
                each.actor,
                each.act,
                each.path,
                " ".join(filter(None, (each.terminal, each.address))) or "–",
                f'{each.result}  "{each.reason}"' if each.reason else each.result,
            ]
            for each in found
        ]
        output.put_lines(output.aligned(rows))
    else:
        output.say("No such look at a secret is on record.")


for _command in COMMANDS:
    group.add_command(_command)
for _recorded in (*COMMANDS, reveal_command):
    _recorded.params.append(common.reason_option())
