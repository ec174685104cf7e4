"""Questions before what cannot simply be taken back; the default answer is always no."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import click

from store.errors import UsageError
from tui import output, streams
from tui.text import clean


def answer_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--yes`` and ``--no-input``, as the arguments ``yes`` and ``no_input``."""
    command = click.option(
        "--no-input", is_flag=True, help="Never ask; without --yes that is a refusal."
    )(command)
    return click.option("--yes", is_flag=True, help="Do it without asking.")(command)


def confirm(question: str, what: str, *, yes: bool, no_input: bool) -> None:
    """Ask unless ``yes`` answers; ``what`` names the act for who cannot be asked.

    Raises UsageError where there is nobody to ask, and click's Abort for any answer but yes.
    """
    if not yes:
        _somebody(what, no_input=no_input)
        if not _answer(question):
            raise click.Abort


def agreed(question: str, *, yes: bool, no_input: bool) -> bool:
    """Whether an option or a person says yes to what is left undone otherwise."""
    if yes or no_input or not streams.has_somebody():
        return yes
    return _answer(question)


def type_name(name: str, warning: str, what: str, *, yes: bool, no_input: bool) -> None:
    """Warn, and ask for a name to be typed, unless ``yes`` answers; raises like ``confirm``."""
    if not yes:
        _somebody(what, no_input=no_input)
        if not _typed(name, warning):
            raise click.Abort


def _answer(question: str) -> bool:
    console = streams.console()
    if console is not None:
        return console.agree(question)
    return click.confirm(output.in_signs(clean(question), sys.stderr), default=False, err=True)


def _typed(name: str, warning: str) -> bool:
    console = streams.console()
    if console is not None:
        return console.type_name(name, warning)
    output.say(warning)
    typed = click.prompt(f"Type {clean(name)} to go on", default="", show_default=False, err=True)
    if typed != name:
        output.say("That is not the name.")
    return bool(typed == name)


def _somebody(what: str, *, no_input: bool) -> None:
    if no_input or not streams.has_somebody():
        raise UsageError(
            f"{what} needs a yes and there is nobody to ask; nothing was changed.",
            hint="Add --yes.",
        )
