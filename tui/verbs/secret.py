"""``nodedeck secret``: values that are stored sealed and seen only on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from store.errors import NodedeckError
from store.operations.secrets import Stored
from store.sealing.places import Secret, State
from tui import output, reveal
from tui.verbs import common
from tui.verbs.asking import answer_options, confirm
from tui.verbs.secret_input import asked_reason, taken


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


def _value_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = (
        click.argument("path"),
        click.option(
            "--from-file",
            "file",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help="Read the value from FILE; from stdin, or a prompt without echo, otherwise.",
        ),
        _lost_option,
        click.option("--no-input", is_flag=True, help="Never ask for the value."),
        common.json_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


_lost_option = click.option(
    "--accept-lost",
    is_flag=True,
    help="Go on although the key of values that are sealed here is lost.",
)


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
        items = [{**_fields(each), "opens": each not in lost} for each in secrets]
        output.put_json("secret.list", items=items)
    elif secrets:
        output.put_lines(output.aligned([_row(each, lost=each in lost) for each in secrets]))
    else:
        output.say("There are no secrets yet; 'nodedeck secret set' seals one.")


@group.command(
    cls=common.Verb,
    name="set",
    examples=(
        "nodedeck secret set provider_configs.openai --model gpt-x < key.txt",
        "nodedeck secret set nodes.node1.security_key",
        "nodedeck secret set router.upstream_token --from-file token.txt",
    ),
)
@_value_options
@click.option("--base-url", metavar="URL", help="Of a provider: where it answers.")
@click.option("--model", metavar="NAME", help="Of a provider: the model to ask for.")
@click.pass_context
def set_command(
    context: click.Context,
    *,
    path: str,
    file: Path | None,
    accept_lost: bool,
    no_input: bool,
    as_json: bool,
    base_url: str | None,
    model: str | None,
) -> None:
    """Seal a value at PATH, a first one or another."""
    current = common.session(context)
    common.refuse_read_only(current)
    with current.open() as manager:
        seen = manager.secret(path)
        done = manager.set_secret(
            path,
            taken(path, file, no_input=no_input),
            base_url=base_url,
            model=model,
            seen=seen,
            accept_lost=accept_lost,
            reason=current.reason,
        )
    _tell("set", done, file=file, as_json=as_json)


@group.command(
    cls=common.Verb,
    name="rotate",
    examples=("nodedeck secret rotate provider_configs.openai --from-file new.txt",),
)
@_value_options
@click.option(
    "--expect-version",
    type=click.IntRange(min=0),
    metavar="N",
    help="Only if N is still its version, as 'secret list' shows it.",
)
@click.pass_context
def rotate_command(
    context: click.Context,
    *,
    path: str,
    file: Path | None,
    accept_lost: bool,
    no_input: bool,
    as_json: bool,
    expect_version: int | None,
) -> None:
    """Replace the value at PATH, which raises its version; of two at once one is exit code 5."""
    current = common.session(context)
    common.refuse_read_only(current)
    with current.open() as manager:
        seen = manager.secret(path)
        if seen.state is not State.ABSENT:  # else it is refused, and nothing is replaced
            output.say(f"{seen.place.path} has version {seen.version}; the new value replaces it.")
        if expect_version is not None:
            seen = replace(seen, version=expect_version)
        done = manager.rotate_secret(
            path,
            taken(path, file, no_input=no_input),
            seen=seen,
            accept_lost=accept_lost,
            reason=current.reason,
        )
    _tell("rotate", done, file=file, as_json=as_json)


@group.command(
    cls=common.Verb,
    name="remove",
    examples=("nodedeck secret remove provider_configs.openai --reason 'account closed'",),
)
@click.argument("path")
@answer_options
@common.json_option
@click.pass_context
def remove_command(
    context: click.Context, *, path: str, yes: bool, no_input: bool, as_json: bool
) -> None:
    """Remove the secret at PATH; 'undo' brings it back while its key is there."""
    current = common.session(context)
    common.refuse_read_only(current)
    with current.open() as manager:
        seen = manager.secret(path)
        if seen.state is not State.ABSENT:
            confirm(
                f"Remove {seen.place.path}? A program that needs it will do without.",
                "Removing a secret",
                yes=yes,
                no_input=no_input,
            )
        done = manager.remove_secret(path, seen=seen, reason=current.reason)
    output.say(f"{done.secret.place.path} is removed, change #{done.change}.")
    for sentence in done.left:
        output.say(sentence)
    if as_json:
        output.put_json("secret.remove", path=done.secret.place.path, change=done.change)


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
    name="seal",
    examples=("nodedeck secret seal nodes.node1.security_key", "nodedeck secret seal --yes"),
)
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@answer_options
@common.json_option
@click.pass_context
def seal_command(
    context: click.Context, *, paths: tuple[str, ...], yes: bool, no_input: bool, as_json: bool
) -> None:
    """Seal the values at PATHs that stand in clear, or all there are.

    A daemon that cannot open sealed text needs its key in clear: it is asked about here.
    """
    current = common.session(context)
    common.refuse_read_only(current)
    with current.open() as manager:
        clear = [each.place.path for each in manager.secrets() if each.state is State.CLEAR]
        wanted = paths or tuple(clear)
        if wanted:
            confirm(
                f"Seal {', '.join(wanted)}? A program that reads the value from the database"
                " itself must be able to open it.",
                "Sealing",
                yes=yes,
                no_input=no_input,
            )
        done = [manager.seal_secret(path, reason=current.reason) for path in wanted]
        # also without anything to seal: this is how an interrupted cleaning is taken up again
        left = "" if done else manager.scrub()
    for each in done:
        _say(each)
    if not done:
        output.say(left or "Nothing stands in clear, and no former value is left in free pages.")
    if as_json:
        items = [{**_fields(each.secret), "left": list(each.left)} for each in done]
        output.put_json("secret.seal", items=items)


@group.command(cls=common.Verb, name="rekey", examples=("nodedeck secret rekey --yes",))
@_lost_option
@answer_options
@common.json_option
@click.pass_context
def rekey_command(
    context: click.Context, *, accept_lost: bool, yes: bool, no_input: bool, as_json: bool
) -> None:
    """Seal every value with a new master key, at once; stopped anywhere, it is run again."""
    current = common.session(context)
    common.refuse_read_only(current)
    with current.open() as manager:
        confirm(
            f"Replace the master key in {manager.master_key}?",
            "Replacing the master key",
            yes=yes,
            no_input=no_input,
        )
        moved = manager.rekey_secrets(accept_lost=accept_lost, reason=current.reason)
        key_path = manager.master_key
    values = "1 value is" if moved.count == 1 else f"{moved.count} values are"
    output.say(f"{values} sealed with the key {moved.key_id} in {key_path}.")
    for secret in moved.lost:
        output.say(f"{secret.place.path} stays under the key {secret.key_id}, which is lost.")
    if moved.retired is not None:
        output.say(
            f"The old key is {moved.retired}: backups, the history's older values and other"
            " databases need it. Where it has leaked, rotate the values themselves, too."
        )
    for sentence in moved.left:
        output.say(sentence)
    if as_json:
        output.put_json(
            "secret.rekey",
            key_id=moved.key_id,
            moved=moved.count,
            retired=str(moved.retired) if moved.retired else None,
            lost=[secret.place.path for secret in moved.lost],
            left=list(moved.left),
        )


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


for _writing in (
    set_command,
    rotate_command,
    remove_command,
    reveal_command,
    seal_command,
    rekey_command,
):
    _writing.params.append(common.reason_option())


def _tell(verb: str, done: Stored, *, file: Path | None, as_json: bool) -> None:
    _say(done)
    if file is not None:
        output.say(f"{file} still holds the value in clear: delete it.")
    if as_json:
        fields = {**_fields(done.secret), "change": done.change or None, "left": list(done.left)}
        output.put_json(f"secret.{verb}", **fields)


def _say(done: Stored) -> None:
    path, version = done.secret.place.path, done.secret.version
    if done.change:
        output.say(f"{path} is sealed, version {version}, change #{done.change}.")
    else:
        output.say(f"{path} has this value already; nothing was changed.")
    for sentence in done.left:
        output.say(sentence)


def _fields(secret: Secret) -> dict[str, Any]:
    return {
        "path": secret.place.path,
        "kind": secret.place.kind.value,
        "state": secret.state.value,
        "version": secret.version,
        "key_id": secret.key_id or None,
    }


def _row(secret: Secret, *, lost: bool) -> list[str]:
    key = f"key {secret.key_id}{', which is lost' if lost else ''}" if secret.key_id else "–"
    return [secret.place.path, secret.state.value, f"version {secret.version}", key]
