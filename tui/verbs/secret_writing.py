"""The verbs of ``nodedeck secret`` that write: set, rotate, remove, seal, rekey."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any

import click

from store.manager import ConfigManager
from store.operations.secrets import Stored
from store.sealing.places import State
from tui import output
from tui.session import Session
from tui.verbs import common
from tui.verbs.asking import answer_options, confirm
from tui.verbs.secret_input import taken
from tui.verbs.secret_telling import fields, say


@contextmanager
def _writing(context: click.Context) -> Iterator[tuple[Session, ConfigManager]]:
    """The session of a call that writes, and its open document; refused where that is read-only."""
    current = common.session(context)
    common.refuse_read_only(current)
    with current.open() as manager:
        yield current, manager


@dataclass(frozen=True, slots=True)
class _Given:
    """Where a value goes, and where it comes from."""

    path: str
    file: Path | None
    accept_lost: bool
    no_input: bool
    as_json: bool

    def value(self) -> str:
        """The value, asked for where it has to be."""
        return taken(self.path, self.file, no_input=self.no_input)

    def tell(self, verb: str, done: Stored) -> None:
        """Say what a verb did, and where the value still stands."""
        say(done)
        if self.file is not None:
            output.say(f"{self.file} still holds the value in clear: delete it.")
        if self.as_json:
            told = {**fields(done.secret), "change": done.change or None, "left": list(done.left)}
            output.put_json(f"secret.{verb}", **told)


_lost_option = click.option(
    "--accept-lost",
    is_flag=True,
    help="Go on although the key of values that are sealed here is lost.",
)


def _value_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a verb that takes a value, which it has as the argument ``given``."""
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

    @wraps(command)
    def bundled(
        *,
        path: str,
        file: Path | None,
        accept_lost: bool,
        no_input: bool,
        as_json: bool,
        **more: Any,
    ) -> None:
        command(given=_Given(path, file, accept_lost, no_input, as_json), **more)

    taking: Callable[..., None] = bundled
    for option in reversed(options):
        taking = option(taking)
    return taking


@click.command(
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
    context: click.Context, given: _Given, *, base_url: str | None, model: str | None
) -> None:
    """Seal a value at PATH, a first one or another."""
    with _writing(context) as (current, manager):
        seen = manager.secret(given.path)
        done = manager.set_secret(
            given.path,
            given.value(),
            base_url=base_url,
            model=model,
            seen=seen,
            accept_lost=given.accept_lost,
            reason=current.reason,
        )
    given.tell("set", done)


@click.command(
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
def rotate_command(context: click.Context, given: _Given, *, expect_version: int | None) -> None:
    """Replace the value at PATH, which raises its version; of two at once one is exit code 5."""
    with _writing(context) as (current, manager):
        seen = manager.secret(given.path)
        if seen.state is not State.ABSENT:  # else it is refused, and nothing is replaced
            output.say(f"{seen.place.path} has version {seen.version}; the new value replaces it.")
        if expect_version is not None:
            seen = replace(seen, version=expect_version)
        done = manager.rotate_secret(
            given.path,
            given.value(),
            seen=seen,
            accept_lost=given.accept_lost,
            reason=current.reason,
        )
    given.tell("rotate", done)


@click.command(
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
    with _writing(context) as (current, manager):
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


@click.command(
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
    with _writing(context) as (current, manager):
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
        say(each)
    if not done:
        output.say(left or "Nothing stands in clear, and no former value is left in free pages.")
    if as_json:
        items = [{**fields(each.secret), "left": list(each.left)} for each in done]
        output.put_json("secret.seal", items=items)


@click.command(cls=common.Verb, name="rekey", examples=("nodedeck secret rekey --yes",))
@_lost_option
@answer_options
@common.json_option
@click.pass_context
def rekey_command(
    context: click.Context, *, accept_lost: bool, yes: bool, no_input: bool, as_json: bool
) -> None:
    """Seal every value with a new master key, at once; stopped anywhere, it is run again."""
    with _writing(context) as (current, manager):
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


COMMANDS = (set_command, rotate_command, remove_command, seal_command, rekey_command)
