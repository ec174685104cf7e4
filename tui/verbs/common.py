"""What all verbs share: the global options, which stand before or after a verb, and the session."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from store import database
from store.errors import ExitCode, Refused, UsageError
from store.locations import Locations
from tui import output
from tui.session import Given, Session, begin
from tui.startup import prepared

_GIVEN: Final = "nodedeck.given"
_HALF_DONE: Final = "nodedeck.half_done"
_TO_NOW: Final = "esc closes this line, and again it goes back to now."


def _keep(context: click.Context, param: click.Parameter, value: Any) -> None:
    """Note a global option wherever it stands; the one after the verb is read later and wins."""
    if not value:
        return
    given = noted(context)
    name = str(param.name)
    if name != "reason" and _deck(context) is not None:
        raise UsageError(
            f"--{name.replace('_', '-')} is settled when a console starts; nothing was done.",
            hint="Leave it out, or run the verb in a shell.",
        )
    setattr(given, name, [*given.override, *value] if name == "override" else value)


def noted(context: click.Context) -> Given:
    """The global options seen so far."""
    given: Given = context.meta.setdefault(_GIVEN, Given())
    return given


def global_options() -> list[click.Parameter]:
    """The options that every verb takes, before or after its name."""
    return [
        _option("--db", "PATH", "The database; state.db beside the config file otherwise."),
        _option("--config", "PATH", "The config file; ./config.yaml otherwise."),
        _option("--read-only", None, "Refuse every write.", is_flag=True),
        _option(
            "--override",
            "PATH=VALUE",
            "Lay a value over the document, for this call only; repeatable.",
            multiple=True,
        ),
        _option("--env-file", "FILE", "Read the daemon's environment, in place of this shell's."),
        _option("--actor", "NAME", "Who signs a write; USER@HOST otherwise."),
        _option(
            "--auto-migrate",
            None,
            "Import a legacy config file into an empty database first, and rewrite it.",
            is_flag=True,
        ),
    ]


def reason_option() -> click.Option:
    """``--reason``, for what writes."""
    return _option("--reason", "TEXT", "Why; it stands in the history beside the change.")


def _option(name: str, metavar: str | None, text: str, **more: Any) -> click.Option:
    return click.Option(
        [name], metavar=metavar, help=text, callback=_keep, expose_value=False, **more
    )


def session(context: click.Context, *, offer: bool = True) -> Session:
    """The session of this call; raises what ``tui.session.begin`` raises.

    A verb that a deck runs has the deck's session. With ``offer``, an import that waits to be done
    beside the database is named on stderr, or with ``--auto-migrate`` done.
    """
    deck = _deck(context)
    begun = (
        begin(noted(context), os.environ, Path.cwd())
        if deck is None
        else replace(deck, reason=noted(context).reason)
    )
    begun = replace(begun, say=output.say, half_done=partial(_note_half_done, context))
    return prepared(begun, output.say) if offer else begun


def _note_half_done(context: click.Context, locations: Locations) -> None:
    context.meta[_HALF_DONE] = locations


def exit_code(context: click.Context, code: int) -> int:
    """A verb's exit code; where it read beside an import that still stands half done, 4 for 0."""
    locations: Locations | None = context.meta.get(_HALF_DONE)
    if locations is None or code != ExitCode.OK:
        return code
    from tui import halfdone

    return ExitCode.HALF_DONE if halfdone.stands(locations) else code


def _deck(context: click.Context) -> Session | None:
    """The session of the deck that runs this verb, None in a shell."""
    return context.obj if isinstance(context.obj, Session) else None


def refuse_read_only(current: Session) -> None:
    """Raise Refused where a verb that has to write is told not to."""
    if current.in_the_past:
        raise Refused("Nothing is written in the past; nothing was changed.", hint=_TO_NOW)
    if current.read_only:
        raise Refused(
            "This call is read-only; nothing was changed.",
            hint="Leave out --read-only (and NODEDECK_READONLY) to write.",
        )


def settle_first(current: Session) -> None:
    """Take back what is overdue before an import, which opens the database by itself."""
    path = current.locations.database
    try:
        there = path.is_file() and not database.blank(path)
    except OSError:  # whoever needs it says better what is wrong
        return
    if there:
        replace(current, importing=True).open().close()


class Verb(click.Command):
    """A command that takes the global options and shows examples in its help."""

    def __init__(
        self, name: str | None = None, *, examples: Sequence[str] = (), **more: Any
    ) -> None:
        more.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(name, epilog=_shown_examples(examples), **more)
        self.params += global_options()

    def invoke(self, ctx: click.Context) -> Any:
        """Run it, unless a deck asks for what only a shell can do."""
        if _deck(ctx) is not None:
            from tui.command_line import refusals

            refusals.check(ctx)
        return super().invoke(ctx)

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """``--help``, which prints to where this call prints."""
        return _printed(super().get_help_option(ctx))


class VerbGroup(click.Group):
    """A verb with verbs of its own, such as ``import``."""

    command_class: type[click.Command] | None = Verb

    def __init__(
        self, name: str | None = None, *, examples: Sequence[str] = (), **more: Any
    ) -> None:
        more.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(name, epilog=_shown_examples(examples), **more)
        self.params += global_options()

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        """``--help``, which prints to where this call prints."""
        return _printed(super().get_help_option(ctx))


def _printed(option: click.Option | None) -> click.Option | None:
    """click's own help option, with our printer: click's goes to the process's stdout."""
    if option is not None:
        option.callback = _print_help
    return option


def _print_help(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        output.put(context.get_help())
        context.exit()


def _shown_examples(examples: Sequence[str]) -> str | None:
    # \b keeps click from filling the lines into a paragraph
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in examples))) if examples else None


def expect_version_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--expect-version``, as the argument ``expect_version``."""
    return click.option(
        "--expect-version",
        type=click.IntRange(min=0),
        metavar="N",
        help="Only if this is still its version: of a setting its service's, else a change id.",
    )(command)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--json``, as the argument ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)
