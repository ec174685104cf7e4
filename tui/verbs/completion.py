"""``nodedeck completion``: the script that lets a shell complete verbs, options and paths."""

from __future__ import annotations

import contextlib
import os
from typing import Final

import click
from click import shell_completion

from tui import output
from tui.verbs import common
from tui.verbs.completing import VARIABLE

_SHELLS: Final = ("bash", "zsh", "fish")
_PROGRAM: Final = "nodedeck"


@click.command(
    cls=common.Verb,
    examples=(
        "nodedeck completion bash > ~/.local/share/bash-completion/completions/nodedeck",
        "nodedeck completion zsh > ~/.zfunc/_nodedeck",
        "nodedeck completion fish > ~/.config/fish/completions/nodedeck.fish",
    ),
)
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print the script that completes verbs, options and the database's paths in a shell."""
    output.put(_completer(context.find_root().command, shell).source(), end="")


def answer(program: click.Command, instruction: str) -> None:
    """Print what a shell asks for, ``bash_complete`` and the like; silent where anything fails.

    A person who presses tab has no use for a traceback in the middle of a line.
    """
    shell = instruction.partition("_")[0]
    if shell not in _SHELLS:
        return
    with (
        contextlib.suppress(Exception),
        open(os.devnull, "w") as nowhere,  # noqa: PTH123 - a device, not a file of ours
        contextlib.redirect_stderr(nowhere),
    ):
        click.echo(_completer(program, shell).complete())


def _completer(program: click.Command, shell: str) -> shell_completion.ShellComplete:
    found = shell_completion.get_completion_class(shell)
    if found is None:
        raise LookupError(shell)
    return found(program, {}, _PROGRAM, VARIABLE)
