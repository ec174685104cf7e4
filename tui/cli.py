"""The command line's entry: its verbs, loaded when they run, and every failure as one line."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import os
import resource
import sys
from typing import Any, Final

import click

from store.database import INTERACTIVE_BUSY_MS
from store.errors import ExitCode, NodedeckError, UsageError
from tui import output, startup, streams
from tui.session import Session
from tui.verbs import common

# name: where its command is, and its line in the help, so that showing help imports no verb
_VERBS: Final = {
    "init": ("tui.verbs.init:command", "Make the database, or adopt a daemon's."),
    "status": ("tui.verbs.status:command", "Is the height moving, are the seeds there?"),
    "get": ("tui.verbs.get:command", "Print the value at a path."),
    "list": ("tui.verbs.list_:command", "Print all paths and values, or those of a pattern."),
    "set": ("tui.verbs.set_:command", "Change one value."),
    "unset": ("tui.verbs.unset:command", "Let a setting fall back to its default."),
    "history": ("tui.verbs.history:command", "Who changed what, and when."),
    "undo": ("tui.verbs.undo:command", "Write a change's old value back."),
    "pending": ("tui.verbs.pending:command", "Changes that revert unless they are confirmed."),
    "confirm": ("tui.verbs.confirm:command", "Keep a change that would revert by itself."),
    "watch": ("tui.verbs.watch:command", "Print changes as they are committed."),
    "diff": ("tui.verbs.diff:command", "Compare files, the database, or two moments."),
    "since": ("tui.verbs.since:command", "What a shift hands over, as Markdown."),
    "prune": ("tui.verbs.prune:command", "Forget history that is older than its retention."),
    "node": ("tui.verbs.node:group", "List, add, change and remove nodes."),
    "secret": ("tui.verbs.secret:group", "Seal values, replace them, look at them on record."),
    "schema": ("tui.verbs.schema:group", "Declare what settings may hold."),
    "profile": ("tui.verbs.profile:group", "Keep a service's settings under a name."),
    "flag": ("tui.verbs.flag:group", "Switch features on, for all hosts or for some."),
    "export": ("tui.verbs.export:command", "Write the document as a legacy file."),
    "import": ("tui.verbs.import_:group", "Bring legacy files into the database."),
    "backup": ("tui.verbs.backup:group", "Copy the database, check copies, go back to one."),
    "doctor": ("tui.verbs.doctor:command", "Check files, triggers, log and tables."),
    "simulate": ("tui.verbs.simulate:command", "Write as a daemon would, to a test database."),
    "log": ("tui.verbs.log:command", "Where unexpected errors are written, and the last ones."),
    "completion": ("tui.verbs.completion:command", "Completion for bash, zsh or fish."),
    "demo": ("tui.verbs.demo:command", "A tour on made-up data."),
}


class _Verbs(common.VerbGroup):
    """A group whose verbs are imported one at a time, when they run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _VERBS:
            return None
        module, _, name = _VERBS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _VERBS and not name.startswith("-"):
            raise click.exceptions.NoSuchCommand(name, possibilities=list(_VERBS), ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, text) for name, (_, text) in _VERBS.items()])


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from tui.session import program_version

        output.put(f"nodedeck {program_version()}")
        context.exit()


@click.group(
    cls=_Verbs,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    examples=(
        "nodedeck                       the deck, live",
        "nodedeck status --json         for scripts and monitors",
        "nodedeck get current_height",
        "nodedeck --db /srv/node/state.db history 'nodes.*' --since 2h",
    ),
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
@click.pass_context
def cli(context: click.Context) -> int:
    """The operator's console of a node host. Alone it opens the deck."""
    return _open_deck(context) if context.invoked_subcommand is None else ExitCode.OK


cli.params.append(common.reason_option())


def _open_deck(context: click.Context) -> int:
    if streams.console() is not None:
        raise UsageError("This is the deck already.", hint="Name a verb; tab shows them.")
    if not output.at_terminal():
        from tui.verbs import status

        current = common.session(context)
        output.say("This is no terminal that the deck could use, so here is the status.")
        return status.show(current)
    from tui.app import run

    current = common.session(context, offer=False)
    code = run(_settled(startup.migrated(current, output.say)))
    # what is said before the deck is read after it, when the import may be done
    startup.offer(current, output.say)
    return code


def _settled(current: Session) -> Session:
    """The session of a screen, after what is overdue was taken back and told of."""
    with contextlib.suppress(NodedeckError):  # whatever it is, the deck shows it
        current.open(busy_ms=INTERACTIVE_BUSY_MS).close()
    return dataclasses.replace(current, say=None)


def main(argv: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code; no traceback reaches the caller.

    Always raises SystemExit. ``argv`` are the arguments without the program's name, those of the
    process by default.
    """
    if asked := os.environ.get("_NODEDECK_COMPLETE"):
        from tui.verbs import completion

        completion.answer(cli, asked)
        sys.exit(ExitCode.OK)
    output.make_safe()
    _leave_no_core()
    sys.exit(int(call(sys.argv[1:] if argv is None else argv)))


def _leave_no_core() -> None:
    """Have the system write no image of this process's memory, which may hold an opened secret."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def call(argv: list[str], deck: Session | None = None) -> int:
    """Run one verb; its exit code. No exception of a verb reaches the caller.

    ``argv`` are the arguments without the program's name. A verb that a deck runs works on that
    deck's session.
    """
    try:
        return _run(argv, deck)
    except output.ReaderGone:
        return ExitCode.OK
    except NodedeckError as error:
        output.say(str(error))
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        output.say(_verbs_below(error))
        return ExitCode.USAGE
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "nodedeck"
        told = " ".join(error.format_message().split())
        stop = "" if told.endswith((".", "?", "!")) else "."
        output.say(f"{told}{stop} See '{where} --help'.")
        return ExitCode.USAGE
    except click.ClickException as error:
        output.say(error.format_message())
        return ExitCode.FAILED
    except click.Abort:
        output.say("Cancelled; nothing was changed.")
        return ExitCode.FAILED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - whatever it is, no traceback reaches an operator
        output.say(_logged(error))
        return ExitCode.FAILED


def _verbs_below(error: click.exceptions.NoArgsIsHelpError) -> str:
    """What to say of a group alone: click's whole help would be one long line here."""
    context, command = error.ctx, error.ctx.command
    names = command.list_commands(context) if isinstance(command, click.Group) else []
    path = context.command_path
    return f"'{path}' needs one of its verbs: {', '.join(names)}. See '{path} --help'."


def _run(argv: list[str], deck: Session | None) -> int:
    # click's own main() would turn ctrl-c and a closed pipe into exits of its own
    try:
        with cli.make_context("nodedeck", list(argv), obj=deck) as context:
            result: Any = cli.invoke(context)
            return common.exit_code(context, result if isinstance(result, int) else ExitCode.OK)
    except click.exceptions.Exit as stop:
        return stop.exit_code


def _logged(error: Exception) -> str:
    """Write the traceback to the log file; the sentence that says so."""
    from tui import crash
    from tui.session import program_version

    what = f"An unexpected error ({type(error).__name__}) stopped nodedeck;"
    try:
        path = crash.record(error, program_version())
    except OSError as failure:
        reason = (failure.strerror or type(failure).__name__).lower()
        return f"{what} its details could not be logged: {reason}."
    return f"{what} the details are in {path}."


if __name__ == "__main__":
    main()
