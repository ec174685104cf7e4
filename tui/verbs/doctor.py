"""``nodedeck doctor``: whether this host's files and this terminal can be trusted."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from typing import Final

import click

from store import doctor
from store.doctor import FIXABLE, examine
from store.errors import ExitCode
from store.findings import Finding, Severity, in_order
from store.schema_checks import some
from tui import output
from tui.session import Session
from tui.verbs import asking, common

_TMUX_SECONDS: Final = 2


@click.command(
    cls=common.Verb,
    examples=("nodedeck doctor", "nodedeck doctor --json", "nodedeck doctor --fix"),
)
@click.option("--fix", is_flag=True, help="Make triggers, indexes and views of nodedeck's anew.")
@asking.answer_options
@common.json_option
@click.pass_context
def command(context: click.Context, *, fix: bool, yes: bool, no_input: bool, as_json: bool) -> int:
    """Check modes, triggers, audit log, tables and config file; exit 7 if one is critical.

    With --fix what of the database holds no data is made anew, and changes that the audit log
    missed are recorded, after a question.
    """
    current = common.session(context)
    if fix:
        common.refuse_read_only(current)
        _fix(current, yes=yes, no_input=no_input)
    findings = in_order([*examine(current.locations), *terminal_findings(os.environ)])
    if as_json:
        output.put_json(
            "doctor",
            items=[output.finding_fields(each) for each in findings],
        )
    elif findings:
        output.put_lines(output.aligned([output.finding_cells(each) for each in findings]))
    else:
        output.say(f"Nothing is wrong with {current.locations.database}.")
    critical = any(each.severity is Severity.CRITICAL for each in findings)
    return ExitCode.CRITICAL if critical else ExitCode.OK


def _fix(current: Session, *, yes: bool, no_input: bool) -> None:
    wrong = [each for each in examine(current.locations) if each.rule in FIXABLE]
    if not wrong:
        output.say("There is nothing that could be made anew.")
        return
    for each in wrong:
        output.say(each.message)
    question = "Make triggers, indexes and views anew, and record what the log missed?"
    asking.confirm(question, "Making them anew", yes=yes, no_input=no_input)
    with current.open() as manager:
        missed = doctor.fix(manager)
    told = f"; the log has the present value of {some(missed)} now" if missed else ""
    output.say(f"Triggers, indexes and views are as nodedeck makes them{told}.")


def terminal_findings(environ: Mapping[str, str]) -> list[Finding]:
    """What keeps copies from arriving: tmux passes OSC 52 on only with ``set-clipboard on``."""
    if not environ.get("TMUX"):
        return []
    try:
        answer = subprocess.run(
            ("tmux", "show-options", "-s", "-v", "set-clipboard"),  # noqa: S607 - the user's tmux
            capture_output=True,
            text=True,
            timeout=_TMUX_SECONDS,
            check=False,
        ).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        answer = ""
    if answer == "on":
        return []
    state = f"set-clipboard is {answer}" if answer else "tmux did not say whether it passes copies"
    return [
        Finding(
            Severity.INFO,
            f"What the deck copies may not leave tmux: {state}.",
            "Run: tmux set -s set-clipboard on",
        )
    ]
